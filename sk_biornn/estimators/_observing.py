"""From what is read of the units to what is compared with the targets."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sk_biornn.core import computing
from sk_biornn.core.params import Params, extra


class Observing(NamedTuple):
    """How outputs are made of the read-out and of the present input.

    y_t = read-out_t + x_t[own] (increments) + w_skip x_t[own].
    """

    own: np.ndarray | None = None  # (n_outputs,): the column of X that each output continues
    increments: bool = False  # whether the read-out is what is added to the present input

    def __call__(
        self, read: Tensor, x: Tensor, params: Params, carried: Any = None
    ) -> tuple[Tensor, Any]:
        """Return outputs (n_trials, n_steps, n_outputs), and what the next steps need to know."""
        w_skip = extra(params, "w_skip")
        if self.own is not None and (self.increments or w_skip is not None):
            present = x[..., torch.as_tensor(self.own, device=x.device)]
            if self.increments:
                read = read + present
            if w_skip is not None:
                read = read + w_skip * present
        return read, carried

    def of_arrays(self, read: np.ndarray, x: np.ndarray, params: Params) -> np.ndarray:
        """Return outputs of whole trials as arrays."""
        with torch.no_grad(), computing():
            like = params.w_out
            of_read, of_x = (torch.as_tensor(np.ascontiguousarray(a)).to(like) for a in (read, x))
            outputs, _ = self(of_read, of_x, params)
        return outputs.cpu().numpy()


def last_of(outputs: Tensor, ends: Tensor | None) -> Tensor:
    """Return the outputs (n_trials, n_outputs) of the last step of every trial."""
    if ends is None:
        return outputs[:, -1]
    return outputs[torch.arange(len(outputs)), ends.to(outputs.device) - 1]
