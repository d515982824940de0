"""Jobs on a real standalone Spark cluster, whose workers do not see the folder of the driver."""
