"""What every penalty shares: the facts it is given, how it is called, the check of its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from sk_biornn._checks import check_number
from sk_biornn._plain import found
from sk_biornn._strategy import Strategy
from sk_biornn.core.params import RNNParams


class Facts(NamedTuple):
    """What penalties may know of the circuit; None where the user did not say.

    Parameters
    ----------
    mask : bool Tensor of shape (n_units, n_units)
        Allowed synapses [post, pre]. A penalty that says ``by_synapse = True`` is given vectors by
        a network that is stored as its synapses: a mask that is true for each, and its distance.
        The weights that it is called with are then a vector too.
    distances : Tensor of shape (n_units, n_units) or None, default=None
        Euclidean distances of the units, in the unit of the coordinates.
    connectome : Tensor of shape (n_units, n_units) or None, default=None
        Measured weights or counts [post, pre].
    signs : Tensor of shape (n_units,) or None, default=None
        Signs that the columns obey: +1, -1, or 0 for free.
    positions : Tensor of shape (n_units, n_dimensions) or None, default=None
        Where the units stand.
    blocks : int Tensor of shape (n_units,) or None, default=None
        Block of each unit: what the argument `blocks` says, else its population.

    Examples
    --------
    >>> import torch
    >>> Facts(mask=torch.ones(2, 2, dtype=torch.bool)).distances is None
    True
    """

    mask: Tensor
    distances: Tensor | None = None
    connectome: Tensor | None = None
    signs: Tensor | None = None
    positions: Tensor | None = None
    blocks: Tensor | None = None


class Penalty(Protocol):
    """What the loss adds for a batch of trials."""

    def __call__(self, params: RNNParams, rates: Tensor, weights: Tensor | None) -> Tensor:
        """Return the penalty, a scalar.

        Parameters
        ----------
        params : RNNParams
            All weights; ``params.w_rec`` is the matrix W[post, pre].
        rates : Tensor of shape (n_trials, n_steps, n_units)
            Rates of the batch; 0 after the end of a shorter trial.
        weights : Tensor of shape (n_trials, n_steps) or None
            How much each step of each trial counts, 0 after its end; over all trials of the
            training set they sum to the number of trials. None where all count alike.
        """
        ...


@dataclass(frozen=True)
class OfWeights:
    """A penalty on the recurrent weights alone, which may be called with them alone."""

    function: Callable[[Tensor], Tensor]

    def __call__(
        self, params: RNNParams | Tensor, rates: Any = None, weights: Any = None
    ) -> Tensor:
        """Return the penalty on W[post, pre], or on that of a network's weights."""
        return self.function(params.w_rec if isinstance(params, RNNParams) else params)


@runtime_checkable
class Regularizer(Protocol):
    """Anything that turns facts into a penalty.

    An attribute ``by_synapse``, true where the penalty adds up over synapses or does not look at
    the recurrent weights, lets networks that are stored as their synapses have it.
    """

    def bind(self, facts: Facts) -> Penalty | Callable[[Tensor], Tensor]:
        """Compute once what can be, and return the function that the loss adds.

        Parameters
        ----------
        facts : Facts
            What is known of the circuit, as tensors.

        Returns
        -------
        callable
            (params, rates, weights) -> scalar Tensor, or w_rec -> scalar Tensor.
        """
        ...


Penalties = Callable[[RNNParams, Tensor, "Tensor | None"], Tensor]  # of a stack: (M,)


def numbers_of(prices: Sequence[Any], name: str, like: Tensor) -> Tensor:
    """Return one number of each of several penalties, (n_networks,)."""
    numbers = [float(getattr(price, name)) for price in prices]
    return torch.tensor(numbers, dtype=like.dtype, device=like.device)


def can_be_stacked(price: Any) -> bool:
    """Whether the penalties of several networks take as many operations as that of one.

    A class that derives from one of them and binds in another way costs something else.
    """
    for cls in type(price).__mro__:
        if "_costs_of_each" in vars(cls):
            return True
        if {"bind", "_bound"} & set(vars(cls)):
            return False
    return False


@dataclass(frozen=True)
class Price(Strategy):
    """Checks its own numbers: no strength below 0, which would be a reward."""

    def __post_init__(self) -> None:
        """Refuse strengths below 0, and powers and floors that are not positive."""
        for field in fields(self):
            is_open = field.name.endswith(("power", "floor"))
            check_number(field.name, getattr(self, field.name), low=0.0, open_low=is_open)

    def bind(self, facts: Facts) -> Penalty:
        """Return the penalty.

        Parameters
        ----------
        facts : Facts
            What is known of the circuit, as tensors.

        Returns
        -------
        callable
            (params, rates, weights) -> scalar Tensor. A penalty on the recurrent weights alone may
            be called with them alone.

        Raises
        ------
        TypeError
            If `facts` are none.
        ValueError
            If they lack what the penalty needs: coordinates, or a connectome.
        """
        check_facts(facts)
        return self._bound(facts)

    def _bound(self, facts: Facts) -> Penalty:
        raise NotImplementedError

    @classmethod
    def _bind_stack(cls, prices: Sequence[Any], facts: Facts, like: Tensor) -> Penalties:
        """Return the penalties of networks along a leading axis, each with its own strength.

        A class that can do so has a method ``_costs_of_each(facts)``, which returns what a
        strength of 1 costs every network.

        Parameters
        ----------
        prices : sequence of penalties
            One per network; all but their strengths are equal.
        facts : Facts
            What is known of the circuits, each with a leading axis of networks.
        like : Tensor
            Whose dtype and device the numbers get.

        Returns
        -------
        callable
            (params, rates, weights), all of them stacked -> Tensor of shape (n_networks,).
        """
        costs, strengths = prices[0]._costs_of_each(facts), numbers_of(prices, "strength", like)
        return lambda params, rates, weights: strengths * costs(params, rates, weights)


def check_facts(facts: Any) -> None:
    if not hasattr(facts, "distances") or not hasattr(facts, "connectome"):
        raise TypeError(
            f"facts must be a Facts object with mask, distances and connectome, got {found(facts)}."
        )


def priced_distances(facts: Facts, power: float, what: str) -> Tensor:
    if facts.distances is None:
        raise ValueError(f"coordinates must be given for the {what}, got None.")
    return facts.distances**power


def pairwise_distances(coordinates: Tensor) -> Tensor:
    """Return the Euclidean distance of every pair of units, with exact zeros on the diagonal."""
    # torch.cdist goes through a product for many points, which leaves rounding on the diagonal.
    differences = coordinates[:, None, :] - coordinates[None, :, :]
    return torch.linalg.vector_norm(differences, dim=-1)
