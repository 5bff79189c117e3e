"""Features to mean 0 and standard deviation 1, over all steps of the training trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from sk_biornn._checks import check_flag
from sk_biornn.preprocessing._output import ChoosesOutput
from sk_biornn.preprocessing._stack import stacked

if TYPE_CHECKING:
    from sklearn.utils import Tags


class TrialScaler(  # type: ignore[call-arg]  # the stubs know no keyword
    ChoosesOutput, OneToOneFeatureMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Shifts and scales every feature by its mean and deviation over all steps of all trials.

    It is scikit-learn's `StandardScaler` on the steps of the training trials, one below the other:
    ``(x - mean_) / scale_``. What is learnt of the training trials is applied to others, so that a
    cross-validated pipeline scales test trials by what is known of the training trials alone.

    Parameters
    ----------
    with_mean : bool, default=True
        Subtract the mean.
    with_std : bool, default=True
        Divide by the standard deviation; a constant feature is not divided.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,) or None
        Mean of each feature; None if neither is asked for.
    var_ : ndarray of shape (n_features,) or None
        Variance of each feature; None without `with_std`.
    scale_ : ndarray of shape (n_features,) or None
        What each feature is divided by; None without `with_std`.
    n_samples_seen_ : int or ndarray of int of shape (n_features,)
        Number of steps; of each feature where some are NaN.
    n_features_in_ : int
        Number of features: the last axis of X.
    feature_names_in_ : ndarray of str
        Names of the features, when X was a data frame, or a list of them.

    Raises
    ------
    TypeError
        By `fit`, if an argument is of another type.
    ValueError
        By `fit`, if X does not fit, or has a feature without any value.

    See Also
    --------
    TrialTargetRegressor : Scales the targets.

    Notes
    -----
    NaN takes no part in mean and deviation and stays where it is, and with it the padding of
    shorter trials. Frames come back as frames, lists as lists of what was in them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.datasets import make_flip_flop
    >>> from sk_biornn.preprocessing import TrialScaler
    >>> X, y = make_flip_flop(60, n_steps=20, random_state=0)
    >>> scaled = TrialScaler().fit_transform(7 + 3 * X)
    >>> (
    ...     scaled.shape, bool(abs(scaled.mean()) < 1e-6),
    ...     round(float(scaled.std()), 3),
    ... )
    ((60, 20, 1), True, 1.0)
    >>> network = DaleRNNRegressor(n_units=8, max_iter=2, random_state=0)
    >>> make_pipeline(TrialScaler(), network).fit(X, y).predict(X).shape
    (60, 20, 1)
    """

    def __init__(self, with_mean: bool = True, with_std: bool = True) -> None:
        self.with_mean = with_mean
        self.with_std = with_std

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn mean and deviation of every feature.

        Parameters
        ----------
        X : array-like or list
            Trials: (n_trials, n_steps, n_features), (n_trials, n_features), or a list of
            (n_steps_i, n_features) arrays or frames.
        y : None
            Not used.

        Returns
        -------
        TrialScaler
            The scaler itself.

        Raises
        ------
        ValueError
            If X does not fit.
        """
        return self._learn(StandardScaler().set_output(transform="default"), X, reset=True)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Learn from further trials, as if they had come with those before.

        Parameters
        ----------
        X : array-like or list
            Trials, as in `fit`.
        y : None
            Not used.

        Returns
        -------
        TrialScaler
            The scaler itself.

        Raises
        ------
        ValueError
            If X does not fit.
        """
        if not hasattr(self, "_scaler"):
            return self.fit(X)
        return self._learn(self._scaler, X, reset=False)

    def _learn(self, scaler: StandardScaler, X: Any, *, reset: bool) -> Self:
        scaler.set_params(
            with_mean=check_flag("with_mean", self.with_mean),
            with_std=check_flag("with_std", self.with_std),
        )
        rows = stacked(self, X, reset=reset, rows_may_be_time=True).rows
        if reset and np.isnan(rows).all(axis=0).any():
            empty = int(np.argmax(np.isnan(rows).all(axis=0)))
            raise ValueError(
                f"X must have a value in every feature, got only NaN in feature {empty}."
            )
        self._scaler = scaler.partial_fit(rows)
        for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
            setattr(self, name, getattr(scaler, name, None))
        return self

    def transform(self, X: Any) -> Any:
        """Shift and scale trials.

        Parameters
        ----------
        X : array-like or list
            Trials, as in `fit`.

        Returns
        -------
        ndarray, DataFrame or list
            The trials in the container in which they came; see `set_output`.

        Raises
        ------
        NotFittedError
            If the scaler has not been fitted.
        ValueError
            If X does not fit.
        """
        check_is_fitted(self, "_scaler")
        stack = stacked(self, X, reset=False, rows_may_be_time=True)
        scaled = stack.as_they_came(self._scaler.transform(stack.rows))
        return self._handed_over(scaled, self.get_feature_names_out())

    def inverse_transform(self, X: Any) -> Any:
        """Turn scaled trials, or what was predicted of them, back.

        Parameters
        ----------
        X : array-like or list
            Scaled trials, as `transform` returns them.

        Returns
        -------
        ndarray, DataFrame or list
            Trials in the unit of those of `fit`.

        Raises
        ------
        NotFittedError
            If the scaler has not been fitted.
        ValueError
            If X does not fit.
        """
        check_is_fitted(self, "_scaler")
        stack = stacked(self, X, reset=False, named=False, rows_may_be_time=True)
        return stack.as_they_came(self._scaler.inverse_transform(stack.rows))

    def __sklearn_tags__(self) -> Tags:
        """Say that NaN and three axes are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
