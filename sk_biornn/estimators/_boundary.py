"""Where NumPy ends and torch begins: dtype, device and generators cross here and nowhere else."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch

from sk_biornn._plain import short
from sk_biornn.core import (
    Dynamics,
    RNNParams,
    Support,
    Trajectory,
    Workspace,
    as_trials,
    computing,
    run,
)
from sk_biornn.core.activations import ACTIVATIONS
from sk_biornn.core.params import Params, params_of
from sk_biornn.core.remembered import Moments
from sk_biornn.estimators._initial_states import rates_of_new_trials
from sk_biornn.estimators._observing import Observing
from sk_biornn.estimators._physiology import are_rates
from sk_biornn.estimators._trials import Trials

# Floats of rates and states held at once while predicting: 64 MiB in float32.
_PREDICT_FLOATS = 2**24
_PREDICT_STEPS = 1024  # at once, of trials that have more


def resolve_device(name: Any) -> torch.device:
    """Return the torch device of that name; "auto" takes CUDA where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, TypeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device must be 'cpu', 'auto' or a device that this machine and this build of torch "
            f"have, got {short(name)} ({str(error).splitlines()[0]})."
        ) from None
    return device


def to_tensor(
    array: np.ndarray, device: torch.device, dtype: torch.dtype | None = None
) -> torch.Tensor:
    """Copy an array (also a read-only one) to a tensor."""
    return torch.from_numpy(np.array(array, order="C", copy=True)).to(device=device, dtype=dtype)


_shared: ContextVar[dict[Any, Any] | None] = ContextVar("_shared", default=None)


@contextmanager
def sharing() -> Iterator[None]:
    """Have trainings that go on at the same time hold one tensor of an array that they share.

    Yields
    ------
    None
        Nothing.
    """
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


def are_together() -> bool:
    """Whether other trainings go on at the same time, see `sharing`."""
    return _shared.get() is not None


def to_shared_tensor(
    array: np.ndarray, device: torch.device, dtype: torch.dtype | None = None
) -> torch.Tensor:
    """Copy an array to a tensor that nobody writes to; inside `sharing`, once for all."""
    shared = _shared.get()
    if shared is None:
        return to_tensor(array, device, dtype)
    key = id(array), device, dtype
    # Both are held by those who use them alone, and the number of one that is gone by nobody.
    kept, tensor = (there() for there in shared.get(key, (_nothing, _nothing)))
    if kept is not array or tensor is None:
        tensor = to_tensor(array, device, dtype)
        shared[key] = weakref.ref(array), weakref.ref(tensor)
    return tensor


def _nothing() -> None:
    return None


def to_params(arrays: dict[str, np.ndarray], dtype: torch.dtype, device: torch.device) -> RNNParams:
    """Turn the weight arrays of an estimator into tensors."""
    return params_of({name: to_tensor(array, device, dtype) for name, array in arrays.items()})


def to_arrays(params: Params) -> dict[str, np.ndarray]:
    """Turn tensors into arrays, by name."""
    return {name: tensor.cpu().numpy().copy() for name, tensor in params.present().items()}


def torch_dtype(dtype: np.dtype) -> torch.dtype:
    """Return torch's name of a NumPy dtype."""
    return torch.float32 if dtype == np.float32 else torch.float64


def make_generator(rng: np.random.Generator, device: torch.device) -> torch.Generator:
    """Return a torch generator of its own, seeded from `rng`."""
    generator = torch.Generator(device=device)
    generator.manual_seed(int(rng.integers(2**63)))
    return generator


def to_support(structure: Any, device: torch.device) -> Support:
    """Turn a structure (see `_structure`) into the support of a network that is stored so."""
    rows, columns = (to_tensor(part, device, torch.int64) for part in _halves(structure))
    return Support.of_rows(rows, columns, structure.shape)


def _halves(structure: Any) -> tuple[np.ndarray, np.ndarray]:
    return structure.indptr, structure.indices


class ActivityError(ValueError):
    """The activity of a network stopped being finite."""


class Network(NamedTuple):
    """Weights, and what it takes to run them."""

    params: Params
    dynamics: Dynamics
    support: Support | None = None  # of one that is stored as its synapses
    observing: Observing | None = None  # None: outputs are what is read
    start_map: np.ndarray | None = None  # from first frames to r_0, see `_initial_states`

    def starts(self, trials: Trials) -> torch.Tensor | None:
        """Return r_0 of every trial; None for 0."""
        is_rate = are_rates(self.dynamics.activation, self.dynamics.rectify)
        return rates_of_new_trials(self.params, self.start_map, trials, is_rate)


def predict_outputs(network: Network, trials: Trials, every_step: bool) -> np.ndarray:
    """Return the outputs as an array, 0 after the end of a trial."""
    if network.observing is None:
        return _read_outputs(network, trials, every_step)
    read = _read_outputs(network, trials, every_step=True)
    outputs = network.observing.of_arrays(read, trials.x, network.params)
    if every_step:
        return np.where(trials.valid[:, :, None], outputs, 0)
    return outputs[np.arange(trials.n_trials), trials.valid.sum(axis=1) - 1]


class Ends(NamedTuple):
    """What a run leaves behind at the last step of every trial."""

    read: np.ndarray  # (n_trials, n_steps, n_outputs): the read-out of all steps
    rates: np.ndarray  # (n_trials, n_units)

    def take(self, indices: np.ndarray) -> Ends:
        """Return those of some trials."""
        return Ends(self.read[indices], self.rates[indices])


def predict_ends(network: Network, trials: Trials, starts: torch.Tensor | None = None) -> Ends:
    """Run trials, from their own initial rates unless others are given, and return the ends."""
    params = network.params
    shape = (trials.n_trials, trials.n_steps, len(params.w_out))
    read = np.zeros(shape, dtype=trials.x.dtype)
    last = np.zeros((trials.n_trials, len(params.w_in)), dtype=trials.x.dtype)
    for stretch in _stretches(network, trials, every_step=True, starts=starts):
        outputs = stretch.trajectory.outputs.cpu().numpy()
        read[stretch.trials, stretch.start : stretch.start + outputs.shape[1]] = outputs
        rates = stretch.trajectory.rates
        if stretch.lengths is not None:
            rates = as_trials(rates, stretch.lengths)
            at = stretch.lengths - 1
        else:
            at = torch.full((len(rates),), rates.shape[1] - 1)
        last[stretch.trials] = rates[torch.arange(len(rates)), at].cpu().numpy()
    return Ends(read, last)


def _read_outputs(network: Network, trials: Trials, every_step: bool) -> np.ndarray:
    """Return the read-out as an array, 0 after the end of a trial."""
    params = network.params
    steps = (trials.n_steps,) if every_step else ()
    found = np.zeros((trials.n_trials, *steps, len(params.w_out)), dtype=trials.x.dtype)
    for stretch in _stretches(network, trials, every_step):
        outputs = stretch.trajectory.outputs.cpu().numpy()
        if every_step:
            found[stretch.trials, stretch.start : stretch.start + outputs.shape[1]] = outputs
        else:
            found[stretch.trials[stretch.ends]] = outputs[stretch.ends]
    return found


def predict_activity(network: Network, trials: Trials, kind: str) -> np.ndarray:
    """Return states z_t or rates r_t as an array (n_trials, n_steps, n_units)."""
    shape = (trials.n_trials, trials.n_steps, len(network.params.w_in))
    found = np.zeros(shape, dtype=trials.x.dtype)
    for stretch in _stretches(network, trials, every_step=False):
        _, rates, states = stretch.trajectory
        values = states if kind == "state" else rates
        if stretch.lengths is not None:
            values = as_trials(values, stretch.lengths)
        stop = stretch.start + values.shape[1]
        found[stretch.trials, stretch.start : stop] = values.cpu().numpy()
    return found


class _Stretch(NamedTuple):
    """A run over some steps of some trials."""

    trials: np.ndarray  # which, the longest first
    start: int  # the first step
    lengths: torch.Tensor | None  # how many steps each has from there on, where they differ
    ends: np.ndarray  # whether each has its last step here
    trajectory: Trajectory


def _stretches(
    network: Network, trials: Trials, every_step: bool, starts: torch.Tensor | None = None
) -> Iterator[_Stretch]:
    """Run trials in stretches of bounded memory, each from the rates where the last one ended."""
    starts = network.starts(trials) if starts is None else starts
    lengths = np.full(trials.n_trials, trials.n_steps) if trials.lengths is None else trials.lengths
    order = np.argsort(-lengths, kind="stable")
    per_step = sum(network.params.w_in.shape)
    at_once = max(1, _PREDICT_FLOATS // (min(trials.n_steps, _PREDICT_STEPS) * per_step))
    n_steps = max(1, min(_PREDICT_STEPS, _PREDICT_FLOATS // per_step))
    for first in range(0, trials.n_trials, at_once):
        chosen = order[first : first + at_once]
        own = None if starts is None else starts[torch.from_numpy(chosen)]
        yield from _one_after_the_other(
            network, trials.x, lengths, chosen, n_steps, every_step, own
        )


def _one_after_the_other(
    network: Network,
    x: np.ndarray,
    lengths: np.ndarray,
    chosen: np.ndarray,
    n_steps: int,
    every_step: bool,
    rates: torch.Tensor | None,
) -> Iterator[_Stretch]:
    """Run trials, the longest first, some steps at a time, from these rates."""
    params, dynamics, support = network[:3]
    device, dtype = params.w_rec.device, params.w_rec.dtype
    workspace = Workspace()
    for start in range(0, int(lengths[chosen[0]]), n_steps):
        stop = min(start + n_steps, int(lengths[chosen[0]]))
        chosen = chosen[lengths[chosen] > start]
        left = np.minimum(lengths[chosen], stop) - start
        ragged = torch.from_numpy(left) if left[-1] < stop - start else None
        with torch.no_grad(), computing():
            trajectory = run(
                params,
                to_tensor(x[chosen, start:stop], device, dtype),
                dynamics,
                lengths=ragged,
                initial=None if rates is None else rates[: len(chosen)],
                every_step=every_step,
                workspace=workspace,
                support=support,
            )
            _refuse_non_finite(trajectory, dynamics, start, stop)
            last = trajectory.rates[:, -1] if ragged is None else trajectory.rates
            n_last = int((left == stop - start).sum())  # of which some may go on
            rates = last[len(last) - n_last :].clone() if ragged is not None else last.clone()
        yield _Stretch(chosen, start, ragged, lengths[chosen] <= stop, trajectory)


def _refuse_non_finite(trajectory: Trajectory, dynamics: Dynamics, start: int, stop: int) -> None:
    """Raise if something is infinite or not a number; bounded functions keep states finite."""
    bounded = ACTIVATIONS[dynamics.activation].bounded
    seen = [trajectory.outputs] if bounded else [*trajectory[:2]]
    for values in seen:
        # The least and the greatest tell of all, NaN included, in one pass and without a copy.
        if values.numel() and not all(bound.isfinite() for bound in values.aminmax()):
            raise ActivityError(
                f"The activity of the network became infinite between steps {start + 1} and "
                f"{stop}: X is too large, or the network unstable (spectral_radius, W_rec_) with "
                f"activation={dynamics.activation!r} and trials of so many steps."
            )


def refuse_non_finite_outputs(outputs: torch.Tensor) -> None:
    """Raise if something that was fed back has become infinite or not a number."""
    if not outputs.isfinite().all():
        raise ActivityError("The network became unstable while its outputs were fed back to it.")


class LaterArrays(Mapping[str, "dict[str, np.ndarray]"]):
    """Arrays of tensors that nobody changes, made when they are asked for.

    Of every epoch that a callback sees, the moments are hardly ever asked for, and on a GPU each of
    them would be waited for. A pickle holds the arrays.
    """

    def __init__(self, moments: Moments) -> None:
        self._moments = moments

    @cached_property
    def _arrays(self) -> dict[str, dict[str, np.ndarray]]:
        return from_moments(self._moments)

    def __getitem__(self, name: str) -> dict[str, np.ndarray]:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._moments)

    def __reduce__(self) -> Any:
        """Come back as a dict."""
        return dict, (self._arrays,)


def from_moments(moments: Moments) -> dict[str, dict[str, np.ndarray]]:
    """Keep what the optimiser needs to go on, as arrays: a fitted estimator holds no tensors."""
    return {
        name: {key: value.cpu().numpy().copy() for key, value in of_weight.items()}
        for name, of_weight in moments.items()
    }


def to_moments(arrays: Mapping[str, dict[str, np.ndarray]], device: torch.device) -> Moments:
    """Turn it back."""
    return {
        name: {key: to_tensor(value, device) for key, value in of_weight.items()}
        for name, of_weight in arrays.items()
    }
