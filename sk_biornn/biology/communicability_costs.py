"""Penalties on communicability: what two units say to each other along all ways at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from sk_biornn.biology._prices import (
    Facts,
    OfWeights,
    Penalties,
    Price,
    numbers_of,
    priced_distances,
)
from sk_biornn.biology._sorting import sorted_values
from sk_biornn.biology.communicability import communicability
from sk_biornn.biology.weight_costs import WiringCost
from sk_biornn.core.params import RNNParams

__all__ = ["CommunicabilityCost", "CommunicabilityEMD"]


@dataclass(frozen=True)
class CommunicabilityCost(Price):
    r"""Penalty on distance and communicability, :math:`\lambda \sum |W_{ij}| C_{ij}^q D_{ij}^p`.

    Parameters
    ----------
    strength : float, default=0.3
        Factor lambda of the penalty.
    distance_power : float, default=1.0
        Exponent p of the distance.
    communicability_power : float, default=1.0
        Exponent q; C is the weighted communicability of the weights, see `communicability`.

    Raises
    ------
    TypeError
        If a strength or a power is not a number.
    ValueError
        If a strength is negative, or a power is not positive.

    References
    ----------
    .. [1] J. Achterberg et al., "Spatially embedded recurrent neural networks reveal widespread
       links between structural and functional neuroscience findings", Nature Machine
       Intelligence, 2023. doi:10.1038/s42256-023-00748-9

    Examples
    --------
    >>> import torch
    >>> weights, apart = (
    ...     torch.tensor([[0.0, 2.0], [2.0, 0.0]]),
    ...     torch.tensor([[0.0, 1], [1, 0]]),
    ... )
    >>> facts = Facts(mask=torch.ones(2, 2, dtype=torch.bool), distances=apart)
    >>> round(float(CommunicabilityCost(1.0).bind(facts)(weights)), 4)  # 4 sinh(1)
    4.7008
    """

    strength: float = 0.3
    distance_power: float = 1.0
    communicability_power: float = 1.0

    def _bound(self, facts: Facts) -> OfWeights:
        prices = self.strength * priced_distances(
            facts, self.distance_power, "communicability penalty"
        )

        return OfWeights(lambda weights: (weights.abs() * self._traffic(weights) * prices).sum())

    def _traffic(self, weights: Tensor) -> Tensor:
        """Return C^q of one network, or of several."""
        traffic = communicability(weights)
        if self.communicability_power != 1.0:
            traffic = traffic.pow(self.communicability_power)
        return traffic

    def _costs_of_each(self, facts: Facts) -> Penalties:
        distances = priced_distances(facts, self.distance_power, "communicability penalty")

        def costs(params: RNNParams, *_: Any) -> Tensor:
            w_rec = params.w_rec
            return (w_rec.abs() * self._traffic(w_rec) * distances).sum((-2, -1))

        return costs


@dataclass(frozen=True)
class CommunicabilityEMD(Price):
    r"""Penalty on distance, plus how far the communicability is from that of a connectome.

    .. math::
        \lambda \sum_{ij} |W_{ij}| D_{ij}^p
        + \mu \frac{1}{n^2} \sum_k |c_{(k)}(W) - c_{(k)}(\mathrm{connectome})|

    where c_(k) are the n^2 entries of the communicability, sorted: the mean difference of the
    sorted values is the earth mover's distance of the two distributions.

    Parameters
    ----------
    strength : float, default=0.3
        Factor lambda of the penalty.
    emd_strength : float, default=0.1
        Factor mu of the earth mover's distance.
    distance_power : float, default=1.0
        Exponent p of the distance.

    Raises
    ------
    TypeError
        If a strength or a power is not a number.
    ValueError
        If a strength is negative, or a power is not positive.

    References
    ----------
    .. [1] A. Shakiba, R. Rokni, M. Mohammadi, N. Dehghani, arXiv 2606.14975, 2026.

    Examples
    --------
    >>> import torch
    >>> wires, apart = (
    ...     torch.tensor([[0.0, 2.0], [2.0, 0.0]]),
    ...     torch.tensor([[0.0, 1], [1, 0]]),
    ... )
    >>> facts = Facts(
    ...     torch.ones(2, 2, dtype=torch.bool), distances=apart,
    ...     connectome=5 * wires,
    ... )
    >>> # the same up to a factor: no EMD
    >>> float(CommunicabilityEMD(0.5, 1.0).bind(facts)(wires))
    2.0
    """

    strength: float = 0.3
    emd_strength: float = 0.1
    distance_power: float = 1.0

    def _bound(self, facts: Facts) -> OfWeights:
        if facts.connectome is None:
            raise ValueError(
                "connectome must be given for the communicability_emd penalty, got None."
            )
        wiring = WiringCost(self.strength, self.distance_power)._bound(facts)
        target = sorted_values(communicability(facts.connectome).flatten())

        def penalty(weights: Tensor) -> Tensor:
            ranked = sorted_values(communicability(weights).flatten())
            return wiring(weights) + self.emd_strength * (ranked - target).abs().mean()

        return OfWeights(penalty)

    def _costs_of_each(self, facts: Facts) -> Penalties:
        return WiringCost(1.0, self.distance_power)._costs_of_each(facts)

    @classmethod
    def _bind_stack(cls, prices: Sequence[Any], facts: Facts, like: Tensor) -> Penalties:
        """Return the penalties of networks along a leading axis, each with its own strengths.

        Parameters
        ----------
        prices : sequence of CommunicabilityEMD
            One per network; all but their two strengths are equal.
        facts : Facts
            With a leading axis of networks.
        like : Tensor
            Whose dtype and device the numbers get.

        Returns
        -------
        callable
            (params, rates, weights), all of them stacked -> Tensor of shape (n_networks,).
        """
        assert facts.connectome is not None  # `bind` was asked before
        wiring = super()._bind_stack(prices, facts, like)
        strengths = numbers_of(prices, "emd_strength", like)
        target = communicability(facts.connectome).flatten(1).sort().values

        def penalty(params: RNNParams, rates: Tensor, weights: Tensor | None) -> Tensor:
            ranked = communicability(params.w_rec).flatten(1).sort().values
            emd = (ranked - target).abs().mean(1)
            return wiring(params, rates, weights) + strengths * emd

        return penalty
