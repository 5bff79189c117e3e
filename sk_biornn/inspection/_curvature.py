"""How the loss of a fitted network is curved along directions of its weights."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn import _structure
from sk_biornn._plain import plain, without_mask
from sk_biornn._sparse import is_sparse

Array = NDArray[np.float64]

_SINGULAR = 1e-10  # of the largest curvature: what is below it is none
_SHARE = 1e-3  # of a direction, that may lie where there is no curvature


class LossOfWeights:
    """The loss of one network on trials, as a function of all that it has learned.

    Weights are one vector: the recurrent ones that may differ from 0 first, then all other numbers
    that training moves and that are not 0.
    """

    def __init__(self, network: Any, X: Any, y: Any) -> None:
        self.start, self.network = network, copy.copy(network)
        self.meets_targets = y is None
        self.X, self.y = X, own_targets(network, X) if y is None else y
        self.is_likelihood = not is_least_squares(network)
        found = network.loss_gradient(X, self.y)
        self.n_entries = found.n_entries
        self.loss = float(network.loss_curve_[-1]) if y is None else found.loss
        self.places = recurrent_places(network)
        self.others = {
            name: np.nonzero(np.asarray(getattr(network, name)))
            for name in found.gradients
            if name != "W_rec_" and name not in _frozen(network)
        }
        self.recurrent = self._recurrent(network.W_rec_)
        parts = [self.recurrent, *self._others({n: getattr(network, n) for n in self.others})]
        self.weights = np.concatenate(parts)

    def without_residuals(self) -> LossOfWeights:
        """Return the same on targets that are met: its Hessian is that of Gauss and Newton."""
        if self.meets_targets or self.is_likelihood:
            return self
        other = copy.copy(self)
        other.network = copy.copy(self.start)
        other.y = own_targets(self.start, self.X, self.y)
        return other

    def gradient(self, weights: Array) -> Array:
        """Return the gradient at other weights."""
        n = len(self.recurrent)
        self.network.W_rec_ = self._matrix(weights[:n])
        for name, places in self.others.items():
            values = np.zeros(np.shape(getattr(self.network, name)))
            values[places] = weights[n : n + len(places[0])]
            n += len(places[0])
            setattr(self.network, name, values)
        gradients = self.network.loss_gradient(self.X, self.y).gradients
        return np.concatenate([self._recurrent(gradients["W_rec_"]), *self._others(gradients)])

    def hessian_times(self, direction: Array, step: float) -> Array:
        """Return H v by central differences; v is a change of weights, of which `step` is made."""
        after = self.gradient(self.weights + step * direction)
        before = self.gradient(self.weights - step * direction)
        return (after - before) / (2 * step)

    def hessian_between(self, directions: Array, step: float) -> Array:
        """Return v' H w of all pairs of directions, (n_directions, n_directions)."""
        rows = np.stack([self.hessian_times(v, step) for v in directions])
        between = rows @ directions.T
        return (between + between.T) / 2

    def single_weights(self, first: int) -> Array:
        """Return one direction per weight from the first on, of the size of its tensor's rms."""
        sizes = np.empty(len(self.weights))
        start = 0
        for n in (len(self.recurrent), *(len(places[0]) for places in self.others.values())):
            part = self.weights[start : start + n]
            sizes[start : start + n] = np.sqrt(np.square(part).mean()) if n else 0
            start += n
        moves = np.flatnonzero(self.weights)
        return np.diag(sizes)[moves[moves >= first]]

    def padded(self, recurrent: Array) -> Array:
        """Return directions of the recurrent weights as directions of all weights."""
        wide = np.zeros((*recurrent.shape[:-1], len(self.weights)))
        wide[..., : recurrent.shape[-1]] = recurrent
        return wide

    def _matrix(self, values: Array) -> Any:
        if is_sparse(self.start.W_rec_):
            return _structure.with_values(self.start.mask_, values)
        matrix = np.zeros(self.start.W_rec_.shape)
        matrix[self.places] = values
        return matrix

    def _recurrent(self, matrix: Any) -> Array:
        if is_sparse(matrix):
            return _structure.values_on(self.start.mask_, matrix).astype(np.float64)
        return np.asarray(matrix[self.places], dtype=np.float64)

    def _others(self, arrays: Any) -> list[Array]:
        return [
            np.asarray(arrays[name], dtype=np.float64)[places]
            for name, places in self.others.items()
        ]


def recurrent_places(network: Any) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns of the recurrent weights that may differ from 0."""
    if is_sparse(network.W_rec_):
        return _structure.posts_of(network.mask_), _structure.pres_of(network.mask_)
    rows, columns = np.nonzero(np.asarray(network.mask_))
    return rows, columns


def _frozen(network: Any) -> set[str]:
    """Return the attributes that training does not move."""
    frozen = {f"{name}_" for name in network.frozen}
    return frozen | ({"W_out_", "b_out_"} if getattr(network, "freeze_readout", False) else set())


def is_least_squares(network: Any) -> bool:
    """Whether the loss is a mean of squares; else it is that of a likelihood."""
    return not hasattr(network, "classes_") and network.observation == "gaussian"


def own_targets(network: Any, X: Any, y: Any = None) -> Any:
    """Return targets that the network meets exactly, of which those are judged that are in y."""
    if not is_least_squares(network):
        raise ValueError(
            "y must be given for a classifier, and with another observation than 'gaussian', got "
            "None."
        )
    if y is None and not network.loss_curve_:
        raise ValueError("y must be given for a network that was not trained here, got None.")
    own = network.predict(X)
    if y is None:
        return own
    if own.dtype == object:
        return [_where_judged(*trial) for trial in zip(y, own, strict=True)]
    return _where_judged(without_mask(plain(y, "y"), np.nan, np.float64), own)


def _where_judged(y: Any, own: Array) -> Array:
    y = np.asarray(y, dtype=np.float64).reshape(own.shape)
    return np.where(np.isfinite(y), own, np.nan)


class Bowl:
    """A loss near a minimum, as a quadratic function of steps along some directions.

    Parameters
    ----------
    C : ndarray of shape (n_directions, n_directions)
        Curvatures between directions.
    changes : ndarray of shape (n_quantities, n_directions)
        By how much a step along each direction changes each quantity.
    """

    def __init__(self, C: Array, changes: Array) -> None:
        values, vectors = np.linalg.eigh(C)
        self._flat = values <= _SINGULAR * abs(values).max(initial=0.0)
        self._values, self._vectors = values[~self._flat], vectors[:, ~self._flat]
        self._changes = changes @ vectors

    def left_over(self) -> Array:
        """Return the curvature along the cheapest way to change each quantity by 1: 1 / q' C^-1 q.

        It is 0 if there is a way that costs nothing.
        """
        parts = np.square(self._changes)
        lost = parts[:, self._flat].sum(axis=1) > _SHARE * parts.sum(axis=1)
        inverse = parts[:, ~self._flat] @ (1 / self._values)
        return np.where(lost | (inverse <= 0), 0.0, 1 / np.where(inverse > 0, inverse, 1.0))

    def way_to_minimum(self, slopes: Array) -> Array:
        """Return how much each quantity changes on the way to the minimum: -q' C^-1 g."""
        return -self._changes[:, ~self._flat] @ ((slopes @ self._vectors) / self._values)
