"""What every part of a topic file has in common."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Base of the topic file's parts: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)
