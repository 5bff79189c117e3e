"""Read a file that torch has saved, of tensors by name, without running what it may contain."""

from __future__ import annotations

import warnings
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a state dict as arrays of finite floats, by name."""
    content = _load(path)
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ValueError(
            f"{path} must hold tensors by name (a state dict), got {type(content).__name__}."
        )
    return {key: _to_array(path, key, value) for key, value in content.items()}


def _load(path: Path) -> Any:
    import torch

    try:
        with warnings.catch_warnings():  # torch's advice on files of other kinds, which are refused
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError:
        raise
    except UnpicklingError:
        raise ValueError(
            f"{path} must hold tensors and plain values only, got other Python objects, which "
            "could run code and were not loaded."
        ) from None
    except Exception:  # a file of another kind, or half a file, can raise anything
        raise ValueError(f"{path} is not a checkpoint of torch, or it is damaged.") from None


def _to_array(path: Path, key: str, value: Any) -> np.ndarray:
    import torch

    if not (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and value.is_floating_point()
    ):
        found = getattr(value, "dtype", type(value).__name__)
        raise ValueError(f"{key} in {path} must be a dense tensor of floats, got {found}.")
    wide = value.dtype if value.dtype == torch.float64 else torch.float32
    array = value.detach().to(wide).contiguous().numpy().copy()
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise ValueError(f"{key} in {path} must be finite, got NaN or infinity in {bad} entries.")
    return array
