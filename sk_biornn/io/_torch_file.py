"""Read a file that torch has saved, of tensors by name, without running what it may contain."""

from __future__ import annotations

import warnings
import zipfile
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
    for key, value in content.items():
        _check_tensor(path, key, value)
    _check_size(path, content)
    return {key: _to_array(path, key, value) for key, value in content.items()}


def _load(path: Path) -> Any:
    import torch

    _refuse_compressed(path)
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


def _refuse_compressed(path: Path) -> None:
    """Refuse packed parts: torch packs none, and a few bytes could become gigabytes."""
    try:
        with zipfile.ZipFile(path) as file:
            parts = file.infolist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return  # not a zip archive, or none that can be read: torch will say
    if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
        raise ValueError(
            f"{path} is not a checkpoint as torch saves them, its parts are compressed."
        )


def _check_size(path: Path, tensors: dict[str, Any]) -> None:
    """Refuse tensors with more values than the file holds: views that repeat what they see."""
    n_bytes = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    held = path.stat().st_size
    if n_bytes > held:
        largest = max(tensors, key=lambda key: tensors[key].numel())
        raise ValueError(
            f"{path} must hold all values of its tensors, got {held} bytes for {n_bytes} bytes of "
            f"values, most of them in {largest} of shape {tuple(tensors[largest].shape)}."
        )


def _check_tensor(path: Path, key: str, value: Any) -> None:
    import torch

    if not (
        type(value) in (torch.Tensor, torch.nn.Parameter)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and value.is_floating_point()
    ):
        found = getattr(value, "dtype", type(value).__name__)
        raise ValueError(f"{key} in {path} must be a dense tensor of floats, got {found}.")


def _to_array(path: Path, key: str, value: Any) -> np.ndarray:
    import torch

    wide = value.dtype if value.dtype == torch.float64 else torch.float32
    array = value.detach().to(wide).contiguous().numpy().copy()
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise ValueError(f"{key} in {path} must be finite, got NaN or infinity in {bad} entries.")
    return array
