"""X's refusals: says whether waiting helps, how long to wait, and how a person can fix the cause.

Codes and problem types: https://docs.x.com/x-api/fundamentals/response-codes-and-errors
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from conf.errors import PulsoError
from ingest.sources.back_off import number_in

Kind = Literal["network", "http", "rate"]
TOKEN_FIX = "Set X_BEARER_TOKEN to the app's current bearer token"
APP_FIX = "Check in X's developer console what the app of X_BEARER_TOKEN has access to, and its credits"
RULES_FIX = "Run `.venv/bin/python -m ingest rules push --topic T`"
WAIT_STATUS = (408, 425)
RATE_STATUS = (420, 429)
CONFLICT = 409
OTHER_CONNECTION = "another connection is open for this token"


class Unavailable(PulsoError):
    """X is not available now, but will be later.

    `kind` says which waiting rule X prescribes. `reset` is the time from which X answers again, in seconds since 1970,
    if X gives it.
    """

    def __init__(self, what: str, kind: Kind, reset: float | None = None) -> None:
        when = f" after {datetime.fromtimestamp(reset, UTC):%H:%M:%S} UTC" if reset else " in a minute"
        super().__init__(what, f"Try again{when}")
        self.kind = kind
        self.reset = reset


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> PulsoError:
    """Returns the error for an HTTP answer that is not a success: Unavailable if waiting helps, else PulsoError."""
    problem = _as_dict(body)
    detail = detail_of(problem)
    what = f"X answered with HTTP {status}" + (f": {detail}" if detail else "")
    if _is_about_rules(problem):
        return PulsoError(f"X has no rules for this stream ({what})", RULES_FIX)
    if status == CONFLICT or problem.get("title") == "ConnectionException":
        return Unavailable(f"{OTHER_CONNECTION} ({what})", "http")
    if status in RATE_STATUS:
        return Unavailable(what, "rate", number_in(headers, "x-rate-limit-reset"))
    if status >= 500 or status in WAIT_STATUS:
        return Unavailable(what, "http")
    return _final(status, what)


def _final(status: int, what: str) -> PulsoError:
    if status == 401:
        return PulsoError(f"X does not accept the bearer token ({what})", TOKEN_FIX)
    if status in (402, 403):
        return PulsoError(f"X refuses this app ({what})", APP_FIX)
    return PulsoError(what, "Check PULSO_X_API, the address of X's API")


def disconnect(notice: Mapping[str, Any]) -> PulsoError | None:
    """Returns the error for an error message inside the stream; None if the message is only about a single post."""
    errors = notice.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else notice
    problem = first if isinstance(first, dict) else {"title": str(first)}
    title = str(problem.get("title") or "error")
    kind = str(problem.get("type") or "") + title
    what = title + (f": {problem['detail']}" if problem.get("detail") else "")
    if "resource" in kind or "not-authorized" in kind:
        return None
    if _is_about_rules(problem):
        return PulsoError(f"X has no rules for this stream ({what})", RULES_FIX)
    if "operational-disconnect" in kind or "client-disconnected" in kind:
        return Unavailable(_line(what), "network")
    if "usage-capped" in kind or "UsageCap" in kind or "rate-limit" in kind:
        return Unavailable(_line(what), "rate")
    if "streaming-connection" in kind or title == "ConnectionException":
        return Unavailable(_line(f"{OTHER_CONNECTION} ({what})"), "http")
    return Unavailable(_line(what), "http")


def detail_of(problem: Mapping[str, Any]) -> str:
    """Returns X's own words on one short line; empty if there are none."""
    errors = problem.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else problem
    if not isinstance(first, dict):
        return _line(str(first))
    details = first.get("details")
    words = [first.get("title"), first.get("detail") or first.get("message")]
    words += details if isinstance(details, list) else []
    return _line(": ".join(str(word) for word in words if word))


def _is_about_rules(problem: Mapping[str, Any]) -> bool:
    return problem.get("connection_issue") in ("RuleConfigurationIssue", "RulesInvalidIssue")


def _as_dict(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
