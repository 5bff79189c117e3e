"""What makes a network a regressor: numbers in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from sk_biornn._checks import check_flag
from sk_biornn._feature_names import check_output_names
from sk_biornn.core import alone, squared_error
from sk_biornn.core.observations import OBSERVATIONS
from sk_biornn.estimators._base import BaseRNN
from sk_biornn.estimators._continued import ContinuedRNN
from sk_biornn.estimators._numbers import mean_r2, read_numbers
from sk_biornn.estimators._running import blank_padding
from sk_biornn.estimators._state import FitState
from sk_biornn.estimators._target_checks import (
    refuse_recording,
    refuse_the_unobservable,
    warn_of_far_targets,
    warn_of_steps_as_outputs,
)
from sk_biornn.estimators._targets import (
    Targets,
    check_lengths_agree,
    check_weights,
    refuse_nothing_judged,
    require_y,
    weights_of_entries,
)
from sk_biornn.estimators._trials import Trials

if TYPE_CHECKING:
    from sklearn.utils import Tags


@dataclass(kw_only=True, eq=False, repr=False)
class RNNRegressor(RegressorMixin, ContinuedRNN, BaseRNN):
    """Adds numeric targets, of which some may be missing, to the base."""

    output_activation: str = "identity"
    # what outputs stand for
    observation: str = "gaussian"
    calcium_tau: Any = None
    # outputs that are the next inputs
    predict_increments: bool = False
    readout_skip: str | None = None
    burn_in: int = 0
    horizon: int = 1
    teacher_forcing: Any = 1.0
    feedback: Any = None

    _loss = staticmethod(squared_error)

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        validation: Any = None,
        validation_groups: Any = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like or list
            Trials: an array (n_trials, n_steps, n_features), in which trailing all-NaN steps are
            padding; a list of (n_steps_i, n_features) arrays; or (n_trials, n_features), one
            static stimulus per trial, held for `n_static_steps` steps.
        y : array-like or list
            Targets: (n_trials,) or (n_trials, n_outputs), compared at the last step of a trial;
            (n_trials, n_steps, n_outputs), compared at every step (a list of arrays for trials of
            unequal length). NaN or a masked entry is not scored. (n_trials, 1, n_outputs) are those
            of the last step too, and say so where there are as many outputs as steps.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial in the loss; a trial of weight 0 is as if it were not there. Or,
            with targets per step, weight of each step (a list of arrays for trials of unequal
            length): a step of weight 0 is not judged, and penalties on activity do not ask for it.
            None: 1.
        validation : tuple (X, y) or None, default=None
            Trials and targets on which `early_stopping` judges; all of `X` is then for training. A
            pipeline does not transform them: use `validation_groups` there.
        validation_groups : array-like of shape (n_trials,) or None, default=None
            A label per trial, its session or animal for instance: `early_stopping` then holds out
            `validation_fraction` of the groups, each as a whole.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument does not fit (its name, what was expected and what came are said), or if
            the loss becomes non-finite. Two-dimensional X and y whose rows are the steps of one
            recording do not fit: rows with times, y that is X some steps later, or tables of 10
            times more rows than columns whose rows are like the one before (r > 0.5).
        TypeError
            If an argument is of another type.

        Warns
        -----
        UserWarning
            If y has as many outputs at the last step as X has steps, or targets whose mean is far
            beyond the reach of the read-out. If a feature of trials has a mean further from 0 than
            10, and than 10 of its standard deviations, or if validation trials are on another scale
            than those of training.
        """
        held_out = {"validation": validation, "validation_groups": validation_groups}
        return alone(self._epochs_of_fit(X, y, sample_weight, **held_out))

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch, from the weights as they are.

        It does not prune; after a fit that did, it goes on under the pruned mask.

        Parameters
        ----------
        X, y : array-like
            Trials and targets, as in `fit`.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial, or of each step, as in `fit`. None: 1.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If an argument does not fit, or with `early_stopping=True`.
        """
        if check_flag("early_stopping", self.early_stopping):
            raise ValueError("partial_fit does not support early_stopping=True.")
        resume = hasattr(self, "W_rec_")
        return self._fit(X, y, sample_weight, resume=resume, max_iter=1, may_prune=False)

    @classmethod
    def from_weights(
        cls,
        W_rec: Any,
        W_in: Any,
        W_out: Any,
        b_rec: Any = None,
        b_out: Any = None,
        *,
        every_step: bool = True,
        observation_parameters: Any = None,
        **parameters: Any,
    ) -> Self:
        """Return an estimator that is as if a fit had left these weights.

        Parameters
        ----------
        W_rec : array-like or sparse matrix of shape (n_units, n_units)
            Recurrent weights W[post, pre]; the entries of a sparse one are the mask, unless `mask`
            is given.
        W_in : array-like of shape (n_units, n_features)
            Input weights.
        W_out : array-like of shape (n_outputs, n_units)
            Read-out weights.
        b_rec : array-like of shape (n_units,) or None, default=None
            Biases of the units; None: 0.
        b_out : array-like of shape (n_outputs,) or None, default=None
            Biases of the read-out; None: 0.
        every_step : bool, default=True
            Whether predictions, and the targets of further training, are those of every step, or
            of the last one.
        observation_parameters : DataFrame, array-like of shape (n_parameters, n_outputs) or None, \
default=None
            Parameters of the distribution that `observation` names, as `observation_` shows them.
            None: all are 1.
        **parameters : object
            Arguments of the constructor; `n_units` is that of the weights.

        Returns
        -------
        object
            The fitted estimator; it predicts, is saved, and can be trained further.

        Raises
        ------
        ValueError
            If shapes do not fit together, or weights contradict the signs and masks of the
            arguments.

        Examples
        --------
        >>> import numpy as np
        >>> from sk_biornn import DaleRNNRegressor
        >>> reg = DaleRNNRegressor.from_weights(
        ...     W_rec=[[0.0, -0.5], [0.5, 0.0]], W_in=[[1.0], [0.0]],
        ...     W_out=[[0.0, 1.0]], signs=[1, -1],
        ... )
        >>> reg.predict(np.ones((1, 3, 1)))[0, :, 0].round(3).tolist()
        [0.0, 0.363, 0.363]
        """
        given = {"w_in": W_in, "w_rec": W_rec, "b_rec": b_rec, "w_out": W_out, "b_out": b_out}
        shape = (check_flag("every_step", every_step), len(np.atleast_2d(W_out)), False)
        network = cls._of_weights(given, parameters, _target_shape=shape)
        return network._observe_as_given(observation_parameters)

    def _check_targets(self, y: Any, trials: Trials, *, resume: bool) -> Targets:
        require_y(self, y)
        values, n_axes = read_numbers(y, trials)
        every_step = values.ndim == 3
        check_lengths_agree(trials, values, every_step)
        check_output_names(self, y, reset=not resume)
        if n_axes == 2 and trials.is_static:
            refuse_recording(trials, values)
        if n_axes == 2 and not resume:
            warn_of_steps_as_outputs(trials, values)
        shape = (every_step, values.shape[-1], n_axes == 1)
        if not resume:
            self._target_shape = shape
        elif shape[:2] != self._target_shape[:2]:
            raise ValueError(
                f"y must have {self._target_shape[1]} output(s), at "
                f"{'every step' if self._target_shape[0] else 'the last step'}, as in the earlier "
                f"fit, got shape {values.shape}."
            )
        if self._continues_inputs() or self._is_in_loop():
            self._columns_continued(self._needs_columns())
        scored = np.isfinite(values)
        if every_step:
            scored &= trials.valid[:, :, None]
        if not scored.any():
            raise ValueError("y must have at least one entry that is not NaN.")
        if every_step and not resume:
            self._warn_of_next_inputs(trials, values, scored)
        scored = self._without_burn_in(scored, every_step)
        dtype = trials.x.dtype
        if np.abs(values[scored]).max() > np.finfo(dtype).max:
            raise ValueError(
                f"y must be within the range of {dtype}, the dtype of X, got values up to "
                f"{np.abs(values[scored]).max():.3g}."
            )
        refuse_the_unobservable(OBSERVATIONS[self.observation], values, scored)
        return Targets(
            np.where(scored, values, 0).astype(dtype),
            scored.astype(dtype),
            every_step,
            values.shape[-1],
        )

    def _with_weights(
        self, state: FitState, targets: Targets, dtype: Any, resume: bool
    ) -> FitState:
        """Tell of targets that the read-out will not reach from where it starts.

        With a warm start where it goes on: before that, weights may be replaced.
        """
        state = super()._with_weights(state, targets, dtype, resume)
        is_start = resume == self.warm_start
        if is_start and self.observation == "gaussian" and not self._continues_inputs():
            n_trials = len(targets.values)
            n_batches = np.ceil(n_trials / self._optimisation(n_trials).batch_size)
            n_moves = float(self.learning_rate_init) * self.max_iter * n_batches
            warn_of_far_targets(targets, state.weights["w_out"], state.weights["b_out"], n_moves)
        return state

    def _transform(self, outputs: torch.Tensor) -> torch.Tensor:
        return torch.tanh(outputs) if self.output_activation == "tanh" else outputs

    def _score_outputs(self, outputs: np.ndarray, targets: Targets) -> float:
        outputs = self._squash(outputs)
        weights = targets.weights.reshape(-1, targets.n_outputs)
        values = np.where(targets.weights > 0, targets.values, np.nan)
        flat = (a.reshape(-1, targets.n_outputs) for a in (values, outputs, weights))
        return mean_r2(*flat)

    def _check_held_out(self, held: Targets, way_out: str) -> None:
        scored = (held.weights.reshape(-1, held.n_outputs) > 0).sum(axis=0)
        if scored.min() < 2:
            raise ValueError(
                "early_stopping needs at least 2 scored validation entries per output for R^2, got "
                f"{scored.min()}; {way_out}."
            )

    def _squash(self, outputs: np.ndarray) -> np.ndarray:
        return np.tanh(outputs) if self.output_activation == "tanh" else outputs

    def predict(self, X: Any) -> Any:
        """Return the read-out of each trial, or of each step: the mean of what is observed.

        Parameters
        ----------
        X : array-like or list
            Trials, as in `fit`.

        Returns
        -------
        ndarray of shape (n_trials,), (n_trials, n_outputs) or (n_trials, n_steps, n_outputs)
            Predictions, in the shape of the targets of `fit`; NaN after the end of a shorter trial
            (an object array of one array per trial for a list X with targets at every step).

        Raises
        ------
        ValueError
            If X does not fit the fitted network.
        """
        check_is_fitted(self, "W_rec_")
        every_step, _, flat = self._target_shape
        outputs, trials = self._run(X, every_step)
        outputs = self._means(self._squash(outputs))
        if every_step:
            return blank_padding(outputs, trials)
        return outputs[:, 0] if flat else outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the coefficient of determination R^2, the mean over outputs.

        With an `observation` other than "gaussian" it is D^2, the share of the deviance explained:
        that of `d2_tweedie_score` of scikit-learn for "poisson" and "gamma", of `d2_log_loss_score`
        for "bernoulli", and for "zero_inflated_gamma" 1 - exp(2 (l_0 - l)) of the mean
        log-likelihoods of the network (l) and of the mean of y (l_0).

        With targets at every step, searches take it by default, or ``bio_scoring("step_r2")`` and
        the like (`sk_biornn.metrics`); scikit-learn's own scorers do not know of steps.

        Parameters
        ----------
        X : array-like or list
            Trials, as in `fit`.
        y : array-like or list
            Targets, as in `fit`; with targets at every step all steps of all trials are pooled.
            NaN is not scored.
        sample_weight : array-like of shape (n_trials,) or (n_trials, n_steps), list or None
            Weight of each trial, or of each step, as in `fit`. None: 1.

        Returns
        -------
        float
            1 - sum (y - prediction)^2 / sum (y - mean y)^2, or D^2.

        Raises
        ------
        ValueError
            If X or y does not fit.
        """
        check_is_fitted(self, "W_rec_")
        require_y(self, y)
        every_step, n_outputs, _ = self._target_shape
        outputs, trials = self._run(X, every_step)
        outputs, (values, _) = self._squash(outputs), read_numbers(y, trials)
        check_output_names(self, y, reset=False)
        if values.shape != outputs.shape:
            raise ValueError(f"y must have shape {outputs.shape}, got shape {values.shape}.")
        weights = check_weights(sample_weight, trials, every_step)
        per_entry = np.broadcast_to(weights_of_entries(weights, values.ndim), values.shape)
        if every_step:
            values = np.where(trials.valid[:, :, None], values, np.nan)
            is_judged = self._without_burn_in(np.isfinite(values), every_step)
            values = np.where(is_judged, values, np.nan)
        scored = np.isfinite(values) & (per_entry > 0)
        refuse_nothing_judged(scored)
        if self._model().name != "gaussian":
            refuse_the_unobservable(self._model(), values, scored)
            return self._d2(outputs, values, np.where(scored, per_entry, 0), self._own())
        return mean_r2(*(a.reshape(-1, n_outputs) for a in (values, outputs, per_entry)))

    def __sklearn_tags__(self) -> Tags:
        """Say that several outputs are welcome."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
