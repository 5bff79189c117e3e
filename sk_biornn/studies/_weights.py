"""Weights of a run as a file, beside its record."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sk_biornn._atomic import write_bytes

_AGAIN = "resume the study, which computes it anew, to go on."


def weights_file(folder: Path, run: str) -> Path:
    """Return the file of a run in the folder of the weights."""
    return folder / f"{run}.npz"


def save_weights(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name."""
    path.parent.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays; a file that is missing or damaged is named."""
    if not path.is_file():
        raise ValueError(f"{path} is missing; {_AGAIN}")
    content = path.read_bytes()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # half a file, or one of another kind, can raise anything
        raise ValueError(
            f"{path} is damaged ({type(error).__name__}); remove it and {_AGAIN}"
        ) from None
