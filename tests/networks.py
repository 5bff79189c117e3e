"""Random networks, and the plain loop that they are compared with."""

from __future__ import annotations

import math

import torch
from torch.testing import assert_close

from sk_biornn.core import RNNParams
from sk_biornn.core.activations import ACTIVATIONS

F64 = torch.float64
UNIT_LEAKS = torch.tensor([0.1, 0.35, 0.6, 0.85, 1.0], dtype=F64)
LEAKS = {"one": 1.0, "scalar": 0.3, "per unit": UNIT_LEAKS}
# Leading model axis, and whether x has it too.
LEADS = {"one model": ((), ()), "shared x": ((3,), ()), "own x": ((3,), (3,))}


def close(actual, expected, tolerance=1e-10):
    assert_close(actual, expected, rtol=tolerance, atol=tolerance)


def make_params(n_units=5, n_features=2, n_outputs=3, lead=(), seed=0, dtype=F64):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape, scale=1.0):
        tensor = torch.randn(*lead, *shape, generator=generator, dtype=F64) * scale
        return tensor.to(dtype).requires_grad_()

    return RNNParams(
        w_in=draw(n_units, n_features),
        w_rec=draw(n_units, n_units, scale=1.2 / math.sqrt(n_units)),
        b_rec=draw(n_units, scale=0.5),
        w_out=draw(n_outputs, n_units),
        b_out=draw(n_outputs),
    )


def draw(*shape, seed=1, dtype=F64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64).to(dtype)


def loop(params, x, dynamics, every_step=True, noise=None):
    """Run the network as one would write it down; `noise` is a list of xi_t."""
    w_in, w_rec, b_rec, w_out, b_out = params
    f, leak = ACTIVATIONS[dynamics.activation].plain, torch.as_tensor(dynamics.leak, dtype=x.dtype)
    scale = torch.sqrt(2 / leak) * dynamics.recurrent_noise
    r = torch.zeros(*w_in.shape[:-2], x.shape[-3], w_rec.shape[-1], dtype=x.dtype)
    outputs, rates, states = [], [], []
    for t in range(x.shape[-2]):
        drive = x[..., t, :] @ w_in.mT + r @ w_rec.mT + b_rec.unsqueeze(-2)
        if noise is not None:
            drive = drive + scale * noise[t]
        z = f(drive)
        g = torch.relu(z) if dynamics.rectify else z
        r = (1 - leak) * r + leak * g
        source = z if dynamics.readout_from == "state" else r
        outputs.append(source @ w_out.mT + b_out.unsqueeze(-2))
        rates.append(r)
        states.append(z)
    outputs = torch.stack(outputs, dim=-2) if every_step else outputs[-1]
    return outputs, torch.stack(rates, dim=-2), torch.stack(states, dim=-2)


def some_loss(outputs, rates, seed=2):
    """Depend on every output and on every rate, unevenly."""
    a = draw(*outputs.shape, seed=seed, dtype=outputs.dtype)
    b = draw(*rates.shape, seed=seed + 1, dtype=rates.dtype)
    return (outputs * a).sum() + outputs.square().sum() / 3 + (rates * b).sum() + rates.pow(3).sum()
