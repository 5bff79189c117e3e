"""Real handwritten digits that come with scikit-learn, read row by row."""

from __future__ import annotations

import numpy as np

MAX_PIXEL = 16.0  # scikit-learn's digits count set pixels in 4 x 4 blocks


def load_sequential_digits() -> tuple[np.ndarray, np.ndarray]:
    """Load scikit-learn's 8 x 8 handwritten digits as sequences: one row of pixels per step.

    A small real stand-in for row-sequential MNIST; needs no download.

    Returns
    -------
    X : ndarray of shape (1797, 8, 8), float32
        Grey values in [0, 1]; axis 1 is time (rows from top to bottom), axis 2 the pixels.
    y : ndarray of shape (1797,), int64
        The digits 0 to 9.

    See Also
    --------
    fetch_sequential_mnist : The same for 28 x 28 MNIST.

    References
    ----------
    Alpaydin and Kaynak (1998), Optical recognition of handwritten digits, UCI Machine Learning
    Repository, doi:10.24432/C50P49 (its test part).

    Examples
    --------
    >>> from sk_biornn.datasets import load_sequential_digits
    >>> X, y = load_sequential_digits()
    >>> X.shape, y[:5]
    ((1797, 8, 8), array([0, 1, 2, 3, 4]))
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    return (digits.images / MAX_PIXEL).astype(np.float32), digits.target.astype(np.int64)
