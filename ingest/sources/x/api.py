"""X's API v2 through tweepy: the rules of the filtered stream, and the connection to it.

tweepy's `StreamingClient` uses a fixed address, waits for answers without a time limit, reconnects immediately after a
normal close, and only logs errors inside a stream. So this module gives it a session with the configured address and
with time-outs. The stream is opened here, and read in connection.py.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import requests
import tweepy

from conf.errors import PulsoError, WrongUse
from conf.settings import Settings
from ingest.sources.addresses import checked_address
from ingest.sources.x.errors import TOKEN_FIX, Unavailable, detail_of, refusal
from ingest.sources.x.rules import Rule

TWEEPYS_ADDRESS = "https://api.twitter.com"
STREAM = "/2/tweets/search/stream"
RULES = f"{STREAM}/rules"
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
AT_ONCE = 100
"""Rules per request. A refusal stays readable, and 1,000 rules take 10 of the 100 requests allowed in 15 minutes."""

logging.getLogger("tweepy.client").setLevel(logging.INFO)  # at DEBUG it logs the token


class XApi:
    """The account of one bearer token. Every call raises Unavailable, or PulsoError where waiting can't help."""

    def __init__(self, settings: Settings) -> None:
        address = checked_address(settings.x_api, "PULSO_X_API", "https", "http")
        self._client = tweepy.StreamingClient(_token(settings), return_type=dict)
        self._client.session = _Session(address)

    def rules(self) -> list[Rule]:
        """Returns every rule of the account, whatever its tag."""
        page = self._call(self._client.get_rules)
        found = [_as_rule(item) for item in page.get("data") or ()]
        while token := (page.get("meta") or {}).get("next_token"):
            page = self._call(self._page, token)
            found += [_as_rule(item) for item in page.get("data") or ()]
        return found

    def add(self, rules: Sequence[Rule]) -> None:
        """Adds rules.

        If X refuses some of them, raises PulsoError, which quotes the first refused rule; the accepted rules stay.
        """
        for some in _in_batches(rules):
            asked = [tweepy.StreamRule(value=rule.value, tag=rule.tag or None) for rule in some]
            answer = self._call(self._client.add_rules, asked)
            if refused := _refused(answer, "not_created"):
                raise PulsoError(f"X refuses {refused}", "Fix the topic's collect part, and push again")

    def remove(self, rules: Sequence[Rule]) -> None:
        """Removes rules by their ids. Raises PulsoError when X refuses any."""
        for some in _in_batches(rules):
            ids = [rule.id for rule in some]
            answer = self._call(self._client.delete_rules, ids)
            if refused := _refused(answer, "not_deleted"):
                raise PulsoError(f"X does not remove {refused}", "Push again")

    def stream(self, parameters: Mapping[str, str], silence: float) -> requests.Response:
        """Returns the open stream.

        Reading from it raises the errors of the library requests, also after `silence` seconds without data.

        It always opens a new connection, since a connection in the pool may be broken, and X changes its addresses.
        """
        self.close()
        headers = {
            "Authorization": f"Bearer {self._client.bearer_token}",
            "User-Agent": self._client.user_agent,
            "Accept-Encoding": "identity",  # compression would delay lines
        }
        response: requests.Response = self._client.session.request(
            "GET",
            TWEEPYS_ADDRESS + STREAM,
            params=parameters,
            headers=headers,
            stream=True,
            timeout=(CONNECT_SECONDS, silence),
        )
        if response.status_code != requests.codes.ok:
            with response:
                raise refusal(response.status_code, response.headers, response.content)
        return response

    def close(self) -> None:
        """Closes idle connections."""
        self._client.session.close()

    def _page(self, token: str) -> Any:
        return self._client.request("GET", RULES, {"pagination_token": token}).json()

    @staticmethod
    def _call(call: Callable[..., Any], *given: Any) -> dict[str, Any]:
        try:
            answer = call(*given)
        except tweepy.HTTPException as error:
            response = error.response
            raise refusal(response.status_code, response.headers, response.content) from None
        except requests.JSONDecodeError:
            answer = None
        except requests.RequestException as error:
            raise Unavailable(f"X does not answer: {cause_of(error)}", "network") from None
        if not isinstance(answer, dict):
            raise PulsoError("the answer is not from X's API", "Check PULSO_X_API")
        return answer


class _Session(requests.Session):
    """Sends tweepy's requests to one address, with time-outs; follows no redirect, which would get the token."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address.rstrip("/")

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """Sends a request, as requests does."""
        url = self._address + url.removeprefix(TWEEPYS_ADDRESS)
        return super().request(
            method, url, **{"timeout": (CONNECT_SECONDS, ANSWER_SECONDS), "allow_redirects": False, **options}
        )


def cause_of(error: BaseException) -> str:
    """Returns the innermost error in a few words, without the layers in which requests wraps it."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split())[:100]


def _token(settings: Settings) -> str:
    token = settings.x_bearer_token.get_secret_value().strip() if settings.x_bearer_token else ""
    if not token:
        raise WrongUse("X_BEARER_TOKEN is not set", TOKEN_FIX)
    if not token.isascii() or not token.isprintable() or " " in token:
        # Checked here, since requests would quote the token in its error.
        raise WrongUse("X_BEARER_TOKEN has characters that no token has", TOKEN_FIX)
    return token


def _as_rule(item: Any) -> Rule:
    try:
        return Rule(item["value"], item.get("tag") or "", str(item["id"]))
    except (AttributeError, KeyError, TypeError):
        raise PulsoError("the answer is not from X's API", "Check PULSO_X_API") from None


def _in_batches(rules: Sequence[Rule]) -> Iterator[Sequence[Rule]]:
    return (rules[start : start + AT_ONCE] for start in range(0, len(rules), AT_ONCE))


def _refused(answer: Mapping[str, Any], count: str) -> str:
    """Returns how many rules X refused, and its reason for the first; empty if it accepted all."""
    errors = answer.get("errors") or []
    summary = (answer.get("meta") or {}).get("summary") or {}
    number = summary.get(count) or len(errors)
    if not number:
        return ""
    first = errors[0] if errors and isinstance(errors[0], dict) else {}
    value = f" for «{str(first['value'])[:80]}»" if first.get("value") else ""
    return f"{number} rule{'s' if number > 1 else ''}: {detail_of(answer) or 'X does not say why'}{value}"
