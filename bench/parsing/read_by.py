"""`python read_by.py FOLDER`: prints what the code of a commit makes of each message of the captures in a folder.

It runs with the code of any commit, so it uses only what these have in common. Each line that it prints is a JSON
object: `at`, the message's place, and either `refused`, the reason, or the fields of the post with its `kind` and the
candidates of the shipped topics for whom it `counts`.
"""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import orjson
import regex

from conf import ROOT
from conf.topic import Topic, load_topic
from ingest.formats import Unit, parse, split
from ingest.formats.post import InvalidMessage, Post

LEFT_OUT = ("parser", "is_update", "said_kind")
FIELDS = getattr(Post, "__struct_fields__", None) or [field.name for field in dataclasses.fields(Post)]


def main(folder: Path) -> None:
    """Reads each capture."""
    topics = [load_topic(name, ROOT / "conf" / "topics") for name in ("brexit", "ph2016")]
    for file in sorted(folder.rglob("*.jsonl")):
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
            for place, part in enumerate(split(line), 1):
                at = f"{file.relative_to(folder)}:{number}#{place}"
                sys.stdout.buffer.write(orjson.dumps({"at": at, **_told(part, topics)}, default=list) + b"\n")


def _told(part: object, topics: list[Topic]) -> dict[str, Any]:
    if not isinstance(part, Unit):
        return {"refused": getattr(part, "reason", "")}
    try:
        post = parse(part.format, part.payload)
    except InvalidMessage as error:
        return {"is": part.format} if str(error).startswith("unknown format") else {"refused": str(error)}
    except (LookupError, TypeError, AttributeError):  # a message that is no post
        return {"is": part.format}
    fields = {
        name: value for name in FIELDS if name not in LEFT_OUT and (value := getattr(post, name)) not in (None, [])
    }
    return {**fields, "kind": post.kind, "counts": [name for topic in topics for name in _counts(post, topic)]}


def _counts(post: Post, topic: Topic) -> list[str]:
    return [
        f"{topic.topic}/{race.id}/{one.id}"
        for race in topic.races
        for one in race.candidates
        if (one.pattern and regex.search(one.pattern, post.folded))
        or {tag.lower().lstrip("#") for tag in one.hashtags} & set(post.hashtags)
        or {handle.lower().lstrip("@") for handle in one.handles} & set(post.mentions)
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
