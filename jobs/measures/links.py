"""Links: which addresses are the same link, the site that each leads to, and which lead into a post's own network.

Two addresses are the same link if `link_of` returns the same `key` for both. The key is the address without what does
not change the page: `www.`, `m.` and `amp.` before the host, the fragment, the ports 80 and 443, a name and password,
parameters that only track (TRACKING, and those of known sites in `link_tracking.py`), and `/` at the end of the path. A
host or a path that is written in another way is one: in capital letters (hosts only), in Unicode or in punycode, with
percent signs or without. A YouTube video is its `v=`, whichever way it is linked. The scheme counts, and so does the
order of parameters.

A site is a registrable domain, such as `bbc.co.uk`, by the Public Suffix List (https://publicsuffix.org), which the
library has in its package. Its private part counts, too: `ana.github.io` is a site.

Strangers write addresses, so nothing here raises: what is no address of a page is no link.
"""

import re
import unicodedata
from collections.abc import Collection
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList, __version__

from jobs.measures.link_tracking import tracks

LONGEST = 2048
"""Longer addresses, in characters, are no links: browsers and networks do not pass them on whole."""
VERSION = f"links/1 suffixes/{__version__}"
"""The version of the comparison, with that of the list of suffixes. Raise the number when the comparison changes."""
PREFIXES = ("www.", "m.", "amp.")
OWN_SITES = {
    "x": {"x.com", "twitter.com", "t.co", "twimg.com", "pscp.tv", "periscope.tv"},
    "bluesky": {"bsky.app", "bsky.social"},
}
"""The sites of a network. On Mastodon, they are the servers of the post's author and of whom the post names."""
KEPT = 50_000
"""Addresses and hosts whose links are kept in mind."""

_ADDRESS = re.compile(
    r"(https?)://([^/?#\\]*)([^?#\ud800-\udfff]*)(?:\?([^#\ud800-\udfff]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL
)
_PLACE = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{0,6}))?")
_ESCAPED = re.compile("(?:%[0-9a-fA-F]{2})+")
_NEVER_IN_HOSTS = re.compile(r"[\x00-\x20\x7f#/:<>?@\[\]\\^|%\ud800-\udfff]")
_VIDEO = re.compile(r"/(?:shorts|embed|live|v)/([A-Za-z0-9_-]{11})", re.ASCII)
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_YOUTUBE = ("youtube.com", "youtube-nocookie.com")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Link(NamedTuple):
    """A link: `key` is what is compared, `host` the host without `www.` and the like, `site` the registrable domain."""

    key: str
    host: str
    site: str


def link_of(address: str) -> Link | None:
    """Returns the link of an address; None for what is no http or https address of a page. Never raises."""
    return _link(address) if len(address) <= LONGEST else None


@lru_cache(KEPT)
def _link(address: str) -> Link | None:
    parts = _ADDRESS.fullmatch(_cleaned(address))
    place = _PLACE.fullmatch(parts[2].rpartition("@")[2]) if parts else None
    named = _host(place[1]) if place else None
    if parts is None or place is None or named is None:
        return None
    host, site = named
    port = int(place[2] or 80)
    if port > 65_535:
        return None
    path, query = _plain(parts[3].replace("\\", "/")).rstrip("/"), _kept(parts[4] or "", site)
    if video := _video(host, path, query):
        return Link(f"https://youtube.com/watch?v={video}", "youtube.com", "youtube.com")
    shown = host if port in (80, 443) else f"{host}:{port}"
    return Link(f"{parts[1].lower()}://{shown}{path}{'?' if query else ''}{'&'.join(query)}", host, site)


def leads_home(link: Link, source: str, servers: Collection[str] = ()) -> bool:
    """Returns whether a link leads into the network `source`. `servers` are the hosts of Mastodon that a post names."""
    return link.site in OWN_SITES.get(source, ()) or link.host in servers


def _cleaned(address: str) -> str:
    """Returns an address as browsers read it: without white space at its ends, tabs and line ends."""
    return address.strip().replace("\t", "").replace("\n", "").replace("\r", "")


@lru_cache(KEPT)
def _host(written: str) -> tuple[str, str] | None:
    """Returns a host in Unicode and lower case, without PREFIXES, and its site; None if it is none."""
    if written.startswith("["):
        return _as_address(written[1:-1], IPv6Address)
    name = unicodedata.normalize("NFKC", _plain(written)).replace("。", ".").removesuffix(".")
    if not name or _NEVER_IN_HOSTS.search(name):
        return None
    labels = [_label(label) for label in name.split(".")]
    if not all(labels):
        return None
    host = ".".join(labels)
    if labels[-1].isdecimal():
        return _as_address(host, IPv4Address)
    while shorter := _without_prefix(host):
        host = shorter
    return host, _registrable(host) or host


def _as_address(written: str, kind: type[IPv4Address] | type[IPv6Address]) -> tuple[str, str] | None:
    """Returns the host and site of a numeric address, written in the one way; None if it is none."""
    try:
        address = str(kind(written))
    except ValueError:
        return None
    shown = f"[{address}]" if kind is IPv6Address else address
    return shown, shown


def _label(written: str) -> str:
    """Returns a part of a host's name in lower case, and in Unicode where it is punycode that can be read."""
    # Letter by letter: the lower case of a whole word has another sigma at its end.
    label = "".join(map(str.lower, written))
    if not label.startswith("xn--"):
        return unicodedata.normalize("NFC", label)
    try:
        read = unicodedata.normalize("NFC", "".join(map(str.lower, label[4:].encode("ascii").decode("punycode"))))
    except (UnicodeError, ValueError, OverflowError):
        return label
    return label if not read or read.isascii() or "." in read or _NEVER_IN_HOSTS.search(read) else read


def _without_prefix(host: str) -> str:
    """Returns a host without the first of PREFIXES; "" if it has none, or if nothing that one can register is left."""
    rest = next((host.removeprefix(prefix) for prefix in PREFIXES if host.startswith(prefix)), "")
    return rest if rest and _registrable(rest) else ""


def _registrable(host: str) -> str:
    return _suffixes().privatesuffix(host) or ""


@cache
def _suffixes() -> PublicSuffixList:
    """Returns the list of suffixes. To read it takes a tenth of a second."""
    return PublicSuffixList()


def _plain(text: str) -> str:
    """Returns a text with each letter in one form: no percent signs where none are needed, else with capitals."""
    if "%" in text:
        text = _ESCAPED.sub(_unescaped, text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _unescaped(escaped: re.Match[str]) -> str:
    raw = bytes.fromhex(escaped[0].replace("%", ""))
    read = raw.decode("utf-8", "surrogateescape")
    return "".join(c if _is_plain(c) else "".join(f"%{b:02X}" for b in _bytes(c)) for c in read)


def _bytes(character: str) -> bytes:
    return character.encode("utf-8", "surrogateescape")


def _is_plain(character: str) -> bool:
    """Returns whether a letter needs no percent sign: one that has no meaning in addresses, and that can be seen."""
    code = ord(character)
    return code in _UNRESERVED if code < 0x80 else character.isprintable()


def _kept(query: str, site: str) -> list[str]:
    """Returns the parameters of a query that may change the page, in order."""
    found = (_plain(part) for part in query.split("&") if part)
    return [part for part in found if not tracks(part.partition("=")[0].lower(), site)]


def _video(host: str, path: str, query: list[str]) -> str:
    """Returns the id of the YouTube video that a link leads to; "" for any other link."""
    if host == "youtu.be":
        found = path[1:]
    elif host.removeprefix("music.") in _YOUTUBE:
        linked = _VIDEO.fullmatch(path)
        watched = path == "/watch"
        found = linked[1] if linked else next((p[2:] for p in query if watched and p.startswith("v=")), "")
    else:
        return ""
    return found if _VIDEO_ID.fullmatch(found) else ""
