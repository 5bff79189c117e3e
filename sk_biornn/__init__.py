"""Recurrent neural networks that obey biology, as scikit-learn estimators."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sk_biornn.estimators import (
        CellTypeRNNClassifier,
        CellTypeRNNRegressor,
        DaleRNNClassifier,
        DaleRNNRegressor,
        SpatialRNNClassifier,
        SpatialRNNRegressor,
    )
    from sk_biornn.io import load, save, to_networkx, to_onnx, to_torch

__version__ = "0.1.0"

__all__ = [
    "CellTypeRNNClassifier",
    "CellTypeRNNRegressor",
    "DaleRNNClassifier",
    "DaleRNNRegressor",
    "SpatialRNNClassifier",
    "SpatialRNNRegressor",
    "__version__",
    "load",
    "save",
    "to_networkx",
    "to_onnx",
    "to_torch",
]
_OF_FILES = ("load", "save", "to_networkx", "to_onnx", "to_torch")


def __getattr__(name: str) -> Any:
    """Import an estimator, and torch with it, when it is first asked for."""
    if name in __all__:
        room = "io" if name in _OF_FILES else "estimators"
        return getattr(importlib.import_module(f"sk_biornn.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
