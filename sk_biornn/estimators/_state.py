"""What a fitted network is, and all that a fit that goes on needs to know of the one before."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_biornn import _structure
from sk_biornn.core import History
from sk_biornn.estimators._circuit import Circuit

Arrays = dict[str, NDArray[Any]]


class Pruned(NamedTuple):
    """What pruning has done; without a goal it is on its way there."""

    achieved_density: Any  # float, or (n_blocks, n_blocks)
    goal: tuple[Any, ...] | None = None  # of the plan that was carried out
    W_dense: NDArray[Any] | None = None  # recurrent weights before
    n_iter_dense: int | None = None  # epochs before


@dataclass(frozen=True, eq=False)
class FitState:
    """A network after some epochs; nothing in it is changed, a later state is another object.

    Parameters
    ----------
    circuit : Circuit
        What it is.
    weights : dict of ndarray
        The five arrays of weights, by the names of `core.RNNParams`. Of a state that an estimator
        keeps between fits they are the fitted attributes, and this is empty.
    generator : Generator
        Source of batches and noise; a fit that goes on works with a copy.
    split_seed : int
        Seed of the division into training and validation trials.
    losses, scores, validation_losses : tuple of float
        Training loss, validation score and validation loss of each epoch.
    solver : str, Solver or None
        Whose moments these are.
    moments : mapping of dict of ndarray
        What the optimiser remembers of each weight.
    theta : dict of ndarray
        Free parameters of spaces that keep them, by weight: gains, logarithms of time constants.
    noise : ndarray or None
        Where the stream of noise is, in a state of the middle of a fit. The next fit draws another.
    pruned : Pruned or None
        What pruning has done.
    stopped, interrupted : bool
        Whether the last training was ended by `on_epoch`, or from the keyboard.
    """

    circuit: Circuit
    weights: Arrays
    generator: np.random.Generator
    split_seed: int
    losses: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    validation_losses: tuple[float, ...] = ()
    solver: Any = None
    moments: Mapping[str, Arrays] = field(default_factory=dict)
    theta: Arrays = field(default_factory=dict)
    noise: NDArray[np.uint8] | None = None
    pruned: Pruned | None = None
    stopped: bool = False
    interrupted: bool = False

    @property
    def n_iter(self) -> int:
        """Number of epochs."""
        return len(self.losses)

    def with_fresh_optimiser(self) -> FitState:
        """Return the state without the optimiser's memory."""
        return replace(self, solver=None, moments={}, noise=None)

    def with_own_generator(self) -> FitState:
        """Return the state with a copy of its generator, which a fit may advance."""
        return replace(self, generator=copy.deepcopy(self.generator))

    def history(self) -> History:
        """Return what the training loop takes up; the moments are not in it."""
        return History(list(self.losses), list(self.scores), self.solver)

    def pruned_to(self, kept: NDArray[np.bool_], pruned: Pruned) -> FitState:
        """Return the state under a narrower mask, with zeros off it.

        `kept` is a matrix, or says of every synapse where only these are stored.
        """
        if self.circuit.is_stored:
            narrower = replace(self.circuit, mask=_structure.narrowed(self.circuit.mask, kept))
            return replace(self.in_circuit(narrower), pruned=pruned)
        circuit = self.circuit.without(kept)
        w_rec = self.weights["w_rec"]
        w_rec = np.where(circuit.mask, w_rec, 0).astype(w_rec.dtype)
        return replace(
            self, circuit=circuit, weights={**self.weights, "w_rec": w_rec}, pruned=pruned
        )

    def in_circuit(self, circuit: Circuit) -> FitState:
        """Return the state in another circuit, with the weights and moments that it has there."""
        before = self.circuit
        if not before.is_stored and not circuit.is_stored:
            return replace(self, circuit=circuit)

        def carried(values: NDArray[Any]) -> NDArray[Any]:
            has_form = values.shape == before.form
            return circuit.taken(before.matrix(values)) if has_form else values

        moments = dict(self.moments)
        of_gains = before.wiring is not None or circuit.wiring is not None
        if "w_rec" in moments and not of_gains:
            moments["w_rec"] = {name: carried(each) for name, each in moments["w_rec"].items()}
        weights = dict(self.weights)
        if "w_rec" in weights:
            weights["w_rec"] = carried(weights["w_rec"])
        return replace(self, circuit=circuit, weights=weights, moments=moments)

    def has_reached(self, goal: tuple[Any, ...]) -> bool:
        """Whether pruning to this goal has been done."""
        return self.pruned is not None and self.pruned.goal == goal
