"""Frames for notebooks: pandas DataFrames with types that hold what the tables hold, for Polars and Arrow, too."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from conf.instants import parse_instant
from conf.schema import Column

if TYPE_CHECKING:
    import polars as pl

When = str | date | datetime | None
"""A date, or a time; without an offset it is UTC."""
_TYPES = {"bigint": "Int64", "int": "Int32", "double": "float64", "boolean": "boolean"}


class Frame(pd.DataFrame):  # type: ignore[misc]  # pandas has no types here
    """A DataFrame that also goes to Polars and Arrow. What pandas makes of it are plain DataFrames.

    Instants are UTC; counts that may be null are nullable integers; columns with few values are categories. `attrs`
    says where the rows come from.
    """

    def to_arrow(self) -> pa.Table:
        """Returns the rows as an Arrow table."""
        return pa.Table.from_pandas(self, preserve_index=False)

    def to_polars(self) -> "pl.DataFrame":
        """Returns the rows as a Polars DataFrame."""
        import polars as pl  # noqa: PLC0415 - most notebooks use one of the two

        made = pl.from_arrow(self.to_arrow())
        assert isinstance(made, pl.DataFrame)
        return made


def instant(name: str, value: When) -> datetime | None:
    """Returns the instant of an argument, UTC; None if it is left out. Raises WrongUse, which names it, for others."""
    if value is None or value == "":
        return None
    return parse_instant(name, value if isinstance(value, str) else value.isoformat())


def typed(frame: pd.DataFrame, columns: Mapping[str, Column], **attrs: Any) -> Frame:
    """Returns a frame with the types of declared columns; columns that are not declared keep theirs."""
    changed = {}
    for name in frame:
        column = columns.get(name)
        if column is None:
            continue
        if column.values:
            changed[name] = pd.CategoricalDtype(column.values)
        elif column.cql in _TYPES:
            changed[name] = _TYPES[column.cql]
    made = Frame(frame.astype(changed))
    made.attrs.update(attrs)
    return made


def from_arrow(table: pa.Table, columns: Mapping[str, Column], **attrs: Any) -> Frame:
    """Returns an Arrow table as a frame. Texts and lists stay in Arrow's memory, and are not copied."""
    table = table.unify_dictionaries()
    frame = Frame(table.to_pandas(types_mapper=_pandas_type, split_blocks=True, self_destruct=False))
    for name, column in columns.items():
        if column.values and name in frame:
            frame[name] = frame[name].cat.set_categories(column.values)
    frame.attrs.update(attrs)
    return frame


def _pandas_type(kind: pa.DataType) -> Any:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pd.StringDtype("pyarrow")
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pd.ArrowDtype(kind)
    return _INTEGERS.get(kind)


_INTEGERS = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.bool_(): pd.BooleanDtype()}
