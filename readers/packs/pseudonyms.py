"""Pseudonyms: a keyed hash in place of every account and every post id. The key stays with the owner.

The same account has the same pseudonym in every pack made with the same key, so packs can be compared. Nobody can find
the account without the key; who has the key can. What a text says is not changed, so it may still tell who wrote it.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from conf.blanking import ADDRESS
from conf.errors import PulsoError

KEY_FILE = "pseudonyms.key"
KEY_BYTES = 32
LENGTH = 12
"""Bytes of a pseudonym: two of a million accounts have the same with a chance of 1 in 10^17."""
HIDDEN = "https://…"
"""What stands in place of an address that may name an account or a post."""
_AROUND_HANDLE = re.compile(r"[\w.@＠+-]+")
"""What an `@` may stand in: a handle, with its server, or a mail address."""
_AT = re.compile("[@＠]")
_NO_END = ".-@＠"
"""No handle and no mail address ends with one of these."""
_BARE = re.compile(
    r"((?:at://)?did:[a-z]+:[\w.:%-]+(?:/[\w./-]*)?)|(?<=[\w-])\.bsky\.social"
    r"|(?:twitter\.com|x\.com|t\.co|bsky\.app)/[^\s]+",
    re.IGNORECASE,
)
"""A name or an address of a network without an `@` and without a scheme; of hosts and addresses, how they end."""
_OF_NETWORKS = re.compile(r"https?://(?:[\w-]+\.)*(?:twitter\.com|x\.com|t\.co|bsky\.app|bsky\.social)(?![\w.-])", re.I)


class Pseudonyms:
    """Makes pseudonyms with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def account(self, source: str, name: str | None) -> str | None:
        """Returns the pseudonym of an account, by its id; of a handle, given as `@handle`."""
        return None if name is None else self._of(f"account {source} {name}")

    def handle(self, source: str, handle: str | None) -> str | None:
        """Returns the pseudonym of an account as a column such as `author` has it: a handle, on Bluesky the DID."""
        return self.account(source, handle if source == "bluesky" or handle is None else f"@{handle.lower()}")

    def post(self, source: str, post_id: str | None) -> str | None:
        """Returns the pseudonym of a post."""
        return None if post_id is None else self._of(f"post {source} {post_id}")

    def node(self, node: str | None) -> str | None:
        """Returns the pseudonym of an account as summaries have it, such as `x:12` or `x:@handle`."""
        if node is None:
            return None
        source, _, name = node.partition(":")
        return f"{source}:{self.account(source, name)}"

    def text(self, source: str, text: str | None) -> str | None:
        """Returns a text with pseudonyms in place of handles, and without the addresses of accounts and posts."""
        if text is None:
            return None
        return _AROUND_HANDLE.sub(
            lambda found: "".join(self._without_handles(source, found[0])), _without_names(ADDRESS.sub(_address, text))
        )

    def addresses(self, addresses: Iterable[str] | None) -> list[str] | None:
        """Returns the addresses that name no account and no post of a network."""
        return [each for each in addresses or () if not reveals(each)] or None

    def _without_handles(self, source: str, run: str) -> Iterator[str]:
        """Yields the parts of a run of _AROUND_HANDLE, changed where an `@` has letters behind it, up to a `+`.

        A pattern for the whole would begin at each letter anew: a long text without spaces, as in Japanese, took
        minutes.
        """
        done = 0
        while at := _AT.search(run, done):
            plus = run.find("+", at.end())
            until = plus if plus >= 0 else len(run)
            after = run[at.end() : until]
            if name := after.rstrip(_NO_END):
                end = at.end() + len(name)
                yield self._in_text(source, run[done:end])
            else:
                end = at.end() + len(after.rstrip(".-"))  # what follows the last `@` may belong to the next one
                yield run[done:end]
            done = end
        yield run[done:]

    def _in_text(self, source: str, found: str) -> str:
        if found[0] not in "@＠":
            return "…@…"
        return f"@{self.account(source, '@' + found[1:].lower())}"

    def _of(self, value: str) -> str:
        data = value.encode(errors="surrogatepass")
        return hashlib.blake2b(data, digest_size=LENGTH, key=self._key).hexdigest()


def reveals(address: str) -> bool:
    """Returns whether an address may name an account or a post: one of a network, or with an `@` in it."""
    return _OF_NETWORKS.match(address) is not None or "@" in address or "%40" in address or "did:" in address


def _without_names(text: str) -> str:
    """Returns a text without names and addresses of networks that have no `@` and no scheme (_BARE)."""
    parts, done = list[str](), 0
    for found in _BARE.finditer(text):
        start = found.start()
        while not found[1] and start > done and (text[start - 1].isalnum() or text[start - 1] in "_-."):
            start -= 1
        parts += text[done:start], "…"
        done = found.end()
    return "".join([*parts, text[done:]])


def _address(found: "re.Match[str]") -> str:
    return HIDDEN if reveals(found[0]) else found[0]


def _rounded(number: int | None) -> int | None:
    """Returns a number with two digits that count."""
    return None if number is None else int(float(f"{number:.1e}"))


def _month(at: datetime | None) -> datetime | None:
    return at and at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


Change = Callable[[Pseudonyms, Any, Any], Any]
"""Gives a value as it is packed: of the pseudonyms, the post's row and the value."""
_HANDLES = ("author", "retweet_of_author", "reply_to_author", "quote_of_author")
CHANGED: dict[str, Change] = {
    **dict.fromkeys(
        ("post_id", "retweet_of", "reply_to", "root", "quote_of"), lambda made, row, value: made.post(row.source, value)
    ),
    **dict.fromkeys(_HANDLES, lambda made, row, value: made.handle(row.source, value)),
    **dict.fromkeys(("text", "text_more"), lambda made, row, value: made.text(row.source, value)),
    "author_id": lambda made, row, value: made.account(row.source, value),
    "mentions": lambda made, row, value: [made.handle(row.source, each) for each in value or ()] or None,
    "urls": lambda made, row, value: made.addresses(value),
    "author_followers": lambda made, row, value: _rounded(value),
    "author_following": lambda made, row, value: _rounded(value),
    "author_created_at": lambda made, row, value: _month(value),
}
"""The columns of a post that are changed."""
KEPT = frozenset({"source", "event_at", "lang", "kind", "hashtags", "client", "author_is_bot"})
"""The columns of a post that are kept as they are. Every other column is left out."""


def disguised(made: Pseudonyms, row: Any) -> Any:
    """Returns a post's row with pseudonyms."""
    changed = {name: CHANGED[name](made, row, getattr(row, name)) for name in row._fields if name in CHANGED}
    dropped = dict.fromkeys(name for name in row._fields if name not in CHANGED and name not in KEPT)
    return row._replace(**changed, **dropped)


def read_key(home: Path) -> bytes | None:
    """Returns the owner's key; None if there is none. Raises PulsoError if others may read it, or it is no key."""
    path = home / KEY_FILE
    try:
        found = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PulsoError(f"the key {path} can't be read: {error.strerror}", "It must be an ordinary file") from None
    with os.fdopen(found) as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise PulsoError(f"others may read the key of the pseudonyms, {path}", f"chmod 600 {path}")
        text = file.read(4096).strip()
    if not re.fullmatch(rf"[0-9a-f]{{{2 * KEY_BYTES}}}", text):
        raise PulsoError(f"{path} is no key of pseudonyms", "Put the right file there, or remove it for a new key")
    return bytes.fromhex(text)


def make_key(home: Path) -> bytes:
    """Returns the owner's key; makes one if there is none yet."""
    if (key := read_key(home)) is not None:
        return key
    home.mkdir(parents=True, exist_ok=True)
    part = home / f".{KEY_FILE}.{os.getpid()}"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
            file.write(f"{secrets.token_hex(KEY_BYTES)}\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, home / KEY_FILE)  # unlike a rename, it does not replace the key that another process has made
    finally:
        part.unlink(missing_ok=True)
    made = read_key(home)
    if made is None:
        raise PulsoError(f"the key {home / KEY_FILE} vanished", "Run the command again")
    return made
