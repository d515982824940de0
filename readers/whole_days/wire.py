"""Takes pages of rows from Cassandra as they come over the wire, undecoded.

The driver makes a Python object of each value, which costs most of a client's time. Its handler for NumPy returns no
rows, without an error, where NumPy is 2 or newer. So pages stay bytes here; `columns.py` decodes many pages at once.
The format is that of the native protocol, version 5, section 4.2.5.2.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any, ClassVar

from cassandra.cluster import EXEC_PROFILE_DEFAULT, ResponseFuture, Session
from cassandra.protocol import ResultMessage, _ProtocolHandler, read_int
from cassandra.query import PreparedStatement


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an answer: how many rows it has, and their cells, each with its length before it."""

    rows: int
    cells: bytes


class _RawResult(ResultMessage):  # type: ignore[misc]  # it has no types
    def recv_results_rows(self, f: BytesIO, _version: int, user_types: Any, known: Any, _policy: Any) -> None:
        self.recv_results_metadata(f, user_types)
        columns = self.column_metadata or known
        self.column_names = [column[2] for column in columns]
        self.column_types = [column[3] for column in columns]
        self.parsed_rows = [Page(read_int(f), f.read())]


class _RawHandler(_ProtocolHandler):  # type: ignore[misc]  # it has no types
    message_types_by_opcode: ClassVar[Any] = {**_ProtocolHandler.message_types_by_opcode, _RawResult.opcode: _RawResult}


def _as_they_are(_names: Sequence[str], rows: list[Page]) -> list[Page]:
    return rows


@contextmanager
def raw_session(session: Session) -> Iterator[Session]:
    """Yields a second session to the same Cassandra, whose answers are pages of bytes; closes it at the end."""
    raw = session.cluster.connect()
    raw.use_client_timestamp = session.use_client_timestamp
    raw.client_protocol_handler = _RawHandler
    try:
        yield raw
    finally:
        raw.shutdown()


def raw_pages(
    raw: Session, statement: PreparedStatement, keys: Iterable[tuple[object, ...]], most: int
) -> Iterator[tuple[tuple[object, ...], Page]]:
    """Yields the pages of the answers to a statement with each of these keys.

    Up to `most` answers are read by turns, a page of each is under way. The pages of one answer are in order. Raises
    the driver's errors.
    """
    profile = raw.execution_profile_clone_update(EXEC_PROFILE_DEFAULT, row_factory=_as_they_are)
    left, flying = iter(keys), deque[tuple[tuple[object, ...], ResponseFuture]]()

    def send() -> None:
        for key in islice(left, most - len(flying)):
            flying.append((key, raw.execute_async(statement, key, execution_profile=profile)))

    try:
        send()
        while flying:
            key, future = flying.popleft()
            answer = future.result()
            pages = answer.current_rows
            if answer.has_more_pages:
                future.start_fetching_next_page()
                flying.append((key, future))
            send()
            for page in pages:
                yield key, page
    finally:
        for _, future in flying:
            with suppress(Exception):
                future.result()
