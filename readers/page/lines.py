"""Lines over time as points of a picture: bands of intervals, gaps, marks of events, and labels that do not overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import isnan
from zoneinfo import ZoneInfo

from readers.page.colours import place_of
from readers.page.texts import wrapped

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
MOST_TICKS = 6
HOURS = (1, 2, 3, 6, 12, 24, 48)
DAYS = (1, 2, 7, 14, 28, 56, 112)
LINE_HEIGHT = 15


@dataclass(frozen=True)
class Line:
    """One candidate: for each period its middle and its share with both ends of the interval (NaN where unknown)."""

    name: str
    number: int
    points: Sequence[tuple[datetime, float, float, float]]


@dataclass(frozen=True)
class Span:
    """A time in which posts are missing, and why."""

    start: datetime
    end: datetime
    text: str


@dataclass(frozen=True)
class Mark:
    """An event."""

    at: datetime
    text: str


@dataclass(frozen=True)
class Size:
    """The size of a picture in pixels, the room right of its lines for names, and how many letters fit there.

    `value` is the room for a share, which stands left of the name, or below it where there is none.
    """

    width: int
    height: int
    right: int
    letters: int
    left: int = 44
    top: int = 30
    bottom: int = 34
    value: int = 0


WIDE, NARROW = Size(940, 430, 228, 18, value=46), Size(360, 400, 128, 14, left=38)


@dataclass
class Drawn:
    """One line of the picture: paths of the line and of its band, its end, and where its name stands."""

    number: int
    colour: int
    dash: str
    path: str
    band: str
    dots: list[tuple[float, float]]
    end: tuple[float, float] | None
    label: list[str]
    value: str
    below: bool
    y: float = 0.0

    @property
    def height(self) -> int:
        """The height of the name and the value beside the line's end."""
        return LINE_HEIGHT * (len(self.label) + self.below)


@dataclass
class Chart:
    """A picture, in pixels from its upper left corner."""

    size: Size
    lines: list[Drawn]
    gaps: list[tuple[float, float, str]]
    marks: list[tuple[float, str, int, bool]]
    across: list[tuple[float, str]] = field(default_factory=list)
    down: list[tuple[float, str]] = field(default_factory=list)

    @property
    def inner(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the part with lines."""
        size = self.size
        return size.left, size.top, size.width - size.right, size.height - size.bottom


@dataclass(frozen=True)
class _Scale:
    size: Size
    start: datetime
    end: datetime
    most: float

    def x(self, at: datetime) -> float:
        wide = self.size.width - self.size.left - self.size.right
        part = (at - self.start) / (self.end - self.start)
        return round(self.size.left + wide * min(1.0, max(0.0, part)), 1)

    def y(self, value: float) -> float:
        tall = self.size.height - self.size.top - self.size.bottom
        return round(self.size.height - self.size.bottom - tall * value / self.most, 1)


def chart(
    lines: Sequence[Line],
    span: tuple[datetime, datetime],
    step: timedelta,
    zone: ZoneInfo,
    size: Size = WIDE,
    gaps: Sequence[Span] = (),
    marks: Sequence[Mark] = (),
) -> Chart:
    """Returns a picture of lines in `span`. `step` is the length of a period; a line breaks where one is missing."""
    highs = [high if not isnan(high) else value for line in lines for _, value, _, high in line.points]
    known = [high for high in highs if not isnan(high)]
    tick = next((s for s in STEPS if max(known, default=0.1) / s <= MOST_TICKS - 1), STEPS[-1])
    most = min(1.0, tick * (int(max(known, default=0.1) / tick - 1e-9) + 1)) if known else 0.1
    scale = _Scale(size, *span, max(most, tick))
    drawn = [_drawn(line, scale, step) for line in lines]
    _spread([line for line in drawn if line.end], size)
    shown = [gap for gap in gaps if gap.start < span[1] and gap.end > span[0]]
    inside = [mark for mark in marks if span[0] <= mark.at < span[1]]
    return Chart(
        size,
        drawn,
        [(scale.x(gap.start), max(1.5, scale.x(gap.end) - scale.x(gap.start)), gap.text) for gap in shown],
        _marks(inside, scale),
        _times(span, zone, scale),
        [(scale.y(n * tick), f"{n * tick:.0%}") for n in range(round(scale.most / tick) + 1)],
    )


def _drawn(line: Line, scale: _Scale, step: timedelta) -> Drawn:
    path, band, dots = "", "", list[tuple[float, float]]()
    for run in _runs(line.points, step):
        at = [(scale.x(when), scale.y(value)) for when, value, _, _ in run]
        path += "M" + "L".join(f"{x} {y}" for x, y in at)
        if len(run) == 1:
            dots.append(at[0])
        ends = [(scale.x(when), scale.y(high), scale.y(low)) for when, _, low, high in run if not isnan(low + high)]
        if len(ends) > 1:
            above = "L".join(f"{x} {high}" for x, high, _ in ends)
            below = "L".join(f"{x} {low}" for x, _, low in reversed(ends))
            band += f"M{above}L{below}Z"
    last = next((point for point in reversed(line.points) if not isnan(point[1])), None)
    end = (scale.x(last[0]), scale.y(last[1])) if last else None
    colour, dash = place_of(line.number)
    value = f"{last[1]:.1%}" if last else ""
    return Drawn(
        line.number,
        colour,
        dash,
        path,
        band,
        dots,
        end,
        wrapped(line.name, scale.size.letters, 3 if scale.size is NARROW else 2),
        value,
        scale.size is NARROW,
    )


def _runs(
    points: Sequence[tuple[datetime, float, float, float]], step: timedelta
) -> list[list[tuple[datetime, float, float, float]]]:
    """Returns the points in pieces without a missing period between two of them."""
    found: list[list[tuple[datetime, float, float, float]]] = []
    before: datetime | None = None
    for point in points:
        if isnan(point[1]):
            continue
        if before is None or point[0] - before > step * 1.6:  # a day has 25 hours when clocks go back
            found.append([])
        found[-1].append(point)
        before = point[0]
    return found


def _spread(lines: list[Drawn], size: Size) -> None:
    """Puts each name beside the end of its line, and moves names apart that would overlap."""
    lines.sort(key=lambda line: line.end[1] if line.end else 0)
    reached = 8.0
    for line in lines:
        line.y = max(line.end[1] if line.end else 0.0, reached + 4)
        reached = line.y + line.height + 3
    low = size.height - 6.0
    for line in reversed(lines):
        line.y = min(line.y, low - line.height + LINE_HEIGHT)
        low = line.y - LINE_HEIGHT - 3


def _marks(marks: Sequence[Mark], scale: _Scale) -> list[tuple[float, str, int, bool]]:
    """Returns the events with their numbers, and whether a number has to stand left of its line."""
    found = sorted(marks, key=lambda mark: mark.at)
    right = scale.size.width - scale.size.right
    return [(x, mark.text, n, x > right - 16) for n, mark in enumerate(found, 1) if (x := scale.x(mark.at))]


def _hours(start: datetime, end: datetime, every: int) -> Iterator[datetime]:
    """Yields the whole hours of a span that are `every` hours apart on a clock that may skip or repeat some."""
    days = max(1, every // 24)
    moment = start.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    while moment <= end:
        at = moment.astimezone(start.tzinfo)
        if moment >= start and at.hour % min(every, 24) == 0 and (at.date() - start.date()).days % days == 0:
            yield at
        moment += timedelta(hours=1)


def _times(span: tuple[datetime, datetime], zone: ZoneInfo, scale: _Scale) -> list[tuple[float, str]]:
    """Returns the ticks of the time axis: whole hours or days of the topic's time zone, a few of them."""
    start, end = (at.astimezone(zone) for at in span)
    room = (scale.size.width - scale.size.left - scale.size.right) / 84
    hours = (span[1] - span[0]) / timedelta(hours=1)
    if hours <= 72:
        every = next((n for n in HOURS if hours / n <= room), HOURS[-1])
        return [(scale.x(at), f"{at:%-d %b}" if at.hour == 0 else f"{at:%H:%M}") for at in _hours(start, end, every)]
    every = next((n for n in DAYS if hours / 24 / n <= room), max(DAYS[-1], int(hours / 24 / room)))
    at = start.replace(hour=0, minute=0, second=0, microsecond=0)
    if at < start:
        at += timedelta(days=1)
    told = []
    while at <= end:
        told.append((scale.x(at), f"{at:%-d %b}"))
        at += timedelta(days=every)
    return told
