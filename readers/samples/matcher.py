"""Says by which of a candidate's rules a post counts; the rules and patterns are those of the poll."""

from collections.abc import Sequence
from typing import Any

import regex

from conf.aliases import alias_pattern
from conf.folding import fold
from conf.race import Candidate, Matched
from conf.tables import MATCHED
from conf.topic import Topic

COLUMNS = ("event_at", "hashtags", "mentions", "retweet_of_author", "reply_to_author", "quote_of_author")
"""The columns of a post that the rules use, beside the texts in which aliases are searched."""
KINDS: dict[Matched, str] = {"text": "alias", "cards": "card", "alt": "alt"}
"""What a rule is called by the text in which it finds an alias."""


class Matcher:
    """The rules of one candidate. A rule is one handle, one hashtag, or one alias in one of the texts."""

    def __init__(self, candidate: Candidate, match: Sequence[Matched]) -> None:
        self._handles, self._hashtags = set(candidate.lower_handles), set(candidate.folded_hashtags)
        self._any = regex.compile(candidate.pattern) if candidate.pattern else None
        aliases = sorted({fold(alias): alias for alias in candidate.aliases}.items(), key=lambda one: -len(one[0]))
        self._aliases = [(folded, regex.compile(alias_pattern([alias]))) for folded, alias in aliases]
        self._texts = [(KINDS[each], MATCHED[each]) for each in match]

    def rules_of(self, post: Any) -> list[str]:
        """Returns the rules that match a post: handles, then hashtags, then aliases, the longest first.

        `post` has COLUMNS and the texts as attributes. The list is empty for a post that does not count.
        """
        people = {*(post.mentions or ()), post.retweet_of_author, post.reply_to_author, post.quote_of_author}
        found = [f"handle {handle}" for handle in sorted(self._handles & people)]
        found += [f"hashtag {tag}" for tag in sorted(self._hashtags.intersection(post.hashtags or ()))]
        for kind, column in self._texts:
            text = getattr(post, column)
            if text and self._any and self._any.search(text):
                found += [f"{kind} {alias}" for alias, pattern in self._aliases if pattern.search(text)]
        return found


def columns_of(topic: Topic) -> list[str]:
    """Returns the columns of a post that the rules of a topic use."""
    return [*COLUMNS, *(MATCHED[each] for each in topic.match)]
