"""The base of all parts of a topic file."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """The base of a topic file's parts.

    They can't be changed; an unknown key is an error; a number is accepted as text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)
