"""The addresses of the page, and what each answers."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from conf.errors import PulsoError, StoreDown, WrongUse
from conf.settings import Settings
from conf.topic import Topic
from readers.page import cluster, collecting, exports, method, network, night, quality, search, together, trends
from readers.page.access import Access
from readers.page.address import View, view_of
from readers.page.apart import apart
from readers.page.fonts import NoFont
from readers.page.rendering import BANNER, STATIC, banner, render
from readers.page.searches import Searches
from readers.page.seen import Pages, Seen
from readers.page.source import Source
from readers.page.texts import at, shown
from readers.partitions import Replaced
from readers.search.first_posts import Basis
from readers.topics import Topics

CODES: dict[type[PulsoError], int] = {StoreDown: 503, Replaced: 503, WrongUse: 400, NoFont: 501}
"""What is answered to an error; 404 to all others: nothing was published there."""
FOR_EVER = "public, max-age=31536000, immutable"


class Page(Protocol):
    """A page's module: the names of its own in an address, and what its template shows."""

    OWN: tuple[str, ...]

    def context(self, source: Source, view: View) -> dict[str, Any]:
        """Returns what the template shows."""
        ...


PAGES: dict[str, tuple[str, Any]] = {
    "night": ("Night", night),
    "trends": ("Trends", trends),
    "network": ("Network", network),
    "search": ("Search", search),
    "quality": ("Quality", quality),
    "collecting": ("Collecting", collecting),
    "cluster": ("Cluster", cluster),
    "method": ("Method", method),
}
LIVE = {"collecting", "cluster"}
"""Pages that change without a run of a job; each is kept for MOMENT seconds, for all who ask meanwhile."""
RENEWED = "moment"
"""The version of a page that asks for itself again each minute, and is always answered."""
MOMENT = 2.0


class Site:
    """What answers requests: one source of figures, the topics, and the pages that were rendered last."""

    def __init__(self, settings: Settings) -> None:
        self.source, self.topics = Source(settings), Topics(settings.topics_dir)
        self.pages, self.searches = Pages(), Searches()

    def first(self, request: Request) -> Response:
        """Leads to a topic: the one asked for, else the one whose figures are newest."""
        asked = request.query_params.get("topic")
        name = asked or self.topics.newest(self.source)
        if not name:
            raise WrongUse("there is no topic yet", f"Write a file in {self.topics.folder.name}/; the README shows one")
        return self._first_page(name, request)

    def topic(self, request: Request) -> Response:
        """Leads to the first page of a topic."""
        return self._first_page(request.path_params["topic"], request)

    def _first_page(self, name: str, request: Request) -> Response:
        topic, theme = self.topics.get(name), request.query_params.get("theme", "")
        view = view_of(topic, "night" if topic.races else "trends", {"theme": theme})
        return RedirectResponse(view.link(), 307)

    def page(self, request: Request) -> Response:
        """Answers one of PAGES."""
        return self._answered(request, request.path_params["page"])

    def search(self, request: Request) -> Response:
        """Answers a search."""
        return self._answered(request, "search")

    def _answered(self, request: Request, name: str) -> Response:
        if name not in PAGES:
            raise WrongUse(f"there is no page {name[:60]!r}", f"Pages: {', '.join(PAGES)}")
        view = self.view(request, name)
        try:
            if name == "search":
                return self._searched(request, view)
            if name == "method":  # it needs no store
                return self._kept(request, view, lambda version: self._made(name, view, version), version_of=_rules)
            if name in LIVE:
                return self._kept(request, view, lambda _: self._made(name, view, RENEWED), version_of=_moment)
            return self._kept(request, view, lambda version: self._made(name, view, version))
        except (StoreDown, Replaced) as error:
            return self._away(view, error)

    def _away(self, view: View, error: PulsoError) -> Response:
        """Says why a page that nobody has seen yet can't be shown; it asks for itself again, and leads to the others.

        A search does not: its form would be replaced while somebody types.
        """
        version = "" if view.page == "search" else RENEWED
        told = {"empty": error, "heading": "Not shown now", "again": bool(version), "title": PAGES[view.page][0]}
        html = render(f"{view.page}.html", view, {**self._around(version), **told})
        return HTMLResponse(html, 503, {"retry-after": "10"})

    def _around(self, version: str) -> dict[str, Any]:
        pages = {name: title for name, (title, _) in PAGES.items()}
        return {"pages": pages, "topics": choices(self.topics.titles()), "version": version}

    def embed(self, request: Request) -> Response:
        """Answers one figure alone, for a frame of another site; it renews itself every minute.

        Its readers do not run this machine: they are told that something is away, and not what to start.
        """
        figure = exports.figure_of(request)
        view = self.view(request, exports.FIGURES[figure])
        try:
            return self._kept(request, view, lambda _: self._figure(view, figure), f"embed/{figure}")
        except (StoreDown, Replaced):
            told = {"empty": PulsoError("these figures can not be read now. They come by themselves")}
            return HTMLResponse(render("embed.html", view, {**told, "figure": figure, "title": figure}), 503)

    def _figure(self, view: View, figure: str) -> str:
        try:
            told: Mapping[str, Any] = PAGES[view.page][1].context(self.source, view)
        except (Replaced, StoreDown):
            raise
        except PulsoError as error:
            told = {"empty": error}
        return render("embed.html", view, {**told, "figure": figure, "title": figure})

    def view(self, request: Request, page: str) -> View:
        """Returns what an address asks for."""
        topic = self.topics.get(request.path_params["topic"])
        return view_of(topic, page, request.query_params, PAGES[page][1].OWN)

    def _searched(self, request: Request, view: View) -> Response:
        def make() -> tuple[bytes, Basis | None]:
            told = self._told("search", view)
            return self._rendered(view, "", told).encode(), told.get("basis")

        same = lambda basis: search.is_same(self.source, view, basis)  # noqa: E731
        return _answer(request, self.searches.get(view.link(), view.topic, make, same), "")

    def _made(self, name: str, view: View, version: str) -> str:
        return self._rendered(view, version, self._told(name, view))

    def _told(self, name: str, view: View) -> Mapping[str, Any]:
        try:
            told: Mapping[str, Any] = PAGES[name][1].context(self.source, view)
        except (WrongUse, StoreDown, Replaced):
            raise
        except PulsoError as error:
            told = {"empty": error}
        return told

    def _rendered(self, view: View, version: str, told: Mapping[str, Any]) -> str:
        whole = {**self._around(version), "title": PAGES[view.page][0], **told}
        return render(f"{view.page}.html", view, whole)

    def _kept(
        self,
        request: Request,
        view: View,
        make: Callable[[str], str],
        name: str = "",
        version_of: Callable[[Topic], str] | None = None,
    ) -> Response:
        version = ""

        def read_version() -> str:
            nonlocal version
            version = (version_of or self.source.version)(view.topic)
            return version

        address = f"{name} {view.link()}"
        found, down = self.pages.get(address, read_version, lambda: make(version).encode())
        why = str(down) if down and not name else ""
        return _answer(
            request, found, banner(f"{at(found.at, view.topic)} ({view.topic.timezone})", why) if down else ""
        )


def choices(topics: Mapping[str, str]) -> list[tuple[str, str]]:
    """Returns topics (titles by id) as somebody chooses one: ids with what is shown, in the order of that."""
    titles = {name: shown(title, 60) or name for name, title in topics.items()}
    same = Counter(titles.values())
    told = {name: f"{title} ({name})" if same[title] > 1 else title for name, title in titles.items()}
    return sorted(told.items(), key=lambda each: each[1].casefold())


def _rules(topic: Topic) -> str:
    return sha256(topic.model_dump_json().encode()).hexdigest()[:16]


def _moment(_: Topic) -> str:
    return f"{time.monotonic() // MOMENT:.0f}"


def _answer(request: Request, found: Seen, message: str) -> Response:
    """Answers a page; with a `message`, it is that which was seen last, and is not kept by the browser."""
    if message:
        body = found.body.replace(BANNER, message.encode(), 1)
        # An open page that shows the message asks for itself whole, so that the message goes once it does not hold.
        body = (
            body.replace(b"seen=" + found.version.encode(), b"seen=" + RENEWED.encode(), 1) if found.version else body
        )
        return HTMLResponse(body, headers={"cache-control": "no-store"})
    if found.version and request.query_params.get("seen") == found.version:
        return Response(status_code=204)
    headers = {"etag": found.etag, "cache-control": "private, no-cache"}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if found.etag in known:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        packed = {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        return HTMLResponse(found.packed, headers=headers | packed)
    return HTMLResponse(found.body, headers=headers)


class _Static(StaticFiles):
    """Files whose address holds their digest (?v=…) are kept by browsers for ever."""

    async def get_response(self, path: str, scope: Any) -> Response:
        response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b"") and response.status_code in (200, 304):
            response.headers["cache-control"] = FOR_EVER
        return response


def app_of(settings: Settings, host: str = "127.0.0.1") -> Access:
    """Returns the application, which answers as `host`; it opens Cassandra at the first request that needs it."""
    site = Site(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        site.source.close()

    routes = [
        Route("/", site.first),
        Route("/favicon.ico", _icon),
        Mount("/static", _Static(directory=STATIC)),
        Route("/{topic}/embed/{figure}", site.embed),
        Route("/{topic}/export/{figure}.{format}", apart(exports.endpoint(site.source, site.view))),
        Route("/{topic}/network/drawing", apart(network.endpoint(site.source, site.view))),
        Route("/{topic}/network/groups", apart(together.endpoint(site.source, site.view))),
        Route("/{topic}/collecting/queue", apart(collecting.endpoint(site.view))),
        Route("/{topic}/search", apart(site.search)),
        Route("/{topic}", site.topic),
        Route("/{topic}/{page}", site.page),
    ]
    middleware = [Middleware(GZipMiddleware, minimum_size=800)]
    handlers: dict[Any, Any] = {PulsoError: _error, Exception: _defect, 404: _missing}
    app = Starlette(routes=routes, middleware=middleware, exception_handlers=handlers, lifespan=lifespan)
    return Access(app, settings, host)  # outermost, so that an answer to a defect has its headers, too


def _icon(_: Request) -> Response:
    return FileResponse(STATIC / "icon.svg", headers={"cache-control": FOR_EVER})


def _error(_: Request, error: Exception) -> Response:
    assert isinstance(error, PulsoError)
    code = next((code for kind, code in CODES.items() if isinstance(error, kind)), 404)
    if error.what.startswith(("no topic", "there is no page")):
        code = 404
    more = {"retry-after": "10"} if code == 503 else {}
    return HTMLResponse(_told(error.what, error.fix), code, more)


def _defect(_: Request, error: Exception) -> Response:
    return HTMLResponse(_told("The page has failed", f"{type(error).__name__}: see the server's log"), 500)


def _missing(_: Request, __: Exception) -> Response:
    return HTMLResponse(_told("There is no such address", "Begin at the first page"), 404)


def _told(what: str, fix: str) -> str:
    return render("error.html", None, {"what": what, "fix": fix, "title": "Not shown"})
