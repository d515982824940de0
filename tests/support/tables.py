"""Writes posts of X, given as flattened v2 objects, as the tools of the field write tables of them.

Each function gives a row as its tool would, from the tool's own source (conf/column_maps names it), so that the same
posts can be read in both shapes.
"""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Post = dict[str, Any]
HEADERS = Path(__file__).parent / "headers"
"""The columns of each tool's tables, a name a line, from the tool's own source (conf/column_maps says where)."""


def header_of(tool: str) -> list[str]:
    """Returns the columns of a tool's table."""
    return (HEADERS / f"{tool}.txt").read_text().splitlines()


def _other(post: Post, kind: str) -> Post | None:
    return next((each for each in post.get("referenced_tweets") or () if each["type"] == kind), None)


def _username(post: Post | None) -> str:
    return str(((post or {}).get("author") or {}).get("username", ""))


def _list(post: Post | None, part: str, key: str) -> list[str]:
    return [each[key] for each in ((post or {}).get("entities") or {}).get(part) or () if each.get(key)]


def twarc_row(post: Post) -> Post:
    """A row of twarc-csv: a retweet has the text and the entities of the retweeted post; lists are JSON."""
    retweeted, replied, quoted = (_other(post, kind) for kind in ("retweeted", "replied_to", "quoted"))
    shown = retweeted if retweeted and "text" in retweeted else post
    author, geo = post.get("author") or {}, post.get("geo") or {}
    metrics = author.get("public_metrics") or {}
    return {
        "id": post["id"],
        "conversation_id": post.get("conversation_id", post["id"]),
        "referenced_tweets.replied_to.id": (replied or {}).get("id"),
        "referenced_tweets.retweeted.id": (retweeted or {}).get("id"),
        "referenced_tweets.quoted.id": (quoted or {}).get("id"),
        "author_id": post["author_id"],
        "in_reply_to_user_id": post.get("in_reply_to_user_id"),
        "in_reply_to_username": _username(replied),
        "retweeted_user_id": (retweeted or {}).get("author_id"),
        "retweeted_username": _username(retweeted),
        "quoted_user_id": (quoted or {}).get("author_id"),
        "quoted_username": _username(quoted),
        "created_at": post["created_at"],
        "text": shown["text"].replace("\r", "").replace("\n", "\\n"),
        "lang": post.get("lang"),
        "source": post.get("source"),
        "edit_history_tweet_ids": json.dumps(post.get("edit_history_tweet_ids", [post["id"]])),
        "entities.hashtags": json.dumps([f"#{tag}" for tag in _list(shown, "hashtags", "tag")]),
        "entities.mentions": json.dumps([f"@{name}" for name in _list(shown, "mentions", "username")]),
        "entities.urls": json.dumps(_list(shown, "urls", "expanded_url")),
        "author.created_at": author.get("created_at"),
        "author.username": author.get("username"),
        "author.description": 'a person,\\nwith "quotes"',
        "author.public_metrics.followers_count": metrics.get("followers_count"),
        "author.public_metrics.following_count": metrics.get("following_count"),
        "geo.coordinates.coordinates": json.dumps(coordinates) if (coordinates := _coordinates(post)) else None,
        "geo.full_name": geo.get("full_name"),
        "__twarc.retrieved_at": (post.get("__twarc") or {}).get("retrieved_at"),
    }


def fourcat_row(post: Post) -> Post:
    """A row of 4CAT: `RT @name: ` and the whole text, the entities of both posts, and no id of another post."""
    retweeted, replied, quoted = (_other(post, kind) for kind in ("retweeted", "replied_to", "quoted"))
    both = [post, retweeted]
    return {
        "id": post["id"],
        "thread_id": post.get("conversation_id", post["id"]),
        "timestamp": post["created_at"][:19].replace("T", " "),
        "unix_timestamp": 1,  # depends on the server's time zone
        "body": _with_prefix(post, retweeted),
        "author": (post.get("author") or {}).get("username"),
        "author_id": post["author_id"],
        "author_followers": ((post.get("author") or {}).get("public_metrics") or {}).get("followers_count"),
        "source": post.get("source"),
        "language_guess": post.get("lang"),
        "is_retweet": "yes" if retweeted else "no",
        "retweeted_user": _username(retweeted),
        "is_quote_tweet": "yes" if quoted else "no",
        "quoted_user": _username(quoted),
        "is_reply": "yes" if replied else "no",
        "replied_user": (post.get("in_reply_to_user") or {}).get("username", ""),
        "hashtags": ",".join(dict.fromkeys(tag for each in both for tag in _list(each, "hashtags", "tag"))),
        "urls": ",".join(dict.fromkeys(url for each in both for url in _list(each, "urls", "expanded_url"))),
        "mentions": ",".join(dict.fromkeys(name for each in both for name in _list(each, "mentions", "username"))),
        "long_lat": ", ".join(map(str, _coordinates(post))),
        "place_name": (post.get("geo") or {}).get("full_name", ""),
    }


def zeeschuimer_row(post: Post) -> Post:
    """A row of Zeeschuimer: as 4CAT's with other names, the id of a quoted post, and entities of the clipped text."""
    row, quoted = fourcat_row(post), _other(post, "quoted")
    renamed = {"quoted_user": "quote_author", "replied_user": "replied_author"}
    return {
        **{renamed.get(name, name): value for name, value in row.items()},
        "quote_tweet_id": (quoted or {}).get("id", ""),
        "hashtags": ",".join(_list(post, "hashtags", "tag")),
        "mentions": ",".join(_list(post, "mentions", "username")),
        "urls": ",".join(_list(post, "urls", "expanded_url")),
    }


def tcat_row(post: Post) -> Post:
    """A row of DMI-TCAT: entities decoded, white space as spaces, retweets known by their text alone."""
    retweeted, replied, quoted = (_other(post, kind) for kind in ("retweeted", "replied_to", "quoted"))
    shown = retweeted if retweeted and "text" in retweeted else post
    author = post.get("author") or {}
    mentions = [*([_username(retweeted)] if retweeted else []), *_list(shown, "mentions", "username")]
    longitude, latitude = _coordinates(post) or ("", "")
    text = _with_prefix(post, retweeted).translate(str.maketrans("\r\n\t", "   "))
    return {
        "id": post["id"],
        "time": 1,
        "created_at": post["created_at"][:19].replace("T", " "),
        "from_user_name": author.get("username"),
        "text": text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip(),
        "lang": post.get("lang"),
        "to_user_name": (post.get("in_reply_to_user") or {}).get("username", ""),
        "in_reply_to_status_id": (replied or {}).get("id"),
        "quoted_status_id": (quoted or {}).get("id"),
        "source": post.get("source"),
        "location": "Paris, France",
        "lat": latitude,
        "lng": longitude,
        "from_user_id": post["author_id"],
        "from_user_followercount": (author.get("public_metrics") or {}).get("followers_count"),
        "from_user_friendcount": (author.get("public_metrics") or {}).get("following_count"),
        "urls_expanded": "; ".join(_list(shown, "urls", "expanded_url")),
        "mentions": "; ".join(mentions),
        "hashtags": "; ".join(_list(shown, "hashtags", "tag")),
    }


def _coordinates(post: Post) -> list[float]:
    return ((post.get("geo") or {}).get("coordinates") or {}).get("coordinates") or []


def _with_prefix(post: Post, retweeted: Post | None) -> str:
    if not retweeted or "text" not in retweeted:
        return str(post["text"])
    name = _username(retweeted) or next(iter(_list(post, "mentions", "username")), "")
    return f"RT @{name}: {retweeted['text']}"


TOOLS = {
    "twarc-csv": (header_of("twarc-csv"), twarc_row, ","),
    "4cat": (header_of("4cat"), fourcat_row, ","),
    "tcat": (header_of("tcat"), tcat_row, ","),
    "zeeschuimer": (header_of("zeeschuimer"), zeeschuimer_row, ";"),
}
"""For each tool its header, what gives a row, and the separator."""


def table_of(tool: str, posts: Iterable[Post]) -> str:
    """Returns posts as the CSV file that a tool would write."""
    header, row_of, separator = TOOLS[tool]
    return csv_of(header, ([row_of(post).get(name) for name in header] for post in posts), separator)


def csv_of(header: Iterable[str], rows: Iterable[Iterable[object]], separator: str = ",") -> str:
    """Returns rows as a CSV file."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def flattened(page: Post) -> list[Post]:
    """Returns the posts of a v2 page with all that they refer to inside, as twarc2 flattens them."""
    includes = page.get("includes") or {}
    users, tweets, places = (
        {each["id"]: each for each in includes.get(part) or ()} for part in ("users", "tweets", "places")
    )

    def flat(post: Post) -> Post:
        more: Post = {"author": users[post["author_id"]]} if post.get("author_id") in users else {}
        if post.get("in_reply_to_user_id") in users:
            more["in_reply_to_user"] = users[post["in_reply_to_user_id"]]
        if (place := (post.get("geo") or {}).get("place_id")) in places:
            more["geo"] = {**post["geo"], **places[place]}
        return {**post, **more}

    return [
        flat(post)
        | {"referenced_tweets": [{**flat(tweets.get(r["id"], {})), **r} for r in post.get("referenced_tweets") or ()]}
        for post in page.get("data") or ()
    ]
