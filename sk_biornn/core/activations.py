"""The table of transfer functions: what the argument `activation` may name."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from sk_biornn._vocabulary import Vocabulary
from sk_biornn.core import processor
from sk_biornn.core.transfer_functions import Activation, relu, softplus, tanh

_FEW = 512  # numbers, of which a function costs less than to call it


class Transfer(NamedTuple):
    """One transfer function: a row of the table."""

    name: str
    make: Callable[[bool], Activation]  # (by_vectors) -> how it is computed
    plain: Callable[[Tensor], Tensor]  # what it is, as one would write it down
    formula: str
    meaning: str
    bounded: bool = False  # whether no state can become infinite


ACTIVATIONS = Vocabulary(
    Transfer("tanh", tanh, torch.tanh, "tanh(p)", "between -1 and 1", bounded=True),
    Transfer("relu", relu, torch.relu, "max(p, 0)", "a rectifier"),
    Transfer("softplus", softplus, functional.softplus, "log(1 + e^p)", "a smooth rectifier"),
)


def get_activation(name: str, like: Tensor) -> Activation:
    """Return the transfer function of that name for tensors of the type and size of `like`."""
    if name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {list(ACTIVATIONS)}, got {name!r}.")
    on_cpu = like.dtype == torch.float32 and like.device.type == "cpu"
    by_vectors = on_cpu and like.numel() > _FEW and processor.has_wide_vectors()
    return ACTIVATIONS[name].make(by_vectors)
