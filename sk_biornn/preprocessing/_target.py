"""Targets that are scaled for training, and predictions in the unit of the targets."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sk_biornn._callbacks import WithCallbacks, all_handed_to, callbacks_ended, task_of_fit
from sk_biornn._feature_names import check_output_names
from sk_biornn._plain import plain, refuse_sparse, short, without_mask
from sk_biornn.preprocessing._scaler import TrialScaler

if TYPE_CHECKING:
    from sklearn.utils import Tags


_APART = 1e-3  # of a deviation: what comes back at every step in other units adds up


def _has_activity(meta: Any) -> bool:
    return hasattr(getattr(meta, "regressor_", meta.regressor), "hidden_states")


def _forecasts(meta: Any) -> bool:
    regressor = getattr(meta, "regressor_", meta.regressor)
    return hasattr(_with_its_steps(regressor)[1], "forecast")


class TrialTargetRegressor(WithCallbacks, RegressorMixin, MetaEstimatorMixin, BaseEstimator):
    """Trains a regressor on scaled targets, and gives its predictions in their own unit.

    It is scikit-learn's `TransformedTargetRegressor` for targets at every step, lists of trials of
    unequal length and entries that are not scored (NaN), none of which that one scores.

    Parameters
    ----------
    regressor : estimator
        A regressor, or a pipeline that ends with one.
    transformer : transformer or None, default=None
        What scales the targets; None: `TrialScaler()`.

    Attributes
    ----------
    regressor_ : estimator
        The fitted regressor, whose outputs are scaled.
    transformer_ : transformer
        The fitted transformer.
    n_features_in_ : int
        Number of features that the regressor takes.
    feature_names_in_ : ndarray of str
        Names of the features, when X was a data frame, or a list of them.
    output_names_ : ndarray of str
        Names of the outputs, when y was a data frame, or a list of them.

    Raises
    ------
    TypeError
        By `fit`, as the regressor does.
    ValueError
        By `fit`, as the regressor and the transformer do.

    See Also
    --------
    TrialScaler : What scales the targets.

    Examples
    --------
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.datasets import make_flip_flop
    >>> from sk_biornn.preprocessing import TrialTargetRegressor
    >>> X, y = make_flip_flop(60, n_steps=20, random_state=0)
    >>> network = DaleRNNRegressor(
    ...     n_units=8, max_iter=60, learning_rate_init=0.01, random_state=0
    ... )
    >>> scaled = TrialTargetRegressor(network).fit(X, 100 + y)
    >>> float(scaled.predict(X).mean().round())  # the mean of 100 + y
    100.0
    """

    def __init__(self, regressor: Any, transformer: Any = None) -> None:
        self.regressor = regressor
        self.transformer = transformer

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Self:
        """Scale the targets, and fit the regressor on them.

        Parameters
        ----------
        X : array-like or list
            Trials, as the regressor takes them.
        y : array-like or list
            Targets, as the regressor takes them.
        **fit_params : object
            Handed to the regressor's `fit`, or to that of the last step of a pipeline; the targets
            in ``validation=(X, y)`` are scaled too. A pipeline takes no `validation` here, as its
            steps would not transform it; `validation_groups` it does take.

        Returns
        -------
        TrialTargetRegressor
            The regressor itself.

        Raises
        ------
        TypeError
            If `regressor` is none.
        ValueError
            If X or y does not fit, or `validation` is given to a pipeline.
        """
        if y is None:
            raise ValueError(
                "This TrialTargetRegressor requires y to be passed, but the target y is None."
            )
        _require_regressor(self.regressor)
        check_output_names(self, y, reset=True)
        transformer = TrialScaler() if self.transformer is None else clone(self.transformer)
        given, y = y, _without_hidden(y)
        is_frozen = isinstance(transformer, FrozenEstimator)  # whose fit is another's, and wants y
        self.transformer_ = transformer if is_frozen else transformer.fit(_column(y))
        handed = {
            name: self._with_scaled_targets(value) if name.endswith("validation") else value
            for name, value in _for_steps(self.regressor, fit_params).items()
        }
        self.regressor_ = clone(self.regressor)
        with callbacks_ended(self):
            task = task_of_fit(self, X, given, fit_params.get("sample_weight"), n_parts=1)
            inner = None if task is None else task.part("fit of the regressor")
            with all_handed_to([inner], [self.regressor_]):
                self.regressor_.fit(X, self._scaled(y), **handed)
            if task is not None:
                task.end()
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
            if hasattr(self.regressor_, name):
                setattr(self, name, getattr(self.regressor_, name))
        return self

    def predict(self, X: Any) -> Any:
        """Return predictions in the unit of the targets.

        Parameters
        ----------
        X : array-like or list
            Trials.

        Returns
        -------
        ndarray
            In the shape of the regressor's own predictions.

        Raises
        ------
        NotFittedError
            If the regressor has not been fitted.
        ValueError
            If X does not fit.
        """
        check_is_fitted(self, "regressor_")
        scaled = self.regressor_.predict(X)
        if _is_flat(scaled):
            return self.transformer_.inverse_transform(np.reshape(scaled, (-1, 1)))[:, 0]
        found = self.transformer_.inverse_transform(scaled)
        if not isinstance(found, list):
            return found
        trials = np.empty(len(found), dtype=object)
        trials[:] = found
        return trials

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the regressor's R^2 on scaled targets.

        Parameters
        ----------
        X, y : array-like or list
            Trials, and targets in their own unit.
        sample_weight : array-like of shape (n_trials,) or None, default=None
            Weight of each trial.

        Returns
        -------
        float
            R^2, which a shift and a scale of each output leave as it is; a `transformer` that does
            more gives that of transformed targets.

        Raises
        ------
        NotFittedError
            If the regressor has not been fitted.
        ValueError
            If X or y does not fit.
        """
        check_is_fitted(self, "regressor_")
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(self.regressor_.score(X, self._scaled(y), **weights))

    @available_if(_has_activity)
    def hidden_states(self, X: Any, kind: str = "state") -> Any:
        """Return the activity of the units of the network.

        Parameters
        ----------
        X : array-like or list
            Trials.
        kind : {"state", "rate"}, default="state"
            The states, or the rates that are fed back.

        Returns
        -------
        ndarray of shape (n_trials, n_steps, n_units)
            As the network returns it.

        Raises
        ------
        NotFittedError
            If the regressor has not been fitted.
        ValueError
            If X does not fit, or `kind` is unknown.
        """
        check_is_fitted(self, "regressor_")
        return self.regressor_.hidden_states(X, kind)

    @available_if(_forecasts)
    def forecast(self, X: Any, n_steps: int, *, future: Any = None) -> Any:
        """Go on from where trials end, in the unit of the targets.

        Outputs come back as inputs as they are, scaled, so that one scaler must serve both: that of
        ``scaler = FrozenEstimator(TrialScaler().fit(X_train))`` as `transformer` and as first step
        of a pipeline, for instance.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Trials.
        n_steps : int
            How many steps to forecast.
        future : array-like, list or DataFrame, or None, default=None
            Inputs of the steps to come, as the regressor takes them; where that is a pipeline, of
            all columns of X, in their own unit.

        Returns
        -------
        ndarray of shape (n_trials, n_steps, n_outputs), or DataFrame, or list of DataFrames
            As the regressor returns it, in the unit of the targets.

        Raises
        ------
        NotFittedError
            If the regressor has not been fitted.
        ValueError
            As the regressor does, or if inputs and targets are scaled differently.
        """
        check_is_fitted(self, "regressor_")
        steps, network = _with_its_steps(self.regressor_)
        self._refuse_other_units(steps, network)
        if steps is not None:
            X = steps.transform(X)
            future = None if future is None else steps.transform(future)
        return self.transformer_.inverse_transform(network.forecast(X, n_steps, future=future))

    def _refuse_other_units(self, steps: Any, network: Any) -> None:
        """Raise if what comes out of the network is in other units than what goes in."""
        own = network._columns_continued("a forecast")
        outputs = np.repeat([[[-1.0]], [[1.0]]], len(own), axis=2)
        with warnings.catch_warnings():  # of names, which arrays do not have
            warnings.filterwarnings("ignore", "X does not have valid feature names")
            measured = self.transformer_.inverse_transform(outputs)
            inputs = np.zeros((2, 1, self.n_features_in_))
            inputs[:, :, own] = measured
            inputs = inputs if steps is None else steps.transform(inputs)
        ends = np.asarray(inputs)[:, 0, own]
        apart = np.abs(ends - outputs[:, 0]).max(axis=0)
        worst = int(apart.argmax())
        if apart[worst] > _APART:
            low, high = ends[:, worst]
            raise ValueError(
                "transformer must be that which scales the inputs, to which outputs come back in a "
                f"forecast, but -1 and 1 of output {worst} are inputs of {low:.3f} and {high:.3f}: "
                "give both FrozenEstimator(scaler) of scikit-learn, or scale the recording before "
                "it is cut."
            )

    def _with_scaled_targets(self, validation: Any) -> Any:
        if not isinstance(validation, (tuple, list)) or len(validation) != 2:
            return validation  # refused by the regressor
        return validation[0], self._scaled(validation[1])

    def _scaled(self, y: Any) -> Any:
        check_output_names(self, y, reset=False)
        y = _without_hidden(y)
        with warnings.catch_warnings():  # of names, which the line above has compared
            warnings.filterwarnings("ignore", "X (does not have valid|has) feature names")
            scaled = self.transformer_.transform(_column(y))
        return scaled[:, 0] if _is_flat(y) else scaled

    def __sklearn_tags__(self) -> Tags:
        """Take what the regressor takes."""
        tags = super().__sklearn_tags__()
        inner = get_tags(self.regressor)
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        tags.regressor_tags = inner.regressor_tags
        return tags


def _with_its_steps(regressor: Any) -> tuple[Any, Any]:
    """Return what a pipeline does before its regressor, None if it does nothing, and that."""
    if not hasattr(regressor, "steps"):
        return None, regressor
    return (regressor[:-1] if len(regressor.steps) > 1 else None), regressor[-1]


def _require_regressor(regressor: Any) -> None:
    if isinstance(regressor, type) or not hasattr(regressor, "fit") or not is_regressor(regressor):
        raise TypeError(
            "regressor must be a regressor, or a pipeline that ends with one, whose targets are "
            f"numbers that can be scaled, got {short(regressor)}."
        )


def _for_steps(regressor: Any, fit_params: dict[str, Any]) -> dict[str, Any]:
    """Return arguments of `fit` as a pipeline takes them: by the name of the step they are for."""
    if not hasattr(regressor, "steps") or get_config()["enable_metadata_routing"]:
        return fit_params
    last = regressor.steps[-1][0]
    if fit_params.get("validation") is not None:
        raise ValueError(
            "validation must be None where regressor is a pipeline, whose steps would not transform"
            " it; pass validation_groups=, or transformed trials and their targets as "
            f"{last}__validation=."
        )
    return {
        name if "__" in name else f"{last}__{name}": value for name, value in fit_params.items()
    }


def _without_hidden(y: Any) -> Any:
    """Return targets with NaN, which is not scored, where a mask hides an entry."""
    refuse_sparse(y, "y")
    y = without_mask(plain(y, "y"), np.nan, np.float64)
    return y if isinstance(y, (list, tuple)) or hasattr(y, "columns") else np.asarray(y)


def _is_flat(y: Any) -> bool:
    """Whether there is a number per trial."""
    if isinstance(y, (list, tuple)) or (isinstance(y, np.ndarray) and y.dtype == object):
        return len(y) > 0 and all(np.ndim(item) == 0 for item in y)
    return np.ndim(y) == 1


def _column(y: Any) -> Any:
    """Return a number per trial as a table of one column; other targets as they are."""
    return np.reshape(y, (-1, 1)) if _is_flat(y) else y
