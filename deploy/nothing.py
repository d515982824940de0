"""Nothing: what spark-submit is given when it is only to fetch its packages."""
