"""Rates before the first step that are learned: one for all trials, or one for each.

Those of a trial that was not trained on are inferred from its first frames, by the ridge regression
of the fitted rates on the first frames of the trials that were.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_biornn._blas import single_blas_thread
from sk_biornn.core.params import Params, extra
from sk_biornn.estimators._trials import Trials

N_FRAMES = 5  # at most, from which rates are inferred
_RIDGE = 0.1  # times the mean variance of what is regressed on, and the number of trials


def first_frames(trials: Trials, n_frames: int) -> NDArray[np.float64]:
    """Return the first frames of every trial in a row, and a 1; the last one again where it ends.

    The shape is (n_trials, n_frames * n_features + 1).
    """
    lengths = np.full(trials.n_trials, trials.n_steps) if trials.lengths is None else trials.lengths
    steps = np.minimum(np.arange(n_frames), lengths[:, None] - 1)
    frames = trials.x[np.arange(trials.n_trials)[:, None], steps].reshape(trials.n_trials, -1)
    return np.column_stack([frames.astype(np.float64), np.ones(trials.n_trials)])


def n_frames_of(trials: Trials) -> int:
    """Return how many frames initial rates are inferred from."""
    return min(N_FRAMES, trials.n_steps)


@single_blas_thread
def regression_on(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P (n_frames * n_features + 1, n_trials): the map to given rates is P rates."""
    inputs = frames[:, :-1]
    centre = inputs.mean(axis=0)
    inputs = inputs - centre
    gram = inputs @ inputs.T  # trials are often fewer than frames x features
    ridge = _RIDGE * max(float(np.trace(gram)) / max(len(gram), 1), 1e-12)
    centring = np.eye(len(gram)) - 1 / len(gram)
    slopes = inputs.T @ np.linalg.solve(gram + ridge * np.eye(len(gram)), centring)
    intercept = np.full((1, len(gram)), 1 / len(gram)) - centre[None] @ slopes
    return np.vstack([slopes, intercept])


def rates_of_trials(params: Params, indices: Tensor, n_trials: int) -> Tensor | None:
    """Return r_0 of a batch of training trials; None for 0."""
    initial = extra(params, "initial")
    if initial is None:
        return None
    if initial.ndim == 1:
        return initial.expand(n_trials, -1)
    return initial[indices.to(initial.device)]


@single_blas_thread
def rates_of_new_trials(
    params: Params, start_map: NDArray[np.float64] | None, trials: Trials, is_rate: bool
) -> Tensor | None:
    """Return r_0 of trials that were not trained on; None for 0."""
    initial = extra(params, "initial")
    if initial is None:
        return None
    if start_map is None:
        return initial.detach().expand(trials.n_trials, -1)
    n_frames = (len(start_map) - 1) // trials.x.shape[-1]
    rates = torch.as_tensor(first_frames(trials, n_frames) @ start_map).to(initial)
    return rates.clamp(min=0) if is_rate else rates
