"""Signs of units: the one check that all rooms share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._plain import real_array


def sign_array(signs: Any, n_units: int | None = None, what: str = "unit") -> NDArray[np.float64]:
    """Return a float64 copy of -1, 0 and +1, one per unit.

    Truth values are refused: of [True, False] nobody can tell whether False is inhibitory or free.
    """
    array = real_array(signs, "signs", "an array of -1, 0 and 1")
    if array.shape != ((n_units,) if n_units is not None else (array.size or 1,)):
        shape = "(n_units,)" if n_units is None else f"({n_units},)"
        raise ValueError(
            f"signs must have one value per {what}, shape {shape}, got shape {array.shape}."
        )
    other = ~np.isin(array, (-1.0, 0.0, 1.0))
    if other.any():
        values = np.unique(array[other])[:3].tolist()
        raise ValueError(f"signs must contain only -1, 0 and 1, got the values {values}.")
    return array
