"""Names of features and of outputs: those of a fit are those of all that comes after it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_feature_names

from sk_biornn._axes import (
    common_names,
    has_text_names,
    is_list,
    refuse_other_names,
)
from sk_biornn._plain import plain


def check_feature_names(estimator: BaseEstimator, X: Any, *, reset: bool) -> None:
    """Set `feature_names_in_` from the names of X when `reset`, else compare X with it.

    The sentences are those of scikit-learn, which knows names that are text; columns that have
    other labels, such as numbers of cells, are compared as well.
    """
    names = common_names(X, "X")
    if not reset and not hasattr(estimator, "n_features_in_"):
        return
    named = _named(X, names)
    if named is not None or hasattr(estimator, "feature_names_in_"):
        _check_feature_names(estimator, named, reset=reset)
    if reset:
        vars(estimator)["_feature_labels"] = names
    else:
        refuse_other_names(names, getattr(estimator, "_feature_labels", None), "X", "features")


def check_output_names(estimator: BaseEstimator, y: Any, *, reset: bool) -> None:
    """Set `output_names_` from the names of y when `reset`, else compare y with it."""
    y = plain(y, "y")
    names = common_names(y, "y")
    if not reset:
        refuse_other_names(names, getattr(estimator, "output_names_", None), "y", "outputs")
        return
    vars(estimator).pop("output_names_", None)  # of an earlier fit
    if names is not None:
        vars(estimator)["output_names_"] = np.array(names, dtype=object)


def _named(X: Any, names: list[str] | None) -> Any:
    """Return what scikit-learn reads the names of X from."""
    first = X[0] if is_list(X) and len(X) else X
    if hasattr(first, "columns"):
        return first
    return pd.DataFrame(columns=names) if names and has_text_names(first) else None
