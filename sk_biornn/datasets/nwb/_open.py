"""Open an NWB file, or say in one sentence why it cannot be read."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np


@contextmanager
def opened(path: Path, who: str = "load_nwb_populations") -> Iterator[Any]:
    """Open a file with pynwb; what it cannot read becomes one sentence.

    Warnings are silenced until the file is closed, since values are read from it late: files of
    earlier versions of the format, and with extensions, are welcome, and what is needed from them
    is checked by name. Filters of warnings belong to the process, not to the thread (before Python
    3.14): while one thread reads, warnings of others can be lost too.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import pynwb
        except ImportError:
            raise ImportError(
                f"{who} needs pynwb, which comes with the extra neuro: "
                "pip install 'sk-biornn[neuro]'."
            ) from None
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist.")
        io = None
        try:
            io = pynwb.NWBHDF5IO(str(path), mode="r", load_namespaces=True)
            nwb = io.read()
        except Exception as error:  # of h5py, hdmf or pynwb: a damaged file can raise anything
            if io is not None:
                io.close()
            raise ValueError(_unreadable(path, error)) from None
        try:
            yield nwb
        except OSError as error:  # of h5py, when the data behind an intact header are not there
            raise ValueError(f"{path} is damaged: {_why(error)}.") from None
        finally:
            io.close()


def _unreadable(path: Path, error: Exception) -> str:
    version = _older_format(path)
    if version is not None:
        return f"{path} is of the older format {version}, which pynwb cannot read."
    return f"{path} is not a readable NWB file: {_why(error)}."


def _older_format(path: Path) -> str | None:
    """Return the version of a file of NWB 1 or earlier, such as NWB-1.0.5, or None."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            found = file["nwb_version"][()] if "nwb_version" in file else file.attrs["nwb_version"]
    except (OSError, KeyError, RuntimeError):
        return None
    found = found.flat[0] if isinstance(found, np.ndarray) and found.size else found
    text = found.decode(errors="replace") if isinstance(found, bytes) else str(found)
    number = text.removeprefix("NWB-")
    return f"NWB-{number}" if number.startswith(("0.", "1.")) else None


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
    return _in_plain_words(shorten(text, 200)) or type(error).__name__


def _broken_part(error: Exception) -> str:
    """Name the part from which hdmf could not make an object; its error has that part and why."""
    part = error.args[0].path.removeprefix("root").strip("/") or "/"
    cause = error.__cause__ or error.__context__
    if isinstance(cause, KeyError):
        why = f"it has no {cause.args[0]}"
    else:  # "Could not construct X object due to: X.__init__: missing argument 'y'"
        why = str(error.args[-1]).split("due to: ")[-1].split("__init__: ")[-1].rstrip(".")
    return f"its part {part} could not be read ({_in_plain_words(shorten(why, 200))})"


def _in_plain_words(text: str) -> str:
    """Return what a library says, but for what it says about its own insides."""
    inner = re.search(r"__|\b_\w|has no attribute|ufunc|<class", text)
    return "it is not what the format has there" if inner else text
