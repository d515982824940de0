"""Endpoints that take long: a few at a time, so that the other pages are answered meanwhile.

They wait for a command, or for a search that may read each post.
"""

from asyncio import Semaphore
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

MOST = 6
"""How many of the 40 threads that all pages share such an endpoint takes at once."""


def apart(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Returns an endpoint that answers as `answer` does. Whoever comes while MOST wait, waits without a thread."""
    free = Semaphore(MOST)

    async def answers(request: Request) -> Response:
        async with free:
            return await run_in_threadpool(answer, request)

    return answers
