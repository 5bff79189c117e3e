"""Penalties on weights and on wire: a price per synapse."""

from __future__ import annotations

from dataclasses import dataclass

from sk_biornn.biology._prices import Facts, OfWeights, Penalties, Price, priced_distances

__all__ = ["WeightCost", "WiringCost"]


@dataclass(frozen=True)
class WeightCost(Price):
    r"""Penalty on weights, :math:`\lambda \sum_{ij} |W_{ij}|`.

    Parameters
    ----------
    strength : float, default=0.3
        Factor lambda of the penalty.

    Raises
    ------
    TypeError
        If a strength or a power is not a number.
    ValueError
        If a strength is negative, or a power is not positive.

    Examples
    --------
    >>> import torch
    >>> weights = torch.tensor([[0.0, -1.0], [2.0, 0.0]])
    >>> penalty = WeightCost(0.5).bind(
    ...     Facts(mask=torch.ones(2, 2, dtype=torch.bool))
    ... )
    >>> float(penalty(weights))
    1.5
    """

    strength: float = 0.3

    by_synapse = True

    def _bound(self, facts: Facts) -> OfWeights:
        return OfWeights(lambda weights: self.strength * weights.abs().sum())

    def _costs_of_each(self, facts: Facts) -> Penalties:
        return lambda params, *_: params.w_rec.abs().sum((-2, -1))


@dataclass(frozen=True)
class WiringCost(Price):
    r"""Penalty on distance, :math:`\lambda \sum_{ij} |W_{ij}| D_{ij}^p`.

    Parameters
    ----------
    strength : float, default=0.3
        Factor lambda of the penalty.
    distance_power : float, default=1.0
        Exponent p; D is the Euclidean distance of two units.

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
    ...     torch.tensor([[0.0, -1.0], [2.0, 0.0]]),
    ...     torch.tensor([[0.0, 3], [3, 0]]),
    ... )
    >>> facts = Facts(mask=torch.ones(2, 2, dtype=torch.bool), distances=apart)
    >>> float(WiringCost(1.0).bind(facts)(weights))
    9.0
    """

    strength: float = 0.3
    distance_power: float = 1.0

    by_synapse = True

    def _bound(self, facts: Facts) -> OfWeights:
        prices = self.strength * priced_distances(
            facts, self.distance_power, "spatial penalty (and so for communicability_emd)"
        )
        return OfWeights(lambda weights: (weights.abs() * prices).sum())

    def _costs_of_each(self, facts: Facts) -> Penalties:
        distances = priced_distances(facts, self.distance_power, "spatial penalty")
        return lambda params, *_: (params.w_rec.abs() * distances).sum((-2, -1))
