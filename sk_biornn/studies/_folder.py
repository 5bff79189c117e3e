"""The folder of a study: its settings, one record per finished run, and what may be taken up."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sk_biornn._atomic import write_text

_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "pandas", "joblib")


def versions() -> dict[str, str]:
    """Return what the numbers depend on besides the settings."""
    import sk_biornn

    packages = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {
        "sk_biornn": sk_biornn.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        **packages,
    }


def to_json(content: Any) -> str:
    """Return JSON that is the same text for the same content, and never NaN."""
    return json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; a damaged one is named."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON ({error}); remove it to go on.") from None


class StudyFolder:
    """A folder in which one study, with one set of settings, is carried out.

    `outputs` are the names, or patterns, of the files made of the records; `fields` are those that
    every record has.
    """

    def __init__(self, path: Any, outputs: Iterable[str], fields: Iterable[str]) -> None:
        self.path = Path(path)
        self.runs = self.path / "runs"
        self._outputs, self._fields = tuple(outputs), {"seconds", "error", *fields}

    def open(self, settings: dict[str, Any], *, resume: bool, overwrite: bool) -> None:
        """Make the folder ready for a study with these settings, or refuse.

        Runs of a study with the same settings are kept with `resume` and otherwise repeated. Those
        of another one are never lost unless `overwrite` says so.
        """
        self._make()
        self._remove_halves()
        if overwrite:
            self._remove_study()
        expected = {"settings.json": settings, "versions.json": versions()}
        if any(self.runs.glob("*.json")):
            self._refuse_another(expected if resume else {"settings.json": settings})
        if not resume:
            self._remove_study()
        for name, content in expected.items():
            write_text(self.path / name, to_json(content))

    def _make(self) -> None:
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            write_text(self.path / ".writable", "")
            (self.path / ".writable").unlink()
        except OSError as error:
            raise ValueError(
                f"output must be a folder that can be written, got {str(self.path)!r} "
                f"({error.strerror})."
            ) from None

    def _refuse_another(self, expected: dict[str, Any]) -> None:
        for name, content in expected.items():
            path = self.path / name
            found = read_json(path) if path.exists() else {}
            wanted = json.loads(to_json(content))
            differing = [
                f"{key} ({_short(found.get(key))} there, {_short(wanted.get(key))} here)"
                for key in sorted({*found, *wanted})
                if found.get(key) != wanted.get(key)
            ]
            if differing:
                raise ValueError(
                    f"output {str(self.path)!r} holds a study with other {path.stem}: "
                    f"{', '.join(differing)}; choose another output, or overwrite it."
                )

    def _remove_halves(self) -> None:
        """Remove what a killed process had not yet renamed."""
        for folder in (self.path, self.runs):
            for path in folder.glob(".*~"):
                path.unlink()

    def _remove_study(self) -> None:
        """Remove records and what was made of them, and nothing else."""
        outputs = (path for pattern in self._outputs for path in self.path.glob(pattern))
        for path in (*self.runs.glob("*.json"), *outputs):
            path.unlink(missing_ok=True)

    def finished(self) -> dict[str, dict[str, Any]]:
        """Return the records of runs that came to an end, by name; failed ones are tried again."""
        records = {path.stem: self._record(path) for path in sorted(self.runs.glob("*.json"))}
        return {name: record for name, record in records.items() if record["error"] is None}

    def _record(self, path: Path) -> dict[str, Any]:
        record = read_json(path)
        if not isinstance(record, dict) or not set(record) >= self._fields:
            raise ValueError(f"{path} is not a record of a run; remove it to go on.")
        return record

    def save(self, name: str, record: dict[str, Any]) -> None:
        """Write the record of one run."""
        write_text(self.runs / f"{name}.json", to_json(record))


def _short(value: Any, length: int = 40) -> str:
    text = json.dumps(value)
    return text if len(text) <= length else text[: length - 3] + "..."
