"""What every penalty shares: the facts it is given, its protocol, and the check of its numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from sk_biornn._checks import check_number
from sk_biornn._plain import found

Penalty = Callable[[Tensor], Tensor]


class Facts(NamedTuple):
    """What penalties may know of the circuit; None where the user did not say.

    Parameters
    ----------
    mask : bool Tensor of shape (n_units, n_units)
        Allowed synapses [post, pre].
    distances : Tensor of shape (n_units, n_units) or None, default=None
        Euclidean distances of the units, in the unit of the coordinates.
    connectome : Tensor of shape (n_units, n_units) or None, default=None
        Measured weights or counts [post, pre].

    Examples
    --------
    >>> import torch
    >>> Facts(mask=torch.ones(2, 2, dtype=torch.bool)).distances is None
    True
    """

    mask: Tensor
    distances: Tensor | None = None
    connectome: Tensor | None = None


@runtime_checkable
class Regularizer(Protocol):
    """Anything that turns facts into a penalty."""

    def bind(self, facts: Facts) -> Penalty:
        """Compute once what can be, and return the function that the loss adds.

        Parameters
        ----------
        facts : Facts
            What is known of the circuit, as tensors.

        Returns
        -------
        callable
            w_rec -> scalar Tensor.
        """
        ...


@dataclass(frozen=True)
class Price:
    """Checks its own numbers: no strength below 0, which would be a reward."""

    def __post_init__(self) -> None:
        """Refuse strengths below 0 and powers that are not positive."""
        for field in fields(self):
            is_power = field.name.endswith("power")
            check_number(field.name, getattr(self, field.name), low=0.0, open_low=is_power)


def check_facts(facts: Any) -> None:
    if not hasattr(facts, "distances") or not hasattr(facts, "connectome"):
        raise TypeError(
            f"facts must be a Facts object with mask, distances and connectome, got {found(facts)}."
        )


def priced_distances(facts: Facts, power: float, what: str) -> Tensor:
    check_facts(facts)
    if facts.distances is None:
        raise ValueError(f"coordinates must be given for the {what}, got None.")
    return facts.distances**power


def pairwise_distances(coordinates: Tensor) -> Tensor:
    """Return the Euclidean distance of every pair of units, with exact zeros on the diagonal."""
    differences = coordinates[:, None, :] - coordinates[None, :, :]
    return torch.linalg.vector_norm(differences, dim=-1)
