"""Helpers that tests share: ports, commands, posts, local servers, and the measures computed independently."""
