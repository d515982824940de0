"""Mastodon: the streaming API of one server."""
