"""What stands under a figure: CSV, SVG and PNG of the same picture, and the figure for a frame."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from conf.errors import WrongUse
from readers.output import BOM, write_frame
from readers.page import night
from readers.page.address import View
from readers.page.lines import WIDE, Mark, Span, chart
from readers.page.polls import MEASURES, Poll
from readers.page.rendering import palette, picture
from readers.page.source import Source
from readers.page.texts import count, shown, span
from stores.coverage import read_records

FIGURES = ("bars", "lines")
TYPES = {"csv": "text/csv; charset=utf-8", "svg": "image/svg+xml", "png": "image/png"}
ZOOM = 2.0
"""Pixels of a PNG for each of the picture's own."""


def figure_of(request: Request) -> str:
    """Returns the figure that an address names. Raises WrongUse for one that does not exist."""
    figure = str(request.path_params["figure"])
    if figure not in FIGURES:
        raise WrongUse(f"there is no figure {figure[:40]!r}", f"Figures: {', '.join(FIGURES)}")
    return figure


def endpoint(source: Source, view_of: Callable[[Request, str], View]) -> Callable[[Request], Response]:
    """Returns what answers /TOPIC/export/FIGURE.FORMAT."""

    def export(request: Request) -> Response:
        view, figure, format_ = view_of(request, "night"), figure_of(request), request.path_params["format"]
        if format_ not in TYPES:
            raise WrongUse(f"there is no format {format_[:40]!r}", f"Formats: {', '.join(TYPES)}")
        with source.session() as session:
            poll = night.poll_of(session, source.keyspace, view)
            if format_ == "csv":
                body = csv(poll.window if figure == "bars" else poll.periods)
            else:
                records = read_records(session, source.keyspace, view.topic.topic) if figure == "lines" else {}
                svg = bars(poll, view) if figure == "bars" else lines(poll, view, night.gaps(poll, records))
                body = svg.encode() if format_ == "svg" else png(svg)
        name = f"{view.topic.topic}-{poll.race.id}-{figure}.{format_}"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(body, headers=headers, media_type=TYPES[format_])

    return export


def csv(frame: pd.DataFrame) -> bytes:
    """Returns a frame as `readers poll --format csv` writes it, with the mark that spreadsheets read as UTF-8."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "figure.csv"
        write_frame(frame, "csv", file, BOM)
        return file.read_bytes()


def bars(poll: Poll, view: View) -> str:
    """Returns the bars as a picture by themselves, with what they rest on."""
    return picture("bars", poll, palette(view.theme), title(poll), caption(poll), basis(poll))


def lines(poll: Poll, view: View, gaps: Sequence[Span]) -> str:
    """Returns the lines as a picture by themselves, with what they rest on."""
    marks = [Mark(event.instant(poll.topic.zone), event.text) for event in poll.topic.events]
    drawn = chart(poll.lines, poll.drawn_span, poll.step, poll.topic.zone, WIDE, gaps, marks)
    told = f"{MEASURES[poll.show]} by {poll.by}"
    notes = ["bands: 95 % interval"] if poll.show == "authors" else []
    notes += ["grey: posts are missing"] if drawn.gaps else []
    notes += [f"{number}: {text}" for number, _, text in night.events(poll)]
    return picture(
        "lines",
        drawn,
        palette(view.theme),
        title(poll),
        told,
        alone=True,
        caption=f"{told}. Share of conversation, not a forecast.",
        source=basis(poll),
        note=shown(" · ".join(notes), 160),
    )


def title(poll: Poll) -> str:
    """Returns the title of a picture."""
    return shown(f"{poll.race.title or poll.race.id}: {poll.topic.title or poll.topic.topic}", 90)


def caption(poll: Poll) -> str:
    """Returns the line below the title: what is measured."""
    ends = "; whiskers: 95 % interval" if poll.show == "authors" else ""
    return f"{MEASURES[poll.show]}{ends}. Share of conversation, not a forecast."


def basis(poll: Poll) -> str:
    """Returns the line below a picture: the window, n, the method and the run."""
    first = poll.first
    return (
        f"{span(*poll.span, poll.topic)} ({poll.topic.timezone}) · {count(first['authors_total'])} authors, "
        f"{count(first['posts_total'])} posts · Pulso, method {first['method']}, run {str(first['run_id'])[:8]}"
    )


def png(svg: str) -> bytes:
    """Returns a picture as PNG, in the fonts of this machine."""
    from resvg_py import svg_to_bytes  # noqa: PLC0415 - only where a PNG is asked for

    return bytes(svg_to_bytes(svg_string=svg, zoom=ZOOM, sans_serif_family="DejaVu Sans", font_dirs=[_fonts()]))


def _fonts() -> str:
    """Returns a folder of fonts that is always there: those of matplotlib."""
    from importlib.util import find_spec  # noqa: PLC0415

    spec = find_spec("matplotlib")
    assert spec
    assert spec.origin
    return str(Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf")
