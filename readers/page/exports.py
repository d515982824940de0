"""What stands under a figure: CSV, SVG and PNG of the same picture, and the figure for a frame."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from conf.errors import WrongUse
from readers.output import BOM, write_frame
from readers.page import night, together, trends
from readers.page.address import View
from readers.page.lines import WIDE, Mark, Span, chart
from readers.page.png import png_apart
from readers.page.polls import MEASURES, Poll, size_of
from readers.page.rendering import palette, picture
from readers.page.source import Source
from readers.page.texts import SHORT, runs_of, shown, span, title_of
from stores.coverage import read_records

FIGURES = {
    **dict.fromkeys(("bars", "lines"), "night"),
    **dict.fromkeys(("volume", *trends.TABLE_OF), "trends"),
    "coordination": "network",
}
"""The figures, and the page of each."""
PICTURES = ("bars", "lines", "volume")
TYPES = {"csv": "text/csv; charset=utf-8", "svg": "image/svg+xml", "png": "image/png"}
NOTE = 145
"""The most characters of a line below a picture: in the widest font, more would leave it."""


def figure_of(request: Request) -> str:
    """Returns the figure that an address names. Raises WrongUse for one that does not exist."""
    figure = str(request.path_params["figure"])
    if figure not in FIGURES:
        raise WrongUse(f"there is no figure {figure[:40]!r}", f"Figures: {', '.join(FIGURES)}")
    return figure


def endpoint(source: Source, view_of: Callable[[Request, str], View]) -> Callable[[Request], Response]:
    """Returns what answers /TOPIC/export/FIGURE.FORMAT."""

    def export(request: Request) -> Response:
        figure, format_ = figure_of(request), str(request.path_params["format"])
        known = TYPES if figure in PICTURES else {"csv": TYPES["csv"]}
        if format_ not in known:
            raise WrongUse(f"{figure} has no format {format_[:40]!r}", f"Formats: {', '.join(known)}")
        view = view_of(request, FIGURES[figure])
        made = {"night": _of_poll, "trends": _of_trends, "network": _of_network}[view.page]
        told, name = made(source, view, figure, format_)
        body = csv(told) if isinstance(told, pd.DataFrame) else png_apart(told) if format_ == "png" else told.encode()
        headers = {"content-disposition": f'attachment; filename="{name}-{figure}.{format_}"'}
        return Response(body, headers=headers, media_type=TYPES[format_])

    return export


def _of_poll(source: Source, view: View, figure: str, format_: str) -> tuple[pd.DataFrame | str, str]:
    """Returns a figure of the poll as a frame or a picture, and the beginning of its file's name."""
    with source.session() as session:
        poll = night.poll_of(session, source.keyspace, view)
        name = f"{view.topic.topic}-{poll.race.id}"
        if format_ == "csv":
            return (poll.window if figure == "bars" else poll.periods), name
        if figure == "bars":
            return bars(poll, view), name
        return lines(poll, view, night.gaps(poll, read_records(session, source.keyspace, view.topic.topic))), name


def _of_trends(source: Source, view: View, figure: str, format_: str) -> tuple[pd.DataFrame | str, str]:
    """The same of the trends."""
    if format_ == "csv":
        return trends.frame_of(source, view, figure), view.topic.topic
    volume = trends.volume_of(source, view)
    notes = [f"{number}: {shown(text, 40)}" for _, number, _, text in volume.events]
    notes += ["grey: posts are missing"] if volume.gaps else []
    told = {
        "title": shown(title_of(view.topic), 90),
        "caption": f"Posts by {volume.by}; the highest column is {volume.most}",
        "note": shown(" · ".join(notes), NOTE),
        "source": shown(volume.basis, NOTE),
    }
    return picture("volume", volume, palette(view.theme), WIDE, **told), view.topic.topic


def _of_network(source: Source, view: View, _: str, __: str) -> tuple[pd.DataFrame | str, str]:
    """The same of the accounts that act together."""
    frame = together.frame_of(source, view)
    return frame, f"{view.topic.topic}-{frame['kind'].iloc[0]}"


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
        source=basis(poll, poll.periods if poll.later else None),
        note=shown(" · ".join(notes), NOTE),
    )


def title(poll: Poll) -> str:
    """Returns the title of a picture."""
    return shown(f"{title_of(poll.race)}: {title_of(poll.topic)}", 90)


def caption(poll: Poll) -> str:
    """Returns the line below the title: what is measured."""
    ends = "; whiskers: 95 % interval" if poll.show == "authors" else ""
    return f"{MEASURES[poll.show]}{ends}. Share of conversation, not a forecast."


def basis(poll: Poll, of: pd.DataFrame | None = None) -> str:
    """Returns the line below a picture: the window, n, the method and the run, or how many runs its rows are of."""
    first = poll.first
    return (
        f"{span(*poll.span, poll.topic)} ({poll.topic.timezone}) · {size_of(poll)} · "
        f"Pulso, method {first['method']}, {runs_of(poll.window if of is None or of.empty else of, SHORT)}"
    )
