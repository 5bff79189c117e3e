"""How the network moves in time: a description without weights."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Dynamics:
    """Discrete-time rate dynamics.

    z_t = f(w_in x_t + b + w_rec r_{t-1} + s xi_t),   r_t = (1 - a) r_{t-1} + a g(z_t),   r_0 = 0,

    with g(z) = max(z, 0) if `rectify` and g(z) = z otherwise.

    The noise xi_t is standard normal with s = sqrt(2 / a) * `recurrent_noise`: its share in the
    integrated rate, a * s = sqrt(2 a) * `recurrent_noise`, is that of an Euler-Maruyama step of a
    leaky unit (Yang et al., 2019, doi:10.1038/s41593-018-0310-2; Song et al., 2016,
    doi:10.1371/journal.pcbi.1004792).
    """

    activation: str = "tanh"
    rectify: bool = True
    leak: Tensor | float = 1.0  # a = dt / tau in (0, 1]; a tensor (n_units,) for one per unit
    readout_from: str = "state"  # "state": y_t reads z_t;  "rate": y_t reads r_t
    recurrent_noise: Tensor | float = 0.0  # (M, 1, 1) for M networks, all of them above 0

    @property
    def is_leaky(self) -> bool:
        """Whether the rates keep a memory of their own (some a < 1)."""
        return isinstance(self.leak, Tensor) or self.leak != 1.0

    @property
    def is_noisy(self) -> bool:
        """Whether the units have noise of their own."""
        return isinstance(self.recurrent_noise, Tensor) or self.recurrent_noise > 0
