"""A folder in which a search keeps its fits: one record each, as those of the runs of a study.

A fit is known by all that it depends on (see `key_of`), so that what is taken from the folder is
what the fit would give: there is nothing that two searches could mix up.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import sklearn

from sk_biornn._atomic import remove_halves, write_bytes, write_text
from sk_biornn._checks import refusal
from sk_biornn._orphans import end_with
from sk_biornn._plain import short
from sk_biornn._records import LOCK, as_json, differences, locked, sealed, to_json, versions
from sk_biornn.model_selection._as_numbers import NotNumbers, fitted_state, set_fitted_state
from sk_biornn.model_selection._digest import digest

_SHOWN = ("display", "print_changed_only")  # how scikit-learn shows estimators, and no more
_SETTINGS = {"search": "fits of sk_biornn.model_selection", "format": 2}
_NAME = "[0-9a-f]" * 40
_OURS = (LOCK, "settings.json", "versions.json", f"runs/{_NAME}.json", f"weights/{_NAME}.npz")


@contextmanager
def open_checkpoint(path: Any) -> Iterator[Checkpoint | None]:
    """Have a folder to oneself, made where there is none; None without a path."""
    if path is None:
        yield None
        return
    if not isinstance(path, str | os.PathLike) or not str(path):
        expected = "None or the path of a folder"
        raise refusal("checkpoint", expected, path, right_type=isinstance(path, str))
    if "\0" in os.fsdecode(path):
        raise refusal("checkpoint", "a path that a folder can have", path, right_type=True)
    folder = Path(os.fsdecode(path)).absolute()  # workers may stand elsewhere
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _check_folder(folder)  # before anything is made in it
            stack.enter_context(locked(folder, "checkpoint", "search"))
            checkpoint = Checkpoint(folder)
        except OSError as error:
            raise ValueError(
                f"checkpoint must be a folder that can be written, got {str(path)!r} "
                f"({error.strerror})."
            ) from None
        yield checkpoint


class Checkpoint:
    """The fits in a folder, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._process = os.getpid()
        self._told: set[str] = set()
        here = _versions_here()
        self._settings = as_json({**_SETTINGS, "versions": here})
        _check_folder(path)
        for part in (path / "runs", path / "weights"):
            part.mkdir(exist_ok=True)
        remove_halves(path, *_OURS)
        write_text(path / "settings.json", to_json(_SETTINGS))
        write_text(path / "versions.json", to_json(here))

    def end_with_search(self) -> None:
        """Have a worker of the search end when the search does."""
        end_with(self._process)

    # ------------------------------------------------------------------ names

    def name_of(self, cls: type, digests: Any, unkept: str | None) -> str | None:
        """Return what a fit is called by all that it depends on; None if that cannot be told.

        Parameters
        ----------
        cls : type
            The class of the estimator.
        digests : tuple of (str, str)
            Of its parameters and of what it learns from, by name.
        unkept : str or None
            Which of them cannot be relied on, and why.
        """
        config = sklearn.get_config()
        of_config = digest({k: v for k, v in config.items() if k not in _SHOWN})
        unkept = unkept or (of_config.unkept and f"scikit-learn's settings: {of_config.unkept}")
        if unkept is not None:
            self._tell(
                f"checkpoint {str(self.path)!r} keeps no fits, and they are repeated when the "
                f"search goes on, with such {unkept}.",
                kind=unkept.partition(":")[0],
            )
            return None
        whole = [f"{cls.__module__}.{cls.__qualname__}", digests, of_config.text]
        return hashlib.sha256(to_json(whole).encode()).hexdigest()[:40]

    # ------------------------------------------------------------------ records

    def keep(self, name: str | None, estimator: Any, X: Any, seconds: float) -> None:
        """Write what a fit has left in an estimator; what cannot be kept is told, once."""
        if name is None:
            return
        self.end_with_search()
        try:
            state, arrays = fitted_state(estimator)
            self._write(name, estimator, X, seconds, state, arrays)
        except NotNumbers as what:
            self._tell(
                f"checkpoint {str(self.path)!r} keeps numbers and text, and a fitted "
                f"{type(estimator).__name__} holds {what}: such fits are repeated when the search "
                "goes on."
            )
        except OSError as error:
            self._tell(
                f"checkpoint {str(self.path)!r} cannot be written ({error.strerror}): fits that "
                "are not in it are repeated when the search goes on."
            )

    def _write(
        self, name: str, estimator: Any, X: Any, seconds: float, state: Any, arrays: Any
    ) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        content = buffer.getvalue()
        record = {
            "run": name,
            "estimator": type(estimator).__name__,
            "parameters": _changed(estimator),
            "n_trials": len(X) if hasattr(X, "__len__") else None,
            "error": None,
            "seconds": seconds,
            "state": state,
            "weights": hashlib.sha256(content).hexdigest(),
            "settings": self._settings,
        }
        # The record comes last: where it is, the arrays are.
        write_bytes(self._weights_file(name), content)
        write_text(self._record_file(name), to_json(sealed(record)))

    def seconds_of(self, name: str | None) -> float | None:
        """Return how long a fit took that is kept; None if it is not."""
        found = self._read(name)
        return None if found is None else float(found[0]["seconds"])

    def restore(self, name: str | None, estimator: Any) -> bool:
        """Make an estimator the fitted one that is kept; False if none is."""
        found = self._read(name)
        if found is None:
            return False
        record, content = found
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            set_fitted_state(estimator, record["state"], arrays)
        except Exception as error:  # of what was written by another hand, or of a class itself
            self._tell(
                f"checkpoint {str(self.path)!r} holds fits that {type(estimator).__name__} cannot "
                f"be restored from, such as {name} ({_cause(error)}): they are repeated."
            )
            return False
        return True

    def _read(self, name: str | None) -> tuple[dict[str, Any], bytes] | None:
        """Return a record that is whole, and the file of its arrays; None without either."""
        if name is None or not self._record_file(name).exists():
            return None
        try:
            record = json.loads(self._record_file(name).read_text(encoding="utf-8"))
            if record != sealed(record) or record["run"] != name or record["error"] is not None:
                raise ValueError("changed")
            if record["settings"] != self._settings or not float(record["seconds"]) >= 0:
                raise ValueError("of other versions")
            content = self._weights_file(name).read_bytes()
            if hashlib.sha256(content).hexdigest() != record["weights"]:
                raise ValueError("changed")
            return record, content
        except Exception as error:  # half a file, or one of another kind, can raise anything
            self._tell(
                f"checkpoint {str(self.path)!r} holds fits whose files are missing, damaged or "
                f"have changed since they were written, such as {name} ({_cause(error)}): they are "
                "repeated."
            )
            return None

    def _record_file(self, name: str) -> Path:
        return self.path / "runs" / f"{name}.json"

    def _weights_file(self, name: str) -> Path:
        return self.path / "weights" / f"{name}.npz"

    def _tell(self, sentence: str, kind: str | None = None) -> None:
        """Warn of a thing once, and in one process."""
        kind = kind or sentence.partition(" such as ")[0]
        if kind not in self._told:
            self._told.add(kind)
            warnings.warn(sentence, UserWarning, stacklevel=2)


def _check_folder(path: Path) -> None:
    """Refuse a folder of something else, or of versions that may give other numbers."""
    is_new = not any((path / "runs").glob("*.json"))
    settings = _read_object(path / "settings.json")
    there = _read_object(path / "versions.json")
    if settings is None:
        is_foreign = not is_new or there is not None
    else:
        is_foreign = settings != _SETTINGS or (there is not None and "sk_biornn" not in there)
    if is_foreign:
        raise ValueError(
            f"checkpoint must be a new folder or one of a search, got {str(path)!r}, "
            "which holds something else; choose another folder."
        )
    differing = "" if is_new else differences(there or {}, as_json(_versions_here()))
    if differing:
        raise ValueError(
            f"checkpoint {str(path)!r} holds fits of other versions: {differing}; choose "
            "another folder, or remove it to have them repeated."
        )


def _versions_here() -> dict[str, str]:
    return {**versions(), "sk_biornn sources": sources()}


@lru_cache(maxsize=1)
def sources() -> str:
    """Return a digest of the files of this package, which change more often than its version."""
    root = Path(__file__).parents[1]
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        whole.update(f"{path.relative_to(root).as_posix()} {len(content)} ".encode() + content)
    return whole.hexdigest()[:16]


def _read_object(path: Path) -> dict[str, Any] | None:
    """Return what a JSON file holds by name; None without a file, nothing in an invalid one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _cause(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _changed(estimator: Any) -> dict[str, str]:
    """Return the parameters that are not as by default, for who looks into a record."""
    defaults = inspect.signature(type(estimator)).parameters
    return {
        name: short(value)
        for name, value in estimator.get_params(deep=False).items()
        if name not in defaults or short(value) != short(defaults[name].default)
    }
