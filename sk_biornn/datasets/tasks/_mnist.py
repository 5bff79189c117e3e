"""MNIST, read row by row: found on disk or downloaded once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sk_biornn._checks import check_choice, check_flag
from sk_biornn.datasets._data_home import resolve_data_home
from sk_biornn.datasets._download import check_mirrors, download
from sk_biornn.datasets.tasks._idx import read_idx

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# SHA-256 of the four .gz files as published by the authors in 1998 and copied by all mirrors.
SHA256 = {
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
N_BYTES = {  # of the same files
    "train-images-idx3-ubyte": 9_912_422,
    "train-labels-idx1-ubyte": 28_881,
    "t10k-images-idx3-ubyte": 1_648_877,
    "t10k-labels-idx1-ubyte": 4_542,
}
FILES = {  # subset -> its pairs of (images, labels)
    "train": [("train-images-idx3-ubyte", "train-labels-idx1-ubyte")],
    "test": [("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")],
}
FILES["all"] = FILES["train"] + FILES["test"]


def fetch_sequential_mnist(
    *,
    subset: str = "train",
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    mirrors: str | Sequence[str] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Fetch MNIST as sequences: one row of 28 pixels per step.

    The idx files are looked for in `data_home` itself and in its folder `mnist`, compressed
    (``.gz``) or not; what is there is read as it is, so any data set in the files of MNIST will
    do. What is missing is downloaded once into `data_home`/mnist, with its SHA-256 checked.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 60000 training images, the 10000 test images, or both in this order.
    data_home : path or None, default=None
        Folder of the data. None: the environment variable ``SK_BIORNN_DATA``, and without it
        ``~/sk_biornn_data``.
    download_if_missing : bool, default=True
        Whether to download files that are not there (11 MB for all four).
    mirrors : str, sequence of str or None, default=None
        Addresses of folders that hold the four ``.gz`` files, tried in turn. None: two public
        mirrors.

    Returns
    -------
    X : ndarray of shape (n_images, 28, 28), float32
        Grey values in [0, 1]; axis 1 is time (rows from top to bottom), axis 2 the pixels.
    y : ndarray of shape (n_images,), int64
        The digits 0 to 9.

    Raises
    ------
    OSError
        If files are missing and may not or cannot be downloaded; says which, and how to get them.
    TypeError
        If an argument is of another type.
    ValueError
        If `subset` is unknown, or a file is not idx, truncated, damaged or does not fit its
        partner; names the file.

    See Also
    --------
    load_sequential_digits : Small real digits that need no download.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document
    recognition, Proceedings of the IEEE 86, doi:10.1109/5.726791.

    Examples
    --------
    >>> from sk_biornn.datasets import fetch_sequential_mnist
    >>> X, y = fetch_sequential_mnist(subset="test")  # doctest: +SKIP
    >>> X.shape, y.shape  # doctest: +SKIP
    ((10000, 28, 28), (10000,))

    A folder with idx files is read without any download; here one image, black, labelled 7:

    >>> import struct, tempfile
    >>> from pathlib import Path
    >>> home = tempfile.TemporaryDirectory()
    >>> images = struct.pack(">4B3I", 0, 0, 8, 3, 1, 28, 28) + bytes(28 * 28)
    >>> labels = struct.pack(">4BI", 0, 0, 8, 1, 1) + bytes([7])
    >>> _ = Path(home.name, "t10k-images-idx3-ubyte").write_bytes(images)
    >>> _ = Path(home.name, "t10k-labels-idx1-ubyte").write_bytes(labels)
    >>> X, y = fetch_sequential_mnist(subset="test", data_home=home.name)
    >>> X.shape, y
    ((1, 28, 28), array([7]))
    >>> home.cleanup()
    """
    pairs = FILES[check_choice("subset", subset, FILES)]
    home = resolve_data_home(data_home)
    mirrors = check_mirrors(MIRRORS if mirrors is None else mirrors)
    may_download = check_flag("download_if_missing", download_if_missing)

    names = [name for pair in pairs for name in pair]
    paths = {name: path for name in names if (path := _find(name, home))}
    missing = [name for name in names if name not in paths]
    if missing and not may_download:
        raise FileNotFoundError(_how_to_obtain(missing, home, mirrors))
    for name in missing:
        urls = [mirror.rstrip("/") + f"/{name}.gz" for mirror in mirrors]
        paths[name] = download(
            urls, home / "mnist" / f"{name}.gz", sha256=SHA256[name], n_bytes=N_BYTES[name]
        )

    parts = [_read_pair(paths[images], paths[labels]) for images, labels in pairs]
    if len(parts) == 1:
        return parts[0]
    X_parts, y_parts = zip(*parts, strict=True)
    return np.concatenate(X_parts), np.concatenate(y_parts)


def _find(name: str, home: Path) -> Path | None:
    """Path of an idx file, or None. Unpacking programs write its name in two ways."""
    names = (name, name.replace("-idx", ".idx"))
    for folder in (home, home / "mnist"):
        for candidate in (folder / (n + ending) for ending in ("", ".gz") for n in names):
            if candidate.is_file():
                return candidate
    return None


def _how_to_obtain(missing: list[str], home: Path, mirrors: Sequence[str]) -> str:
    return (
        f"MNIST is incomplete: {', '.join(missing)} not found in {home} or {home / 'mnist'} "
        "(with or without .gz); call fetch_sequential_mnist with download_if_missing=True, or put "
        f"the .gz files from {mirrors[0]} into one of these folders."
    )


def _read_pair(images_path: Path, labels_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images as float32 in [0, 1] and labels as int64; ValueError where the two do not fit."""
    images = _read_bytes_array(images_path, "images", n_dims=3)
    labels = _read_bytes_array(labels_path, "labels", n_dims=1)
    if len(images) != len(labels):
        raise ValueError(
            f"{labels_path} must hold one label per image of {images_path}, got {len(labels)} "
            f"labels for {len(images)} images."
        )
    X = images.astype(np.float32)
    X /= 255.0
    return X, labels.astype(np.int64)


def _read_bytes_array(path: Path, content: str, *, n_dims: int) -> np.ndarray:
    array = read_idx(path)
    if array.dtype != np.uint8 or array.ndim != n_dims or array.size == 0:
        raise ValueError(
            f"{path} must hold {content} as a non-empty idx array of {n_dims} dimension(s) and "
            f"unsigned bytes, got {array.dtype} of shape {array.shape}."
        )
    return array
