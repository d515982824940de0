"""`python -m readers pack`: a topic's posts and summaries as a folder; `pack verify` checks one."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from conf.errors import PulsoError, Stopped, WrongUse
from conf.settings import Settings, load_settings
from conf.terminal import ERR, progress
from conf.topic import Topic, load_topic
from readers import options
from stores import packs
from stores.connect import cassandra_session

VERIFY = "verify"
SHOWN = 50
"""Posts that were deleted since, on a terminal; a pipe gets all."""


def pack(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Only posts that match, as in search; all if left out. Or: verify DIR."),
    ] = None,
    topic: Annotated[str | None, typer.Option("--topic", "-t", help="Topic: the name of its file.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Only posts from this time on: date or ISO, UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Only posts before this time.")] = None,
    posts: Annotated[packs.Contents, typer.Option(help="Whole posts, their ids alone, or with pseudonyms.")] = "full",
    layout: Annotated[packs.Layout, typer.Option(help="How posts are written; replay reads pulso whole.")] = "pulso",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The folder to make.")] = None,
    files: Annotated[bool, typer.Option("--files", help="With verify: check the files alone, not deletions.")] = False,
) -> None:
    """Write a topic's posts and summaries into a folder, with hashes and sources. `pack verify DIR` checks a folder.

    `verify` names each file that was changed, and each post that was deleted since. The exit code is 1 if there is one.
    """
    if topic is None:
        if words is None or words[0] != VERIFY or len(words) != 2 or out is not None:
            raise WrongUse("what to do is not said", "Give --topic T and --out DIR, or: pack verify DIR")
        verify(Path(words[1]), files_only=files)
        return
    if files:
        raise WrongUse("--files is for `pack verify DIR`", "Leave it out")
    if out is None:
        raise WrongUse("no folder is given", "Give --out DIR")
    _write(topic, " ".join(words or ()), options.bounds(start, end), posts, layout, out)


def _write(
    name: str, query: str, window: list[datetime | None], contents: packs.Contents, layout: packs.Layout, out: Path
) -> None:
    from readers.packs.pack import Asked, write_pack
    from readers.packs.pseudonyms import make_key
    from readers.search.post_reads import Span
    from readers.search.query import parse_query
    from readers.search.window_rows import ALL

    settings = load_settings()
    topic = load_topic(name, settings.topics_dir)
    span = Span(*window)
    if span.start and span.end and span.start >= span.end:
        raise WrongUse(f"--from {span.start:%Y-%m-%dT%H:%MZ} is not before --to", "A window is [from, to)")
    if contents == "ids" and layout != "pulso":
        raise WrongUse("ids have one layout, an id a line", "Leave --layout out")
    wanted = parse_query(query) if query.strip() else ALL
    if contents == "pseudonyms" and wanted.author:
        raise WrongUse("a pack of one author's posts can't hide the author", "Give --posts full, or no @author")
    key = b"" if contents == "full" else make_key(settings.home)
    file = (settings.topics_dir / f"{name}.yaml").read_bytes()
    asked = Asked(topic, file, span, wanted, query.strip(), contents, layout, key)
    try:
        with cassandra_session(settings) as session, progress() as display:
            task = display.add_task("pack", total=None, note="")
            on_day = lambda done, days: display.update(task, completed=done, total=days, note="days")  # noqa: E731
            manifest = write_pack(session, settings.keyspace, asked, out, on_day)
    except KeyboardInterrupt:
        whole = (out / packs.MANIFEST).is_file()
        raise Stopped(f"stopped; {'the pack is whole' if whole else 'nothing was left'} in {out}") from None
    for line in told(manifest, out):
        ERR.print(line, highlight=False, markup=False, soft_wrap=True)


def told(manifest: packs.Manifest, out: Path) -> list[str]:
    """Returns what a person is told of a new pack."""
    size = sum(file.bytes for file in manifest.files)
    lines = [f"{manifest.posts:,} posts, {len(manifest.files):,} files, {size:,} bytes in {out}"]
    lines += [f"left out: {number:,} {reason}" for reason, number in manifest.left_out.items()]
    return [*lines, *manifest.notes]


def verify(folder: Path, *, files_only: bool) -> None:
    """Checks the files of a pack, and which of its posts are not stored any more.

    Raises PulsoError if there is one, or a file that was changed.
    """
    from readers.packs.verify import check_files

    manifest = packs.read_manifest(folder)
    with progress(counted=False) as display:
        task = display.add_task("files", total=sum(file.bytes for file in manifest.files), note="")
        checked = check_files(folder, manifest.files, lambda size: display.update(task, advance=size))
    for path in checked.others:
        ERR.print(f"not of the pack: {_plain(path)}", highlight=False, markup=False, soft_wrap=True)
    for line in checked.changed:
        typer.echo(f"changed: {_plain(line)}")
    if checked.changed:
        raise PulsoError(f"{len(checked.changed):,} files of {folder} are not as they were written", "Get it again")
    typer.echo(f"{len(manifest.files):,} files are as they were written: {_plain(manifest.cite)}")
    if not files_only:
        _tell_gone(folder, manifest, load_settings())


def _tell_gone(folder: Path, manifest: packs.Manifest, settings: Settings) -> None:
    from readers.packs.gone import posts_gone
    from readers.packs.packed_ids import packed_ids
    from readers.packs.pseudonyms import KEY_FILE, Pseudonyms, read_key

    topic = _topic_of(manifest, settings)
    made = None
    if manifest.contents == "pseudonyms":
        if (key := read_key(settings.home)) is None:
            what = f"deletions can't be told without the key of the pseudonyms, {settings.home / KEY_FILE}"
            raise PulsoError(what, "Ask who made the pack, or check the files alone: --files")
        made = Pseudonyms(key)
    count = 0
    with cassandra_session(settings) as session, progress() as display:
        task = display.add_task("posts", total=manifest.posts, note="")
        on_day = lambda posts: display.update(task, advance=posts)  # noqa: E731
        ids = packed_ids(folder, manifest, topic)
        for count, (day, source, post_id) in enumerate(
            posts_gone(session, settings.keyspace, topic, ids, made, on_day), 1
        ):
            if count <= SHOWN or not ERR.is_terminal:
                typer.echo(f"gone: {day} {source} {_plain(post_id)}")
    if count:
        what = f"{count:,} posts of the pack are not stored any more: deleted, hidden, or past retention_days"
        raise PulsoError(what, "Remove them from every copy, or make the pack again")
    typer.echo(f"all {manifest.posts:,} posts are still stored")


def _topic_of(manifest: packs.Manifest, settings: Settings) -> Topic:
    known = {file.stem for file in settings.topics_dir.glob("*.yaml")}
    if manifest.topic not in known:
        what = f"there is no topic {_plain(manifest.topic)!r} here, so deletions can't be told"
        raise PulsoError(what, "Check the files alone: --files")
    return load_topic(manifest.topic, settings.topics_dir)


def _plain(text: str) -> str:
    from conf.plain import one_line

    return one_line(text)[:500]
