"""The weights of one rate network, and the one rule of orientation: row = post, column = pre."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class RNNParams(NamedTuple):
    """Weights of one rate network, or of M networks side by side (a leading axis on each).

    z_t = f(w_in x_t + b_rec + w_rec r_{t-1}),   r_t = (1 - a) r_{t-1} + a g(z_t),
    y_t = w_out z_t + b_out   (or w_out r_t + b_out).
    """

    w_in: Tensor  # (n_units, n_features)
    w_rec: Tensor  # (n_units, n_units)   [post, pre]: Dale's law speaks about columns
    b_rec: Tensor  # (n_units,)
    w_out: Tensor  # (n_outputs, n_units)
    b_out: Tensor  # (n_outputs,)

    def map(self, function: Callable[[Tensor], Tensor]) -> RNNParams:
        """Apply a function to every tensor."""
        return RNNParams(*(function(tensor) for tensor in self))
