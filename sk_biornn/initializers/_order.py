"""Initial weights of an initialiser that has the units in another order than the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class InOtherOrder:
    """Gives an initialiser signs and mask in its own order, and puts its weights in the network's.

    Parameters
    ----------
    initializer : object
        Has a method ``sample(*, signs, mask, rng)``.
    places : sequence of int
        Where each unit of the network stands among those of the initialiser.
    """

    def __init__(self, initializer: Any, places: Sequence[int]) -> None:
        self.initializer, self.places = initializer, np.asarray(places)

    def sample(
        self, *, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return weights W[post, pre] in the order of the network.

        Parameters
        ----------
        signs : ndarray of shape (n_units,)
            Signs, in the order of the network, as `mask` is.
        mask : bool ndarray of shape (n_units, n_units)
            Allowed synapses.
        rng : Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n_units, n_units)
            The weights.
        """
        own = np.argsort(self.places)  # where each unit of the initialiser stands in the network
        weights = self.initializer.sample(signs=signs[own], mask=mask[np.ix_(own, own)], rng=rng)
        return np.asarray(weights)[np.ix_(self.places, self.places)]

    def sample_sparse(self, *, signs: np.ndarray, structure: Any, rng: np.random.Generator) -> Any:
        """Return the same of an initialiser that can do without a matrix.

        Parameters
        ----------
        signs : ndarray of shape (n_units,)
            Signs, in the order of the network, as `structure` is.
        structure : csr_array of shape (n_units, n_units)
            Allowed synapses.
        rng : Generator
            Source of randomness.

        Returns
        -------
        csr_array of shape (n_units, n_units)
            The weights W[post, pre].
        """
        own = np.argsort(self.places)
        inner = structure[own][:, own]
        weights = self.initializer.sample_sparse(signs=signs[own], structure=inner, rng=rng)
        return weights[self.places][:, self.places]
