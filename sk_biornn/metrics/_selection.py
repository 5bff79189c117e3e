"""Choosing among candidates of a search by two metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._checks import as_float, is_number, refusal
from sk_biornn._plain import found, real_array, short


@dataclass(frozen=True)
class SelectRefit:
    """Callable for the `refit` of a search; made by `select_refit`, and picklable.

    It is equal to the name of its first metric: so the `score` of a search with several metrics,
    which looks its metric up by `refit`, is the first one. Two of them are equal if all three
    fields are.

    Parameters
    ----------
    first : str
        Name of the metric that must be nearly as good as the best.
    then : str
        Name of the metric that decides among those.
    within : str or float
        What "nearly" means.

    Examples
    --------
    >>> SelectRefit("accuracy", then="modularity", within="1se")
    SelectRefit(first='accuracy', then='modularity', within='1se')
    """

    first: str
    then: str
    within: str | float

    def __eq__(self, other: object) -> bool:
        # scikit-learn's search.score(X, y) is scorer_[refit], with names as the keys.
        if isinstance(other, str):
            return self.first == other
        if not isinstance(other, SelectRefit):
            return NotImplemented
        fields = (self.first, self.then, self.within)
        return fields == (other.first, other.then, other.within)

    def __hash__(self) -> int:
        return hash(self.first)

    def __call__(self, cv_results: dict[str, Any]) -> int:
        """Return the index of the chosen candidate."""
        score = _column(cv_results, f"mean_test_{self.first}")
        decisive = _column(cv_results, f"mean_test_{self.then}")
        if np.isnan(score).all():
            raise ValueError(f"{self.first} must have a score for a candidate, all are NaN.")
        best = int(np.nanargmax(score))
        eligible = np.flatnonzero(score >= score[best] - self._tolerance(cv_results, best))
        decisive = np.where(np.isnan(decisive), -np.inf, decisive)[eligible]
        ties = eligible[decisive == decisive.max()]
        return int(ties[score[ties].argmax()])

    def _tolerance(self, cv_results: dict[str, Any], best: int) -> float:
        factor = _standard_errors(self.within)
        if factor is None:
            return float(self.within)
        n_splits = 0
        while f"split{n_splits}_test_{self.first}" in cv_results:
            n_splits += 1
        if n_splits < 2:
            return 0.0
        # cv_results_ holds the standard deviation over n folds, not over n - 1.
        deviation = float(_column(cv_results, f"std_test_{self.first}")[best])
        return factor * deviation / math.sqrt(n_splits - 1)


def select_refit(first: str, *, then: str, within: str | float = "1se") -> SelectRefit:
    """Return a `refit` that takes, among the best by one metric, the best by another.

    Of all candidates whose mean test score is within one standard error of the best, the one with
    the highest mean of the other metric is chosen: "the most modular network that is as accurate
    as any". Afterwards `score` of the search is the first metric of the network that was chosen;
    as of every callable `refit` there is no `best_score_`, see ``cv_results_[...][best_index_]``.

    Parameters
    ----------
    first : str
        Name of a metric in the `scoring` of the search, e.g. "accuracy".
    then : str
        Name of the metric that decides, e.g. "modularity". Candidates with the same value are
        told apart by `first`, and then by their order.
    within : str or float, default="1se"
        How much worse than the best a candidate may be: "1se", "0.5se", "2se", ... standard errors
        of the mean over folds of the best candidate, or a number in the unit of the score. With a
        single fold there is no standard error, and only equally good candidates count.

    Returns
    -------
    SelectRefit
        A callable that takes `cv_results_` and returns an index.

    Raises
    ------
    TypeError
        If `first` or `then` is no name, or `within` neither text nor a number.
    ValueError
        If `within` is neither a number of standard errors nor a non-negative number.

    References
    ----------
    .. [1] L. Breiman, J. H. Friedman, R. A. Olshen, C. J. Stone, "Classification and Regression
       Trees", Wadsworth, 1984, section 3.4.3: the one-standard-error rule.

    Examples
    --------
    >>> refit = select_refit("accuracy", then="modularity", within=0.02)
    >>> refit(
    ...     {
    ...         "mean_test_accuracy": [0.93, 0.92, 0.80],
    ...         "mean_test_modularity": [0.1, 0.3, 0.6],
    ...     }
    ... )
    1
    """
    is_share = is_number(within) and 0 <= as_float(within) < math.inf
    if _standard_errors(within) is None and not is_share:
        raise refusal(
            "within",
            "like '1se' or a number of at least 0",
            within,
            right_type=isinstance(within, str) or is_number(within),
        )
    for name, metric in (("first", first), ("then", then)):
        if not isinstance(metric, str):
            raise TypeError(f"{name} must be the name of a metric, got {short(metric)}.")
    return SelectRefit(first, then, within)


def _standard_errors(within: str | float) -> float | None:
    """Return 1.0 of "1se", and None of what is not a number of standard errors."""
    if not isinstance(within, str) or not within.endswith("se"):
        return None
    try:
        factor = float(within.removesuffix("se"))
    except ValueError:
        return None
    return factor if 0 <= factor < math.inf else None


def _column(cv_results: dict[str, Any], name: str) -> NDArray[np.float64]:
    if not isinstance(cv_results, Mapping):
        raise TypeError(f"cv_results must be the cv_results_ of a search, got {found(cv_results)}.")
    if name not in cv_results:
        metric = name.split("_", 2)[2]
        raise ValueError(
            f"scoring must contain {short(metric)}, there is no {short(name)} in cv_results_."
        )
    return real_array(cv_results[name], "cv_results")
