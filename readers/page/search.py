"""Search: the newest posts with some words, with the hits emphasised, each with a link to its network."""

from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from conf.errors import WrongUse
from conf.instants import parse_instant
from conf.tables import KINDS
from readers.page.address import View, one_of
from readers.page.source import Source
from readers.page.texts import at, counted, post_link, shown
from readers.search.first_posts import Basis
from readers.search.post_reads import Span
from readers.search.query import Query, parse_query
from readers.search.search_view import hits

OWN = ("q", "author", "kind", "from", "to")
SHOWN = 50
LONGEST_TEXT = 600
PATIENCE = 15.0
"""Seconds after which a search reads no further day: one by its kind alone may have to read every post."""


def context(source: Source, view: View) -> dict[str, Any]:
    """Returns what the template shows, and its `basis`; without words, the form alone. Raises StoreDown."""
    asked = {name: view.more.get(name, "") for name in OWN}
    told: dict[str, Any] = {"asked": asked, "kinds": KINDS, "rows": None, "wrong": "", "more": False, "unread": ""}
    if not any(asked[name] for name in ("q", "author", "kind")):
        return told
    try:
        query, span = asked_for(view)
        with source.session() as session:
            found = source.search(session, view.topic).first(query, span, SHOWN, PATIENCE)
    except WrongUse as error:
        return {**told, "wrong": str(error)}
    rows = [_row(row, query, view, source.settings.mastodon_url) for row in found.rows]
    return {
        **told,
        **{"rows": rows, "more": found.more, "shown": SHOWN, "basis": found.basis},
        "unread": counted(found.unread, "day") if found.unread else "",
    }


def is_same(source: Source, view: View, basis: Basis) -> bool:
    """Returns whether the search of a view would find the posts again that rest on this. Raises StoreDown."""
    with source.session() as session:
        return source.search(session, view.topic).is_same(basis)


def asked_for(view: View) -> tuple[Query, Span]:
    """Returns the query and the window of an address. Raises WrongUse for what can't be searched for."""
    asked = view.more
    kind = one_of("kind", asked, ("", *KINDS)) or None
    query = parse_query(asked.get("q", ""), asked.get("author") or None, kind)
    limits: list[datetime | None] = [
        parse_instant(name, asked[name], view.topic.zone) if asked.get(name) else None for name in ("from", "to")
    ]
    return query, Span(*limits)


def _row(row: Any, query: Query, view: View, server: str) -> dict[str, Any]:
    author = row.author or row.author_id
    text = shown(row.text or "", LONGEST_TEXT)
    if row.text_more and query.marks and not hits(text, query):
        # The words stand in a link card, or in the description of an image.
        text = shown(f"{text} [{row.text_more}]", LONGEST_TEXT * 2)
    return {
        "at": at(row.event_at, view.topic, "%-d %b %Y, %H:%M:%S"),
        "author": shown(author, 80),
        "source": row.source,
        "kind": row.kind,
        "text": emphasised(text, query),
        "link": post_link(str(row.source), str(row.post_id), server),
        "by_author": _by(view, str(author)),
    }


def _by(view: View, author: str) -> str:
    """Returns the address of all posts of an author."""
    others: dict[str, str | None] = dict.fromkeys(OWN)
    return view.link("", **(others | {"author": author}))


def emphasised(text: str, query: Query) -> Markup:
    """Returns a text with its hits in <mark>; all else is escaped."""
    found, reached = Markup(), 0
    for start, end in hits(text, query):
        if start < reached:
            continue
        found += escape(text[reached:start]) + Markup("<mark>") + escape(text[start:end]) + Markup("</mark>")
        reached = end
    return found + escape(text[reached:])
