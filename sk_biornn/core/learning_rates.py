"""Learning rates over epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sk_biornn._checks import check_number


@runtime_checkable
class Schedule(Protocol):
    """Anything that says the learning rate of an epoch."""

    def rate(self, epoch: int, initial: float) -> float:
        """Return the learning rate of one epoch (from 0), given that at the start."""
        ...


@dataclass(frozen=True)
class CosineCycles:
    r"""A learning rate that falls and rises along a cosine, over and over.

    .. math::
        \eta(e) = \eta_{min} + \tfrac{1}{2} (\eta_0 - \eta_{min}) (1 + \cos(2 \pi e / P))

    in epoch e, with period P. With P twice `max_iter` and a minimum of 0 this is
    ``learning_rate="cosine"``.

    Parameters
    ----------
    period : float, default=20
        Epochs from one maximum to the next.
    minimum : float, default=0.0
        Learning rate at the minimum, half a period after the start.

    Raises
    ------
    TypeError
        If one is not a number.
    ValueError
        If `period` is not positive or `minimum` negative.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR,
       2017. doi:10.48550/arXiv.1608.03983

    Examples
    --------
    >>> cycles = CosineCycles(period=20, minimum=1e-4)
    >>> [round(cycles.rate(epoch, 1e-3), 6) for epoch in (0, 5, 10, 20)]
    [0.001, 0.00055, 0.0001, 0.001]
    """

    period: float = 20
    minimum: float = 0.0

    def __post_init__(self) -> None:
        """Refuse periods and rates that make no sense."""
        check_number("period", self.period, low=0.0, open_low=True)
        check_number("minimum", self.minimum, low=0.0)

    def rate(self, epoch: int, initial: float) -> float:
        """Return the learning rate of one epoch.

        Parameters
        ----------
        epoch : int
            Number of the epoch, from 0.
        initial : float
            Learning rate in epoch 0.

        Returns
        -------
        float
            The learning rate.

        Examples
        --------
        >>> CosineCycles(period=4).rate(2, 0.1)
        0.0
        """
        phase = math.cos(2 * math.pi * epoch / self.period)
        return self.minimum + 0.5 * (initial - self.minimum) * (1 + phase)
