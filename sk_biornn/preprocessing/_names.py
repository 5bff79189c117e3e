"""Width and names of features: those of the fit are those of all that comes after it."""

from __future__ import annotations

from typing import Any

from sk_biornn._feature_names import check_feature_names


def check_names(estimator: Any, X: Any, n_features: int, *, reset: bool) -> None:
    """Set `n_features_in_` and the names of features when `reset`, else compare with them."""
    if X is not None:
        check_feature_names(estimator, X, reset=reset)
    if reset:
        estimator.n_features_in_ = n_features
    elif n_features != estimator.n_features_in_:
        raise ValueError(
            f"X has {n_features} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input."
        )
