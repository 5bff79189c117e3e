"""Where NumPy ends and torch begins: dtype, device and generators cross here and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from sk_biornn.core import Dynamics, History, RNNParams, Workspace, run
from sk_biornn.estimators._validation import Trials

# Floats of rates and states held at once while predicting: 64 MiB in float32.
_PREDICT_FLOATS = 2**24


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
            f"have, got {name!r} ({str(error).splitlines()[0]})."
        ) from None
    return device


def to_tensor(array: np.ndarray, device: torch.device, dtype: torch.dtype | None = None):
    """Copy an array (also a read-only one) to a tensor."""
    return torch.from_numpy(np.array(array, order="C", copy=True)).to(device=device, dtype=dtype)


def to_params(arrays: dict[str, np.ndarray], dtype: torch.dtype, device: torch.device) -> RNNParams:
    """Turn the weight arrays of an estimator into tensors."""
    return RNNParams(*(to_tensor(arrays[name], device, dtype) for name in RNNParams._fields))


def to_arrays(params: RNNParams) -> dict[str, np.ndarray]:
    """Turn tensors into arrays, by name."""
    return {name: tensor.cpu().numpy().copy() for name, tensor in params._asdict().items()}


def torch_dtype(dtype: np.dtype) -> torch.dtype:
    """Return torch's name of a NumPy dtype."""
    return torch.float32 if dtype == np.float32 else torch.float64


def make_generator(rng: np.random.Generator, device: torch.device) -> torch.Generator:
    """Return a torch generator of its own, seeded from `rng`."""
    generator = torch.Generator(device=device)
    generator.manual_seed(int(rng.integers(2**63)))
    return generator


def outputs_of(
    params: RNNParams,
    x: torch.Tensor,
    lengths: torch.Tensor | None,
    dynamics: Dynamics,
    every_step: bool,
    **options: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the read-out at every step or at the last step of each trial, and the rates."""
    if every_step or lengths is None:
        outputs, rates, _ = run(params, x, dynamics, every_step=every_step, **options)
        return outputs, rates
    outputs, rates, _ = run(params, x, dynamics, every_step=True, **options)
    return outputs[torch.arange(len(x), device=x.device), lengths - 1], rates


def predict_outputs(
    params: RNNParams, trials: Trials, dynamics: Dynamics, every_step: bool
) -> np.ndarray:
    """Return the read-out as an array, running the trials in chunks of bounded memory."""

    def run_chunk(x: torch.Tensor, lengths: torch.Tensor | None, workspace: Workspace):
        outputs, _ = outputs_of(params, x, lengths, dynamics, every_step, workspace=workspace)
        return outputs

    return _in_chunks(run_chunk, params, trials)


def predict_activity(
    params: RNNParams, trials: Trials, dynamics: Dynamics, kind: str
) -> np.ndarray:
    """Return states z_t or rates r_t as an array (n_trials, n_steps, n_units)."""

    def run_chunk(x: torch.Tensor, lengths: torch.Tensor | None, workspace: Workspace):
        trajectory = run(params, x, dynamics, every_step=False, workspace=workspace)
        return trajectory.states if kind == "state" else trajectory.rates

    return _in_chunks(run_chunk, params, trials)


def _in_chunks(run_chunk, params: RNNParams, trials: Trials) -> np.ndarray:
    floats_per_trial = trials.n_steps * sum(params.w_in.shape)
    size = max(1, _PREDICT_FLOATS // floats_per_trial)
    device, workspace, parts = params.w_rec.device, Workspace(), []
    with torch.no_grad():
        for start in range(0, trials.n_trials, size):
            part = trials.take(slice(start, start + size))
            x = to_tensor(part.x, device, params.w_rec.dtype)
            lengths = None if part.lengths is None else to_tensor(part.lengths, device)
            parts.append(run_chunk(x, lengths, workspace).cpu().numpy().copy())
    return np.concatenate(parts)


def from_history(history: History) -> dict[str, Any]:
    """Keep what the optimiser needs to go on, as arrays: a fitted estimator holds no tensors."""
    state = _map_leaves(history.optimiser_state, torch.Tensor, lambda t: t.cpu().numpy().copy())
    return {"solver": history.solver, "optimiser_state": state}


def to_history(state: dict[str, Any]) -> History:
    """Turn it back."""
    return History(**_map_leaves(state, np.ndarray, torch.tensor))


def _map_leaves(tree: Any, kind: type, function: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _map_leaves(value, kind, function) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_map_leaves(value, kind, function) for value in tree]
    return function(tree) if isinstance(tree, kind) else tree
