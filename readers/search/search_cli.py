"""`python -m readers search`: finds posts by word, phrase, hashtag, author and kind, newest first."""

import sys
from itertools import chain
from typing import Annotated

import typer

from conf.errors import WrongUse
from conf.settings import load_settings
from conf.terminal import ERR, out_console, progress
from conf.topic import load_topic
from readers import options
from stores.connect import cassandra_session

SHOWN = 50
"""Posts in a table unless --limit says otherwise; files contain all."""


def search(
    topic: options.Topic,
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Words, #hashtags, an @author, phrases as '\"grace poe\"'; a post must match all."),
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="Only posts from this time on: date or ISO, UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Only posts before this time.")] = None,
    author: Annotated[str | None, typer.Option(help="Only posts by this author: handle, DID or user@server.")] = None,
    kind: options.Kind = None,
    limit: Annotated[int | None, typer.Option(help=f"Limit; default {SHOWN} in a table, else all.", min=1)] = None,
    format_: options.PostsFormat = "table",
    out: options.Out = None,
) -> None:
    """Find posts by word, phrase, hashtag, author and kind, newest first. Case and accents do not matter."""
    from readers.output import write_pages
    from readers.search.post_reads import Span
    from readers.search.query import parse_query
    from readers.search.search import PostSearch, posts_frame
    from readers.search.search_view import print_posts, slow_without_words

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    query = parse_query(" ".join(words or ()), author, kind)
    span = Span(*options.bounds(start, end))
    as_table = format_ == "table"
    if as_table and out is not None:
        raise WrongUse("a table can't be written to a file", "Give --format csv, ndjson or parquet with --out")
    most = limit or (SHOWN if as_table else None)
    with cassandra_session(settings) as session, progress() as display:
        # On one terminal, a progress bar on stderr and text on stdout would overwrite each other.
        shown = as_table or out is not None or not sys.stdout.isatty()
        task = display.add_task("search", total=None, note="", visible=shown)
        on_day = lambda done, days: display.update(task, completed=done, total=days, note="days")  # noqa: E731
        posts = PostSearch(session, settings.keyspace, topic_file)
        if days := posts.wordless(query, span):
            ERR.print(slow_without_words(days), highlight=False, soft_wrap=True)
        pages = posts.pages(query, span, most, on_day)
        if not as_table:
            found = write_pages(chain([posts_frame([])], pages), format_, out)
        else:
            frame = posts_frame(pages)
            found = len(frame)
    if not found:
        ERR.print(f"no posts found in {topic_file.topic}", highlight=False)
    elif as_table:
        print_posts(frame, query, topic_file, out_console())
        if found == most and limit is None:
            ERR.print(f"the newest {found}; for more use --limit, for all --format csv", highlight=False)
