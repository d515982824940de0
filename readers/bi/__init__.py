"""BI by SQL: the summary tables as views of a Spark Thrift Server, for programs that speak Hive's protocol."""
