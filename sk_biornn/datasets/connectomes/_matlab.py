"""Files of MATLAB: up to version 7 by SciPy, from 7.3 on HDF5, which holds arrays transposed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from sk_biornn._plain import short_text

HDF5 = b"\x89HDF\r\n\x1a\n"
MARK = b"MATLAB 7.3"


def read_mat(path: Path) -> dict[str, Any]:
    """Return the variables of a file, in MATLAB's orientation."""
    try:
        with path.open("rb") as file:
            start = file.read(520)
        if start.startswith(HDF5) or HDF5 in start[512:]:
            return _read_hdf5(path, start.startswith(MARK))
        import scipy.io

        variables = scipy.io.loadmat(path)
    except (ImportError, FileNotFoundError):
        raise
    except Exception as error:  # of h5py or SciPy: a damaged file can raise anything
        raise ValueError(f"{path} is not a readable MATLAB file ({short_text(error)}).") from None
    return {name: value for name, value in variables.items() if not name.startswith("__")}


def _read_hdf5(path: Path, marked: bool) -> dict[str, Any]:
    try:
        import h5py
    except ImportError:
        raise ImportError(
            f"h5py is needed to read {path}, of MATLAB 7.3: pip install h5py, or save it with -v7."
        ) from None
    with h5py.File(path, "r") as file:
        names = [name for name in file if not name.startswith("#")]
        if not marked and not any("MATLAB_class" in file[name].attrs for name in names):
            raise ValueError(
                "it is HDF5 without the marks of MATLAB, so that nothing says whether "
                "its arrays are transposed: read it with h5py and pass the array"
            )
        return {name: _variable(file, file[name]) for name in names}


def _variable(file: Any, item: Any) -> Any:
    """Return one variable: MATLAB's columns are the rows of HDF5."""
    if "MATLAB_sparse" in item.attrs:
        return _sparse(item)
    if not hasattr(item, "shape"):
        return None  # a structure
    kind = item.attrs.get("MATLAB_class", b"")
    if item.attrs.get("MATLAB_empty", 0):
        return np.empty((0, 0))
    if kind == b"cell" or item.dtype.hasobject:
        return [_text(file[reference][()]) for reference in np.ravel(item[()].T, order="F")]
    values = item[()].T
    return _lines(values) if kind == b"char" else values


def _sparse(item: Any) -> sp.csc_array:
    """Return a sparse matrix: compressed columns, as SciPy has them."""
    n_rows, start = int(item.attrs["MATLAB_sparse"]), item["jc"][()].astype(np.int64)
    if "data" not in item:  # all zero
        return sp.csc_array((n_rows, len(start) - 1))
    rows = item["ir"][()].astype(np.int64)
    return sp.csc_array((item["data"][()], rows, start), shape=(n_rows, len(start) - 1))


def _lines(codes: np.ndarray) -> list[str]:
    """Return the rows of a matrix of characters."""
    return ["".join(map(chr, row)).strip() for row in codes]


def _text(codes: np.ndarray) -> str:
    return "".join(map(chr, np.ravel(codes)))
