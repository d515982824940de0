"""The log-odds ratio with an informative Dirichlet prior: what is typical of some posts, compared with others.

Monroe, Colaresi and Quinn (2008), Fightin' Words, Political Analysis 16(4), equations 15 to 22.
"""

from collections.abc import Callable
from typing import Any

PRIOR_SIZE = 500
"""The prior has the weight of this many uses."""


def prior(uses: Any, all_uses: Any, other_uses: Any, all_other_uses: Any) -> Any:
    """Returns the item's share of all uses in both groups of posts, times PRIOR_SIZE; of columns or of arrays."""
    return PRIOR_SIZE * (uses + other_uses) / (all_uses + all_other_uses)


def log_odds_ratio(uses: Any, all_uses: Any, other_uses: Any, all_other_uses: Any, log: Callable[[Any], Any]) -> Any:
    """Returns an item's log-odds in some posts minus its log-odds in the others, both with the prior.

    `uses` is how often the posts use the item, `all_uses` how often they use any; both are also given of the others.
    They are columns or arrays, and `log` their natural logarithm.
    """
    weight = prior(uses, all_uses, other_uses, all_other_uses)
    own, others = uses + weight, other_uses + weight
    return log(own / (all_uses + PRIOR_SIZE - own)) - log(others / (all_other_uses + PRIOR_SIZE - others))
