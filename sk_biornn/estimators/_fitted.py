"""What a fit leaves in an estimator, declared for readers and for the type checker.

The classes of the estimators are dataclasses, which make a constructor argument of whatever is
annotated in their bodies. These classes are none, so that what is declared here stays no argument.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from numpy.typing import NDArray

from sk_biornn.estimators._state import FitState


class FittedNetwork:
    """Attributes of every fitted network."""

    W_in_: NDArray[Any]  # (n_units, n_features)
    W_rec_: NDArray[Any]  # (n_units, n_units), [post, pre]
    b_rec_: NDArray[Any]  # (n_units,)
    W_out_: NDArray[Any]  # (n_outputs, n_units)
    b_out_: NDArray[Any]  # (n_outputs,)
    signs_: NDArray[Any]  # (n_units,), of each column of W_rec_
    mask_: NDArray[Any]  # (n_units, n_units), bool
    W0_: Any  # (n_units, n_units), [post, pre]; None unless gains of it learn, as the next one
    gains_: pd.DataFrame | None
    n_parameters_: int
    unit_names_: tuple[Any, ...] | None  # (n_units,); None where no argument names the units
    W_dense_: NDArray[Any] | None  # (n_units, n_units); None without pruning, as the next two
    achieved_density_: Any  # float, or (n_blocks, n_blocks)
    n_iter_dense_: int | None
    n_iter_: int
    loss_curve_: list[float]
    best_loss_: float
    validation_scores_: list[float] | None  # None without early stopping
    validation_loss_curve_: list[float] | None  # likewise
    n_features_in_: int
    feature_names_in_: NDArray[Any]  # of str; there is none where X had no names
    n_steps_: int

    _state: FitState  # of the last fit; its weights are the attributes above


class FittedClassifier:
    """What a fitted classifier has besides."""

    classes_: NDArray[Any]  # (n_classes,)

    _every_step: bool  # whether there is a label per step


class FittedRegressor:
    """What a fitted regressor has besides."""

    output_names_: NDArray[Any]  # of str; there is none where y had no names

    _target_shape: tuple[bool, int, bool]  # at every step; number of outputs; whether y was flat
    _observation: str  # what `observation` was


class FittedPopulations:
    """What a fitted network of populations has besides."""

    populations_: pd.DataFrame  # the checked table, one row per population
