"""The statuses that were missed during an outage, from a server's public timeline.

API: https://docs.joinmastodon.org/methods/timelines/#public. Ids contain the time at which a status was made, so the
statuses since a moment are those with a greater id. A status of another server has the id of its own time but may come
later, so we ask from MARGIN before the outage. A status that comes twice is stored once.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import structlog

from conf.snowflakes import mastodon_id_at, mastodon_made_at
from ingest.sources.back_off import number_in
from ingest.sources.base import Clock

PAGE, MOST_PAGES = 40, 100
"""The statuses of a page (servers allow no more), and the most pages: servers allow 300 requests in 5 minutes."""
MARGIN = timedelta(seconds=60)
ATTEMPTS, LONGEST_WAIT = 3, 5.0
"""How often a page is asked for, and the most seconds to wait in between: meanwhile nobody reads the stream."""

log = structlog.get_logger("mastodon")


class Timeline:
    """One look back at what was missed, newest first.

    `reached` is from when on all statuses were read, once `missed` has ended; None if none could be read.
    """

    def __init__(self, client: httpx.Client, address: str, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._address = f"{address}/api/v1/timelines/public"
        self.reached: datetime | None = None

    def missed(self, since: datetime) -> Iterator[bytes]:
        """Yields the statuses since a moment, as JSON, up to MOST_PAGES pages."""
        first = str(mastodon_id_at(since - MARGIN))
        query = {"since_id": first, "limit": str(PAGE)}
        for _ in range(MOST_PAGES):
            if self._clock.stopped:
                return
            page = self._page(query)
            made = [mastodon_made_at(str(status.get("id"))) for status in page or ()]
            if page is None or None in made:  # no answer, or the ids are not Mastodon's
                return
            yield from map(orjson.dumps, page)
            if len(page) < PAGE:
                self.reached = since
                return
            self.reached = max(since, min(at for at in made if at is not None))
            if self.reached == since:
                return
            query["max_id"] = min((str(status["id"]) for status in page), key=int)
        log.warning("more was missed than the timeline is asked for", since=since, reached=self.reached)

    def _page(self, query: dict[str, str]) -> list[dict[str, Any]] | None:
        """Returns a page, or None if the server does not answer with one."""
        for _ in range(ATTEMPTS):
            wait = 1.0
            try:
                found = self._client.get(self._address, params=query)
                if found.is_success:
                    page = found.json()
                    return page if isinstance(page, list) and all(isinstance(one, dict) for one in page) else None
                reason, asked = f"HTTP {found.status_code}", number_in(found.headers, "Retry-After")
                wait = wait if asked is None else asked
            except (httpx.HTTPError, ValueError) as error:
                reason = f"network error: {error}"[:200]
            if wait > LONGEST_WAIT or self._clock.wait(wait):
                break
        log.warning("the timeline can't be read: what was missed stays a gap", reason=reason)
        return None
