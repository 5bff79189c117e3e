"""One seed in, one private generator down: the only place where randomness is born."""

from __future__ import annotations

from numbers import Integral

import numpy as np

_NO_SEEDS = (bool, np.timedelta64)  # which are ints to Python and to NumPy
RandomState = int | np.random.RandomState | np.random.Generator | None


def make_rng(random_state: RandomState = None) -> np.random.Generator:
    """Return a private NumPy generator; NumPy's global generator is neither read nor advanced.

    Parameters
    ----------
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        An int gives the same stream each time. A RandomState or a Generator is advanced by the
        call, so that two calls with the same object differ. None draws fresh entropy from the
        operating system.

    Returns
    -------
    numpy.random.Generator
        An independent generator.

    Raises
    ------
    TypeError
        If `random_state` is of another kind.
    ValueError
        If it is a negative int.

    Examples
    --------
    >>> from sk_biornn._random import make_rng
    >>> int(make_rng(0).integers(100)) == int(make_rng(0).integers(100))
    True
    """
    if random_state is None:
        return np.random.default_rng()
    if isinstance(random_state, Integral) and not isinstance(random_state, _NO_SEEDS):
        if random_state < 0:
            raise ValueError(f"random_state must be a non-negative int, got {random_state}.")
        return np.random.default_rng(int(random_state))
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(0, 2**32, size=4, dtype=np.uint32))
    if isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state.integers(0, 2**32, size=4, dtype=np.uint32))
    raise TypeError(
        "random_state must be None, an int, a numpy RandomState or a numpy Generator, "
        f"got {type(random_state).__name__}."
    )
