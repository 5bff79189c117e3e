"""Input weights, read-out weights and biases: uniform, as torch's layers or those of Keras."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_biornn._checks import check_choice, check_count
from sk_biornn._random import make_rng

FEEDFORWARD_INITS = ("uniform", "glorot_uniform")


def _uniform(
    shape: tuple[int, int], n_units: int, rng: np.random.Generator, kind: str
) -> np.ndarray:
    _check_kind(kind)
    rng = make_rng(rng) if not isinstance(rng, np.random.Generator) else rng
    bound = np.sqrt(6.0 / sum(shape)) if kind == "glorot_uniform" else 1.0 / np.sqrt(float(n_units))
    return rng.uniform(-bound, bound, shape)


def _check_kind(kind: Any) -> None:
    check_choice("kind", kind, FEEDFORWARD_INITS)


def _count(name: str, value: Any) -> int:
    return check_count(name, value, low=1)


def input_weights(
    n_units: int, n_features: int, rng: np.random.Generator, kind: str = "uniform"
) -> np.ndarray:
    """Draw input weights, uniform in +-1 / sqrt(n_units) or as Glorot and Bengio (2010).

    Parameters
    ----------
    n_units, n_features : int
        Numbers of recurrent units and of input channels.
    rng : numpy.random.Generator
        Source of randomness.
    kind : {"uniform", "glorot_uniform"}, default="uniform"
        Bound 1 / sqrt(n_units), or sqrt(6 / (sum of the two sizes)).

    Returns
    -------
    ndarray of shape (n_units, n_features)
        Weights.

    Raises
    ------
    TypeError
        If a number of units, features or outputs is not an int, or `kind` or `rng` is of another
        type.
    ValueError
        If one is below 1, or `kind` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> input_weights(2, 3, np.random.default_rng(0)).round(2)
    array([[ 0.19, -0.33, -0.65],
           [-0.68,  0.44,  0.58]])
    """
    shape = _count("n_units", n_units), _count("n_features", n_features)
    return _uniform(shape, n_units, rng, kind)


def readout_weights(
    n_outputs: int, n_units: int, rng: np.random.Generator, kind: str = "uniform"
) -> np.ndarray:
    """Draw read-out weights, uniform in +-1 / sqrt(n_units) or as Glorot and Bengio (2010).

    Parameters
    ----------
    n_outputs, n_units : int
        Numbers of outputs and of recurrent units.
    rng : numpy.random.Generator
        Source of randomness.
    kind : {"uniform", "glorot_uniform"}, default="uniform"
        Bound 1 / sqrt(n_units), or sqrt(6 / (sum of the two sizes)).

    Returns
    -------
    ndarray of shape (n_outputs, n_units)
        Weights.

    Raises
    ------
    TypeError
        If a number of units, features or outputs is not an int, or `kind` or `rng` is of another
        type.
    ValueError
        If one is below 1, or `kind` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> # of 4 units: at most 1 / sqrt(4)
    >>> readout_weights(2, 4, np.random.default_rng(0)).round(2)
    array([[ 0.14, -0.23, -0.46, -0.48],
           [ 0.31,  0.41,  0.11,  0.23]])
    """
    shape = _count("n_outputs", n_outputs), _count("n_units", n_units)
    return _uniform(shape, n_units, rng, kind)


def biases(n: int, n_units: int, rng: np.random.Generator, kind: str = "uniform") -> np.ndarray:
    """Draw biases, uniform in +-1 / sqrt(n_units), or zeros.

    Parameters
    ----------
    n : int
        Number of biases.
    n_units : int
        Number of recurrent units.
    rng : numpy.random.Generator
        Source of randomness.
    kind : {"uniform", "glorot_uniform"}, default="uniform"
        "glorot_uniform": zeros, which go with weights of that kind.

    Returns
    -------
    ndarray of shape (n,)
        Biases.

    Raises
    ------
    TypeError
        If a number of units, features or outputs is not an int, or `kind` or `rng` is of another
        type.
    ValueError
        If one is below 1, or `kind` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> biases(2, 4, np.random.default_rng(0)).round(2)
    array([ 0.14, -0.23])
    """
    _check_kind(kind)
    shape, n_units = (_count("n", n),), _count("n_units", n_units)
    rng = make_rng(rng) if not isinstance(rng, np.random.Generator) else rng
    bound = 0.0 if kind == "glorot_uniform" else 1.0 / np.sqrt(float(n_units))
    return rng.uniform(-bound, bound, shape)
