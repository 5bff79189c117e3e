"""The network as it is: from weights, input and arguments to activity and read-out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils.validation import check_is_fitted

from sk_biornn._checks import check_choice
from sk_biornn.core import Dynamics, RNNParams
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._fitted import FittedNetwork
from sk_biornn.estimators._parameters import RNNParameters, leak_of
from sk_biornn.estimators._validation import Trials, check_trials

if TYPE_CHECKING:
    from sklearn.utils import Tags

ATTRIBUTES = {
    "w_in": "W_in_",
    "w_rec": "W_rec_",
    "b_rec": "b_rec_",
    "w_out": "W_out_",
    "b_out": "b_out_",
}
NAMES = {attribute[:-1]: name for name, attribute in ATTRIBUTES.items()}  # as arguments have them


class RunningRNN(FittedNetwork, RNNParameters):
    """Runs fitted weights; it does not know how they came about."""

    def _run(self, X: Any, every_step: bool) -> tuple[np.ndarray, Trials]:
        """Return the read-out (n_trials[, n_steps], n_outputs), and the checked trials."""
        check_is_fitted(self, "W_rec_")
        trials = check_trials(self, X, reset=False, n_static_steps=self.n_static_steps)
        params, dynamics = self._fitted_network(trials)
        return boundary.predict_outputs(params, trials, dynamics, every_step), trials

    def hidden_states(self, X: Any, kind: str = "state") -> Any:
        """Return the activity of every unit at every step.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_steps, n_features) or (n_trials, n_features), or list
            Trials, as in `fit`.
        kind : {"state", "rate"}, default="state"
            The states z_t, or the rates r_t that are fed back.

        Returns
        -------
        ndarray of shape (n_trials, n_steps, n_units)
            Activity; NaN after the end of a shorter trial. For a list X an object array of one
            array per trial.

        Raises
        ------
        ValueError
            If X does not fit, or `kind` is unknown.
        """
        check_is_fitted(self, "W_rec_")
        check_choice("kind", kind, ("state", "rate"))
        trials = check_trials(self, X, reset=False, n_static_steps=self.n_static_steps)
        params, dynamics = self._fitted_network(trials)
        return blank_padding(boundary.predict_activity(params, trials, dynamics, kind), trials)

    def _fitted_network(self, trials: Trials) -> tuple[RNNParams, Dynamics]:
        device = boundary.resolve_device(self.device)
        dtype = boundary.torch_dtype(trials.x.dtype)
        params = boundary.to_params(self._weight_arrays(), dtype, device)
        populations = getattr(self, "populations_", None)
        return params, self._dynamics(device, dtype, len(self.W_rec_), populations)

    def _weight_arrays(self) -> dict[str, np.ndarray]:
        return {name: getattr(self, attribute) for name, attribute in ATTRIBUTES.items()}

    def _dynamics(
        self,
        device: torch.device,
        dtype: torch.dtype,
        n_units: int,
        populations: pd.DataFrame | None,
    ) -> Dynamics:
        leak = leak_of(self.dt, self._time_constants(populations), n_units)
        return Dynamics(
            activation=self.activation,
            rectify=bool(self.rectify),
            leak=boundary.to_tensor(leak, device, dtype) if isinstance(leak, np.ndarray) else leak,
            readout_from=self.readout_from,
            recurrent_noise=self.recurrent_noise,
        )

    def __sklearn_tags__(self) -> Tags:
        """Say that 3-D X is welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def blank_padding(values: np.ndarray, trials: Trials) -> Any:
    """Put NaN after the end of each trial, or cut the trials when they came as a list."""
    if trials.ragged_list:
        return cut_trials(values, trials)
    if trials.lengths is not None:
        values[~trials.valid] = np.nan
    return values


def cut_trials(values: np.ndarray, trials: Trials) -> np.ndarray:
    """Return an object array of one array per trial, each as long as its trial."""
    cut = np.empty(len(values), dtype=object)
    cut[:] = [row[:n] for row, n in zip(values, trials.valid.sum(axis=1), strict=True)]
    return cut
