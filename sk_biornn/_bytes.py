"""What numbers are, as bytes: of digests."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...


def take_in(found: _Hash, array: np.ndarray) -> None:
    """Have a digest take in dtype, shape and bytes of an array of numbers."""
    names = repr(array.dtype) if array.dtype.names else array.dtype.str
    # The shape as it is: a contiguous copy of one number, of shape (), has the shape (1,).
    found.update(f"{names} {array.shape};".encode())
    found.update(np.ascontiguousarray(array).tobytes())
