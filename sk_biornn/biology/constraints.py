"""Constraints: which recurrent weights a network may have, and how they move inside that set.

A constraint is a small frozen object with one method, ``bind(signs, mask) -> WeightSpace``. It is
given the column signs (n_units,) of +1, -1 and 0 (free), and the mask (n_units, n_units) of
allowed synapses as tensors, computes once what it can, and returns functions. Every function of
every constraint keeps weights off the mask at exactly zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_biornn._checks import check_choice, check_number
from sk_biornn._plain import short
from sk_biornn._strategy import Strategy
from sk_biornn._vocabulary import Vocabulary, Word, filled
from sk_biornn.biology._spaces import clipping_space, sign_bounds
from sk_biornn.biology._spaces import project as project
from sk_biornn.biology._ways import WAYS
from sk_biornn.core.weight_space import WeightSpace


@runtime_checkable
class Constraint(Protocol):
    """Anything that turns signs and a mask into a space of weights.

    Five things may be added: a method ``signs_in_force(signs)``, when the signs that the columns
    obey are not those of the units; an attribute ``freezes_zeros``, when a synapse that starts at
    zero could never grow (string initialisers then start it at a small weight); a method
    ``in_circuit(mask)`` that returns the constraint with what depends on the whole mask filled in;
    and an attribute ``by_synapse``, true when every synapse is treated by itself. ``bind`` is then
    given vectors where few synapses exist: the presynaptic sign of each, and a mask that is true.
    A network that is stored as its synapses has no mask for ``in_circuit``; it asks a method
    ``of_inputs(n_synapses)``, given the mean number of synapses of a unit, instead.
    """

    def bind(self, signs: Tensor, mask: Tensor) -> WeightSpace:
        """Compute once what can be, and return the functions that `train` calls.

        Parameters
        ----------
        signs : Tensor of shape (n_units,)
            Signs of the columns: +1, -1, or 0 for free.
        mask : bool Tensor of shape (n_units, n_units)
            Allowed synapses [post, pre].

        Returns
        -------
        WeightSpace
            What the training loop calls.
        """
        ...


@filled(methods=WAYS.choices, rows=WAYS.bullets(88))
@dataclass(frozen=True)
class Dale(Strategy):
    r"""Dale's law: all outgoing weights of a unit, a column of W[post, pre], have one sign.

    Parameters
    ----------
    method : {methods}, default="projection"
        How weights move under the law, with s the sign of the column [1]_, [2]_:

        {rows}
    scale : float or None, default=None
        Of "exponentiated": where multiplicative steps turn into additive ones. None: 1 / n in an
        estimator, for n synapses per unit; a law that is bound without an estimator then takes the
        published steps, W <- W exp(-sign(W) d) whatever W is. With ``scale=1`` these are taken by
        all weights below 1, in an estimator too.
    momentum : {"cut", "kept"}, default="cut"
        Of "projection": whether the optimiser's momentum of a weight that is stopped at 0 is lost,
        or kept as published [1]_. Kept momentum goes on pressing the weight against the wall, so
        that it stays there for longer.

    Raises
    ------
    TypeError
        If `method` or `momentum` is no name, or `scale` not a number.
    ValueError
        If `method` is unknown, or `scale` is not positive or given with another method.

    Notes
    -----
    Units of sign 0 are not constrained; whatever the method, they take plain additive steps.

    Why the exponentiated gradient needs a scale: the published step moves a weight by \|W\| times
    the plain one. Initial weights of a flat spectrum have about one synapse of size 1 per unit, and
    n - 1 that are nearly absent. The large one then takes steps as long as without the law, the
    others hardly move; and a larger learning rate makes the large one leap before the others have
    grown. With a scale c, no step is longer than without the law, and a small weight grows by the
    factor exp(\|d\| / c) per step. Taking 1 / n for c has a reason that belongs to no task: n
    synapses of that size, all acting together, add up to one of size 1. What is smaller is not
    missed while it grows. No weight falls below c / 1000, unless it started there, so that it
    comes back in some tens of steps.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970
    .. [2] J. Cornford et al., "Brain-like learning with exponentiated gradients", bioRxiv, 2024.
       doi:10.1101/2024.10.25.620272

    Examples
    --------
    >>> import torch
    >>> signs, mask = torch.tensor([1.0, -1.0]), torch.ones(2, 2, dtype=torch.bool)
    >>> space = Dale().bind(signs, mask)
    >>> space.encode(torch.tensor([[0.5, 0.5], [-0.5, -0.5]])).tolist()
    [[0.5, 0.0], [0.0, -0.5]]
    """

    method: str = "projection"
    scale: float | None = None
    momentum: str = "cut"

    by_synapse = True

    def __post_init__(self) -> None:
        """Refuse unknown methods, and options that make no sense or that a method does not read."""
        check_choice("method", self.method, WAYS)
        if self.scale is not None:
            check_number("scale", self.scale, low=0.0, open_low=True)
        check_momentum(self.momentum)
        for option, default in (("scale", None), ("momentum", "cut")):
            value = getattr(self, option)
            if value != default and option not in WAYS[self.method].options:
                readers = " or ".join(repr(n) for n, way in WAYS.items() if option in way.options)
                raise ValueError(
                    f"{option} must be {default!r} unless method={readers}, got {option}="
                    f"{short(value)} with method={self.method!r}."
                )

    def in_circuit(self, mask: Tensor) -> Dale:
        """Return the law as estimators train under it: with the scale that fits the circuit.

        Parameters
        ----------
        mask : bool Tensor of shape (n_units, n_units)
            Allowed synapses [post, pre].

        Returns
        -------
        Dale
            The law itself, if it has a scale or needs none.

        Examples
        --------
        >>> import torch
        >>> Dale("exponentiated").in_circuit(
        ...     torch.ones(50, 50, dtype=torch.bool)
        ... ).scale
        0.02
        """
        if not bool(mask.any()):
            return self
        return self.of_inputs(mask.sum().item() / mask.any(dim=1).sum().item())

    def of_inputs(self, n_synapses: float) -> Dale:
        """Return the law of a circuit whose units have so many synapses.

        Parameters
        ----------
        n_synapses : float
            Mean number of synapses of a unit that has any.

        Returns
        -------
        Dale
            The law itself, if it has a scale or needs none.

        Examples
        --------
        >>> Dale("exponentiated").of_inputs(50).scale
        0.02
        """
        reads_scale = "scale" in WAYS[self.method].options
        if not reads_scale or self.scale is not None:
            return self
        return replace(self, scale=1.0 / n_synapses)

    @property
    def freezes_zeros(self) -> bool:
        """Whether steps vanish with the weight, so that a synapse at zero can never grow."""
        return WAYS[self.method].freezes_zeros

    def bind(self, signs: Tensor, mask: Tensor) -> WeightSpace:
        """Return the space of weights that obey the signs and the mask.

        Parameters
        ----------
        signs : Tensor of shape (n_units,)
            Signs of the columns: +1, -1, or 0 for free.
        mask : bool Tensor of shape (n_units, n_units)
            Allowed synapses [post, pre].

        Returns
        -------
        WeightSpace
            What the training loop calls.
        """
        return WAYS[self.method].bind(self, signs, mask)


def check_momentum(momentum: Any) -> None:
    """Refuse all but the two ways of momentum at a wall."""
    check_choice("momentum", momentum, ("cut", "kept"))


@dataclass(frozen=True)
class NonNegative(Strategy):
    """All recurrent weights are non-negative: negative ones are set to 0 after every step.

    Parameters
    ----------
    momentum : {"cut", "kept"}, default="cut"
        Whether the optimiser's momentum of a weight that is stopped at 0 is lost or kept, as by
        constraints of Keras.

    Raises
    ------
    TypeError
        If `momentum` is no name.
    ValueError
        If `momentum` is unknown.

    Examples
    --------
    >>> import torch
    >>> space = NonNegative().bind(
    ...     torch.zeros(2), torch.ones(2, 2, dtype=torch.bool)
    ... )
    >>> space.encode(torch.tensor([[0.5, -0.5], [1.0, -1.0]])).tolist()
    [[0.5, 0.0], [1.0, 0.0]]
    """

    momentum: str = "cut"

    by_synapse = True

    def __post_init__(self) -> None:
        """Refuse other ways of momentum."""
        check_momentum(self.momentum)

    def signs_in_force(self, signs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the signs that the columns obey: +1 for all.

        Parameters
        ----------
        signs : ndarray of shape (n_units,)
            Signs of the units.

        Returns
        -------
        ndarray of shape (n_units,)
            Signs of the columns.
        """
        return np.ones_like(signs)

    def bind(self, signs: Tensor, mask: Tensor) -> WeightSpace:
        """Return the space of non-negative weights on the mask; `signs` are not read.

        Parameters
        ----------
        signs : Tensor of shape (n_units,)
            Signs of the columns: +1, -1, or 0 for free.
        mask : bool Tensor of shape (n_units, n_units)
            Allowed synapses [post, pre].

        Returns
        -------
        WeightSpace
            What the training loop calls.
        """
        bounds = sign_bounds(torch.ones_like(signs), mask)
        return clipping_space(*bounds, keeps_momentum=self.momentum == "kept")


@dataclass(frozen=True)
class FixedMask(Strategy):
    """Only the synapses of the mask exist; their signs are free.

    Examples
    --------
    >>> import torch
    >>> space = FixedMask().bind(torch.ones(2), torch.eye(2, dtype=torch.bool))
    >>> space.encode(torch.tensor([[0.5, -0.5], [1.0, -1.0]])).tolist()
    [[0.5, 0.0], [0.0, -1.0]]
    """

    by_synapse = True

    def signs_in_force(self, signs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the signs that the columns obey: 0 for all.

        Parameters
        ----------
        signs : ndarray of shape (n_units,)
            Signs of the units.

        Returns
        -------
        ndarray of shape (n_units,)
            Signs of the columns.
        """
        return np.zeros_like(signs)

    def bind(self, signs: Tensor, mask: Tensor) -> WeightSpace:
        """Return the space of weights on the mask; `signs` are not read.

        Parameters
        ----------
        signs : Tensor of shape (n_units,)
            Signs of the columns: +1, -1, or 0 for free.
        mask : bool Tensor of shape (n_units, n_units)
            Allowed synapses [post, pre].

        Returns
        -------
        WeightSpace
            What the training loop calls.
        """
        return clipping_space(*sign_bounds(torch.zeros_like(signs), mask))


# What the argument `dale` of the estimators may name: Dale's law in each of its ways, and others.
LAWS = Vocabulary(
    *(Word(way.name, partial(Dale, way.name), way.formula, way.meaning) for way in WAYS.values()),
    Word(
        "nonnegative",
        NonNegative,
        "W <- max(W, 0)",
        "every unit excitatory: after a free step every negative weight becomes 0",
    ),
)
DALE_METHODS = tuple(LAWS)
