"""The corpus as lines of each format: the same posts, written as each network and tool writes them."""

import html
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

PAGE = 100
"""Posts on a page, as X's API and twarc2 have them."""
Line = dict[str, Any]
_FACET = "app.bsky.richtext.facet#"
_SPANS = ("mentions", "hashtags", "urls")


def lines_of(corpus: Iterable[bytes]) -> dict[str, list[bytes]]:
    """Returns the posts of a corpus (X v2 stream lines) as lines, by the name of the format."""
    posts = [orjson.loads(line) for line in corpus]
    return {
        "X v2 line": [orjson.dumps(post) for post in posts],
        "X v2 page": [_page(posts[first : first + PAGE]) for first in range(0, len(posts), PAGE)],
        **{name: [orjson.dumps(written(post)) for post in posts] for name, written in _WRITTEN.items()},
    }


def _page(posts: list[Line]) -> bytes:
    includes: dict[str, dict[str, Any]] = {}
    for part, one in ((part, one) for post in posts for part, some in post["includes"].items() for one in some):
        includes.setdefault(part, {})[one["id"]] = one
    found = {part: list(by_id.values()) for part, by_id in includes.items()}
    return orjson.dumps({"data": [post["data"] for post in posts], "includes": found, "meta": {"result_count": PAGE}})


def _flat(post: Line) -> Line:
    users, tweets = _by_id(post, "users"), _by_id(post, "tweets")
    data = post["data"]
    references = [_with_author(tweets.get(one["id"], {}), users) | one for one in data.get("referenced_tweets", ())]
    return _with_author(data, users) | ({"referenced_tweets": references} if references else {})


def _with_author(tweet: Line, users: Mapping[str, Line]) -> Line:
    author = users.get(tweet.get("author_id", ""))
    return {**tweet, "author": author} if author else tweet


def _v11(post: Line) -> Line:
    return _status(post["data"], _by_id(post, "users"), _by_id(post, "tweets"))


def _status(tweet: Line, users: Mapping[str, Line], tweets: Mapping[str, Line]) -> Line:
    user = users.get(tweet.get("author_id", "")) or {"id": "1", "username": "nobody"}
    entities, metrics = tweet.get("entities", {}), user.get("public_metrics", {})
    status: Line = {
        "created_at": _v11_time(tweet["created_at"]) if "created_at" in tweet else None,
        "id": int(tweet["id"]),
        "id_str": tweet["id"],
        "full_text": tweet["text"],
        "truncated": False,
        "source": f'<a href="https://example.com/app" rel="nofollow">{tweet.get("source", "An app")}</a>',
        "user": {
            "id": int(user["id"]),
            "id_str": user["id"],
            "name": user.get("name"),
            "screen_name": user["username"],
            "description": user.get("description"),
            "followers_count": metrics.get("followers_count"),
            "friends_count": metrics.get("following_count"),
            "created_at": _v11_time(user["created_at"]) if "created_at" in user else None,
        },
        "entities": {
            "hashtags": [{"text": one["tag"], "indices": _ends(one)} for one in entities.get("hashtags", ())],
            "user_mentions": [
                {"screen_name": one["username"], "id_str": one["id"], "indices": _ends(one)}
                for one in entities.get("mentions", ())
            ],
            "urls": [one | {"indices": _ends(one)} for one in entities.get("urls", ())],
        },
        "coordinates": None,
        "place": None,
        "lang": tweet.get("lang"),
    }
    for reference in tweet.get("referenced_tweets", ()):
        other = tweets.get(reference["id"])
        match reference["type"]:
            case "retweeted" if other:
                status["retweeted_status"] = _status(other, users, tweets)
            case "quoted":
                status["quoted_status_id_str"] = reference["id"]
                status |= {"quoted_status": _status(other, users, tweets)} if other else {}
            case "replied_to":
                answered = users.get(other["author_id"]) if other else None
                status["in_reply_to_status_id_str"] = reference["id"]
                status["in_reply_to_screen_name"] = answered["username"] if answered else None
    return status


def _v11_time(value: str) -> str:
    return datetime.fromisoformat(value).strftime("%a %b %d %H:%M:%S %z %Y")


def _bluesky(post: Line) -> Line:
    data = post["data"]
    at = datetime.fromisoformat(data["created_at"])
    record: Line = {"$type": "app.bsky.feed.post", "text": data["text"], "createdAt": data["created_at"]}
    record |= {"langs": [data.get("lang", "en")]}
    if facets := [_facet(data["text"], kind, one) for kind, one in _spans(data)]:
        record["facets"] = facets
    commit = {"rev": "3l3qo2vutsw2b", "operation": "create", "collection": "app.bsky.feed.post", "cid": "bafyrei"}
    return {
        "did": f"did:plc:{data['author_id']:a>24}",
        "time_us": round(at.timestamp() * 1_000_000) + 250_000,
        "kind": "commit",
        "commit": {**commit, "rkey": data["id"][-13:], "record": record},
    }


def _facet(text: str, kind: str, one: Line) -> Line:
    start, end = (len(text[: one[edge]].encode()) for edge in ("start", "end"))
    feature = {
        "mentions": {"$type": f"{_FACET}mention", "did": f"did:plc:{one.get('id', ''):a>24}"},
        "hashtags": {"$type": f"{_FACET}tag", "tag": one.get("tag")},
        "urls": {"$type": f"{_FACET}link", "uri": one.get("expanded_url")},
    }[kind]
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}


def _mastodon(post: Line) -> Line:
    users, tweets = _by_id(post, "users"), _by_id(post, "tweets")
    status = _toot(post["data"], users)
    for reference in post["data"].get("referenced_tweets", ()):
        if reference["type"] == "retweeted" and reference["id"] in tweets:
            status["reblog"] = _toot(tweets[reference["id"]], users) | {"created_at": status["created_at"]}
    return {"event": "update", "server": "social.example", "payload": status}


def _toot(tweet: Line, users: Mapping[str, Line]) -> Line:
    user = users.get(tweet.get("author_id", "")) or {"id": "1", "username": "nobody"}
    metrics, entities = user.get("public_metrics", {}), tweet.get("entities", {})
    return {
        "id": tweet["id"],
        "created_at": tweet.get("created_at"),
        "visibility": "public",
        "language": tweet.get("lang"),
        "spoiler_text": "",
        "content": f"<p>{''.join(_marked_up(tweet))}</p>",
        "account": {
            "id": user["id"],
            "acct": user["username"],
            "url": _page_of(user["username"]),
            "bot": False,
            "created_at": user.get("created_at"),
            "followers_count": metrics.get("followers_count"),
            "following_count": metrics.get("following_count"),
        },
        "mentions": [
            {"id": one["id"], "acct": one["username"], "url": _page_of(one["username"])}
            for one in entities.get("mentions", ())
        ],
        "tags": [{"name": one["tag"]} for one in entities.get("hashtags", ())],
        "reblog": None,
        "card": None,
        "media_attachments": [],
    }


def _page_of(name: str) -> str:
    return f"https://social.example/@{name}"


def _marked_up(tweet: Line) -> Iterator[str]:
    """Yields the parts of a text as Mastodon writes them: mentions, hashtags and links are elements."""
    text, at = tweet["text"], 0
    for kind, one in sorted(_spans(tweet), key=lambda span: int(span[1]["start"])):
        yield html.escape(text[at : one["start"]])
        at = one["end"]
        yield _element(kind, one)
    yield html.escape(text[at:])


def _element(kind: str, one: Line) -> str:
    match kind:
        case "mentions":
            link = f'<a href="{_page_of(one["username"])}" class="u-url mention">@<span>{one["username"]}</span></a>'
            return f'<span class="h-card" translate="no">{link}</span>'
        case "hashtags":
            href = f"https://social.example/tags/{one['tag']}"
            return f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{one["tag"]}</span></a>'
        case _:
            shown = f'<span class="invisible">https://</span><span class="ellipsis">{one["display_url"][:30]}</span>'
            return f'<a href="{one["expanded_url"]}" target="_blank" rel="nofollow noopener">{shown}</a>'


def _spans(tweet: Line) -> Iterator[tuple[str, Line]]:
    entities = tweet.get("entities", {})
    return ((kind, one) for kind in _SPANS for one in entities.get(kind, ()))


def _by_id(post: Line, part: str) -> dict[str, Line]:
    return {one["id"]: one for one in post["includes"].get(part, ())}


def _ends(one: Line) -> list[int]:
    return [one["start"], one["end"]]


_WRITTEN: Mapping[str, Callable[[Line], Line]] = {
    "X v2 flattened": _flat,
    "X v1.1": _v11,
    "Bluesky": _bluesky,
    "Mastodon": _mastodon,
}
