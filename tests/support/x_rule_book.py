"""The rules of one X account, with X's limits and error messages."""

import threading
from dataclasses import dataclass, field
from typing import Any

PROBLEMS = "https://api.x.com/2/problems"


@dataclass
class RuleBook:
    """Rules by id. `changes` are the ids that were added (`+`) or removed (`-`), in order."""

    most: int = 1000
    longest: int = 1024
    page_size: int = 1000
    rules: dict[str, dict[str, str]] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    invalid: str = "INVALID"

    def __post_init__(self) -> None:
        self._next = 1
        self._lock = threading.Lock()

    def have(self, *rules: tuple[str, str]) -> None:
        """Adds rules, each a value and a tag."""
        for value, tag in rules:
            self._add({"value": value, "tag": tag} if tag else {"value": value})

    def values(self, tag: str) -> list[str]:
        """Returns the texts of the rules with this tag."""
        return [rule["value"] for rule in self.rules.values() if rule.get("tag", "") == tag]

    def page(self, token: str) -> dict[str, Any]:
        """Returns one page of the rules."""
        start = int(token)
        found = list(self.rules.values())[start : start + self.page_size]
        meta: dict[str, Any] = {"sent": "2026-01-01T00:00:00.000Z", "result_count": len(found)}
        if start + self.page_size < len(self.rules):
            meta["next_token"] = str(start + self.page_size)
        return {"data": found, "meta": meta} if found else {"meta": meta}

    def change(self, body: dict[str, Any]) -> dict[str, Any]:
        """Applies the body of a POST, and returns the answer."""
        with self._lock:
            if "add" in body:
                return self._answer([self._add(rule) for rule in body["add"]], "created")
            return self._answer([self._remove(rule_id) for rule_id in body["delete"]["ids"]], "deleted")

    def _answer(self, outcomes: list[dict[str, Any]], word: str) -> dict[str, Any]:
        data = [outcome for outcome in outcomes if "title" not in outcome]
        errors = [outcome for outcome in outcomes if "title" in outcome]
        summary = {word: len(data), f"not_{word}": len(errors), "valid": len(data), "invalid": len(errors)}
        answer: dict[str, Any] = {"meta": {"sent": "2026-01-01T00:00:00.000Z", "summary": summary}}
        if data and word == "created":
            answer["data"] = data
        if errors:
            answer["errors"] = errors
        return answer

    def _add(self, rule: dict[str, str]) -> dict[str, Any]:
        value = rule["value"]
        problem = {"value": value, "id": "0", "title": "UnprocessableEntity", "type": f"{PROBLEMS}/invalid-rules"}
        if any(known["value"] == value for known in self.rules.values()):
            return problem | {"title": "DuplicateRule", "type": f"{PROBLEMS}/duplicate-rules"}
        if len(value) > self.longest:
            return problem | {"details": [f"Rule length of {len(value)} is more than {self.longest}"]}
        if self.invalid in value:
            return problem | {"details": [f"Unknown operator (at position {value.index(self.invalid) + 1})"]}
        if len(self.rules) >= self.most:
            return problem | {"title": "RulesCapExceeded", "type": f"{PROBLEMS}/rule-cap"}
        added = {"id": str(self._next), **rule}
        self._next += 1
        self.rules[added["id"]] = added
        self.changes.append(f"+{added['id']}")
        return added

    def _remove(self, rule_id: str) -> dict[str, Any]:
        if rule_id not in self.rules:
            return {"title": "Invalid Request", "detail": f"Rule {rule_id} does not exist", "type": "about:blank"}
        self.changes.append(f"-{rule_id}")
        return self.rules.pop(rule_id)
