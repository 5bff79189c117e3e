"""Penalties on activity: on rates, and on units that are silent.

A mean over trials is that of the training set: a trial of weight 2 counts as two, and steps after
the end of a trial do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from sk_biornn._checks import check_number
from sk_biornn.biology._prices import (
    Facts,
    Penalties,
    Penalty,
    Price,
)
from sk_biornn.core.losses import per_trial
from sk_biornn.core.params import RNNParams

__all__ = ["RateCost", "SilentUnitCost", "mean_over_trials", "mean_rates"]


def mean_over_trials(values: Tensor, weights: Tensor | None) -> Tensor:
    """Return the mean of what every unit does at every step, as a penalty should take it.

    Parameters
    ----------
    values : Tensor of shape (n_trials, n_steps, n_units)
        A function of the rates of a batch.
    weights : Tensor of shape (n_trials, n_steps) or None
        Weights of the steps, as a penalty is given them.

    Returns
    -------
    Tensor
        A scalar; its mean over the batches of an epoch is the weighted mean over all trials.

    Examples
    --------
    >>> import torch
    >>> rates = torch.tensor([[[1.0], [3.0]], [[5.0], [0.0]]])
    >>> float(mean_over_trials(rates, None))
    2.25
    >>> ends_early = torch.tensor([[1.0, 1.0], [1.0, 0.0]]) * 2 / 3
    >>> float(mean_over_trials(rates, ends_early))
    3.0
    """
    return values.mean() if weights is None else per_trial(values.mean(dim=-1), weights)


def mean_rates(rates: Tensor, weights: Tensor | None) -> Tensor:
    """Return the mean rate of every unit over the trials and steps of a batch.

    Parameters
    ----------
    rates : Tensor of shape (n_trials, n_steps, n_units)
        Rates, or a function of them.
    weights : Tensor of shape (n_trials, n_steps) or None
        Weights of the steps, as a penalty is given them.

    Returns
    -------
    Tensor of shape (n_units,)
        Weighted means.

    Examples
    --------
    >>> import torch
    >>> rates = torch.tensor([[[1.0, 2.0], [3.0, 2.0]]])
    >>> mean_rates(rates, None).tolist()
    [2.0, 2.0]
    >>> mean_rates(rates, torch.tensor([[0.5, 0.0]])).tolist()
    [1.0, 2.0]
    """
    if weights is None:
        return rates.mean(dim=(0, 1))
    return (rates * weights[..., None]).sum(dim=(0, 1)) / weights.sum()


@dataclass(frozen=True)
class RateCost(Price):
    r"""Penalty on activity, :math:`\lambda \langle |r_{it}|^p \rangle`.

    The mean is that over trials, steps and units, so that a strength suits networks of any size.

    Parameters
    ----------
    strength : float, default=0.3
        Factor lambda of the penalty.
    power : float, default=2.0
        Exponent p, at least 1.

    Raises
    ------
    TypeError
        If a strength or a power is not a number.
    ValueError
        If the strength is negative, or the power is below 1.

    References
    ----------
    .. [1] D. Sussillo, M. M. Churchland, M. T. Kaufman, K. V. Shenoy, "A neural network that finds
       a naturalistic solution for the production of muscle activity", Nature Neuroscience, 2015.
       doi:10.1038/nn.4042

    Examples
    --------
    >>> import torch
    >>> penalty = RateCost(0.5).bind(
    ...     Facts(mask=torch.ones(2, 2, dtype=torch.bool))
    ... )
    >>> rates = torch.tensor([[[1.0, 2.0], [0.0, 1.0]]])  # one trial of two steps
    >>> float(penalty(None, rates, None))
    0.75
    """

    strength: float = 0.3
    power: float = 2.0

    by_synapse = True

    def __post_init__(self) -> None:
        """Refuse powers below 1: at a rate of 0 they have no slope."""
        super().__post_init__()
        check_number("power", self.power, low=1.0)

    def _bound(self, facts: Facts) -> Penalty:
        def penalty(params: RNNParams, rates: Tensor, weights: Tensor | None) -> Tensor:
            costs = rates.square() if self.power == 2 else rates.abs().pow(self.power)
            return self.strength * mean_over_trials(costs, weights)

        return penalty

    def _costs_of_each(self, facts: Facts) -> Penalties:
        def costs(params: RNNParams, rates: Tensor, weights: Tensor | None) -> Tensor:
            powers = rates.square() if self.power == 2 else rates.abs().pow(self.power)
            per_step = powers.mean(-1)  # (n_networks, n_trials, n_steps)
            if weights is None:
                return per_step.mean((1, 2))
            return (per_step * weights).sum((1, 2)) / weights.shape[1]

        return costs


@dataclass(frozen=True)
class SilentUnitCost(Price):
    r"""Penalty on silent units, :math:`\lambda \frac{1}{n} \sum_i \max(0, 1 - \bar r_i / \theta)`.

    Here :math:`\bar r_i` is the mean of :math:`|r_{it}|` over the trials of a batch and their
    steps. A network in which all units are silent pays lambda, one in which each is as active as
    the floor theta nothing.

    Parameters
    ----------
    strength : float, default=0.3
        Factor lambda of the penalty.
    floor : float, default=0.05
        Mean rate theta below which a unit pays, in the unit of the rates.

    Raises
    ------
    TypeError
        If the strength or the floor is not a number.
    ValueError
        If the strength is negative, or the floor is not positive.

    Notes
    -----
    A rectified unit that no trial of a batch excites has no gradient, and stays silent: the penalty
    keeps units from falling silent, and wakes those that are still heard now and then.

    Examples
    --------
    >>> import torch
    >>> penalty = SilentUnitCost(1.0, floor=0.5).bind(
    ...     Facts(torch.ones(2, 2, dtype=torch.bool))
    ... )
    >>> # the second unit is silent
    >>> rates = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    >>> float(penalty(None, rates, None))
    0.5
    """

    strength: float = 0.3
    floor: float = 0.05

    by_synapse = True

    def _bound(self, facts: Facts) -> Penalty:
        def penalty(params: RNNParams, rates: Tensor, weights: Tensor | None) -> Tensor:
            missing = 1 - mean_rates(rates.abs(), weights) / self.floor
            return self.strength * missing.clamp(min=0).mean()

        return penalty

    def _costs_of_each(self, facts: Facts) -> Penalties:
        def costs(params: RNNParams, rates: Tensor, weights: Tensor | None) -> Tensor:
            if weights is None:
                means = rates.abs().mean((1, 2))
            else:
                sums = (rates.abs() * weights[..., None]).sum((1, 2))
                means = sums / weights.sum((1, 2))[:, None]
            return (1 - means / self.floor).clamp(min=0).mean(-1)

        return costs
