"""Training in a closed loop: at which steps a network is given what it has predicted itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk_biornn._checks import is_number
from sk_biornn._plain import short
from sk_biornn.core import Dynamics, Support, Workspace
from sk_biornn.core.closed_loop import Loop, run_in_loop
from sk_biornn.core.given import Given
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
    last : int
        Number of the last epoch of this fit.
    """

    own: np.ndarray
    horizon: int
    burn_in: int
    teacher_forcing: Any
    epoch: int = 0
    last: int = 0
    _now: float | None = None  # share of this epoch

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
        share: float | None = None,
    ) -> Loop:
        """Run trials, at the share of this epoch; past their ends they are given their padding."""
        n_steps, is_over = x.shape[1], None
        if ends is not None:
            is_over = (torch.arange(n_steps) >= ends[:, None]).to(x.device)
        share = self._share() if share is None else share
        given = Given(tuple(self.own.tolist()), self._shares(n_steps, share), is_over)
        return run_in_loop(
            params,
            x,
            dynamics,
            given,
            increments=observing.increments,
            **observing.in_loop(params),
            initial=initial,
            noise=noise,
            support=support,
            workspaces=workspaces,
        )

    def outputs(self, network: Network, x: Tensor, trials: Trials) -> Tensor:
        """Return the outputs of trials that do not train, 0 past their ends.

        Epochs are compared by them, so that all are run at one share: that of the last epoch.
        """
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
            share=self._share_in(self.last),
        )
        valid = torch.from_numpy(trials.valid).to(outputs.device)
        return torch.where(valid[:, :, None], outputs, 0)

    @property
    def follows_schedule(self) -> bool:
        """Whether the share of the measured input may be another one in every epoch."""
        return hasattr(self.teacher_forcing, "share")

    def _shares(self, n_steps: int, share: float) -> tuple[float, ...]:
        """Return the share of the measured input at every step."""
        return tuple(
            1.0 if t <= self.burn_in else share if self._is_given(t) else 0.0
            for t in range(n_steps)
        )

    def _share(self) -> float:
        """Return the share in this epoch of the measured input where it is given."""
        if self._now is None or torch.is_grad_enabled():
            self._now = self._share_in(self.epoch)
        return self._now  # a look at the last step is of the epoch that took it

    def _share_in(self, epoch: int) -> float:
        if not self.follows_schedule:
            return float(self.teacher_forcing)
        share = self.teacher_forcing.share(epoch)
        if not is_number(share) or not 0 <= share <= 1:
            raise ValueError(
                "teacher_forcing must be an object whose share(epoch) is a number between 0 and 1, "
                f"got {short(share)} in epoch {epoch}."
            )
        return float(share)

    def _is_given(self, t: int) -> bool:
        """Whether a share of the measured input comes in at a step after the first ones."""
        return (t - self.burn_in) % self.horizon == 0
