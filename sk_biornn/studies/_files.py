"""What a study leaves in its folder: tables, figures and weights, and the names of its runs."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sk_biornn._atomic import write_bytes, write_text
from sk_biornn._csv import read_csv
from sk_biornn.studies._folder_error import FolderError

# Without these the files would hold the time at which they were made.
_METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None}}
_AGAIN = "resume the study, which computes it anew, to go on."
# As every file system takes the names of levels: no star, no two alike.
_PLAIN = str.maketrans({"*": "m", "!": "p", " ": "-", ",": None})


def file_name(run: Sequence[Any]) -> str:
    """Return the name of a run and of its files: its levels, then the number of the simulation."""
    *levels, simulation = run
    return "_".join([*(level.translate(_PLAIN) for level in levels), f"{simulation:03d}"])


# ------------------------------------------------------------------ tables


def write_csv(path: Path, frame: pd.DataFrame, *, index: bool = False) -> None:
    """Write a table with all digits, so that reading it gives the same numbers."""
    write_text(path, frame.to_csv(index=index, lineterminator="\n"))


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table that has at least these columns."""
    if not path.is_file():
        raise FolderError(f"{str(path)!r} is missing; the folder holds no finished study.")
    try:
        table = read_csv(path)
    except ValueError as error:  # pandas' own errors are ValueErrors
        raise FolderError(f"{str(path)!r} is damaged, it is not a table ({error}).") from None
    missing = [name for name in columns if name not in table]
    if missing:
        raise FolderError(
            f"{str(path)!r} is not the table of a study, it lacks the columns {missing}."
        )
    return table


# ------------------------------------------------------------------ figures


def matplotlib_is_here() -> bool:
    """Whether figures can be drawn; a study without them is whole otherwise."""
    return importlib.util.find_spec("matplotlib") is not None


def save_figure(path: Path, draw: Callable[[Any], Any]) -> None:
    """Have `draw` fill an empty figure and write it to `path` with the endings .png and .pdf.

    The files are the same bytes each time.
    """
    from matplotlib import rc_context, style
    from matplotlib.figure import Figure

    # The same picture whatever the user's own style is; in the PDF, text stays text.
    with style.context("default", after_reset=True), rc_context({"pdf.fonttype": 42}):
        # A figure of its own, not one of pyplot's: nothing is left open, no window is needed.
        figure = Figure()
        draw(figure)
        for kind, metadata in _METADATA.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, dpi=200, metadata=metadata)
            write_bytes(path.with_suffix(f".{kind}"), buffer.getvalue())


# ------------------------------------------------------------------ weights


def weights_file(folder: Path, run: Sequence[Any]) -> Path:
    """Return the file of the weights of a run in the folder of a study."""
    return folder / "weights" / f"{file_name(run)}.npz"


def save_weights(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name."""
    path.parent.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    named: dict[str, Any] = dict(arrays)  # among the names could be one of its options
    np.savez_compressed(buffer, **named)
    write_bytes(path, buffer.getvalue())


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays; a file that is missing or damaged is named."""
    if not path.is_file():
        raise FolderError(f"{path} is missing; {_AGAIN}")
    content = path.read_bytes()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # half a file, or one of another kind, can raise anything
        raise FolderError(
            f"{path} is damaged ({type(error).__name__}); remove it and {_AGAIN}"
        ) from None
