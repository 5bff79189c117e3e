"""Matrices without labels in files of NumPy, SciPy and MATLAB."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from sk_biornn._plain import short_text
from sk_biornn.datasets._npy import read_npy
from sk_biornn.datasets.connectomes._matlab import read_mat
from sk_biornn.units.names import listed


def file_matrix(path: Path, key: str | None, names: str | None) -> tuple[Any, Any]:
    """Return the matrix of a file, and those of its variables that holds the names, if asked."""
    if path.suffix.lower() == ".npy":
        if key is not None or names is not None:
            raise ValueError(f"key and names must be no variables of {path}, which has none.")
        return read_npy(path), None
    variables = _read_npz(path) if path.suffix.lower() == ".npz" else read_mat(path)
    matrix = variables[_chosen(variables, path, key)]
    if names is None:
        return matrix, None
    if names not in variables:
        raise ValueError(
            f"names must be names of neurons or a variable of {path}, which has "
            f"{listed(variables, 8)}, got {names!r}."
        )
    if variables[names] is None:
        raise ValueError(
            f"names must be a variable of texts, and {names} of {path} holds Python objects, which "
            "are not unpickled; save it with dtype=str."
        )
    return matrix, _texts(variables[names])


def _chosen(variables: Mapping[str, Any], path: Path, key: str | None) -> str:
    """Return the name of the one square matrix, or of the one that is asked for."""
    if key is not None:
        if key not in variables:
            raise ValueError(
                f"key must be a variable of {path}, which has {listed(variables, 8)}, got {key!r}."
            )
        return key
    squares = [name for name, value in variables.items() if _is_square(value)]
    if len(squares) != 1:
        shapes = (f"{name} {np.shape(value)}" for name, value in variables.items())
        found = f"several, {listed(squares, 8)}" if squares else f"none among {listed(shapes, 8)}"
        raise ValueError(f"key must say which square matrix of {path} to read; it has {found}.")
    return squares[0]


def _is_square(value: Any) -> bool:
    shape, kind = np.shape(value), getattr(value, "dtype", np.dtype(object)).kind
    return len(shape) == 2 and shape[0] == shape[1] and kind in "biuf" and shape[0] > 1


def _read_npz(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            if {"format", "shape"} <= set(file.files):
                return {"matrix": sp.load_npz(path)}
            return {name: _unless_pickled(file, name) for name in file.files}
    except Exception as error:  # of zipfile, zlib or NumPy: a damaged file can raise anything
        raise ValueError(f"{path} is not a readable npz file ({short_text(error)}).") from None


def _unless_pickled(file: Any, name: str) -> Any:
    """Return an array, None for one of Python objects, which would have to be unpickled."""
    try:
        return file[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        return None


def _texts(values: Any) -> list[Any]:
    """Return a variable of names as a list: cells of MATLAB hold arrays of one text each."""
    items = list(np.ravel(values))
    return [
        item.item() if isinstance(item, np.ndarray) and item.size == 1 else item for item in items
    ]
