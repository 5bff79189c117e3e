"""Many seeds of one estimator: how much of a result is chance, and a better prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sk_biornn._callbacks import Task, WithCallbacks, all_handed_to, callbacks_ended, task_of_fit
from sk_biornn._checks import check_choice, check_count, check_flag
from sk_biornn._random import RandomState, make_rng
from sk_biornn.core import one_of_many
from sk_biornn.ensemble._elsewhere import (
    Given,
    check_cluster,
    cluster_for_fits,
    in_jobs,
    one_thread_there,
)
from sk_biornn.ensemble._fit_many import fit_many
from sk_biornn.ensemble._members import member_has, per_trial
from sk_biornn.ensemble._seed_forecasts import SeedsThatForecast
from sk_biornn.ensemble._seed_table import row, summary
from sk_biornn.estimators._portable import packed, unpacked

if TYPE_CHECKING:
    from sklearn.utils import Tags

STRATEGIES = ("auto", "stacked", "joblib")

_Fitted = tuple[Any, dict[str, Any]]  # a copy, and its row of `results_`


class SeedEnsemble(SeedsThatForecast, WithCallbacks, BaseEstimator):
    """Fits copies of an estimator that differ in their seed only.

    Parameters
    ----------
    estimator : estimator
        A classifier or regressor with a parameter `random_state`.
    n_seeds : int, default=10
        Number of copies.
    n_jobs : int or None, default=None
        Number of joblib's jobs; any backend of joblib will do. The result does not depend on it,
        but for rounding where copies learn side by side.
    random_state : int, RandomState, Generator or None, default=None
        From which the seeds are drawn.
    strategy : {"auto", "stacked", "joblib"}, default="auto"
        "stacked": copies learn side by side, see `fit_many`, within each job; "joblib": one after
        the other, with the bits of their own `fit`; "auto": side by side where it pays, by a rule
        from measured times (small networks).

    Attributes
    ----------
    estimators_ : list of estimators
        The fitted copies.
    seeds_ : ndarray of int of shape (n_seeds,)
        Their seeds.
    results_ : DataFrame
        A row per seed: seed, n_iter, the last and the best training loss, score on the training
        trials and the best validation score of an epoch (NaN without early stopping).
    summary_ : DataFrame
        A row per column of `results_`, but for the seed: n, mean and sd over the seeds, and `low`
        and `high`, the 95 % interval of the mean (t; of accuracies on the logit scale, of R^2 on
        the log scale of what is missing to 1, so that it stays where scores can be). Below five
        seeds, or of equal values, there is none (NaN).
    classes_ : ndarray
        Labels, of an ensemble of classifiers.

    Raises
    ------
    TypeError
        By `fit`, if an argument is of another type.
    ValueError
        By `fit`, if an argument does not fit.

    Notes
    -----
    Classifiers vote by the mean of their probabilities, regressors by the mean of their
    predictions and forecasts. Weight scorers (`sk_biornn.metrics`) give the mean over the copies.

    Examples
    --------
    >>> from sk_biornn import DaleRNNClassifier
    >>> from sk_biornn.datasets import load_sequential_digits
    >>> from sk_biornn.ensemble import SeedEnsemble
    >>> X, y = load_sequential_digits()
    >>> network = DaleRNNClassifier(n_units=16, max_iter=3)
    >>> ensemble = SeedEnsemble(network, n_seeds=3, random_state=0).fit(
    ...     X[:300], y[:300]
    ... )
    >>> ensemble.results_[["seed", "n_iter"]]
             seed  n_iter
    0  1826701615       3
    1  1367864807       3
    2  1097657232       3
    >>> ensemble.summary_.columns.tolist()
    ['n', 'mean', 'sd', 'low', 'high']
    >>> mean, sd = ensemble.predict_proba(X[:5], return_std=True)
    >>> # after three epochs the most probable digit is near chance, 0.1
    >>> print(f"{mean.max():.1f}, by seed +- {sd.mean():.2f}")
    0.1, by seed +- 0.01
    """

    def __init__(
        self,
        estimator: Any,
        n_seeds: int = 10,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        strategy: str = "auto",
    ) -> None:
        self.estimator = estimator
        self.n_seeds = n_seeds
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.strategy = strategy

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Self:
        """Fit all copies.

        Parameters
        ----------
        X, y : array-like or list
            Trials and targets, as the estimator takes them.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial, or of each step, as the estimator takes them. None: 1.
        **fit_params : object
            Handed to the `fit` of every copy: `validation`, `validation_groups` and the like.

        Returns
        -------
        SeedEnsemble
            The ensemble itself.

        Raises
        ------
        TypeError
            If `n_seeds` is not an integer.
        ValueError
            If `n_seeds` is below 1, or the estimator has no `random_state`.
        """
        n_seeds = check_count("n_seeds", self.n_seeds)
        if "random_state" not in self.estimator.get_params():
            raise ValueError(
                "estimator must have a parameter random_state, got "
                f"{type(self.estimator).__name__}, which has none."
            )
        self.seeds_ = make_rng(self.random_state).integers(2**31, size=n_seeds)
        weighted = {} if sample_weight is None else {"sample_weight": sample_weight}
        with callbacks_ended(self):
            task = task_of_fit(self, X, y, sample_weight, n_parts=n_seeds, in_order=False)
            fitted = self._fit_members(X, y, {**fit_params, **weighted}, _one_each(task, n_seeds))
            if task is not None:
                task.end()
        self.estimators_ = [member for member, _ in fitted]
        self.results_ = pd.DataFrame([row for _, row in fitted])
        self.summary_ = summary(self.results_, is_classifier(self.estimator))
        if is_classifier(self.estimator):
            self.classes_ = self.estimators_[0].classes_
        return self

    def _fit_members(
        self, X: Any, y: Any, fit_params: dict[str, Any], tasks: list[Task | None]
    ) -> list[_Fitted]:
        """Return the copies, fitted, each with its row of `results_`."""
        seeds = [int(seed) for seed in self.seeds_]
        if check_choice("strategy", self.strategy, STRATEGIES) == "joblib":
            check_cluster(estimator=self.estimator, X=X, y=y, **fit_params)
            given = Given(X, y, fit_params)
            jobs = list(zip([self.estimator] * len(seeds), seeds, tasks, strict=True))
            return in_jobs(_fit_one, jobs, given, self.n_jobs)
        members = [clone(self.estimator).set_params(random_state=seed) for seed in seeds]
        with one_of_many(), all_handed_to(tasks, members):
            fit_many(members, X, y, strategy=self.strategy, n_jobs=self.n_jobs, **fit_params)
        return [
            (member, row(member, seed, X, y, fit_params))
            for member, seed in zip(members, seeds, strict=True)
        ]

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the labels of highest mean probability, or the mean prediction.

        Parameters
        ----------
        X : array-like or list
            Trials.
        return_std : bool, default=False
            Whether to return the standard deviation over the seeds too (ddof=1), of an ensemble of
            regressors. Labels have none: that of their probabilities is asked of `predict_proba`.

        Returns
        -------
        ndarray or tuple of two
            In the shape of the estimator's own predictions; the mean and the standard deviation
            with `return_std`.

        Raises
        ------
        ValueError
            If X does not fit, or `return_std` is asked for of labels or of a single seed.
        """
        check_is_fitted(self, "estimators_")
        if is_classifier(self.estimator):
            if check_flag("return_std", return_std):
                raise ValueError(
                    "return_std must be False for labels, which have no standard deviation; "
                    "predict_proba(X, return_std=True) has that of their probabilities."
                )
            mean = self._over_seeds("predict_proba", X, False)
            return per_trial(lambda mean: self.classes_[mean.argmax(axis=-1)], mean)
        return self._over_seeds("predict", X, return_std)

    @member_has("predict_proba")
    def predict_proba(self, X: Any, return_std: bool = False) -> Any:
        """Return the mean probability of each class.

        Parameters
        ----------
        X : array-like or list
            Trials.
        return_std : bool, default=False
            Whether to return the standard deviation over the seeds too (ddof=1).

        Returns
        -------
        ndarray or tuple of two
            In the shape of the estimator's own probabilities; the mean and the standard deviation
            with `return_std`.

        Raises
        ------
        ValueError
            If X does not fit, or `return_std` is asked for of a single seed.
        """
        check_is_fitted(self, "estimators_")
        return self._over_seeds("predict_proba", X, return_std)

    @member_has("hidden_states")
    def hidden_states(self, X: Any, kind: str = "state") -> np.ndarray:
        """Return the activity of the units of every copy.

        Units of different seeds are different units: their mean over seeds means nothing.

        Parameters
        ----------
        X : array-like or list
            Trials.
        kind : {"state", "rate"}, default="state"
            The states, or the rates that are fed back.

        Returns
        -------
        ndarray of shape (n_seeds, n_trials, n_steps, n_units)
            Activity, in the order of `seeds_`. For a list X an object array (n_seeds, n_trials) of
            arrays (n_steps_i, n_units).

        Raises
        ------
        ValueError
            If X does not fit, or `kind` is unknown.
        """
        check_is_fitted(self, "estimators_")
        return np.stack([member.hidden_states(X, kind) for member in self.estimators_])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the mean score of the copies: what one seed is worth.

        Parameters
        ----------
        X, y : array-like or list
            Trials and targets.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial, or of each step, as the estimator takes them. None: 1.

        Returns
        -------
        float
            Mean over the copies of accuracy or R^2. The averaged prediction is often better; score
            `predict(X)` for that.

        Raises
        ------
        ValueError
            If X or y does not fit.
        """
        check_is_fitted(self, "estimators_")
        return float(np.mean([m.score(X, y, sample_weight) for m in self.estimators_]))

    def __getstate__(self) -> dict[str, Any]:
        return packed(super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(unpacked(state))

    def __sklearn_tags__(self) -> Tags:
        """Be of the estimator's kind."""
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        for name in ("estimator_type", "classifier_tags", "regressor_tags", "target_tags"):
            setattr(tags, name, getattr(inner, name))
        tags.input_tags = inner.input_tags
        return tags


def _one_each(task: Task | None, n_seeds: int) -> list[Task | None]:
    """Return what callbacks see of every seed; None where there are none."""
    if task is None or cluster_for_fits() is not None:  # which callbacks may not be heard from
        return [None] * n_seeds
    return [task.part("seed", task_id=number) for number in range(n_seeds)]


def _fit_one(
    estimator: Any, seed: int, task: Task | None, given: Given
) -> tuple[Any, dict[str, Any]]:
    member = clone(estimator).set_params(random_state=seed)
    with one_of_many(), one_thread_there(), all_handed_to([task], [member]):
        member.fit(given.X, given.y, **given.fit_params)
        return member, row(member, seed, given.X, given.y, given.fit_params)
