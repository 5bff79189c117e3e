"""Input weights, read-out weights and biases: uniform, as in torch's RNN and Linear layers."""

from __future__ import annotations

import numpy as np


def _uniform(shape: tuple[int, ...], n_units: int, rng: np.random.Generator) -> np.ndarray:
    bound = 1.0 / np.sqrt(float(n_units))
    return rng.uniform(-bound, bound, shape)


def input_weights(n_units: int, n_features: int, rng: np.random.Generator) -> np.ndarray:
    """Draw input weights, uniform in +-1 / sqrt(n_units).

    Parameters
    ----------
    n_units, n_features : int
        Numbers of recurrent units and of input channels.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_units, n_features)
        Weights.

    Examples
    --------
    >>> import numpy as np
    >>> input_weights(100, 3, np.random.default_rng(0)).shape
    (100, 3)
    """
    return _uniform((n_units, n_features), n_units, rng)


def readout_weights(n_outputs: int, n_units: int, rng: np.random.Generator) -> np.ndarray:
    """Draw read-out weights, uniform in +-1 / sqrt(n_units).

    Parameters
    ----------
    n_outputs, n_units : int
        Numbers of outputs and of recurrent units.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_outputs, n_units)
        Weights.

    Examples
    --------
    >>> import numpy as np
    >>> bool(np.abs(readout_weights(2, 100, np.random.default_rng(0))).max() <= 0.1)
    True
    """
    return _uniform((n_outputs, n_units), n_units, rng)


def biases(n: int, n_units: int, rng: np.random.Generator) -> np.ndarray:
    """Draw biases, uniform in +-1 / sqrt(n_units).

    Parameters
    ----------
    n : int
        Number of biases.
    n_units : int
        Number of recurrent units.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n,)
        Biases.

    Examples
    --------
    >>> import numpy as np
    >>> biases(2, 100, np.random.default_rng(0)).shape
    (2,)
    """
    return _uniform((n,), n_units, rng)
