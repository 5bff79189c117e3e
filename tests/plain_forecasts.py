"""A network in a closed loop, its loss and its own past, written down step by step."""

from __future__ import annotations

import math

import numpy as np
import torch

F64 = torch.float64
TIME_CONSTANTS = (2.0, 4.0, 8.0, 16.0)


class Descent:
    """Plain gradient descent: what a weight has moved by is its gradient times the rate."""

    def optimiser(self, parameters, learning_rate):
        return torch.optim.SGD(parameters, lr=learning_rate)


def tensors_of(est):
    """Return everything a fitted network consists of, as leaves."""
    names = ("W_in_", "W_rec_", "b_rec_", "W_out_", "b_out_", "leak_", "slope_", "initial_state_")
    arrays = {name: getattr(est, name) for name in (*names, "w_skip_") if hasattr(est, name)}
    return {
        name: torch.tensor(np.array(array), dtype=F64).requires_grad_()
        for name, array in arrays.items()
    }


def shares_of(n_steps, horizon, burn_in, share):
    """Return how much of the measured input is given at every step."""
    given = []
    for t in range(n_steps):
        if t <= burn_in:
            given.append(1.0)
        else:
            given.append(share if (t - burn_in) % horizon == 0 else 0.0)
    return given


def plain_outputs(est, w, trials, shares, own, noise=None, first=0):
    """Return the outputs of every trial, each of its own length.

    `noise` is xi (n_steps, n_trials, n_units); `first` the number of the first trial.
    """
    f = {"tanh": torch.tanh, "relu": torch.relu, "softplus": torch.nn.functional.softplus}
    n_units = len(w["b_rec_"])
    leak = w.get("leak_")
    if leak is None:
        tau = 1.0 if est.dt is None else np.asarray(est.tau, dtype=float) / est.dt
        leak = torch.tensor(np.broadcast_to(1 / tau, n_units).copy(), dtype=F64)
    slope = w.get("slope_", torch.ones(n_units, dtype=F64))
    skip, outputs = w.get("w_skip_"), []
    for b, trial in enumerate(trials):
        x = torch.as_tensor(np.asarray(trial), dtype=F64)
        r = torch.zeros(n_units, dtype=F64)
        if "initial_state_" in w:
            r = w["initial_state_"] if w["initial_state_"].ndim == 1 else w["initial_state_"][b]
        means, of_trial = None, []
        for t in range(len(x)):
            now = x[t].clone()
            if t and shares[t] < 1:
                now[own] = shares[t] * x[t, own] + (1 - shares[t]) * of_trial[-1]
            p = slope * (w["W_in_"] @ now + w["W_rec_"] @ r + w["b_rec_"])
            if noise is not None:
                p = p + torch.sqrt(2 / leak) * est.recurrent_noise * noise[t, b]
            z = f[est.activation](p)
            r = (1 - leak) * r + leak * (torch.relu(z) if est.rectify else z)
            y = w["W_out_"] @ (z if est.readout_from == "state" else r) + w["b_out_"]
            if est.predict_increments:
                y = y + now[own]
            if skip is not None:
                y = y + skip[0] * now[own]
                taus = TIME_CONSTANTS[: len(skip) - 1]
                means = [now[own]] * len(taus) if means is None else means
                means = [
                    math.exp(-1 / tau) * m + (1 - math.exp(-1 / tau)) * now[own]
                    for tau, m in zip(taus, means, strict=True)
                ]
                for k, mean in enumerate(means, start=1):
                    y = y + skip[k] * (mean - now[own])
            of_trial.append(y)
        outputs.append(torch.stack(of_trial))
    return outputs


def plain_loss(outputs, targets, burn_in):
    """Return the mean squared error over the entries that are judged."""
    total, count = 0.0, 0
    for found, target in zip(outputs, targets, strict=True):
        y = torch.as_tensor(np.asarray(target), dtype=F64)
        judged = torch.isfinite(y)
        judged[:burn_in] = False
        total = total + (found - torch.where(judged, y, 0.0)).square()[judged].sum()
        count += int(judged.sum())
    return total / count
