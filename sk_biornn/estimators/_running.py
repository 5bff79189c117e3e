"""The network as it is: from weights, input and arguments to activity and read-out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils.validation import check_is_fitted

from sk_biornn import _structure
from sk_biornn._checks import check_choice
from sk_biornn._sparse import dense, is_sparse
from sk_biornn.core import Dynamics
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._fitted import FittedNetwork
from sk_biornn.estimators._observing import Observing
from sk_biornn.estimators._parameters import RNNParameters, leak_of
from sk_biornn.estimators._physiology import EXTRA_ATTRIBUTES
from sk_biornn.estimators._trials import Trials, check_trials
from sk_biornn.units.order import UnitOrder

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
ALL_ATTRIBUTES = {**ATTRIBUTES, **EXTRA_ATTRIBUTES}


class RunningRNN(FittedNetwork, RNNParameters):
    """Runs fitted weights; it does not know how they came about."""

    def _run(self, X: Any, every_step: bool) -> tuple[np.ndarray, Trials]:
        """Return the read-out (n_trials[, n_steps], n_outputs), and the checked trials."""
        check_is_fitted(self, "W_rec_")
        trials = check_trials(self, X, reset=False, n_static_steps=self.n_static_steps)
        network = self._fitted_network(trials)
        return boundary.predict_outputs(network, trials, every_step), trials

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
        network = self._fitted_network(trials)
        return blank_padding(boundary.predict_activity(network, trials, kind), trials)

    def recurrent_frame(self) -> pd.DataFrame:
        """Return the recurrent weights with the names of the units.

        Returns
        -------
        DataFrame of shape (n_units, n_units)
            `W_rec_`, rows named "post" and columns named "pre", labelled by `unit_names_`; by
            numbers from 0 where nothing names the units.

        Raises
        ------
        NotFittedError
            If the network has not been fitted.
        ValueError
            If `W_rec_` is sparse, and that of more than 20,000 units.
        """
        check_is_fitted(self, "W_rec_")
        W_rec = dense(
            self.W_rec_, "W_rec_ of a recurrent_frame", "W_rec_ itself holds the synapses"
        )
        labels = list(self._unit_labels())
        post, pre = (pd.Index(labels, name=side, tupleize_cols=False) for side in ("post", "pre"))
        return pd.DataFrame(W_rec, index=post, columns=pre)

    def _unit_labels(self) -> Sequence[Any]:
        names = self.unit_names_
        return range(self.W_rec_.shape[0]) if names is None else names

    def _tally(self, n_outputs: int) -> Callable[..., torch.Tensor] | None:
        """Return what is counted of the outputs of every training batch, see `_loss.Tally`."""
        return None

    def _fitted_network(self, trials: Trials) -> boundary.Network:
        self._refuse_other_dt()
        device = boundary.resolve_device(self.device)
        dtype = boundary.torch_dtype(trials.x.dtype)
        weights, support = self._weight_arrays(), None
        if is_sparse(weights["w_rec"]):
            structure = _structure.structure_of(weights["w_rec"])
            support = boundary.to_support(structure, device)
            weights["w_rec"] = _structure.values_on(structure, weights["w_rec"])
        params = boundary.to_params(weights, dtype, device)
        populations = getattr(self, "populations_", None)
        order = UnitOrder(self.unit_names_, "the fitted network")
        dynamics = self._dynamics(device, dtype, self.W_rec_.shape[0], populations, order)
        observing, start_map = self._observing(), getattr(self, "initial_map_", None)
        return boundary.Network(params, dynamics, support, observing, start_map)

    def _refuse_other_dt(self) -> None:
        """Refuse steps of another length than those in which time constants were learned."""
        known = vars(self).get("_dt_of_leak")
        if hasattr(self, "leak_") and self.dt != known:
            raise ValueError(
                f"dt must be {known}, as in the fit that has learned tau_, got {self.dt}."
            )

    def _observing(self) -> Observing | None:
        """Return how outputs are made of what is read; a leaf may do more than read."""
        return None

    def _weight_arrays(self) -> dict[str, np.ndarray]:
        arrays = {name: getattr(self, attribute) for name, attribute in ATTRIBUTES.items()}
        for name, attribute in EXTRA_ATTRIBUTES.items():
            if hasattr(self, attribute):
                arrays[name] = getattr(self, attribute)
        return arrays

    def _dynamics(
        self,
        device: torch.device,
        dtype: torch.dtype,
        n_units: int,
        populations: pd.DataFrame | None,
        order: UnitOrder,
    ) -> Dynamics:
        tau = order.arranged(self._time_constants(populations), "tau", (0,))
        has_none = tau is None and self._uses_dt()
        leak = 1.0 if has_none else leak_of(self.dt, tau, n_units)
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
