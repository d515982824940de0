"""Published files: a topic's summary tables as Parquet and as one DuckDB file, for BI tools and notebooks."""
