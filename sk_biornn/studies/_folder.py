"""The folder of a study: its settings, one record per finished run, and what may be taken up."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from pathlib import Path
from typing import Any

from sk_biornn._atomic import write_text
from sk_biornn.studies._plan import run_name

_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "pandas", "joblib")
_OUTPUTS = ("results.csv", "curves.csv", "summary.csv", "times.csv", "figure.png", "figure.pdf")
RECORD_FIELDS = {"task", "arm", "init", "simulation", "score", "curve", "seconds", "error"}


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
    """A folder in which one study, with one set of settings, is carried out."""

    def __init__(self, path: Any) -> None:
        self.path = Path(path)
        self.runs = self.path / "runs"

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
        for path in (*self.runs.glob("*.json"), *(self.path / name for name in _OUTPUTS)):
            path.unlink(missing_ok=True)

    def finished(self) -> dict[str, dict[str, Any]]:
        """Return the records of runs that came to an end, by name; failed ones are tried again."""
        records = [read_json(path) for path in sorted(self.runs.glob("*.json"))]
        for record, path in zip(records, sorted(self.runs.glob("*.json")), strict=True):
            if not isinstance(record, dict) or not set(record) >= RECORD_FIELDS:
                raise ValueError(f"{path} is not a record of a run; remove it to go on.")
        return {run_name(record): record for record in records if record["error"] is None}

    def save(self, record: dict[str, Any]) -> None:
        """Write the record of one run."""
        write_text(self.runs / f"{run_name(record)}.json", to_json(record))


def _short(value: Any, length: int = 40) -> str:
    text = json.dumps(value)
    return text if len(text) <= length else text[: length - 3] + "..."
