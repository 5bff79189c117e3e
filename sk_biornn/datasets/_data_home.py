"""The folder on the user's disk that keeps what was downloaded."""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENT_VARIABLE = "SK_BIORNN_DATA"
DEFAULT_FOLDER = "~/sk_biornn_data"


def resolve_data_home(data_home: str | os.PathLike[str] | None = None) -> Path:
    """Return `data_home`, else `$SK_BIORNN_DATA`, else `~/sk_biornn_data` (not created)."""
    if data_home is None:
        data_home = os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_FOLDER
    if not isinstance(data_home, str | os.PathLike):
        raise TypeError(f"data_home must be a path or None, got {data_home!r}.")
    return Path(data_home).expanduser()
