"""Open an NWB file, or say in one sentence why it cannot be read."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a file with pynwb; what it cannot read becomes one sentence."""
    try:
        import pynwb
    except ImportError:
        raise ImportError(
            "load_nwb_populations needs pynwb, which comes with the extra neuro: "
            "pip install 'sk-biornn[neuro]'."
        ) from None
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist.")
    io = None
    try:
        with warnings.catch_warnings():
            # Files of earlier versions of the format, and with extensions, are welcome: what is
            # needed from them is checked here, by name.
            warnings.filterwarnings("ignore", category=UserWarning, module=r"(pynwb|hdmf)\b")
            io = pynwb.NWBHDF5IO(str(path), mode="r", load_namespaces=True)
            nwb = io.read()
    except Exception as error:  # of h5py, hdmf or pynwb: a damaged file can raise anything
        if io is not None:
            io.close()
        raise ValueError(f"{path} is not a readable NWB file: {_why(error)}.") from None
    try:
        yield nwb
    except OSError as error:  # of h5py, when the data behind an intact header are not there
        raise ValueError(f"{path} is damaged: {_why(error)}.") from None
    finally:
        io.close()


def _why(error: Exception) -> str:
    """Say what is wrong, without the dump of objects that an error of hdmf carries."""
    text = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else ""
    if hasattr(next(iter(error.args), None), "path"):
        return _broken_part(error)
    if "NoneType" in text:  # the reader looks for a part that is not there
        return "a part that it must have is missing"
    if "truncated" in text:
        return f"it is truncated, part of it is missing ({text})"
    if "signature not found" in text:
        return "it is not an HDF5 file"
    return shorten(text, 200) or type(error).__name__


def _broken_part(error: Exception) -> str:
    """Name the part from which hdmf could not make an object; its error has that part and why."""
    part = error.args[0].path.removeprefix("root").strip("/") or "/"
    cause = error.__cause__ or error.__context__
    if isinstance(cause, KeyError):
        why = f"it has no {cause.args[0]}"
    else:  # "Could not construct X object due to: X.__init__: missing argument 'y'"
        why = str(error.args[-1]).split("due to: ")[-1].split("__init__: ")[-1].rstrip(".")
    return f"its part {part} could not be read ({shorten(why, 200)})"
