"""What a sheet's answers say: the precision of each rule and of all together, and the share corrected by it."""

from dataclasses import dataclass

import pandas as pd

from readers.samples.interval import Answers, Estimate, corrected, stratified, wilson
from readers.samples.sheet import Sheet

ALL = "all"
"""Stands for all rules together, in place of a rule."""
SHARE = "share_posts"
"""Stands for the candidate's share of posts, corrected."""
UNKNOWN = (None, None, None)
COLUMNS = ("rule", "posts", "rows", "read", "right", "value", "low", "high")


@dataclass(frozen=True)
class Precision:
    """The estimates that a sheet allows.

    `rules` has the answers of each rule that has any, the rule with most posts first; `unread` are the other rules.
    `overall` is None if nothing was read; it is about the posts of `rules`. `as_counted` is the candidate's share of
    the race's posts, `share` the same if only right posts counted: None where a rule is unread.
    """

    sheet: Sheet
    rules: dict[str, Answers]
    unread: list[str]
    overall: Estimate | None
    as_counted: float
    share: Estimate | None


def precision_of(sheet: Sheet) -> Precision:
    """Returns what a sheet's answers say. Rows left empty are not counted."""
    order = sorted(sheet.rule_posts, key=lambda rule: (-sheet.rule_posts[rule], rule))
    rules = {rule: answers for rule in order if (answers := sheet.answers(rule)).read}
    unread = [rule for rule in order if rule not in rules]
    overall = stratified(list(rules.values())) if rules else None
    posts, all_posts = sheet.constants.posts, sheet.constants.race_posts
    share = corrected(posts, all_posts - posts, overall) if overall and not unread else None
    return Precision(sheet, rules, unread, overall, posts / all_posts, share)


def as_frame(found: Precision) -> pd.DataFrame:
    """Returns one row per rule, one for ALL and one for SHARE, with the columns COLUMNS; unknown values are missing."""
    sheet, rows = found.sheet, []
    for rule, posts in sheet.rule_posts.items():
        answers = sheet.answers(rule)
        estimate = wilson(answers) if answers.read else UNKNOWN
        rows.append((rule, posts, answers.read + sheet.empty[rule], answers.read, answers.right, *estimate))
    read, right = sheet.right.total() + sheet.wrong.total(), sheet.right.total()
    for name, one in ((ALL, found.overall), (SHARE, found.share)):
        rows.append((name, sheet.constants.posts, sheet.rows, read, right, *(one or UNKNOWN)))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"rule": "string", "value": "float64", "low": "float64", "high": "float64"})
