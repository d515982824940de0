"""What waits for a command keeps no other page waiting, and a Redis that is away is not asked again by each reader."""

import asyncio
import threading
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from conf.settings import Settings
from conf.topic import Topic
from readers.page.apart import apart
from readers.page.app import app_of
from tests.support.ports import free_port

MANY = 60
"""More than the threads that all pages share."""


def test_while_many_wait_for_a_drawing_the_pages_are_answered() -> None:
    drawn = threading.Event()

    def drawing(_: Request) -> Response:
        drawn.wait(20)
        return PlainTextResponse("drawn")

    def page(_: Request) -> Response:
        return PlainTextResponse("page")

    async def ask() -> None:
        app = Starlette(routes=[Route("/drawing", apart(drawing)), Route("/page", page)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            waiting = [asyncio.create_task(client.get("/drawing")) for _ in range(MANY)]
            await asyncio.sleep(0)
            try:
                answer = await asyncio.wait_for(client.get("/page"), 10)
            finally:
                drawn.set()
            assert answer.text == "page"
            assert [answer.text for answer in await asyncio.gather(*waiting)] == ["drawn"] * MANY

    asyncio.run(ask())


def test_a_queue_that_can_not_be_read_is_asked_once_for_all(
    topic: Topic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSO_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app_of(settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [await client.get(f"/{topic.topic}/collecting/queue") for _ in range(20)]

    began = time.monotonic()
    answers = asyncio.run(ask())
    assert {answer.status_code for answer in answers} == {200}
    assert all("Redis does not answer" in answer.text for answer in answers)
    assert time.monotonic() - began < 10  # of 20 commands, each takes a second
