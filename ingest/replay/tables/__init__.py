"""Tables: CSV, TSV and Parquet files, whose columns a column map names (conf/column_map.py)."""
