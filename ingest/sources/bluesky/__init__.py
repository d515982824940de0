"""Bluesky: the Jetstream firehose."""
