"""Parquet: its columns and its rows, read in portions of bounded size.

What is in memory does not grow with the file or with its groups of rows, since their pages are read one after the
other. A page is unpacked as a whole: most programs write pages of about 1 MB, and a page holds at least one cell.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from conf.errors import WrongUse
from ingest.replay.tables.delimited import Damaged, Record

_BUFFER = 256 * 1024
"""Bytes of a column that are read at once."""
_PORTION_BYTES = 8 * 1024 * 1024
_MOST_ROWS = 500
"""Rows that are read at once. More of them are not faster, and a cell may be much longer than most."""
_ODD = (ValueError, ArithmeticError, LookupError)
"""What Arrow raises for a value that Python can't hold, or a zone that nobody knows."""


class ParquetRows:
    """The rows of a Parquet file; of its columns, only those that are asked for are read."""

    def __init__(self, path: str) -> None:
        try:
            self._file = pq.ParquetFile(path, pre_buffer=False, memory_map=False, buffer_size=_BUFFER)
        except (pa.ArrowException, OSError) as error:
            raise WrongUse(f"{path} is no whole Parquet file ({error})", "Get the whole file again") from None
        self.header = list(self._file.schema_arrow.names)
        self.done = 0

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    @property
    def share(self) -> float:
        """The share of the rows that were read, 0 to 1."""
        return float(self.done / max(1, self._file.metadata.num_rows))

    def rows(self, header: Sequence[str]) -> Iterator[Record]:
        """Yields the rows with these columns. A row's number is 1 more than its place, as in a CSV file.

        Raises Damaged where the file is.
        """
        try:
            yield from self._rows(header)
        except (pa.ArrowException, OSError) as error:
            raise Damaged(str(error)) from error

    def _rows(self, header: Sequence[str]) -> Iterator[Record]:
        number = 1
        # Without threads: each would hold portions of its own.
        for batch in self._file.iter_batches(self._portion(), columns=list(header), use_threads=False):
            columns = [_values(batch.column(batch.schema.get_field_index(name))) for name in header]
            for cells in zip(*columns, strict=True):
                number += 1
                yield Record(number, number, cells, "")
            self.done += batch.num_rows

    def _portion(self) -> int:
        """How many rows are read at once: as many as take a few megabytes by what the file says of itself."""
        meta = self._file.metadata
        size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        return int(max(1, min(_MOST_ROWS, _PORTION_BYTES // max(1, size // max(1, meta.num_rows)))))


def _values(column: pa.Array) -> list[Any]:
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        values: list[Any] = column.to_pylist()
    except _ODD:
        values = [_value(each) for each in column]
    return values


def _value(cell: pa.Scalar) -> Any:
    """Returns a cell's value, also where Python can't hold it, such as a text that is not UTF-8, or a time far away.

    Of such a time, it is a text that is no time; of anything else, None.
    """
    try:
        return cell.as_py()
    except _ODD:
        if pa.types.is_timestamp(cell.type):
            return f"{cell.value} {cell.type.unit} since 1970"
        is_text = pa.types.is_string(cell.type) or pa.types.is_large_string(cell.type)
        return cell.as_buffer().to_pybytes().decode(errors="replace") if is_text else None
