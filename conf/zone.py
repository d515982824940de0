"""The name of a time zone in a file that a person writes."""

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator

from conf.nearest import nearest


def _exists(name: str) -> str:
    known = available_timezones()
    if name not in known:
        close = nearest(name, known)
        raise ValueError(f"no such time zone{f'; did you mean {close}?' if close else ', give one such as UTC'}")
    return name


Zone = Annotated[str, AfterValidator(_exists)]
