"""Who may read the page, and under which headers."""

import asyncio
from base64 import b64encode
from dataclasses import dataclass

import httpx
import pytest

from conf.errors import WrongUse
from conf.settings import Settings
from readers.page.access import Access, check_binding
from readers.page.app import app_of
from tests.support.commands import run_command

PASSWORD = "a long password"


@dataclass
class Client:
    """Asks the application in this process, as from an address."""

    app: Access
    peer: str

    def request(self, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=(self.peer, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(ask())

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.request("GET", path, headers)


def client(settings: Settings, peer: str = "127.0.0.1", **changes: object) -> Client:
    return Client(app_of(Settings.model_validate(settings.model_dump() | changes)), peer)


def basic(password: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"anyone:{password}".encode()).decode()}


STATIC = "/static/page.css"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_needs_no_password(settings: Settings, host: str) -> None:
    check_binding(settings, host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "pulso.example.org"])
def test_other_machines_are_not_let_in_without_one(settings: Settings, host: str) -> None:
    with pytest.raises(WrongUse, match=r"no password is set\. Set PULSO_PAGE_PASSWORD"):
        check_binding(settings, host)
    check_binding(settings.model_copy(update={"page_user_header": "X-User"}), host)


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""])
def test_another_sites_name_is_refused(settings: Settings, name: str) -> None:
    assert client(settings).get(STATIC, headers={"host": name}).status_code == 421


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "127.0.0.1:8350", "localhost:1", "LOCALHOST", "[::1]:8350", "[::1]", "our.example:443"]
)
def test_our_own_names_are_not(settings: Settings, name: str) -> None:
    assert client(settings, page_hosts=("our.example",)).get(STATIC, headers={"host": name}).status_code == 200


def test_a_password_is_asked_for(settings: Settings) -> None:
    page = client(settings, page_password=PASSWORD)
    refused = page.get(STATIC)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic")
    assert page.get(STATIC, headers=basic(PASSWORD)).status_code == 200
    for wrong in (basic("another one"), {"authorization": "Basic !"}, {"authorization": "Bearer x"}):
        assert page.get(STATIC, headers=wrong).status_code == 401


def test_a_proxy_is_believed_only_from_its_own_address(settings: Settings) -> None:
    header = {"x-user": "ana"}
    changes = {"page_user_header": "X-User", "page_proxies": ("10.0.0.1",)}
    assert client(settings, peer="10.0.0.1", **changes).get(STATIC, headers=header).status_code == 200
    assert client(settings, peer="10.0.0.1", **changes).get(STATIC).status_code == 403
    assert client(settings, peer="10.0.0.2", **changes).get(STATIC, headers=header).status_code == 403


def test_it_only_shows(settings: Settings) -> None:
    page = client(settings)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        assert page.request(method, STATIC).status_code == 405
    assert page.get(f"{STATIC}?{'x' * 3000}").status_code == 414


def test_browsers_are_kept_strict(settings: Settings) -> None:
    page = client(settings)
    for path in (STATIC, "/nosuch/night"):
        headers = page.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'self'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors *" in page.get("/nosuch/embed/bars").headers["content-security-policy"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "0.0.0.0"], "no password is set"),
        (["--host", "203.0.113.9"], "no password is set"),
        (["--port", "70000"], "less than or equal to 65535"),
        (["--prot", "1"], "No such option: --prot"),
    ],
)
def test_a_wrong_start_is_one_line(settings: Settings, arguments: list[str], told: str) -> None:
    done = run_command("readers", "serve", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
