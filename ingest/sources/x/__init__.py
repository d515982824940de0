"""X: the filtered stream of API v2, and topics as its rules."""
