"""The settings of the job coordination: the `coordination` part of a topic file."""

from pydantic import Field

from conf.part import Part

LONGEST_WINDOW = 86_400


class Coordination(Part):
    """Within how many seconds two accounts must use the same thing to count as acting together."""

    window_seconds: int = Field(60, ge=1, le=LONGEST_WINDOW, strict=True)
