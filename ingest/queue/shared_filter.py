"""A Bloom filter in Redis, which all workers share: which keys may have been noted.

It answers "perhaps" or "no", so that a table is asked only for the few keys that may stand in it (B. H. Bloom, 1970,
https://doi.org/10.1145/362686.362692). With ten million keys it is wrong for one key in 25, with one million for one in
100,000. A number, the version, changes with everything that is noted. If Redis has lost the filter, there is no
version. Then the filter must be installed again, from the table.

While the version stays the same, as when captures are replayed, the filter is read once, and Redis is asked for nothing
but the version. The copy takes 8 MiB of memory, or nothing while nothing is noted.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from ingest.queue.posts_queue import PostsQueue

BITS = 2**26
HASHES = 4
_POSITIONS = struct.Struct(">" + HASHES * "I")
_MOST_KEYS = 5_000
"""Keys in one request."""
WORTH_A_COPY = 1_000
"""With so many keys at once, and no new version since the last ones, the filter is read."""
_PERHAPS = """
local version = redis.call('GET', KEYS[2])
if not version then return {} end
local found = {version}
local from = 1
for key = 1, #ARGV[1] / 16 do
  local a, b, c, d = struct.unpack('>I4I4I4I4', ARGV[1], from)
  from = from + 16
  if redis.call('GETBIT', KEYS[1], a) == 1 and redis.call('GETBIT', KEYS[1], b) == 1
    and redis.call('GETBIT', KEYS[1], c) == 1 and redis.call('GETBIT', KEYS[1], d) == 1 then
    found[#found + 1] = key - 1
  end
end
return found
"""
_NOTE = """
redis.call('DEL', KEYS[3])
for from = 1, #ARGV[1], 4 do
  redis.call('SETBIT', KEYS[1], (struct.unpack('>I4', ARGV[1], from)), 1)
end
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('INCR', KEYS[2]) end
"""
_INSTALL = """
redis.call('DEL', KEYS[3])
local now = redis.call('TIME')
redis.call('SET', KEYS[3], ARGV[1])
redis.call('BITOP', 'OR', KEYS[1], KEYS[1], KEYS[3])
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[2], string.format('%d%06d', now[1], now[2]))
"""
# Scripts that write first delete what does not exist: then Redis allows the rest when it has no memory left. A version
# starts with the time, so that the one before a loss never comes again.


class Lost(Exception):
    """Redis does not have the filter."""


class SharedFilter:
    """The filter of one queue and one keyspace. Every method raises Redis's errors.

    It takes up to BITS / 8 bytes of Redis's memory once something is noted, and none before.
    """

    def __init__(self, queue: PostsQueue, name: str) -> None:
        key = f"{queue.stream}:{name}"
        self._client = queue.client
        self._version_key = f"{key}:version"
        self._keys = [key, self._version_key, f"{key}:none"]
        self._perhaps = queue.client.register_script(_PERHAPS)
        self._note = queue.client.register_script(_NOTE)
        self._install = queue.client.register_script(_INSTALL)
        self._seen: bytes | None = None
        self._copy: tuple[bytes, bytes] | None = None
        """A version, and the filter's bits at that version."""

    def version(self) -> bytes | None:
        """Returns the version; None if the filter is lost."""
        version: bytes | None = self._client.get(self._version_key)
        return version

    def nothing_noted(self) -> bytes | None:
        """Returns the version, if this object knows that nothing is noted at that version; else None."""
        return version if (version := self._copied_version()) and not self._bits else None

    def perhaps(self, keys: Sequence[tuple[str, ...]]) -> tuple[bytes, list[int]]:
        """Returns the version, and the positions of the keys that may have been noted. Raises Lost."""
        if version := self._copied_version():
            return version, list(_found(self._bits, keys))
        first: bytes | None = None
        positions = list[int]()
        for start in range(0, len(keys) or 1, _MOST_KEYS):
            packed = b"".join(map(_packed, keys[start : start + _MOST_KEYS]))
            reply = self._perhaps(self._keys, [packed])
            if not reply:
                raise Lost
            version, *found = reply
            first = first or version
            positions += [start + position for position in found]
        assert first is not None
        if len(keys) >= WORTH_A_COPY and first == self._seen:
            self._read()
        self._seen = first
        return first, positions

    @property
    def _bits(self) -> bytes:
        return self._copy[1] if self._copy else b""

    def _copied_version(self) -> bytes | None:
        """Returns the version of the copy, if the filter still has it; else drops the copy."""
        if self._copy and self._copy[0] != self.version():
            self._copy = None
        return self._copy[0] if self._copy else None

    def _read(self) -> None:
        """Copies the filter, unless it changes meanwhile. Not in a transaction: a full Redis refuses any."""
        version = self.version()
        bits: bytes = self._client.get(self._keys[0]) or b""
        self._copy = (version, bits) if version and version == self.version() else None

    def note(self, keys: Sequence[tuple[str, ...]]) -> None:
        """Notes keys. What is noted while the filter is lost is not lost: it is added to what is installed."""
        for start in range(0, len(keys), _MOST_KEYS):
            self._note(self._keys, [b"".join(map(_packed, keys[start : start + _MOST_KEYS]))])

    def install(self, keys: Iterable[tuple[str, ...]]) -> None:
        """Adds all keys of the table at once, and gives the filter a version."""
        bits = bytearray(BITS // 8)
        for key in keys:
            for position in _POSITIONS.unpack(_packed(key)):
                bits[position >> 3] |= 0x80 >> (position & 7)
        self._install(self._keys, [bytes(bits).rstrip(b"\0")])  # Redis reads zeros beyond the end


def _found(bits: bytes, keys: Sequence[tuple[str, ...]]) -> Iterator[int]:
    """Yields the positions of the keys all of whose bits are set. Beyond the end, none is."""
    size = 8 * len(bits)
    for number, key in enumerate(keys if bits else ()):
        for position in _POSITIONS.unpack(_packed(key)):
            if position >= size or not bits[position >> 3] & (0x80 >> (position & 7)):
                break
        else:
            yield number


def _packed(key: tuple[str, ...]) -> bytes:
    """Returns the positions of a key's bits, as numbers of four bytes each."""
    numbers = _POSITIONS.unpack(blake2b("\0".join(key).encode(), digest_size=_POSITIONS.size).digest())
    return _POSITIONS.pack(*(number % BITS for number in numbers))
