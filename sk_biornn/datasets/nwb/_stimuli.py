"""The stimulus presentations of a file: flashes of images, changes and omissions, as one table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

OMISSION_S = 0.25  # how long an image would have been there, where the file does not say
_FLAGS = ("is_change", "omitted")
_WANTED = ("start_time", "stop_time", *_FLAGS, "active", "image_name", "is_image_novel")


def stimuli_of(
    path: Path, nwb: Any, session_type: str, *, infer_changes: bool, with_active: bool
) -> tuple[pd.DataFrame, bool | None]:
    """Return the table of presentations, and whether any image was new (None: it is not said)."""
    shown = _presentations(path, nwb)
    if not np.isfinite(shown["start_time"].to_numpy(dtype=np.float64)).all():
        raise ValueError(f"{path} has stimulus presentations without a start_time.")
    if "omitted" in shown:
        shown = _from_first_image(path, shown)
    if infer_changes and "is_change" not in shown and {"image_name", "omitted"} <= set(shown):
        shown["is_change"] = _inferred_changes(path, shown)
    missing = [name for name in _FLAGS if name not in shown]
    if missing:
        hint = "; infer_changes=True infers it from image_name" if missing == ["is_change"] else ""
        raise ValueError(
            f"{path} has stimulus presentations without the column {' and '.join(missing)}{hint}."
        )
    start, stop = (shown[name].to_numpy(dtype=np.float64) for name in ("start_time", "stop_time"))
    names = shown["image_name"] if "image_name" in shown else pd.Series("", index=shown.index)
    table = pd.DataFrame(
        {
            "start": start,
            "stop": np.where(np.isfinite(stop), stop, start + OMISSION_S),
            **{name: _flags(path, name, shown[name]) for name in _FLAGS},
            "is_flash": shown["is_flash"].to_numpy(),
            "image": names.fillna("").to_numpy(dtype=object),
        }
    )
    if with_active:
        table["active"] = _active(path, session_type, shown)
    if "is_image_novel" not in shown:
        return table, None
    return table, bool(_flags(path, "is_image_novel", shown["is_image_novel"]).any())


def _presentations(path: Path, nwb: Any) -> pd.DataFrame:
    """Stack the tables of presentations, one per kind of stimulus, in the order of time."""
    intervals = nwb.intervals or {}
    tables = [
        pd.DataFrame(
            {name: table[name].data[:] for name in table.colnames if name in _WANTED}
        ).assign(table=key)
        for key, table in intervals.items()
        if key.endswith("_presentations")
    ]
    if not tables:
        raise ValueError(
            f"{path} has no stimulus presentations: no table of intervals is called "
            f"*_presentations, there is {', '.join(intervals) or 'none'}."
        )
    stacked = pd.concat(tables, ignore_index=True)
    return stacked.sort_values("start_time", kind="stable", ignore_index=True)


def _from_first_image(path: Path, shown: pd.DataFrame) -> pd.DataFrame:
    """Add which presentations are flashes; drop what was omitted before the first image.

    Nothing can be missed before it was ever shown. The AllenSDK drops it as well.
    """
    omitted = _flags(path, "omitted", shown["omitted"])
    if "image_name" in shown:
        names = shown["image_name"].fillna("").astype(str).str.casefold()
        is_image = ~omitted & ~names.isin(["", "nan", "none", "n/a"]).to_numpy()
    else:
        is_image = ~omitted & shown["omitted"].notna().to_numpy()
    begun = np.logical_or.accumulate(is_image)
    shown = shown.assign(is_flash=omitted | is_image)[begun | ~omitted].reset_index(drop=True)
    _check_once(path, shown[shown["is_flash"]])
    return shown


def _check_once(path: Path, flashes: pd.DataFrame) -> None:
    """Refuse flashes that are listed twice: each of their trials would count twice."""
    twice = flashes[flashes.duplicated("start_time", keep=False)]
    if len(twice):
        tables = " and ".join(dict.fromkeys(twice["table"]))
        raise ValueError(
            f"{path} has the presentation at {twice['start_time'].iloc[0]:g} s twice, in {tables}, "
            "with which its trial would count twice."
        )


def _inferred_changes(path: Path, shown: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which image is another one than the last that was not omitted."""
    omitted = _flags(path, "omitted", shown["omitted"])
    names = shown["image_name"][~omitted].dropna()
    change = pd.Series(False, index=shown.index)
    change[names.index] = (names != names.shift()) & names.shift().notna()
    return change.to_numpy(dtype=bool)


def _active(path: Path, session_type: str, shown: pd.DataFrame) -> NDArray[np.bool_]:
    """Return whether the mouse was at work; for all alike where only the session type says it."""
    if "active" in shown:
        return _flags(path, "active", shown["active"])
    if not session_type:
        raise ValueError(
            f"{path} has stimulus presentations without the column active, and no session_type "
            "that would say whether the session was passive; active=None takes all."
        )
    return np.full(len(shown), "passive" not in session_type.casefold())


def _flags(path: Path, name: str, values: pd.Series) -> NDArray[np.bool_]:
    """Return True and False of a column that may hold them as numbers or text, with gaps."""
    known = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
    known |= dict.fromkeys(("nan", "none", "", "n/a", "<na>"), False)
    texts = [str(value).casefold() for value in values]
    unknown = sorted(set(texts) - set(known))
    if unknown:
        raise ValueError(
            f"{path} has a column {name} of stimulus presentations that is not True or False, but "
            f"{unknown[0]!r}."
        )
    return np.array([known[text] for text in texts], dtype=bool)
