"""Asks Superset by its own API: whether it answers, and to import a bundle."""

import json
import urllib.error
import urllib.request
import uuid
from http.cookiejar import CookieJar
from typing import Any

from conf.errors import PulsoError

TIMEOUT = 120.0


def ask_health(address: str) -> bool:
    """Whether Superset answers."""
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:  # noqa: S310 - of this machine
            return bool(answer.status == 200)
    except OSError:
        return False


class Api:
    """The API, as its user `admin`. Raises PulsoError if the login is refused."""

    def __init__(self, address: str, password: str) -> None:
        self._address = address
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._headers = {"Referer": address}
        login = {"username": "admin", "password": password, "provider": "db", "refresh": False}
        self._headers["Authorization"] = f"Bearer {self.post('security/login', login)['access_token']}"
        self._headers["X-CSRFToken"] = self.get("security/csrf_token/")["result"]

    def get(self, path: str) -> Any:
        """Returns what is at a path."""
        return self._ask(path, None, {})

    def post(self, path: str, content: Any) -> Any:
        """Sends JSON, and returns the answer."""
        return self._ask(path, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def upload(self, path: str, name: str, file: bytes) -> Any:
        """Sends a file as a form does, and returns the answer."""
        mark = uuid.uuid4().hex
        begin = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.zip"\r\n'
        body = f"{begin}Content-Type: application/zip\r\n\r\n".encode() + file + f"\r\n--{mark}--\r\n".encode()
        return self._ask(path, body, {"Content-Type": f"multipart/form-data; boundary={mark}"})

    def _ask(self, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        asked = urllib.request.Request(f"{self._address}/api/v1/{path}", body, {**self._headers, **headers})  # noqa: S310
        try:
            with self._opener.open(asked, timeout=TIMEOUT) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            told = " ".join(error.read().decode(errors="replace").split())[:300]
            raise PulsoError(f"Superset refused {path} ({error.code}): {told}") from None
        except OSError as error:
            raise PulsoError(f"Superset did not answer {path} ({error})") from None


def import_bundle(address: str, password: str, file: bytes) -> None:
    """Imports a bundle, and replaces what an earlier one has made. Raises PulsoError if Superset refuses it."""
    Api(address, password).upload("assets/import/", "bundle", file)
