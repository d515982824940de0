"""The media of a post: each is its type, a space, and what the network knows it by.

Nothing is downloaded. X has a key for each file, Bluesky a hash of its bytes (CID), Mastodon the address at the server
that has it first. So a picture that is posted again has the same name if it was retweeted (X), if the bytes are the
same (Bluesky), or if it was boosted (Mastodon).
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from ingest.formats.more_text import decoded, values_of
from ingest.formats.post import unique

_TYPES = {
    **{"image": "image", "photo": "image", "video": "video", "audio": "audio"},
    **{"animated_gif": "gif", "gifv": "gif", "gif": "gif"},
}
"""The types of media in posts, by the networks' names."""
_OF_KEYS = {"3": "image", "7": "video", "13": "video", "16": "gif"}
"""The types by the number with which X's keys begin."""
_NUMBERS = {"image": "3", "video": "7", "gif": "16"}
_AMPLIFIED = ("13", "amplify_video")
"""The number of videos that advertisers upload, and what is in their addresses."""


def listed(media: Iterable[tuple[object, object]]) -> list[str]:
    """Returns media from their types and names; what has no name, or one with white space, is left out."""
    return unique([f"{_type(kind)} {name}" for kind, name in media if type(name) is str and _is_one_word(name)])


def of_x_v2(attachments: Any) -> list[str]:
    """Returns the media of a post of X API v2 by its attachments, which have the keys, or, if flattened, the media."""
    if not isinstance(attachments, dict):
        return []
    keys = attachments.get("media_keys")
    found = [*(keys if isinstance(keys, list) else ()), *values_of(attachments.get("media"), "media_key")]
    return listed((_type_of_key(key), key) for key in found)


class _File(msgspec.Struct):
    """What is read of a file in X API v1.1. All else, such as its sizes, is skipped while it is decoded."""

    type: Any = None
    id_str: Any = None
    media_key: Any = None
    media_url_https: Any = None


class _Extended(msgspec.Struct):
    media: list[_File] = []


_EXTENDED = msgspec.json.Decoder(_Extended)


def of_x_v11(extended: msgspec.Raw) -> list[str]:
    """Returns the media of a status of X API v1.1, which has the number of each, by the keys that v2 has for them.

    `extended` are its extended entities.
    """
    try:
        files = _EXTENDED.decode(extended)
    except msgspec.ValidationError:  # what is no object is left out
        files = _Extended([_File(*map(one.get, _File.__struct_fields__)) for one in _objects(decoded(extended))])
    return listed(map(_keyed, files.media))


def _objects(extended: object) -> list[dict[str, Any]]:
    media = next(values_of(extended, "media"), None)
    return [one for one in (media if isinstance(media, list) else ()) if isinstance(one, dict)]


def _keyed(file: _File) -> tuple[object, object]:
    kind, key = _type(file.type), file.media_key
    if key is None and type(file.id_str) is str and kind in _NUMBERS:
        start = _AMPLIFIED[0] if _AMPLIFIED[1] in str(file.media_url_https) else _NUMBERS[kind]
        key = f"{start}_{file.id_str}"
    return kind, key


def of_bluesky(embed: dict[str, Any]) -> list[str]:
    """Returns the images or the video of an embed. The picture of a link card is none: the link is counted."""
    images = [("image", _cid(image)) for image in values_of(embed.get("images"), "image")]
    return listed([*images, ("video", _cid(embed.get("video")))])


def of_mastodon(attachments: object) -> list[str]:
    """Returns the media of a status: the address at the server of its author, where another server has a copy."""
    objects = attachments if isinstance(attachments, list) else []
    return listed(
        (one.get("type"), one.get("remote_url") or one.get("url")) for one in objects if isinstance(one, dict)
    )


def _cid(blob: object) -> object:
    """Returns the hash of a blob (https://atproto.com/specs/data-model#blob-type), also of the older kind."""
    if not isinstance(blob, dict):
        return None
    ref = blob.get("ref")
    return ref.get("$link") if isinstance(ref, dict) else blob.get("cid")


def _type(kind: object) -> str:
    return _TYPES.get(kind, "unknown") if type(kind) is str else "unknown"


def _type_of_key(key: object) -> object:
    return _OF_KEYS.get(key.partition("_")[0]) if type(key) is str else None


def _is_one_word(name: str) -> bool:
    return name.split() == [name]
