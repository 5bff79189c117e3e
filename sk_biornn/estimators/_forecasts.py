"""Forecasts: a network that goes on by itself from where its trials end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sk_biornn._checks import check_count, is_number, refusal
from sk_biornn._plain import real_array
from sk_biornn.core import computing
from sk_biornn.core.closed_loop import run_in_loop
from sk_biornn.core.given import Given
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._frames import as_frames, frames_of
from sk_biornn.estimators._future import inputs_to_come
from sk_biornn.estimators._living import LivingRNN
from sk_biornn.estimators._next_inputs import columns_continued
from sk_biornn.estimators._observing import Observing
from sk_biornn.estimators._trials import Trials, check_trials

_FLOATS = 2**24  # rates and outputs that are held at once


class ForecastingRNN(LivingRNN):
    """Feeds outputs back as inputs, where they are the next ones."""

    def _columns_continued(self, asked_by: str | None = None) -> NDArray[np.int64] | None:
        """Return the column of X that each output continues; refuse if `asked_by` needs them."""
        every_step, n_outputs, _ = self._target_shape
        own = columns_continued(
            self.feedback,
            self.n_features_in_,
            n_outputs,
            self._names_of_columns(),
            getattr(self, "output_names_", None),
        )
        if asked_by is None:
            return own
        if not every_step:
            raise ValueError(
                f"{asked_by} needs targets at every step, whose outputs are the next inputs; got "
                "targets at the last step."
            )
        if self.output_activation != "identity":
            raise ValueError(
                f"output_activation must be 'identity' for {asked_by}, whose outputs continue "
                f"columns of X, got {self.output_activation!r}."
            )
        if own is None:
            raise ValueError(
                f"feedback must say which column of X each output continues for {asked_by}: "
                f"{self._why_not_continued(n_outputs)}."
            )
        return own

    def _names_of_columns(self) -> Sequence[str] | None:
        """Return the names of the columns of X, numbers too; None where there are none."""
        names = vars(self).get("_feature_labels")
        return getattr(self, "feature_names_in_", None) if names is None else names

    def _why_not_continued(self, n_outputs: int) -> str:
        outputs, columns = getattr(self, "output_names_", None), self._names_of_columns()
        if outputs is not None and columns is not None:
            unknown = [str(name) for name in outputs if str(name) not in columns]
            return f"no column of X has the name of the output {unknown[0]!r}"
        return f"X has {self.n_features_in_} columns and y has {n_outputs}"

    def forecast(self, X: Any, n_steps: int, *, future: Any = None) -> Any:
        """Go on by itself from where trials end: outputs are fed back as the next inputs.

        The network is warmed up on X, once, and then given its own predictions. The first step of
        a forecast is what `predict` says at the last step of a trial.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_steps, n_features), list, or DataFrame
            What was measured so far, as in `fit`; trials may be of unequal length. A single frame
            of steps x features is one trial.
        n_steps : int
            How many steps to forecast.
        future : array-like of shape (n_trials, n_steps - 1, n_exogenous), list, DataFrame or \
None, default=None
            Inputs of the steps to come, or of more, of those columns of X that no output continues,
            in their order; or of all columns of X, of which these are taken. Frames are read by the
            names of their columns. None: there are no such columns.

        Returns
        -------
        ndarray of shape (n_trials, n_steps, n_outputs), or DataFrame, or list of DataFrames
            Forecasts; frames, whose index goes on where that of X ends, where X is one or some.

        Raises
        ------
        ValueError
            If outputs do not continue columns of X (`feedback`), if inputs of the future are
            missing, or if the network becomes unstable.

        Notes
        -----
        Outputs come back as inputs as they are, so that both must be in one unit: scale a recording
        before it is cut into trials. A pipeline has no ``forecast``; a
        `sk_biornn.preprocessing.TrialTargetRegressor` with one scaler for X and y does.

        Examples
        --------
        >>> import numpy as np
        >>> from sk_biornn import DaleRNNRegressor
        >>> wave = np.sin(np.arange(201) / 8).reshape(-1, 1)
        >>> X = np.stack([wave[k : k + 40] for k in range(0, 160, 4)])
        >>> y = np.stack([wave[k + 1 : k + 41] for k in range(0, 160, 4)])
        >>> reg = DaleRNNRegressor(
        ...     n_units=16, predict_increments=True, readout_skip="diagonal",
        ...     horizon=10, burn_in=10, max_iter=150, learning_rate_init=5e-3,
        ...     random_state=0,
        ... ).fit(X, y)
        >>> ahead = reg.forecast(X[:1], 10)[0, :, 0]
        >>> # the correlation of forecast and wave
        >>> round(float(np.corrcoef(ahead, wave[40:50, 0])[0, 1]), 2)
        1.0
        """
        check_is_fitted(self, "W_rec_")
        n_steps = check_count("n_steps", n_steps, low=1)
        frames = frames_of(X)
        trials = check_trials(
            self, X if frames is None else frames, reset=False, n_static_steps=self.n_static_steps
        )
        forecasts = self._go_on(trials, n_steps, future, None)
        if frames is None:
            return forecasts
        own = self._columns_continued()
        assert own is not None
        names = getattr(self, "output_names_", frames[0].columns[own])
        return as_frames(forecasts, frames, names, is_list=not isinstance(X, pd.DataFrame))

    def free_run(
        self, first: Any, n_steps: int, *, initial_state: Any = None, future: Any = None
    ) -> NDArray[Any]:
        """Run from one input and one state of the network, and from then on by itself.

        Parameters
        ----------
        first : array-like or DataFrame of shape (n_trials, n_features)
            The first input of each trial.
        n_steps : int
            How many steps to run.
        initial_state : array-like of shape (n_units,) or (n_trials, n_units), or None, default=None
            Rates r_0 before the first step; None: those that were learned (`initial_state`), or 0.
        future : array-like or None, default=None
            Inputs of the later steps that no output continues, as in `forecast`.

        Returns
        -------
        ndarray of shape (n_trials, n_steps, n_outputs)
            Outputs of all steps.

        Raises
        ------
        ValueError
            As `forecast`, or if the state does not fit.
        """
        check_is_fitted(self, "W_rec_")
        n_steps = check_count("n_steps", n_steps, low=1)
        trials = check_trials(self, self._read_first(first), reset=False, n_static_steps=1)
        return self._go_on(trials, n_steps, future, self._read_state(initial_state, trials))

    def _read_first(self, first: Any) -> Any:
        """Return first inputs as trials of one step."""
        values = real_array(first, "first", truth_values=True)
        if values.ndim != 2 or values.shape[1] != self.n_features_in_ or not len(values):
            raise ValueError(
                f"first must have shape (n_trials, {self.n_features_in_}), got shape "
                f"{values.shape}."
            )
        if not np.isfinite(values).all():
            raise ValueError("first must be finite, got NaN or infinity.")
        if isinstance(first, pd.DataFrame):  # whose names are compared
            return [first.iloc[[number]] for number in range(len(first))]
        return values.astype(getattr(first, "dtype", np.float64), copy=False)[:, None]

    def _read_state(self, state: Any, trials: Trials) -> NDArray[Any] | None:
        if state is None:
            return None
        state, n_units = real_array(state, "initial_state"), self.W_rec_.shape[0]
        if state.shape not in ((n_units,), (trials.n_trials, n_units)):
            raise ValueError(
                f"initial_state must have shape ({n_units},) or ({trials.n_trials}, {n_units}), "
                f"got shape {state.shape}."
            )
        if not np.isfinite(state).all():
            raise ValueError("initial_state must be finite, got NaN or infinity.")
        return np.broadcast_to(state, (trials.n_trials, n_units)).astype(trials.x.dtype)

    def _go_on(
        self, trials: Trials, n_steps: int, future: Any, state: NDArray[Any] | None
    ) -> NDArray[Any]:
        own = self._columns_continued("a forecast")
        assert own is not None
        shape = (trials.n_trials, n_steps - 1, self.n_features_in_)
        others = np.setdiff1d(np.arange(shape[-1]), own)
        inputs = inputs_to_come(future, shape, others, self._names_of_columns())
        network = self._fitted_network(trials)
        starts = None if state is None else torch.as_tensor(state).to(network.params.w_rec)
        ends = boundary.predict_ends(network, trials, starts)
        found = np.empty((trials.n_trials, n_steps, len(own)), dtype=trials.x.dtype)
        per_trial = max(1, n_steps) * (self.W_rec_.shape[0] + inputs.shape[-1])
        at_once = max(1, _FLOATS // per_trial)
        for low in range(0, trials.n_trials, at_once):
            some = np.arange(low, min(low + at_once, trials.n_trials))
            found[some] = _continued(network, trials.take(some), ends.take(some), inputs[some], own)
        if not np.isfinite(found).all():
            raise ValueError(
                "The network became unstable while its outputs were fed back to it: train with "
                "horizon above 1, or forecast fewer steps."
            )
        return found


def _continued(
    network: boundary.Network,
    trials: Trials,
    ends: boundary.Ends,
    inputs: NDArray[Any],
    own: NDArray[np.int64],
) -> NDArray[Any]:
    """Return the outputs of the last measured step, and of all steps that follow."""
    like, observing = network.params.w_rec, network.observing or Observing()
    with torch.no_grad(), computing():
        first, carried = observing.at_ends(ends.read, trials, network.params)
        found = [first[:, None]]
        if inputs.shape[1]:
            x, columns = torch.as_tensor(inputs).to(like), tuple(own.tolist())
            predicted = observing.means(first, network.params)
            x[:, 0, torch.as_tensor(own, device=like.device)] = predicted
            loop = run_in_loop(
                network.params,
                x,
                network.dynamics,
                Given(columns, (0.0,) * x.shape[1]),
                increments=observing.increments,
                **observing.in_loop(network.params),
                carried=carried,
                initial=torch.as_tensor(ends.rates).to(like),
                support=network.support,
            )
            found.append(loop.outputs)
        return observing.means(torch.cat(found, dim=1), network.params).cpu().numpy()


def check_teacher_forcing(value: Any) -> None:
    """Refuse what is neither a share nor an object that says one for every epoch."""
    if callable(getattr(value, "share", None)) and not isinstance(value, type):
        return
    expected = "a number between 0 and 1 or an object with a method share(epoch)"
    if not is_number(value) or not 0 <= value <= 1:
        raise refusal("teacher_forcing", expected, value, right_type=is_number(value))
