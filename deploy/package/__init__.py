"""What a Spark cluster needs of the project, as files in dist/: the code, its libraries and the jars."""
