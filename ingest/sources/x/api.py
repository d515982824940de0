"""X's API v2 through tweepy: the rules of the filtered stream, and its connection.

tweepy's `StreamingClient` writes to a fixed address, waits for answers without end, reconnects at once after a clean
close, and only logs the errors inside a stream. So it gets a session that goes to the configured address and has
time-outs; and the stream is opened here and read elsewhere.
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
"""Rules in one request: a refusal stays readable, and 1,000 rules take 10 of the 100 requests in 15 minutes."""

logging.getLogger("tweepy.client").setLevel(logging.INFO)  # at DEBUG it writes the token


class XApi:
    """The account of one bearer token. Every call raises Unavailable, or PulsoError where waiting won't help."""

    def __init__(self, settings: Settings) -> None:
        address = checked_address(settings.x_api, "PULSO_X_API", "https", "http")
        self._client = tweepy.StreamingClient(_token(settings), return_type=dict)
        self._client.session = _Session(address)

    def rules(self) -> list[Rule]:
        """Every rule of the account, whatever its tag."""
        page = self._call(self._client.get_rules)
        found = [_as_rule(item) for item in page.get("data") or ()]
        while token := (page.get("meta") or {}).get("next_token"):
            page = self._call(self._page, token)
            found += [_as_rule(item) for item in page.get("data") or ()]
        return found

    def add(self, rules: Sequence[Rule]) -> None:
        """Adds rules. Raises PulsoError that quotes the first that X refuses; those before it stand."""
        for some in _in_batches(rules):
            asked = [tweepy.StreamRule(value=rule.value, tag=rule.tag or None) for rule in some]
            answer = self._call(self._client.add_rules, asked)
            if refused := _refused(answer, "not_created"):
                raise PulsoError(f"X refuses {refused}", "Fix the topic's collect part, and push again")

    def remove(self, rules: Sequence[Rule]) -> None:
        """Removes rules, by their ids."""
        for some in _in_batches(rules):
            ids = [rule.id for rule in some]
            answer = self._call(self._client.delete_rules, ids)
            if refused := _refused(answer, "not_deleted"):
                raise PulsoError(f"X does not remove {refused}", "Push again")

    def stream(self, parameters: Mapping[str, str], silence: float) -> requests.Response:
        """The open stream; reading it raises what requests raises, after `silence` seconds without a byte too.

        It is a connection of its own: a kept one may be half gone, and X moves its addresses about.
        """
        self.close()
        headers = {
            "Authorization": f"Bearer {self._client.bearer_token}",
            "User-Agent": self._client.user_agent,
            "Accept-Encoding": "identity",  # a compressor would hold lines back
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
        """Lets go of idle connections."""
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
            raise PulsoError("what answers is not X's API", "Check PULSO_X_API")
        return answer


class _Session(requests.Session):
    """Goes to one address whatever tweepy asks for, follows no redirect with the token, and waits only so long."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address.rstrip("/")

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """As requests does it."""
        url = self._address + url.removeprefix(TWEEPYS_ADDRESS)
        return super().request(
            method, url, **{"timeout": (CONNECT_SECONDS, ANSWER_SECONDS), "allow_redirects": False, **options}
        )


def cause_of(error: BaseException) -> str:
    """The innermost error in a few words: requests wraps it in several layers of address and repr."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split())[:100]


def _token(settings: Settings) -> str:
    token = settings.x_bearer_token.get_secret_value().strip() if settings.x_bearer_token else ""
    if not token:
        raise WrongUse("X_BEARER_TOKEN is not set", TOKEN_FIX)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise WrongUse("X_BEARER_TOKEN holds characters that no token has", TOKEN_FIX)  # requests would quote it
    return token


def _as_rule(item: Any) -> Rule:
    try:
        return Rule(item["value"], item.get("tag") or "", str(item["id"]))
    except (AttributeError, KeyError, TypeError):
        raise PulsoError("what answers is not X's API", "Check PULSO_X_API") from None


def _in_batches(rules: Sequence[Rule]) -> Iterator[Sequence[Rule]]:
    return (rules[start : start + AT_ONCE] for start in range(0, len(rules), AT_ONCE))


def _refused(answer: Mapping[str, Any], count: str) -> str:
    """How many rules X did not take, and why the first; empty where it took all."""
    errors = answer.get("errors") or []
    summary = (answer.get("meta") or {}).get("summary") or {}
    number = summary.get(count) or len(errors)
    if not number:
        return ""
    first = errors[0] if errors and isinstance(errors[0], dict) else {}
    value = f" for «{str(first['value'])[:80]}»" if first.get("value") else ""
    return f"{number} rule{'s' if number > 1 else ''}: {detail_of(answer) or 'it does not say why'}{value}"
