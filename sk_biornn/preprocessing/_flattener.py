"""Trials as rows: what estimators that know no time can learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sk_biornn._checks import is_number, number_text
from sk_biornn.preprocessing._output import ChoosesOutput
from sk_biornn.preprocessing._stack import Stack, stacked

if TYPE_CHECKING:
    from sklearn.utils import Tags


class TrialFlattener(  # type: ignore[call-arg]  # the stubs know no keyword
    ChoosesOutput, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Makes a row of every trial, step after step, so that any estimator can be the baseline.

    (n_trials, n_steps, n_features) becomes (n_trials, n_steps * n_features): column
    ``step * n_features + feature``.

    Parameters
    ----------
    fill : float, default=0.0
        What stands after the end of a shorter trial; may be NaN.

    Attributes
    ----------
    n_steps_ : int
        Number of steps of the longest trial of `fit`.
    n_features_in_ : int
        Number of features: the last axis of X.
    feature_names_in_ : ndarray of str
        Names of the features, when X was a data frame, or a list of them.

    Raises
    ------
    TypeError
        By `fit`, if `fill` is no number.
    ValueError
        By `fit`, if X does not fit.

    Notes
    -----
    Whole steps of NaN at the end of a trial are padding, and are filled; NaN anywhere else stays.
    X of two axes is a table already, of trials of one step. As the `transformer` of scikit-learn's
    `TransformedTargetRegressor` it flattens targets at every step, and predictions come back in
    their shape.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sk_biornn.datasets import make_flip_flop
    >>> from sk_biornn.preprocessing import TrialFlattener
    >>> # two trials of three steps and two features
    >>> TrialFlattener().fit_transform(np.arange(12.0).reshape(2, 3, 2))
    array([[ 0.,  1.,  2.,  3.,  4.,  5.],
           [ 6.,  7.,  8.,  9., 10., 11.]])
    >>> X, y = make_flip_flop(60, n_steps=20, random_state=0)
    >>> ridge = TransformedTargetRegressor(Ridge(), transformer=TrialFlattener())
    >>> make_pipeline(TrialFlattener(), ridge).fit(X, y).predict(X).shape
    (60, 20, 1)
    """

    def __init__(self, fill: float = 0.0) -> None:
        self.fill = fill

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the number of steps of the longest trial.

        Parameters
        ----------
        X : array-like or list
            Trials: (n_trials, n_steps, n_features), (n_trials, n_features), or a list of
            (n_steps_i, n_features) arrays or frames.
        y : None
            Not used.

        Returns
        -------
        TrialFlattener
            The transformer itself.

        Raises
        ------
        TypeError
            If `fill` is no number.
        ValueError
            If X does not fit.
        """
        if not is_number(self.fill):
            raise TypeError(f"fill must be a number, got {number_text(self.fill)}.")
        stack = self._stack(X, reset=True)
        self._n_axes = len(stack.shape)
        self.n_steps_ = stack.shape[1] if len(stack.shape) == 3 else 1
        if self.n_steps_ == 0:
            raise ValueError(f"X must have at least 1 step per trial, got shape {stack.shape}.")
        return self

    def transform(self, X: Any) -> Any:
        """Make a row of every trial.

        Parameters
        ----------
        X : array-like or list
            Trials of at most as many steps as the longest of `fit`.

        Returns
        -------
        ndarray or DataFrame of shape (n_trials, n_steps * n_features)
            A row per trial; a frame after ``set_output(transform="pandas")``.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            If X does not fit.
        """
        check_is_fitted(self, "n_steps_")
        trials = _padded(self._stack(X, reset=False), float(self.fill))
        n_trials, n_steps, n_features = trials.shape
        if n_steps > self.n_steps_:
            raise ValueError(
                f"X must have at most {self.n_steps_} steps per trial, as in the fit, got {n_steps}"
                "; fit the transformer on the longest trials."
            )
        rows = np.full((n_trials, self.n_steps_, n_features), self.fill, dtype=trials.dtype)
        rows[:, :n_steps] = trials
        return self._handed_over(rows.reshape(n_trials, -1), self.get_feature_names_out())

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Turn rows back into trials, all of them as long as the longest of `fit`.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_steps * n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_trials, n_steps, n_features)
            Trials; (n_trials, n_features) if `fit` was given such a table. What was filled stays
            filled: a row does not know where its trial ended.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            If X does not fit.
        """
        check_is_fitted(self, "n_steps_")
        rows = check_array(X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan")
        if rows.shape[1] != self.n_steps_ * self.n_features_in_:
            raise ValueError(
                f"X must have {self.n_steps_ * self.n_features_in_} columns, {self.n_steps_} steps "
                f"of {self.n_features_in_} feature(s), got {rows.shape[1]}."
            )
        steps = (self.n_steps_,) if self._n_axes == 3 else ()
        return rows.reshape(len(rows), *steps, self.n_features_in_)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns: "x0_step0", "x1_step0", ..., "x0_step1", ...

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the features; None for those of `fit`, or x0, x1, ...

        Returns
        -------
        ndarray of str of shape (n_steps * n_features,)
            Names; those of the features alone if `fit` was given a table of two axes.

        Raises
        ------
        ValueError
            If the names are not those of `fit`.
        """
        check_is_fitted(self, "n_steps_")
        names = _check_feature_names_in(self, input_features)
        if self._n_axes == 2:
            return names
        found = [f"{name}_step{step}" for step in range(self.n_steps_) for name in names]
        return np.array(found, dtype=object)

    def _stack(self, X: Any, *, reset: bool) -> Stack:
        stack = stacked(self, X, reset=reset)
        if not reset and len(stack.shape) < self._n_axes:
            raise ValueError(
                "X must be (n_trials, n_steps, n_features), as in the fit, got two axes, shape "
                f"{stack.shape}: pass X[None] if it is one trial, X[:, None] if its rows are "
                "trials of one step."
            )
        return stack

    def __sklearn_tags__(self) -> Tags:
        """Say that NaN and three axes are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _padded(stack: Stack, fill: float) -> np.ndarray:
    """Return trials (n_trials, n_steps, n_features) with `fill` after the end of each."""
    if len(stack.shape) == 2:
        return stack.rows[:, None]
    if stack.lengths is None:
        trials = stack.rows.reshape(stack.shape)
        missing = np.isnan(trials).all(axis=2)
        after_end = np.cumprod(missing[:, ::-1], axis=1)[:, ::-1].astype(bool)
        return np.where(after_end[:, :, None], fill, trials).astype(trials.dtype)
    padded = np.full(stack.shape, fill, dtype=stack.rows.dtype)
    padded[np.arange(stack.shape[1]) < stack.lengths[:, None]] = stack.rows
    return padded
