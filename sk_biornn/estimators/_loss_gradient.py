"""The loss of trials and its gradient, at the weights of a fitted network as they are."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from sk_biornn.core import WeightSpace, computing
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._initial_states import rates_of_new_trials
from sk_biornn.estimators._loss import Judgement, Play, bind_loss
from sk_biornn.estimators._physiology import are_rates
from sk_biornn.estimators._running import ALL_ATTRIBUTES
from sk_biornn.estimators._synapses import Synapses
from sk_biornn.estimators._targets import Targets
from sk_biornn.estimators._trials import Trials


class LossGradient(NamedTuple):
    """What `loss_gradient` returns."""

    loss: float
    gradients: dict[str, Any]  # by the names of the attributes
    n_entries: int  # targets that were judged


@torch.inference_mode(False)
@torch.enable_grad()
def loss_and_gradients(network: Any, trials: Trials, targets: Targets) -> LossGradient:
    """Return the loss without penalties and noise, and its gradients, in double precision."""
    trials = trials.without_padding()
    targets = targets.first_steps(trials.n_steps)
    trials = trials._replace(x=trials.x.astype(np.float64))
    is_number = targets.values.dtype.kind == "f"  # else a code of a class
    targets = targets._replace(
        values=targets.values.astype(np.float64) if is_number else targets.values,
        weights=targets.weights.astype(np.float64),
    )
    with computing():
        loss, params = _bound(network, trials, targets)
        value = loss(params, torch.arange(trials.n_trials))
        tensors = {name: t for name, t in params.present().items() if t.requires_grad}
        found = torch.autograd.grad(value, list(tensors.values()), allow_unused=True)
    gradients = {
        ALL_ATTRIBUTES[name]: _as_held(network, name, gradient, tensor)
        for (name, tensor), gradient in zip(tensors.items(), found, strict=True)
    }
    return LossGradient(float(value.detach()), gradients, int(np.count_nonzero(targets.weights)))


def _bound(network: Any, trials: Trials, targets: Targets) -> tuple[Any, Any]:
    """Return the loss function, and the weights as tensors that ask for gradients."""
    quiet = copy.copy(network)
    quiet.noise_level = quiet.recurrent_noise = 0.0
    device, dtype = torch.device("cpu"), torch.float64
    circuit, weights = quiet._state.circuit, quiet._weight_arrays()
    dynamics = quiet._dynamics(
        device, dtype, quiet.W_rec_.shape[0], circuit.populations, circuit.order
    )
    synapses = Synapses(WeightSpace())
    if circuit.is_stored:
        synapses = Synapses(WeightSpace(), boundary.to_support(circuit.mask, device), compact=True)
        weights["w_rec"] = circuit.taken(weights["w_rec"])
    judgement = Judgement(quiet._transform, quiet._loss, None, quiet._observed_as())
    play = Play(quiet._observing())
    loss = bind_loss(
        quiet, dynamics, judgement, trials, targets, device, play, circuit, synapses, dtype, None
    )
    loss = replace(loss, penalties=replace(loss.penalties, bound=[]))
    params: Any = boundary.to_params(weights, dtype, device).map(lambda t: t.requires_grad_())
    start_map = getattr(quiet, "initial_map_", None)
    if start_map is not None:  # r_0 of each trial is what its first frames say
        is_rate = are_rates(quiet.activation, bool(quiet.rectify))
        inferred = rates_of_new_trials(params, start_map, trials, is_rate)
        params = params._replace(initial=None if inferred is None else inferred.detach())
    return loss, params


def _as_held(network: Any, name: str, gradient: Any, tensor: torch.Tensor) -> Any:
    """Return a gradient in the form of its attribute; 0 of what the loss does not depend on."""
    array = (torch.zeros_like(tensor) if gradient is None else gradient).numpy()
    return network._state.circuit.matrix(array) if name == "w_rec" else array
