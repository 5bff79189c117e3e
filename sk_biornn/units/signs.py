"""Signs of units: the one check that all rooms share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_biornn._plain import NO_NUMBERS, plain, real_array
from sk_biornn.units.names import listed

EXPECTED = "an array of -1, 0 and 1"


def sign_array(signs: Any, n_units: int | None = None, what: str = "unit") -> NDArray[np.float64]:
    """Return a float64 copy of -1, 0 and +1, one per unit.

    Truth values are refused: of [True, False] nobody can tell whether False is inhibitory or free.
    """
    _refuse_words(signs)
    array = real_array(signs, "signs", EXPECTED)
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


def _refuse_words(signs: Any) -> None:
    """Raise where signs are words or truth values, whose signs nobody else can know."""
    if isinstance(signs, np.ndarray) and signs.dtype.kind in "iuf":
        return
    try:
        items = np.asarray(plain(signs, "signs"), dtype=object)
    except NO_NUMBERS:
        return  # refused as what it is
    if not items.ndim:
        return
    texts = dict.fromkeys(repr(str(item)) for item in items.flat if isinstance(item, str))
    if texts:
        raise ValueError(
            f"signs must be {EXPECTED}, got the texts {listed(texts)}; give each its sign, such as "
            "pandas.Series(signs).map({'exc': 1, 'inh': -1})."
        )
    if any(isinstance(item, bool | np.bool_) for item in items.flat):
        raise ValueError(
            f"signs must be {EXPECTED}, got truth values; numpy.where(signs, 1, -1) makes units "
            "excitatory where True and inhibitory where False."
        )
