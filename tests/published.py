"""The published training written down plainly, and networks of ours that start from given weights.

`train_plainly` is a loop over steps under autograd with Adam by hand: two biases per unit where
they are given, weights moved by a function after each step, epsilon where the library had it.
"""

from __future__ import annotations

import numpy as np
import torch

from sk_biornn.core import RNNParams
from sk_biornn.estimators._running import ATTRIBUTES

F64 = torch.float64
BETAS = (0.9, 0.999)


def start_from(network, X, y, weights, **options):
    """Return the network as if it had these weights from the start; its next fit goes on."""
    network.partial_fit(X[:2], y[:2], **options)
    for name, values in weights.items():
        setattr(network, ATTRIBUTES[name], np.asarray(values, dtype=X.dtype))
    return network.restart_optimiser().set_params(warm_start=True)


def forward(weights, x, transfer, rectify):
    """Return the states (n_trials, n_steps, n_units) of the network, step by step."""
    r = x.new_zeros(len(x), len(weights["w_rec"]))
    bias = sum(value for name, value in weights.items() if name.startswith("b_rec"))
    states = []
    for step in range(x.shape[1]):
        z = transfer(x[:, step] @ weights["w_in"].T + bias + r @ weights["w_rec"].T)
        r = z.clamp(min=0) if rectify else z
        states.append(z)
    return torch.stack(states, dim=1)


def adam_step(value, gradient, moments, step, rate, epsilon, placement):
    """Take one step of Adam, in place; `moments` is a pair of arrays that is kept by the caller."""
    first, second = moments
    first.mul_(BETAS[0]).add_((1 - BETAS[0]) * gradient)
    second.mul_(BETAS[1]).add_((1 - BETAS[1]) * gradient**2)
    one, two = (1 - beta**step for beta in BETAS)
    if placement == "keras":
        value.sub_(rate * two**0.5 / one * first / (second.sqrt() + epsilon))
    else:
        value.sub_(rate * (first / one) / ((second / two).sqrt() + epsilon))


def train_plainly(
    weights, batches, loss_of, *, after=None, frozen=(), rate=1e-3, epsilon=1e-8, placement="torch"
):
    """Return weights (float64) after one step per batch; `after` moves w_rec back after each."""
    weights = {name: torch.tensor(value, dtype=F64) for name, value in weights.items()}
    moments = {name: [torch.zeros_like(w), torch.zeros_like(w)] for name, w in weights.items()}
    for number, batch in enumerate(batches, start=1):
        leaves = {name: w.clone().requires_grad_() for name, w in weights.items()}
        loss_of(leaves, *batch).backward()
        for name, value in weights.items():
            if name not in frozen and leaves[name].grad is not None:
                gradient = leaves[name].grad
                adam_step(value, gradient, moments[name], number, rate, epsilon, placement)
        if after is not None:
            weights["w_rec"] = after(weights["w_rec"])
    return {name: value.numpy() for name, value in weights.items()}


def biases_summed(weights):
    """Return the five tensors of a network of ours: all biases of the units are one."""
    total = sum(np.asarray(v, dtype=float) for name, v in weights.items() if "b_rec" in name)
    return {name: total if name == "b_rec" else weights[name] for name in RNNParams._fields}
