"""Who may read the page: the right Host, a password or a reverse proxy's word; headers that keep browsers strict."""

import asyncio
import ipaddress
import secrets
import socket
from base64 import b64decode
from binascii import Error

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from conf.errors import WrongUse
from conf.settings import Settings, is_loopback
from readers.page.address import LONGEST

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {}"
)
"""Nothing from elsewhere, nothing inline."""
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}
WRONG_PASSWORD = 1.0
"""Seconds that the answer to a wrong password takes; meanwhile others are answered."""


def check_binding(settings: Settings, host: str) -> None:
    """Raises WrongUse if others could reach the page at this address, and nothing asks them who they are."""
    if is_loopback(host) or settings.page_password or settings.page_user_header:
        return
    raise WrongUse(
        f"--host {host} lets other machines read the page, and no password is set",
        "Set PULSO_PAGE_PASSWORD, or PULSO_PAGE_USER_HEADER for a reverse proxy that asks who they are",
    )


class Access:
    """Lets in who may read the page, and sets the headers of each answer. GET and HEAD only: nothing can be changed."""

    def __init__(self, app: ASGIApp, settings: Settings, host: str) -> None:
        self._app = app
        self._hosts = {name.lower() for name in (*settings.page_hosts, host, "localhost", socket.gethostname())}
        self._password = settings.page_password.get_secret_value().encode() if settings.page_password else b""
        self._header = settings.page_user_header.lower().encode()
        self._proxies = {address.strip("[]") for address in settings.page_proxies}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = await self._refused(scope)
        embed = "/embed/" in scope["path"]

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                policy = POLICY.format("*" if embed else "'self'")
                found = {**HEADERS, "content-security-policy": policy, "cache-control": "private, no-cache"}
                more = [(k.encode(), v.encode()) for k, v in found.items() if k.encode() not in given]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await (refused or self._app)(scope, receive, with_headers)

    async def _refused(self, scope: Scope) -> PlainTextResponse | None:
        headers = dict(scope["headers"])
        if not self._is_ours(headers.get(b"host", b"").decode("latin-1")):
            return _told(421, "This name is not one of the page's. Add it to PULSO_PAGE_HOSTS.")
        if scope["method"] not in ("GET", "HEAD"):
            return _told(405, "The page only shows: GET and HEAD.", {"allow": "GET, HEAD"})
        if len(scope.get("query_string", b"")) > LONGEST:
            return _told(414, f"The address is too long: at most {LONGEST} characters after the ?.")
        return await self._unknown(scope, headers)

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header names this page. Another site's name that leads here does not (DNS rebinding)."""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") and host.count(":") != 0 else host
        name = name.strip("[]").lower().rstrip(".")
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._hosts
        return True  # an address is no name that a stranger can point here

    async def _unknown(self, scope: Scope, headers: dict[bytes, bytes]) -> PlainTextResponse | None:
        if self._header:
            peer = (scope.get("client") or ("",))[0]
            if peer in self._proxies and headers.get(self._header):
                return None
            if not self._password:
                return _told(403, "The page is read through its reverse proxy, which has not said who you are.")
        if not self._password or self._knows(headers.get(b"authorization", b"")):
            return None
        if headers.get(b"authorization"):
            await asyncio.sleep(WRONG_PASSWORD)
        return _told(401, "The page needs a password.", {"www-authenticate": 'Basic realm="Pulso", charset="UTF-8"'})

    def _knows(self, authorization: bytes) -> bool:
        kind, _, given = authorization.partition(b" ")
        try:
            _, _, password = b64decode(given.strip(), validate=True).partition(b":")
        except (Error, ValueError):
            return False
        return kind.lower() == b"basic" and secrets.compare_digest(password, self._password)


def _told(code: int, text: str, headers: dict[str, str] | None = None) -> PlainTextResponse:
    return PlainTextResponse(f"{text}\n", code, headers)
