"""Training in a closed loop: at which steps a network is given what it has predicted itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk_biornn.core import Dynamics, Support, Workspace
from sk_biornn.core.closed_loop import Loop, run_in_loop
from sk_biornn.core.noise import Noise
from sk_biornn.core.params import Params
from sk_biornn.estimators._boundary import Network
from sk_biornn.estimators._observing import Observing
from sk_biornn.estimators._trials import Trials


@dataclass(eq=False)
class ClosedLoop:
    """Every `horizon` steps a share of the measured input; in between what was predicted.

    Parameters
    ----------
    own : ndarray of int of shape (n_outputs,)
        Column of X that each output continues.
    horizon : int
        Steps from one measured input to the next.
    burn_in : int
        First steps, all of which are given.
    teacher_forcing : float or object
        Share of the measured input every `horizon` steps; an object has ``share(epoch)``.
    epoch : int
        Number of epochs so far, which such an object is asked for.
    """

    own: np.ndarray
    horizon: int
    burn_in: int
    teacher_forcing: Any
    epoch: int = 0

    def run(
        self,
        params: Params,
        x: Tensor,
        dynamics: Dynamics,
        observing: Observing,
        *,
        ends: Tensor | None = None,
        initial: Tensor | None = None,
        noise: Noise | None = None,
        support: Support | None = None,
        workspaces: dict[int, Workspace] | None = None,
    ) -> Loop:
        """Run trials; past their ends they are given their padding."""
        n_trials, n_steps = x.shape[:2]
        shares = self._shares(n_steps, x).expand(n_trials, -1)
        if ends is not None:
            is_over = torch.arange(n_steps) >= ends[:, None]
            shares = shares.masked_fill(is_over.to(x.device), 1.0)
        return run_in_loop(
            params,
            x,
            dynamics,
            shares,
            torch.as_tensor(self.own, device=x.device),
            fed_back=self.fed_back(n_steps),
            observe=lambda read, given, carried: observing(read, given, params, carried),
            initial=initial,
            noise=noise,
            support=support,
            workspaces=workspaces,
        )

    def outputs(self, network: Network, x: Tensor, trials: Trials) -> Tensor:
        """Return the outputs of trials that do not train, 0 past their ends."""
        observing = network.observing or Observing()
        ends = None if trials.lengths is None else torch.from_numpy(trials.lengths)
        starts = network.starts(trials)
        outputs, _ = self.run(
            network.params,
            x,
            network.dynamics,
            observing,
            ends=ends,
            initial=starts,
            support=network.support,
        )
        valid = torch.from_numpy(trials.valid).to(outputs.device)
        return torch.where(valid[:, :, None], outputs, 0)

    def fed_back(self, n_steps: int) -> list[int]:
        """Return the steps at which something of what was predicted comes back."""
        is_whole = not hasattr(self.teacher_forcing, "share") and self.teacher_forcing == 1
        return [
            t
            for t in range(1, n_steps)
            if t > self.burn_in and not (is_whole and self._is_given(t))
        ]

    def _is_given(self, t: int) -> bool:
        """Whether the measured input comes in at a step, or a share of it."""
        return t <= self.burn_in or (t - self.burn_in) % self.horizon == 0

    def _shares(self, n_steps: int, like: Tensor) -> Tensor:
        """Return the share of the measured input at every step."""
        share = self.teacher_forcing
        if hasattr(share, "share"):
            share = float(share.share(self.epoch))
        values = [
            1.0 if t <= self.burn_in else share if self._is_given(t) else 0.0
            for t in range(n_steps)
        ]
        return torch.tensor(values, dtype=like.dtype, device=like.device)
