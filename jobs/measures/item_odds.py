"""Of which candidate's posts an item is most typical, compared with the race's other posts."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from jobs.measures.ballots import Bools, Floats, Ints
from jobs.measures.item_counts import EVERYONE
from jobs.measures.log_odds import log_odds_ratio


class Odds:
    """The posts with each item that mention a candidate or anyone in a race, in one kind of periods.

    `counts` are such rows of COUNTED, `group` is a number for the item and period of each, and `of_any` says which rows
    are those of ANY. `size` is the number of periods, `races` the number of candidates of each race.
    """

    def __init__(self, counts: pa.Table, group: Ints, of_any: Bools, size: int, races: Sequence[int]) -> None:
        self._races, self._columns = races, sum(races) + len(races)
        posts, candidate = counts["posts"].to_numpy(), counts["candidate"].to_numpy()
        self._all = np.zeros((size, self._columns), np.int64)
        np.add.at(self._all, (counts["place"].to_numpy()[of_any], candidate[of_any]), posts[of_any])
        self._group, self._candidate, self._posts = group[~of_any], candidate[~of_any], posts[~of_any]

    def most_typical(self, group: Ints, place: Ints, wanted: Bools) -> tuple[Ints, Floats]:
        """Returns for each group, in order, the candidate with the highest log-odds ratio, and that ratio.

        The number of the candidate is EVERYONE, and the ratio NaN, for groups that are not `wanted`, if nobody is
        compared, and if no ratio is above 0.
        """
        best, ratio = np.full(len(group), EVERYONE), np.full(len(group), np.nan)
        chosen = np.flatnonzero(wanted)
        if not len(self._group) or not len(chosen):
            return best, ratio
        uses = self._uses(group[chosen])
        ratios = np.concatenate(list(self._ratios(uses, self._all[place[chosen]])), axis=1)
        highest = ratios.argmax(axis=1)
        value = ratios[np.arange(len(chosen)), highest]
        above = value > 0
        best[chosen[above]], ratio[chosen[above]] = highest[above], value[above]
        return best, ratio

    def _uses(self, group: Ints) -> Ints:
        """Returns the posts of each group, with a column for each candidate and race."""
        at = np.minimum(np.searchsorted(group, self._group), len(group) - 1)
        found = group[at] == self._group
        uses = np.zeros((len(group), self._columns), np.int64)
        np.add.at(uses, (at[found], self._candidate[found]), self._posts[found])
        return uses

    def _ratios(self, uses: Ints, everything: Ints) -> "list[Floats]":
        """Returns the ratios of each race, with a column for each candidate; -inf where there is nothing to compare."""
        found, first = list[Floats](), 0
        for race, count in enumerate(self._races):
            own, of_race = slice(first, first + count), sum(self._races) + race
            first += count
            used, all_used = uses[:, own], everything[:, own]
            others = uses[:, [of_race]] - used
            all_others = everything[:, [of_race]] - all_used
            comparable = (used > 0) & (all_others > 0)
            with np.errstate(divide="ignore", invalid="ignore"):
                ratios = log_odds_ratio(used, all_used, others, all_others, np.log)
            found.append(np.where(comparable, ratios, -np.inf))
        return found
