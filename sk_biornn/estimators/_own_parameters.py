"""What a distribution has beside its mean: where it starts, or as it was given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from sk_biornn._plain import real_array, short
from sk_biornn.core import WeightSpace
from sk_biornn.core.observation_model import Moments, Observation
from sk_biornn.estimators._physiology import Extra
from sk_biornn.estimators._targets import Targets


def moments_of(targets: Targets) -> Moments:
    """Return what starting values are read from, of all entries that are judged."""
    flat = (array.reshape(-1, targets.n_outputs) for array in (targets.values, targets.weights))
    return Moments.of(*flat)


def own_parameters(model: Observation, targets: Targets) -> Extra:
    """Return the parameters of a distribution, and where they may be."""

    def space(device: torch.device, dtype: torch.dtype) -> WeightSpace:
        return model.space(torch.empty(0, device=device, dtype=dtype))

    return Extra(model.start(moments_of(targets)), space)


def given_parameters(given: Any, model: Observation, n_outputs: int) -> NDArray[np.float64] | None:
    """Return parameters that were given, as `observation_` has them; None: all are 1."""
    names = [own.name for own in model.own]
    if not names:
        if given is not None:
            raise ValueError(
                f"observation_parameters must be None with observation={model.name!r}, which has "
                f"none, got {short(given)}."
            )
        return None
    if given is None:
        return np.ones((len(names), n_outputs))
    if isinstance(given, pd.DataFrame):
        if sorted(map(str, given.index)) != sorted(names):
            raise ValueError(
                f"observation_parameters must have the rows {names}, got {list(given.index)}."
            )
        given = given.loc[names].to_numpy()
    values = real_array(given, "observation_parameters", "an array of numbers")
    if values.shape != (len(names), n_outputs):
        raise ValueError(
            f"observation_parameters must have shape (n_parameters, n_outputs), here "
            f"{(len(names), n_outputs)}, got shape {values.shape}."
        )
    for own, row in zip(model.own, values, strict=True):
        if not ((row >= own.least) & (row <= own.greatest)).all():
            raise ValueError(
                f"observation_parameters must have a {own.name} from {own.least:g} to "
                f"{own.greatest:g}, got values from {row.min():g} to {row.max():g}."
            )
    return np.asarray(values, dtype=np.float64)
