"""The folder of a study: its settings, one record per finished run, and what may be taken up."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sk_biornn._atomic import create_text, remove_halves, write_text
from sk_biornn._records import (
    LOCK,
    as_json,
    differences,
    locked,
    refuse_lock,
    sealed,
    short_json,
    to_json,
    versions,
)
from sk_biornn.studies._claims import FOLDER, Claims, refuse_runners
from sk_biornn.studies._folder_error import FolderError

OLD = 3600.0  # s, after which a file that was never renamed is nobody's any more
WITHIN = 10.0  # s, until a file that another one has made holds something


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; a damaged one is named."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FolderError(f"{path} is missing; resume the study, which writes it anew.") from None
    except ValueError as error:
        raise FolderError(f"{path} is not valid JSON ({error}); remove it to go on.") from None
    except RecursionError:
        raise FolderError(f"{path} is nested too deeply to be read; remove it to go on.") from None


def read_settings(folder: Path, needed: Iterable[str] = ()) -> dict[str, Any]:
    """Return what settings.json of a study holds; what is needed must be there."""
    path = folder / "settings.json"
    settings = _read_object(path)
    missing = [name for name in needed if name not in settings]
    if missing:
        raise FolderError(f"{path} is missing or lacks {missing}; the folder holds no whole study.")
    return settings


def _read_object(path: Path) -> dict[str, Any]:
    content = read_json(path) if path.exists() else {}
    if not isinstance(content, dict):
        raise FolderError(
            f"{path} must hold settings by name, got {short_json(content)}; remove it to go on."
        )
    return content


def _wait_for_content(path: Path) -> None:
    """Wait while a file is empty: where links are unknown, it is there before it is whole."""
    end = time.monotonic() + WITHIN
    while not path.stat().st_size and time.monotonic() < end:
        time.sleep(0.05)


class StudyFolder:
    """A folder in which one study, with one set of settings, is carried out.

    `outputs` are the names, or patterns, of the files made of the records; `fields` are those that
    every record has. Every record also has the name of its run and the settings of its study, those
    of the input data among them.
    """

    def __init__(
        self, path: Any, outputs: Iterable[str], fields: Iterable[str], device: str = "cpu"
    ) -> None:
        self.path = Path(path)
        # A folder that says nothing of a device is of a CPU.
        self._elsewhere = {} if device == "cpu" else {"device": device}
        self.runs = self.path / "runs"
        self._outputs = tuple(outputs)
        self._fields = {"seconds", "error", "run", "settings", "seal", *fields}
        self._settings: dict[str, Any] = {}
        self.claims: Claims | None = None  # where others may work, too

    @classmethod
    def of(cls, path: Path, settings: dict[str, Any]) -> StudyFolder:
        """Return a folder to be read while whoever may works in it, of a study with settings."""
        folder = cls(path, (), ())
        folder._settings = settings
        return folder

    @contextmanager
    def held(self, *, join: bool = False) -> Iterator[None]:
        """Keep other studies out while this one works in the folder, but for those that join."""
        with ExitStack() as stack:
            try:
                self.runs.mkdir(parents=True, exist_ok=True)
                if join:  # first here, then a look who has it: of two that come at once both see
                    self.claims = Claims(self.path)
                    stack.enter_context(self.claims.as_runner())
                    refuse_lock(self.path)
                else:
                    stack.enter_context(locked(self.path))
                    refuse_runners(self.path)
            except OSError as error:
                raise ValueError(
                    f"output must be a folder that can be written, got {str(self.path)!r} "
                    f"({error.strerror})."
                ) from None
            yield

    def open(self, settings: dict[str, Any], *, resume: bool, overwrite: bool) -> None:
        """Make the folder ready for a study with these settings, or refuse.

        Finished runs of a study with the same settings are kept with `resume`. Without, neither
        they nor those of another study are lost unless `overwrite` says so.
        """
        self.runs.mkdir(parents=True, exist_ok=True)
        self._settings = as_json(settings)
        expected = {"settings.json": settings, "versions.json": {**versions(), **self._elsewhere}}
        if self.claims is not None:
            self._open_with_others(expected)
            return
        self._remove_halves()
        if overwrite:
            self._remove_study()
        if any(self.runs.glob("*.json")):
            self._refuse_another(expected if resume else {"settings.json": settings})
        if not (resume or overwrite):
            self._refuse_to_restart()
        if not resume:
            self._remove_study()
        for name, content in expected.items():
            write_text(self.path / name, to_json(content))

    def _open_with_others(self, expected: dict[str, Any]) -> None:
        """Make the folder ready, or find that others have, for the same study."""
        for name, content in expected.items():
            create_text(self.path / name, to_json(content))
            _wait_for_content(self.path / name)
        self._refuse_another(expected)
        assert self.claims is not None
        self._remove_halves(f"{FOLDER}/*", before=self.claims.since() - OLD)

    def _refuse_another(self, expected: dict[str, Any]) -> None:
        for name, content in expected.items():
            path = self.path / name
            differing = differences(_read_object(path), as_json(content))
            if differing:
                raise ValueError(
                    f"output {str(self.path)!r} holds a study with other {path.stem}: {differing}; "
                    "choose another output, or overwrite it."
                )

    def _refuse_to_restart(self) -> None:
        """Refuse to lose what is there: runs that came to an end, or tables without their runs."""
        records = sorted(self.runs.glob("*.json"))
        n = len(self.finished())
        n_failed = len(records) - n
        tables = [name for name in self._outputs if name.endswith(".csv")]
        tables = [] if records else [name for name in tables if (self.path / name).exists()]
        if n:
            found = f"{n} finished run{'s' * (n > 1)}"
            found += f" and {n_failed} failed" if n_failed else ""
        elif tables:
            found = f"{tables[0]} but no runs"
        else:
            return
        raise ValueError(
            f"output {str(self.path)!r} holds {found} of this study: take them up (resume=True, "
            "--resume), replace them (overwrite=True, --overwrite), or choose another output."
        )

    def _remove_halves(self, *others: str, before: float = math.inf) -> None:
        """Remove what a killed process had not yet renamed, of files that a study writes."""
        files = ("settings.json", "versions.json", LOCK, "runs/*.json", *self._outputs, *others)
        remove_halves(self.path, *files, before=before)

    def _remove_study(self) -> None:
        """Remove records and what was made of them, and nothing else."""
        outputs = (path for pattern in self._outputs for path in self.path.glob(pattern))
        for path in (*self.runs.glob("*.json"), *outputs):
            path.unlink(missing_ok=True)

    def finished(self) -> dict[str, dict[str, Any]]:
        """Return the records of runs that came to an end, by name; failed ones are tried again."""
        return {name: record for name, record in self.records().items() if record["error"] is None}

    def records(self) -> dict[str, dict[str, Any]]:
        """Return the records of runs that came to an end or failed, by name."""
        return {path.stem: self._record(path) for path in sorted(self.runs.glob("*.json"))}

    def record_of(self, name: str) -> dict[str, Any] | None:
        """Return the record of one run, failed or not; None where it has not ended."""
        path = self.runs / f"{name}.json"
        return self._record(path) if path.exists() else None

    def content_of(self, name: str) -> bytes | None:
        """Return what the file of a record holds; None without one."""
        try:
            return (self.runs / f"{name}.json").read_bytes()
        except FileNotFoundError:
            return None

    def discard(self, name: str) -> None:
        """Remove the record of a run that is to be done again."""
        (self.runs / f"{name}.json").unlink(missing_ok=True)

    def _record(self, path: Path) -> dict[str, Any]:
        record = read_json(path)
        if not isinstance(record, dict) or not set(record) >= self._fields:
            raise FolderError(f"{path} is not a record of a run; remove it to go on.")
        if record != sealed(record) or not isinstance(record["seconds"], int | float):
            raise FolderError(f"{path} has changed since it was written; remove it to go on.")
        if record["run"] != path.stem:
            raise FolderError(
                f"{path} is the record of another run, {short_json(record['run'])}; give it its "
                "own name again, or remove it to go on."
            )
        theirs = record["settings"]
        differing = differences(theirs if isinstance(theirs, dict) else {}, self._settings)
        if differing:
            raise FolderError(
                f"{path} is of a study with other settings: {differing}; remove it to have this "
                "run repeated, or choose another output."
            )
        return record

    def save(self, name: str, record: dict[str, Any]) -> None:
        """Write the record of one run."""
        whole = sealed({"run": name, **record, "settings": self._settings})
        write_text(self.runs / f"{name}.json", to_json(whole))
