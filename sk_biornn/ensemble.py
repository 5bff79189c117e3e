"""Many seeds of one estimator: how much of a result is chance, and a better prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sk_biornn._checks import check_count
from sk_biornn._random import RandomState, make_rng
from sk_biornn.core import one_of_many

if TYPE_CHECKING:
    from sklearn.utils import Tags


def _member_has(name: str) -> Any:
    """Return whether the estimator of an ensemble has a method."""
    return available_if(lambda ensemble: hasattr(ensemble.estimator, name))


class SeedEnsemble(BaseEstimator):
    """Fits copies of an estimator that differ in their seed only.

    Parameters
    ----------
    estimator : estimator
        A classifier or regressor with a parameter `random_state`.
    n_seeds : int, default=10
        Number of copies.
    n_jobs : int or None, default=None
        Number of joblib's jobs; any backend of joblib will do. The result does not depend on it.
    random_state : int, RandomState, Generator or None, default=None
        From which the seeds are drawn.

    Attributes
    ----------
    estimators_ : list of estimators
        The fitted copies.
    seeds_ : ndarray of int of shape (n_seeds,)
        Their seeds.
    results_ : DataFrame
        A row per seed: seed, n_iter, the last and the best training loss, score on the training
        trials and the best validation score (NaN without early stopping).
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
    predictions. Weight scorers (`sk_biornn.metrics`) give the mean over the copies.

    Examples
    --------
    >>> from sk_biornn import DaleRNNClassifier
    >>> from sk_biornn.datasets import load_sequential_digits
    >>> from sk_biornn.ensemble import SeedEnsemble
    >>> X, y = load_sequential_digits()
    >>> network = DaleRNNClassifier(n_units=16, max_iter=3)
    >>> ensemble = SeedEnsemble(network, n_seeds=3, random_state=0).fit(X[:300], y[:300])
    >>> ensemble.results_.shape, ensemble.predict(X[:5]).shape
    ((3, 6), (5,))
    """

    def __init__(
        self,
        estimator: Any,
        n_seeds: int = 10,
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.n_seeds = n_seeds
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit all copies.

        Parameters
        ----------
        X, y : array-like or list
            Trials and targets, as the estimator takes them.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial, or of each step, as the estimator takes them. None: 1.

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
        import pandas as pd

        n_seeds = check_count("n_seeds", self.n_seeds)
        if "random_state" not in self.estimator.get_params():
            raise ValueError(
                "estimator must have a parameter random_state, got "
                f"{type(self.estimator).__name__}, which has none."
            )
        self.seeds_ = make_rng(self.random_state).integers(2**31, size=n_seeds)
        fitted = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_one)(self.estimator, int(seed), X, y, sample_weight)
            for seed in self.seeds_
        )
        self.estimators_ = [member for member, _ in fitted]
        self.results_ = pd.DataFrame([row for _, row in fitted])
        if is_classifier(self.estimator):
            self.classes_ = self.estimators_[0].classes_
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the labels of highest mean probability, or the mean prediction.

        Parameters
        ----------
        X : array-like or list
            Trials.

        Returns
        -------
        ndarray
            In the shape of the estimator's own predictions.

        Raises
        ------
        ValueError
            If X does not fit.
        """
        check_is_fitted(self, "estimators_")
        if is_classifier(self.estimator):
            return _per_trial(lambda mean: self.classes_[mean.argmax(axis=-1)], self._mean_proba(X))
        return _mean([member.predict(X) for member in self.estimators_])

    @_member_has("predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the mean probability of each class.

        Parameters
        ----------
        X : array-like or list
            Trials.

        Returns
        -------
        ndarray
            In the shape of the estimator's own probabilities.

        Raises
        ------
        ValueError
            If X does not fit.
        """
        check_is_fitted(self, "estimators_")
        return self._mean_proba(X)

    def _mean_proba(self, X: Any) -> np.ndarray:
        return _mean([member.predict_proba(X) for member in self.estimators_])

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

    def __sklearn_tags__(self) -> Tags:
        """Be of the estimator's kind."""
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        for name in ("estimator_type", "classifier_tags", "regressor_tags", "target_tags"):
            setattr(tags, name, getattr(inner, name))
        tags.input_tags = inner.input_tags
        return tags


def _fit_one(
    estimator: Any, seed: int, X: Any, y: Any, sample_weight: Any
) -> tuple[Any, dict[str, Any]]:
    member = clone(estimator).set_params(random_state=seed)
    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    with one_of_many():
        member.fit(X, y, **weights)
    validation = getattr(member, "validation_scores_", None) or [np.nan]
    losses = getattr(member, "loss_curve_", None) or [np.nan]
    row = {
        "seed": seed,
        "n_iter": getattr(member, "n_iter_", np.nan),
        "loss": losses[-1],
        "best_loss": min(losses),
        "train_score": member.score(X, y, sample_weight),
        "best_validation_score": max(validation),
    }
    return member, row


def _mean(values: list[np.ndarray]) -> np.ndarray:
    """Return the mean over members, also of object arrays with one array per trial."""
    if values[0].dtype != object:
        return np.mean(values, axis=0)
    mean = np.empty(len(values[0]), dtype=object)
    mean[:] = [np.mean(trial, axis=0) for trial in zip(*values, strict=True)]
    return mean


def _per_trial(function: Any, values: np.ndarray) -> np.ndarray:
    if values.dtype != object:
        return function(values)
    result = np.empty(len(values), dtype=object)
    result[:] = [function(trial) for trial in values]
    return result
