"""What all baselines are: regressors on trials whose predictions are iterated into forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from sk_biornn._checks import check_count
from sk_biornn._feature_names import check_output_names
from sk_biornn.estimators._frames import as_frames, frames_of
from sk_biornn.estimators._future import inputs_to_come
from sk_biornn.estimators._next_inputs import columns_continued
from sk_biornn.estimators._numbers import mean_r2, read_numbers
from sk_biornn.estimators._running import blank_padding
from sk_biornn.estimators._targets import check_lengths_agree, check_weights, require_y
from sk_biornn.estimators._trials import Trials, check_trials

if TYPE_CHECKING:
    from sklearn.utils import Tags

Floats = NDArray[np.float64]


class TrialBaseline(RegressorMixin, BaseEstimator):
    """Checks trials and targets, and iterates what a baseline says of the next step.

    A baseline provides `_learn(trials, targets, weights)` and `_next(windows)`, which turns the
    last `_memory` frames, the latest first, into the outputs.
    """

    _memory = 1
    _has_feedback = True

    n_features_in_: int
    n_outputs_: int
    own_features_: NDArray[np.int64]

    def _learn(self, trials: Trials, targets: Floats, weights: Floats) -> None:
        raise NotImplementedError

    def _next(self, windows: Floats) -> Floats:
        raise NotImplementedError

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from trials.

        Parameters
        ----------
        X : array-like or list
            Trials: an array (n_trials, n_steps, n_features), in which trailing all-NaN steps are
            padding; or a list of (n_steps_i, n_features) arrays or data frames.
        y : array-like or list
            Targets at every step, (n_trials, n_steps, n_outputs), or a list of arrays: X one step
            later, usually. NaN or a masked entry is not scored.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial, or of each step. None: 1.

        Returns
        -------
        self : object
            The fitted baseline.

        Raises
        ------
        TypeError
            If an argument is of another type.
        ValueError
            If an argument does not fit.
        """
        before = dict(self.__dict__)
        try:
            return self._fit(X, y, sample_weight)
        except BaseException:  # what is refused leaves the baseline as it was
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        require_y(self, y)
        self._check_arguments()
        trials = self._trials(X, reset=True)
        values = self._targets(y, trials)
        check_output_names(self, y, reset=True)
        weights = _weights_of_steps(sample_weight, trials)
        values = np.where((weights > 0)[:, :, None], values, np.nan)
        _require_scored(values)
        self.n_outputs_ = values.shape[-1]
        if self._has_feedback:
            self.own_features_ = self._columns_continued()
        self._learn(trials, values, weights)
        return self

    def _columns_continued(self) -> NDArray[np.int64]:
        features = getattr(self, "_feature_labels", None)
        outputs = getattr(self, "output_names_", None)
        own = columns_continued(
            getattr(self, "feedback", None),
            self.n_features_in_,
            self.n_outputs_,
            features,
            outputs,
        )
        if own is None:
            raise ValueError(
                "feedback must say which column of X each output goes on from: "
                f"{self.n_outputs_} outputs and {self.n_features_in_} columns of X have neither "
                "the same names nor the same number."
            )
        return own

    def _check_arguments(self) -> None:
        """Check what the constructor was given."""

    def _trials(self, X: Any, *, reset: bool) -> Trials:
        trials = check_trials(self, X, reset=reset, n_static_steps=1)
        if trials.is_static:
            n_rows = trials.n_trials
            raise ValueError(
                "X must be (n_trials, n_steps, n_features), or a list of trials, got two axes: "
                f"pass X[None] if it is one trial of {n_rows} steps, or cut a recording with "
                "sk_biornn.datasets.cut_trials."
            )
        return trials

    def _targets(self, y: Any, trials: Trials) -> Floats:
        """Return targets (n_trials, n_steps, n_outputs), NaN where they are not scored."""
        values, _ = read_numbers(y, trials)
        if values.ndim != 3:
            raise ValueError(
                "y must have targets at every step, (n_trials, n_steps, n_outputs), got shape "
                f"{values.shape}; pass y[..., None] if it is one output at every step."
            )
        check_lengths_agree(trials, values, every_step=True)
        return np.where(trials.valid[:, :, None], values, np.nan)

    def predict(self, X: Any) -> Any:
        """Return the prediction at every step.

        Parameters
        ----------
        X : array-like or list
            Trials, as in `fit`.

        Returns
        -------
        ndarray of shape (n_trials, n_steps, n_outputs)
            Predictions; NaN after the end of a shorter trial. For a list X an object array of one
            array per trial.

        Raises
        ------
        NotFittedError
            If it has not been fitted.
        ValueError
            If X does not fit.
        """
        check_is_fitted(self)
        trials = self._trials(X, reset=False)
        return blank_padding(self._outputs(trials), trials)

    def _outputs(self, trials: Trials) -> NDArray[Any]:
        steps = np.arange(trials.n_steps)
        windows = trials.x.astype(np.float64)[:, earlier(steps, self._memory)]
        return self._next(windows).astype(trials.x.dtype)

    def forecast(self, X: Any, n_steps: int, *, future: Any = None) -> Any:
        """Return the outputs at the steps that follow the last one of each trial.

        Each prediction is the input of the next: the first one is what `predict` says at the last
        step of X, the second one what it says once that has been appended, and so on.

        Parameters
        ----------
        X : array-like, list or DataFrame
            What was measured so far, as in `fit`; a single frame of steps x features is one trial.
        n_steps : int
            How many steps.
        future : array-like of shape (n_trials, n_steps - 1, n_exogenous), list, DataFrame or \
None, default=None
            Inputs of the steps to come, or of more, of those columns of X that no output continues,
            in their order; or of all columns of X, of which these are taken. Frames are read by the
            names of their columns. None: there are no such columns, or none that is read.

        Returns
        -------
        ndarray of shape (n_trials, n_steps, n_outputs), or DataFrame, or list of DataFrames
            Forecasts; frames, whose index goes on where that of X ends, where X is one or some.

        Raises
        ------
        NotFittedError
            If it has not been fitted.
        TypeError
            If `n_steps` is no integer.
        ValueError
            If an argument does not fit.
        """
        check_is_fitted(self)
        frames = frames_of(X)
        trials = self._trials(X if frames is None else frames, reset=False)
        n_steps = check_count("n_steps", n_steps)
        outputs = self._go_on(trials, n_steps, self._future(future, trials, n_steps))
        if frames is None:
            return outputs
        names = getattr(self, "output_names_", None)
        if names is None and self._has_feedback:
            names = frames[0].columns[self.own_features_]
        return as_frames(outputs, frames, names, is_list=not isinstance(X, pd.DataFrame))

    def _go_on(self, trials: Trials, n_steps: int, inputs: Floats) -> NDArray[Any]:
        last = trials.valid.sum(axis=1) - 1
        rows = np.arange(trials.n_trials)[:, None]
        window = trials.x.astype(np.float64)[rows, earlier(last, self._memory)]
        outputs = np.empty((trials.n_trials, n_steps, self.n_outputs_))
        with np.errstate(over="ignore", invalid="ignore"):  # an unstable one grows without bound
            for step in range(n_steps):
                outputs[:, step] = self._next(window)
                if step + 1 < n_steps:
                    frame = inputs[:, step]
                    if self._has_feedback:
                        frame[:, self.own_features_] = outputs[:, step]
                    window = np.concatenate([frame[:, None], window[:, :-1]], axis=1)
            return outputs.astype(trials.x.dtype)

    def _reads(self) -> NDArray[np.bool_]:
        """Return which features the next step depends on."""
        raise NotImplementedError

    def _future(self, future: Any, trials: Trials, n_steps: int) -> Floats:
        """Return inputs (n_trials, n_steps - 1, n_features); those fed back are filled in later."""
        n_features = self.n_features_in_
        own = self.own_features_ if self._has_feedback else np.arange(0)
        others = np.setdiff1d(np.arange(n_features), own)
        shape = (trials.n_trials, n_steps - 1, n_features)
        if future is None and not self._reads()[others].any():
            return np.zeros(shape)
        names = vars(self).get("_feature_labels")
        return inputs_to_come(future, shape, others, names)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the coefficient of determination R^2, the mean over outputs.

        Parameters
        ----------
        X, y : array-like or list
            Trials and targets, as in `fit`; all steps of all trials are pooled, NaN is not scored.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial, or of each step. None: 1.

        Returns
        -------
        float
            1 - sum (y - prediction)^2 / sum (y - mean y)^2.

        Raises
        ------
        NotFittedError
            If it has not been fitted.
        ValueError
            If X or y does not fit.
        """
        check_is_fitted(self)
        trials = self._trials(X, reset=False)
        require_y(self, y)
        values = self._targets(y, trials)
        check_output_names(self, y, reset=False)
        if values.shape[-1] != self.n_outputs_:
            raise ValueError(
                f"y must have {self.n_outputs_} outputs, as in the fit, got shape {values.shape}."
            )
        weights = np.broadcast_to(
            _weights_of_steps(sample_weight, trials)[:, :, None], values.shape
        )
        _require_scored(np.where(weights > 0, values, np.nan))
        arrays = (values, self._outputs(trials), weights)
        return mean_r2(*(a.reshape(-1, self.n_outputs_) for a in arrays))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_outputs_")

    def __sklearn_tags__(self) -> Tags:
        """Say that trials are welcome, and tables are not."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = False
        tags.target_tags.two_d_labels = False
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags


def _weights_of_steps(sample_weight: Any, trials: Trials) -> Floats:
    """Return the weight of every step, (n_trials, n_steps)."""
    weights = check_weights(sample_weight, trials, every_step=True)
    of_steps = np.broadcast_to(weights.reshape(len(weights), -1), trials.x.shape[:2])
    return of_steps.astype(np.float64)


def _require_scored(values: Floats) -> None:
    """Raise if no target in a step of positive weight is a number."""
    if not np.isfinite(values).any():
        raise ValueError(
            "y must have at least one entry that is not NaN in steps of positive "
            "sample_weight, got none."
        )


def earlier(steps: NDArray[np.int64], memory: int) -> NDArray[np.int64]:
    """Return the last `memory` frames of each step, the latest first.

    Frames before the first one of a trial are like the first one.
    """
    return np.maximum(steps[:, None] - np.arange(memory), 0)


def reads_own(baseline: TrialBaseline) -> NDArray[np.bool_]:
    """Return the features that a baseline reads which reads none but own ones."""
    reads = np.zeros(baseline.n_features_in_, dtype=bool)
    reads[baseline.own_features_] = True
    return reads
