"""Accounts of X found in another way: plain Python over X v2 lines, without code from ingest, conf or jobs."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any


class Accounts:
    """Whose handle is whose, by the lines between two times: the last line that tells it counts."""

    def __init__(self, lines: Iterable[dict[str, Any]], start: datetime, end: datetime) -> None:
        self._holder: dict[str, str] = {}
        self._label: dict[str, str] = {}
        inside = [line for line in lines if start <= made_at(line) < end]
        for line in sorted(inside, key=lambda line: (made_at(line), int(line["data"]["id"]))):
            for user_id, handle in _told(line):
                self._holder[handle] = f"x:{user_id}"
                self._label[f"x:{user_id}"] = handle

    def key(self, handle: str) -> str:
        """Returns the key of the account that a post names."""
        return self._holder.get(handle, f"x:@{handle}")

    def label(self, key: str) -> str:
        """Returns what people read of an account."""
        return self._label.get(key) or key.removeprefix("x:").removeprefix("@")


def made_at(line: dict[str, Any]) -> datetime:
    """Returns when the post of a line was made."""
    return datetime.fromisoformat(line["data"]["created_at"])


def _told(line: dict[str, Any]) -> Iterable[tuple[str, str]]:
    data, includes = line["data"], line.get("includes", {})
    referred = {r["id"]: r["type"] for r in data.get("referenced_tweets", [])}
    others = [post for post in includes.get("tweets", []) if post["id"] in referred]
    people = {data["author_id"], data.get("in_reply_to_user_id"), *(post.get("author_id") for post in others)}
    for user in includes.get("users", []):
        if user["id"] in people:
            yield user["id"], user["username"].lower()
    for post in (data, *(post for post in others if referred[post["id"]] == "retweeted")):
        found = [part.get("entities", {}) for part in (post, post.get("note_tweet", {}))]
        for mention in [mention for entities in found for mention in entities.get("mentions", [])]:
            if "id" in mention:
                yield mention["id"], mention["username"].lower()
