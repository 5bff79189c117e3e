"""From what is read of the units to what is compared with the targets."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sk_biornn.core import computing
from sk_biornn.core.calcium import fluorescence
from sk_biornn.core.given import Given
from sk_biornn.core.observation_model import Observation
from sk_biornn.core.own_past import with_own_past
from sk_biornn.core.params import Params, extra
from sk_biornn.estimators._trials import Trials


class Observing(NamedTuple):
    """How outputs are made of the read-out and of inputs.

    y_t = read-out_t + x_t[own] (increments) + sum over k of w_skip[k] e_k,t, see `core.own_past`;
    or, through an indicator, y_t = d y_{t-1} + (1 - d) read-out_t, see `core.calcium`. What the
    link of an observation makes of these comes after.
    """

    own: np.ndarray | None = None  # (n_outputs,): the column of X that each output continues
    increments: bool = False  # whether the read-out is what is added to the present input
    observation: Observation | None = None  # whose link makes means of outputs; None: none

    def __call__(
        self, read: Tensor, x: Tensor, params: Params, carried: Any = None
    ) -> tuple[Tensor, Any]:
        """Return outputs (n_trials, n_steps, n_outputs), and what the next steps need to know."""
        decay, w_skip = extra(params, "decay"), extra(params, "w_skip")
        if decay is not None:
            outputs = fluorescence(read, decay, carried)
            return outputs, outputs[:, -1]
        if self.own is None or not (self.increments or w_skip is not None):
            return read, carried
        present = Given(tuple(self.own.tolist()), ()).own(x)
        return with_own_past(read, present, self.increments, w_skip, carried)

    def means(self, outputs: Tensor, params: Params) -> Tensor:
        """Return the means of what is observed, which can be fed back."""
        if self.observation is None:
            return outputs
        return self.observation.mean(outputs, extra(params, "observation"))

    def in_loop(self, params: Params) -> dict[str, Any]:
        """Return what a closed loop has to know, beyond the own past of every output."""
        if self.observation is None and extra(params, "decay") is None:
            return {}

        def observe(read: Tensor, x: Tensor, carried: Any) -> tuple[Tensor, Any]:
            return self(read, x, params, carried)

        return {"observe": observe, "fed": lambda outputs: self.means(outputs, params)}

    def at_ends(self, read: np.ndarray, trials: Trials, params: Params) -> tuple[Tensor, Any]:
        """Return the outputs (n_trials, n_outputs) of last steps, and what is carried from there.

        `read` is the read-out of all steps of whole trials.
        """
        of_read, of_x = _tensors(params, read, trials.x)
        lengths = trials.valid.sum(axis=1)
        found, carried = [], []
        # Trials of one length at a time: what is carried is that of their last step.
        order = np.argsort(lengths, kind="stable")
        for some in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
            which, stop = torch.as_tensor(some, device=of_x.device), int(lengths[some[0]])
            outputs, after = self(of_read[which, :stop], of_x[which, :stop], params)
            found.append(outputs[:, -1])
            carried.append(after)
        back = torch.as_tensor(np.argsort(order), device=of_x.device)
        return torch.cat(found)[back], _joined(carried, back)

    def of_arrays(self, read: np.ndarray, x: np.ndarray, params: Params) -> np.ndarray:
        """Return outputs of whole trials as arrays."""
        with torch.no_grad(), computing():
            outputs, _ = self(*_tensors(params, read, x), params)
        return outputs.cpu().numpy()


def _tensors(params: Params, read: np.ndarray, x: np.ndarray) -> tuple[Tensor, Tensor]:
    like = params.w_out
    of_read, of_x = (torch.as_tensor(np.ascontiguousarray(a)).to(like) for a in (read, x))
    return of_read, of_x


def _joined(carried: list[Any], back: Tensor) -> Any:
    """Put what was carried of groups of trials together, in the order of the trials."""
    if carried[0] is None:
        return None
    if isinstance(carried[0], dict):
        return {key: _joined([part[key] for part in carried], back) for key in carried[0]}
    return torch.cat(carried)[back]


def last_of(outputs: Tensor, ends: Tensor | None) -> Tensor:
    """Return the outputs (n_trials, n_outputs) of the last step of every trial."""
    if ends is None:
        return outputs[:, -1]
    return outputs[torch.arange(len(outputs)), ends.to(outputs.device) - 1]
