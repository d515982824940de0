"""A fast start of Spark on this machine: a class path of our own, and an archive of the classes that jobs load."""
