"""Asks Bluesky's public AppView for the handles of accounts, politely: few requests, and longer waits when it says so.

API: https://docs.bsky.app/docs/api/app-bsky-actor-get-profiles. It needs no login. Accounts that are deleted, suspended
or deactivated are left out of its answers.
"""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from tenacity import wait_exponential

from conf.errors import PulsoError
from conf.settings import Settings
from ingest.formats.checked import as_handle
from ingest.formats.post import Name
from ingest.sources.addresses import checked_address
from ingest.sources.back_off import BackOff, number_in
from ingest.sources.base import Clock

AT_ONCE = 25
"""Accounts in one request. The API allows no more."""
PAUSE = 0.2
"""Seconds between two requests: half of the 3,000 in 5 minutes that the AppView allows."""
ATTEMPTS, LONGEST_WAIT, ANSWER_SECONDS = 4, 300.0, 20.0
"""How often a request is made, the most seconds to wait in between, and how long an answer may take."""
LARGEST = 4 * 1024 * 1024
"""Bytes of an answer that are read at most. 25 profiles have some 50,000."""
OK, BAD_REQUEST, TOO_MANY, SERVER_ERROR = 200, 400, 429, 500
FIX = "Check the network, or PULSO_BLUESKY_APPVIEW. What is stored is used as it is; run it again later"
_DID = re.compile(r"did:[a-z]{1,16}:[A-Za-z0-9._:%-]{0,500}[A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a request. `content` ends after LARGEST bytes."""

    status: int
    headers: httpx.Headers
    content: bytes


class Profiles:
    """The public AppView of the settings. Raises WrongUse for an address that can't be used."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        address = checked_address(settings.bluesky_appview, "PULSO_BLUESKY_APPVIEW", "https", "http")
        self._address = f"{address.rstrip('/')}/xrpc/app.bsky.actor.getProfiles"
        self._client = httpx.Client(timeout=ANSWER_SECONDS, headers={"User-Agent": "pulso (names of accounts)"})
        self._clock = clock

    def close(self) -> None:
        """Closes idle connections."""
        self._client.close()

    def names(self, dids: Iterable[str]) -> Iterator[list[Name]]:
        """Yields, for each AT_ONCE accounts, the names that the network knows. What is no DID is not asked for.

        Raises PulsoError if the AppView does not answer.
        """
        asked = [did for did in dids if _DID.fullmatch(did)]
        for start in range(0, len(asked), AT_ONCE):
            if start and self._clock.wait(PAUSE):
                return
            yield self._of(asked[start : start + AT_ONCE])

    def _of(self, dids: Sequence[str]) -> list[Name]:
        answer = self._asked(dids)
        if answer.status == BAD_REQUEST:  # it says no to all if it says no to one
            half = len(dids) // 2
            return [*self._of(dids[:half]), *self._of(dids[half:])] if half else []
        if answer.status != OK:
            raise PulsoError(f"Bluesky's AppView answered with HTTP {answer.status}", FIX)
        return list(_names_in(answer, frozenset(dids)))

    def _asked(self, dids: Sequence[str]) -> Answer:
        """Returns the answer to one request, made again while the AppView is busy or does not answer."""
        back_off = BackOff(wait_exponential(multiplier=1, max=60))
        for attempt in range(1, ATTEMPTS + 1):
            wait, reason = back_off.next(), ""
            try:
                answer = self._answer(dids)
            except httpx.HTTPError as error:
                reason = f"{' '.join(str(error).split())[:100] or type(error).__name__}"
            else:
                if answer.status != TOO_MANY and answer.status < SERVER_ERROR:
                    return answer
                reason = f"HTTP {answer.status}"
                wait = max(wait, _asked_wait(answer))
            if attempt == ATTEMPTS or wait > LONGEST_WAIT or self._clock.wait(wait):
                break
        raise PulsoError(f"Bluesky's AppView does not answer ({reason})", FIX)

    def _answer(self, dids: Sequence[str]) -> Answer:
        """Makes one request. Raises httpx.HTTPError if there is no whole answer within ANSWER_SECONDS."""
        until, content = time.monotonic() + ANSWER_SECONDS, bytearray()
        with self._client.stream("GET", self._address, params=[("actors", did) for did in dids]) as response:
            for part in response.iter_bytes():
                content += part
                if len(content) >= LARGEST:
                    break
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("the answer comes too slowly")
        return Answer(response.status_code, response.headers, bytes(content[:LARGEST]))


def _asked_wait(answer: Answer) -> float:
    """Returns the seconds for which the AppView asks to wait; 0 if it does not say."""
    asked, reset = number_in(answer.headers, "Retry-After"), number_in(answer.headers, "RateLimit-Reset")
    if asked is not None:
        return asked
    return 0.0 if reset is None else max(0.0, reset - time.time())


def _names_in(answer: Answer, asked: frozenset[str]) -> Iterator[Name]:
    """Yields the names of accounts that were asked for. Raises PulsoError if the answer is not the AppView's."""
    now = datetime.now(UTC)
    try:
        found: Any = orjson.loads(answer.content)
        profiles = found["profiles"]
        pairs = [(profile["did"], as_handle(profile["handle"])) for profile in profiles]
    except (ValueError, TypeError, LookupError, RecursionError):
        raise PulsoError("the answer is not from Bluesky's AppView", "Check PULSO_BLUESKY_APPVIEW") from None
    for did, handle in pairs:
        if isinstance(did, str) and did in asked and handle:
            yield Name(source="bluesky", author_id=did, handle=handle, at=now)
