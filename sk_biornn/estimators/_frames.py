"""Forecasts as frames that go on where those of the trials end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def frames_of(X: Any) -> list[pd.DataFrame] | None:
    """Return the frames that X is, one per trial; None if it is something else."""
    if isinstance(X, pd.DataFrame):
        return [X]
    is_list = isinstance(X, list) and len(X) > 0
    return X if is_list and all(isinstance(item, pd.DataFrame) for item in X) else None


def as_frames(
    forecasts: NDArray[Any], frames: Sequence[pd.DataFrame], names: Any, *, is_list: bool
) -> Any:
    """Return forecasts as frames, whose index goes on where that of the trial ends."""
    found = [
        pd.DataFrame(values, index=_index_after(frame.index, len(values)), columns=names)
        for values, frame in zip(forecasts, frames, strict=True)
    ]
    return found if is_list else found[0]


def _index_after(index: pd.Index, n_steps: int) -> pd.Index:
    """Return the index of the steps that follow, as far apart as those before; else from 1."""
    numbers = np.arange(1, n_steps + 1)
    try:
        step = pd.Series(index).diff().median()
        if pd.isna(step):
            raise TypeError
        after = pd.Index([index[-1] + int(n) * step for n in numbers], name=index.name)
    except (TypeError, ValueError):
        return pd.RangeIndex(1, n_steps + 1, name=index.name)
    is_whole = index.dtype.kind == "i" and float(step).is_integer()
    return after.astype(index.dtype) if is_whole else after
