"""Posts in 14 languages are counted as a reader of the language would count them."""

import pytest
import regex

from conf.aliases import alias_pattern
from tests.support.languages import CASES, LANGUAGES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language}: {case.text}")
def test_a_post_counts_as_for_a_reader(case: Case) -> None:
    assert bool(regex.search(alias_pattern(case.aliases), case.folded)) is case.counts


def test_every_language_has_ten_posts_that_count_and_five_that_do_not() -> None:
    assert len(LANGUAGES) == 14
    assert {(len(set(each["counted"])), len(set(each["others"]))) for each in LANGUAGES.values()} == {(10, 5)}
