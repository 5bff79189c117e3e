"""Pages of studies: one in the folder of each, and one that leads to those of several."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sk_biornn._atomic import write_text
from sk_biornn._plain import found as shown
from sk_biornn._plain import short
from sk_biornn.studies._folder import read_settings
from sk_biornn.studies._folder_error import FolderError
from sk_biornn.studies._gathered import Gathered, gather
from sk_biornn.studies._page import index_of, page_of
from sk_biornn.studies._report import PAGE
from sk_biornn.studies._study import Study

# Name in settings.json: name in `sk_biornn.studies`, which loads it when it is asked for.
KNOWN = {
    "dale": "DALE_STUDY",
    "pruning": "PRUNING_STUDY",
    "inductive-bias": "INDUCTIVE_BIAS_STUDY",
    "cell-types": "CELL_TYPE_STUDY",
}


def write_report(folder: Any, *, study: Study | None = None) -> list[Path]:
    """Write a page of all that a study has found, `report.html` in its folder.

    The page is one file of HTML that needs no network: answers, figures (where matplotlib is
    installed), tables that can be sorted, settings, versions, times and literature. Everything
    is drawn up from what lies in the folder, and the same folder gives the same bytes. Of a study
    that has not ended the page says which runs are missing, and shows tables of the others; a study
    that runs meanwhile is not disturbed.

    Parameters
    ----------
    folder : path
        Where a study was carried out, as its `output`; or a folder that holds such folders, as
        ``sk-biornn study all`` leaves it, which gets a page that leads to theirs.
    study : Study or None, default=None
        Which study it is. None: one of this package, by settings.json.

    Returns
    -------
    list of Path
        The pages. The first is the one to open: that of the study, or the one that leads to all.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If the folder holds no study, files in it are damaged, or it cannot be written.
    TypeError
        If `folder` is no path, or `study` no Study.

    See Also
    --------
    report_study : Its tables as text, and its figures as files.

    Examples
    --------
    >>> import tempfile
    >>> from sk_biornn.studies import (
    ...     DALE_STUDY, Budget, DalePreset, run_study, write_report
    ... )
    >>> tiny = DalePreset("tiny", 8, 2, {"digits": Budget(60, 40, 1, 30, 1)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     runs = run_study(
    ...         DALE_STUDY, tiny, arms=["abs/ours", "square/ours"], output=folder
    ...     )
    ...     (page,) = write_report(folder)
    ...     text = page.read_text(encoding="utf-8")
    >>> page.name, text[:15], "What does Dale&#x27;s law cost" in text
    ('report.html', '<!doctype html>', True)
    """
    path = checked_folder(folder)
    if not isinstance(study, Study | None):
        raise TypeError(f"study must be a Study or None, got {shown(study)}.")
    gathered = _gather_all(path, study)
    pages = []
    for each in gathered:
        with in_sentences(each.folder):
            pages.append((each.folder / PAGE, page_of(each)))
    if [each.folder for each in gathered] != [path]:
        pages.insert(0, _index(path, gathered))
    for page, content in pages:
        _write(page, content)
    return [page for page, _ in pages]


def write_index(path: Path) -> Path:
    """Write the page that leads to those of the studies in a folder, which are there."""
    page, content = _index(path, _gather_all(path, None))
    _write(page, content)
    return page


def _gather_all(path: Path, study: Study | None) -> list[Gathered]:
    gathered = []
    for folder in study_folders(path):
        with in_sentences(folder):
            gathered.append(gather(study_of(folder) if study is None else study, folder))
    return gathered


def _index(path: Path, gathered: list[Gathered]) -> tuple[Path, str]:
    addresses = [quote(f"{each.folder.name}/{PAGE}") for each in gathered]
    return path / PAGE, index_of(list(zip(gathered, addresses, strict=True)))


def _write(page: Path, content: str) -> None:
    with writing(page.parent):
        write_text(page, content)


def checked_folder(folder: Any) -> Path:
    """Return the path of a folder that is there."""
    if not isinstance(folder, str | PathLike):
        raise TypeError(f"folder must be a path, got {shown(folder)}.")
    path = Path(folder)
    if not path.is_dir():
        raise FileNotFoundError(
            f"folder must be one in which a study was carried out, there is no folder "
            f"{short(str(path))}."
        )
    return path


def study_folders(path: Path) -> list[Path]:
    """Return the folders of studies: this one, or those in it, in the order of the studies."""
    with in_sentences(path):
        if any((path / name).exists() for name in ("settings.json", "results.csv", "runs")):
            return [path]
        named = {
            folder: read_settings(folder).get("study")
            for folder in sorted(path.iterdir())
            if not folder.name.startswith(".")  # settings of an editor
            and (folder / "settings.json").is_file()
        }
    found = {folder: str(name) for folder, name in named.items() if name is not None}
    if not found:
        raise FolderError(
            f"{str(path)!r} holds no study: neither settings.json nor results.csv is in it, and no "
            "folder in it is that of a study."
        )
    order = list(KNOWN)
    return sorted(found, key=lambda one: [*order, found[one]].index(found[one]))


def study_of(folder: Path) -> Study:
    """Return the study of this package that was carried out in a folder."""
    name = read_settings(folder).get("study")
    if name is None:
        name = next(iter(KNOWN))  # without settings the first study says what is missing
    if not isinstance(name, str) or name not in KNOWN:
        raise FolderError(
            f"{str(folder / 'settings.json')!r} must name a study among {list(KNOWN)}, "
            f"got {name!r}."
        )
    return getattr(importlib.import_module("sk_biornn.studies"), KNOWN[name])


@contextmanager
def in_sentences(folder: Path) -> Iterator[None]:
    """Say in one sentence what is wrong with a folder, whatever it is."""
    try:
        yield
    except FolderError:
        raise  # it says what is wrong
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        words = " ".join(f"{type(error).__name__}: {error}".split())
        raise FolderError(
            f"{str(folder)!r} has tables that are not as a study wrote them ({words}); resume the "
            "study, which writes them anew."
        ) from error
    except OSError as error:
        what = str(error.filename or folder)
        raise FolderError(f"{what!r} cannot be read ({error.strerror or error}).") from None


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say in one sentence that a folder cannot be written."""
    try:
        yield
    except OSError as error:
        raise FolderError(
            f"{str(folder)!r} cannot be written ({error.strerror or error}), where a report leaves "
            "its tables and figures; copy the folder to where you may write, and report there."
        ) from None
