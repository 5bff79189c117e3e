"""Download the published MICrONS archive once, and unpack from it only what is asked for."""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from sk_biornn._atomic import write_bytes
from sk_biornn._checks import check_count, check_flag
from sk_biornn.datasets._data_home import resolve_data_home
from sk_biornn.datasets._download import check_mirrors, download
from sk_biornn.datasets.microns._load import field_files, find_field, load_microns

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.utils import Bunch

ARCHIVE = "DATA.zip"
SHA256 = "c6d5dd93f73770167567a8c9197927a9f446ac6deae023979ccb3b2df58b4341"
N_BYTES = 506_873_585
MIRRORS = (
    "https://github.com/moneuron/neuro-constrained-RNN/raw/refs/heads/main/DATA.zip",
    "https://media.githubusercontent.com/media/moneuron/neuro-constrained-RNN/main/DATA.zip",
)
Key = tuple[int, int, int]  # session, scan, field


def fetch_microns(
    session: int | None = None,
    scan: int | None = None,
    field: int | None = None,
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    mirrors: str | Sequence[str] | None = None,
    unit_cube: bool = True,
    grid: Any = None,
    allow_pickle: bool = False,
) -> Bunch | pd.DataFrame:
    """Fetch one MICrONS field, or unpack several: wiring, function and positions of neurons.

    The published archive (507 MB) is downloaded once into `data_home`/microns, continued where an
    earlier download broke off, and checked against its SHA-256. From it, only the fields that are
    asked for are unpacked.

    Parameters
    ----------
    session : int or None, default=None
        Imaging session; None: all.
    scan : int or None, default=None
        Scan within the session; None: all.
    field : int or None, default=None
        Imaging field within the scan; None: all.
    data_home : path or None, default=None
        Folder of the data. None: the environment variable ``SK_BIORNN_DATA``, and without it
        ``~/sk_biornn_data``.
    download_if_missing : bool, default=True
        Whether to download the archive if it is needed and not there.
    mirrors : str, sequence of str or None, default=None
        Addresses of the archive, tried in turn. None: the authors' repository.
    unit_cube : bool, default=True
        As in `load_microns`.
    grid : tuple of three ints or None, default=None
        As in `load_microns`.
    allow_pickle : bool, default=False
        As in `load_microns`. The published positions are pickled: they can be read only with True.

    Returns
    -------
    sklearn.utils.Bunch or pandas.DataFrame
        With session, scan and field: what `load_microns` returns. Else a table of the fields that
        were unpacked, with the columns ``session, scan, field, path``.

    Raises
    ------
    OSError
        If the archive is missing and may not or cannot be downloaded; says how to get it.
    TypeError
        If an argument is of another kind.
    ValueError
        If the archive is damaged, unsafe to unpack or has no such field, or as in `load_microns`.

    See Also
    --------
    load_microns : Read a field that is already there.
    microns_fields : The table of all fields.

    Notes
    -----
    An archive that lies in `data_home` or `data_home`/microns under its name, DATA.zip, is used.
    A field that is already unpacked is read without the archive.

    References
    ----------
    Shakiba, Rokni, Mohammadi and Dehghani (2026), Harnessing cortical geometry, wiring, and
    function as inductive biases for recurrent neural networks, arXiv:2606.14975, and its
    repository moneuron/neuro-constrained-RNN.

    Examples
    --------
    >>> from sk_biornn.datasets import fetch_microns
    >>> cortex = fetch_microns(6, 6, 2, allow_pickle=True)  # doctest: +SKIP
    >>> cortex.connectome.shape  # doctest: +SKIP
    (312, 312)
    """
    wanted = tuple(
        None if value is None else check_count(name, value, low=0)
        for name, value in (("session", session), ("scan", scan), ("field", field))
    )
    home = resolve_data_home(data_home)
    may_download = check_flag("download_if_missing", download_if_missing)
    urls = check_mirrors(MIRRORS if mirrors is None else mirrors)

    key = tuple(number for number in wanted if number is not None)
    if len(key) != 3:
        return _unpack(_archive(home, urls, may_download), wanted, home)
    if not _is_complete(key, home):
        _unpack(_archive(home, urls, may_download), wanted, home)
    return load_microns(
        *key, data_home=home, unit_cube=unit_cube, grid=grid, allow_pickle=allow_pickle
    )


def _is_complete(key: Key, home: Path) -> bool:
    folder = find_field(key, home)
    return folder is not None and all((folder / n).is_file() for n in field_files(*key).values())


def _archive(home: Path, urls: Sequence[str], may_download: bool) -> Path:
    """Path of the archive, verified; downloaded if it is not there."""
    places = (home / ARCHIVE, home / "microns" / ARCHIVE)
    target = next((path for path in places if path.is_file()), places[-1])
    if not target.is_file() and not may_download:
        raise FileNotFoundError(
            f"{ARCHIVE} ({N_BYTES / 1e6:.0f} MB) not found in {places[0].parent} or "
            f"{places[1].parent}; call fetch_microns with download_if_missing=True, or save "
            f"{urls[0]} there."
        )
    return download(urls, target, sha256=SHA256, n_bytes=N_BYTES)


def _unpack(archive: Path, wanted: tuple[int | None, ...], home: Path) -> pd.DataFrame:
    """Write the files of the wanted fields into `home`/microns/info; return a table of them."""
    import pandas as pd

    rows = []
    with _opened(archive) as file:
        members = _field_members(file, archive)
        for key in sorted(members):
            if all(w is None or w == k for w, k in zip(wanted, key, strict=True)):
                folder = home / "microns" / "info" / "_".join(map(str, key))
                _write_field(file, members[key], folder, archive)
                rows.append((*key, folder))
    if not rows:
        asked = "_".join("*" if part is None else str(part) for part in wanted)
        raise ValueError(f"{archive} has no field {asked}; microns_fields() lists the published.")
    return pd.DataFrame(rows, columns=["session", "scan", "field", "path"])


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except (FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # a damaged directory of an archive can raise anything
        raise _damaged(archive, "", error) from None


def _damaged(archive: Path, where: str, error: Exception) -> ValueError:
    words = " ".join(str(error).split()) or type(error).__name__
    return ValueError(
        f"{archive} is damaged or no zip archive ({where}{words}); delete it to have it downloaded "
        "again."
    )


def _field_members(file: zipfile.ZipFile, archive: Path) -> dict[Key, list[zipfile.ZipInfo]]:
    """Members .../info/{session}_{scan}_{field}/{file} by field; other files are left alone."""
    members: dict[Key, list[zipfile.ZipInfo]] = {}
    for info in file.infolist():
        if _leaves_its_folder(info.filename):
            raise _unsafe(archive, info, "would be written outside of the folder")
        parts = PurePosixPath(info.filename).parts
        if len(parts) < 3 or parts[-3] != "info" or "__MACOSX" in parts:
            continue
        match = re.fullmatch(r"(\d{1,3})_(\d{1,3})_(\d{1,3})", parts[-2])
        if match is None:
            continue
        session, scan, field = map(int, match.groups())
        if parts[-1] not in field_files(session, scan, field).values():
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _unsafe(archive, info, "is a link")
        members.setdefault((session, scan, field), []).append(info)
    return members


def _leaves_its_folder(name: str) -> bool:
    """Whether a member's name is absolute or climbs up, by the rules of any system."""
    return bool(re.match(r"[A-Za-z]:|[\\/]", name)) or ".." in re.split(r"[\\/]", name)


def _unsafe(archive: Path, info: zipfile.ZipInfo, why: str) -> ValueError:
    return ValueError(f"{archive} is not unpacked: its member {info.filename!r} {why}.")


def _write_field(
    file: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path, archive: Path
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for info in members:  # the path is ours: only the last part of the member's name is used
        try:
            content = file.read(info)
        except Exception as error:  # of zlib, of the end of the file, of unknown methods
            raise _damaged(archive, f"in {info.filename!r}: ", error) from None
        write_bytes(folder / PurePosixPath(info.filename).name, content)
