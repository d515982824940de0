"""Builds X v2 stream lines: a plain post, with changes."""

from typing import Any

import orjson


def tweet(post_id: str = "1", text: object = "hello", **changes: Any) -> dict[str, Any]:
    """Returns a post object with every required field."""
    post = {"id": post_id, "text": text, "author_id": "10", "created_at": "2016-05-01T12:00:00.000Z", "lang": "en"}
    return {**post, **changes}


def user(user_id: str = "10", username: str = "Ana") -> dict[str, Any]:
    """Returns a user object."""
    return {"id": user_id, "username": username, "public_metrics": {"followers_count": 5, "following_count": 7}}


def stream_line(data: dict[str, Any], users: list[dict[str, Any]] | None = None, **includes: Any) -> bytes:
    """Returns one line of the filtered stream."""
    return orjson.dumps({"data": data, "includes": {"users": users or [user()], **includes}})


def capture(*lines: bytes) -> bytes:
    """Returns lines as the content of a file."""
    return b"".join(line + b"\n" for line in lines)
