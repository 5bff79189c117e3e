"""Read one MICrONS field: wiring, functional connectivity and positions of the same neurons."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sk_biornn._checks import check_count, check_flag
from sk_biornn._plain import short_text
from sk_biornn.datasets._data_home import resolve_data_home
from sk_biornn.datasets._npy import read_npy
from sk_biornn.datasets._text_numbers import text_numbers
from sk_biornn.datasets._text_tables import read_text_table
from sk_biornn.datasets.microns._fields import published_grid
from sk_biornn.units.grid import check_grid, grids_of
from sk_biornn.units.positions import to_unit_cube

if TYPE_CHECKING:
    from sklearn.utils import Bunch

DESCRIPTION = """\
MICrONS, session {session}, scan {scan}, field {field}: {n} neurons of mouse visual cortex whose
activity was imaged and whose synapses were then reconstructed by electron microscopy (MICrONS
Consortium 2025, doi:10.1038/s41586-025-08790-w), as prepared by Shakiba, Rokni, Mohammadi and
Dehghani (2026), arXiv:2606.14975.

connectome   ({n}, {n}) number of synapses, [post, pre] (the file is [pre, post])
sttc         ({n}, {n}) spike time tiling coefficient (the file holds the lower triangle)
correlation  ({n}, {n}) Pearson correlation of binned spikes
precision    ({n}, {n}) inverse covariance of binned spikes
positions    ({n}, 3) {positions}
grid         {grid}, for networks without measured positions
names        {n} names from the index column of the connectome
"""


def field_files(session: int, scan: int, field: int) -> dict[str, str]:
    """Names of the files of a field, by what they hold."""
    key = f"{session}_{scan}_{field}"
    return {
        "connectome": f"connectome_{key}.csv",
        "sttc": "sttc_matrix.npy",
        "correlation": "corr_matrix.npy",
        "precision": "precision_matrix.npy",
        "positions": f"positions_{key}.npy",
    }


def load_microns(
    session: int,
    scan: int,
    field: int,
    *,
    data_home: str | os.PathLike[str] | None = None,
    unit_cube: bool = True,
    grid: Any = None,
    allow_pickle: bool = False,
) -> Bunch:
    """Load one MICrONS field: connectome, functional connectivity and positions of its neurons.

    The files are looked for in the folder ``{session}_{scan}_{field}`` within `data_home`/microns/
    info, `data_home`/info and `data_home`; `fetch_microns` puts them into the first.

    Parameters
    ----------
    session : int
        Imaging session.
    scan : int
        Scan within the session.
    field : int
        Imaging field (depth) within the scan; `microns_fields` lists all that are published.
    data_home : path or None, default=None
        Folder of the data. None: the environment variable ``SK_BIORNN_DATA``, and without it
        ``~/sk_biornn_data``.
    unit_cube : bool, default=True
        Whether to scale the positions to [0, 1] along each axis (0 along an axis on which all are
        equal). False: as in the file, in voxels of 4 x 4 x 40 nm.
    grid : tuple of three ints or None, default=None
        Grid for networks without measured positions. None: the published one if it fits the number
        of neurons, else the most compact one.
    allow_pickle : bool, default=False
        Whether arrays of Python objects may be read, as the published positions are. Unpickling
        can run code that a file contains; True unpickles arrays and numbers and still refuses
        anything else.

    Returns
    -------
    sklearn.utils.Bunch
        ``connectome`` (n, n), number of synapses, [post, pre]; ``sttc``, ``correlation``,
        ``precision`` (n, n), symmetric; ``positions`` (n, 3); ``grid``; ``names`` (list of n str);
        ``session``, ``scan``, ``field``; ``DESCR``. Arrays are float64.

    Raises
    ------
    FileNotFoundError
        If files are missing; says which, and how to obtain them.
    TypeError
        If an argument is of another kind.
    ValueError
        If a file is malformed, does not fit the others or holds pickled objects; names the file.
        If `grid` does not fit the number of neurons; names grids that do.

    See Also
    --------
    fetch_microns : Download first.
    make_functional_connectome : The same pieces of a synthetic circuit.

    Notes
    -----
    The connectome is turned to [post, pre]: the file counts the synapses from the neuron of a row
    onto the neuron of a column.

    How the published matrices were made, by the authors' notebooks: spikes are peaks of the
    deconvolved calcium signal at its frame rate (some 6 Hz); correlations are of bins of 20 ms, the
    STTC has a window of 5 ms, so both count coincidences within a frame; the precision is a
    graphical lasso. Two things cannot be checked from the files: whether the connectome, whose
    neurons passed through an unordered set when it was made, has the order of the other files; and
    whether results of the authors rest on the positions as they are here, since their notebook
    reshapes them to (3, n), which mixes the axes of an (n, 3) array, where it would have to
    transpose.

    References
    ----------
    MICrONS Consortium (2025), Functional connectomics spanning multiple areas of mouse visual
    cortex, Nature 640, doi:10.1038/s41586-025-08790-w.

    Shakiba, Rokni, Mohammadi and Dehghani (2026), Harnessing cortical geometry, wiring, and
    function as inductive biases for recurrent neural networks, arXiv:2606.14975.

    Examples
    --------
    >>> from sk_biornn.datasets import load_microns
    >>> cortex = load_microns(6, 6, 2, allow_pickle=True)  # doctest: +SKIP
    >>> cortex.connectome.shape, cortex.grid  # doctest: +SKIP
    ((312, 312), (12, 13, 2))
    """
    key = tuple(
        check_count(name, value, low=0)
        for name, value in (("session", session), ("scan", scan), ("field", field))
    )
    unit_cube = check_flag("unit_cube", unit_cube)
    allow_pickle = check_flag("allow_pickle", allow_pickle)
    paths = _field_paths(key, resolve_data_home(data_home))

    connectome, names = _read_connectome(paths["connectome"])
    matrices = {
        name: _read_matrix(paths[name], len(names), allow_pickle)
        for name in ("sttc", "correlation", "precision")
    }
    matrices["sttc"] = _mirrored(matrices["sttc"])
    positions = _read_positions(paths["positions"], len(names), allow_pickle)
    grid = _choose_grid(grid, key, len(names))
    fields = dict(zip(("session", "scan", "field"), key, strict=True))
    described = "scaled to the unit cube" if unit_cube else "in voxels of 4 x 4 x 40 nm"
    from sklearn.utils import Bunch

    return Bunch(
        connectome=connectome,
        **matrices,
        positions=to_unit_cube(positions) if unit_cube else positions,
        grid=grid,
        names=names,
        **fields,
        DESCR=DESCRIPTION.format(**fields, n=len(names), grid=grid, positions=described),
    )


def find_field(key: tuple[int, ...], home: Path) -> Path | None:
    """Folder of a field, or None."""
    name = "_".join(map(str, key))
    folders = (home / "microns" / "info" / name, home / "info" / name, home / name)
    return next((folder for folder in folders if folder.is_dir()), None)


def _field_paths(key: tuple[int, ...], home: Path) -> dict[str, Path]:
    how = f"call fetch_microns({', '.join(map(str, key))}) to download the published archive."
    folder = find_field(key, home)
    if folder is None:
        name = "_".join(map(str, key))
        raise FileNotFoundError(
            f"The MICrONS field {name} was not found: no folder microns/info/{name}, info/{name} "
            f"or {name} in {home}; {how}"
        )
    paths = {content: folder / name for content, name in field_files(*key).items()}
    missing = [path.name for path in paths.values() if not path.is_file()]
    if missing:
        raise FileNotFoundError(f"{', '.join(missing)} not found in {folder}; {how}")
    return paths


def _read_connectome(path: Path) -> tuple[np.ndarray, list[str]]:
    """Return the connectome as [post, pre] and the names of its neurons."""
    try:
        heading, *rows = read_text_table(path).cells
        counts = text_numbers([cell for row in rows for cell in row[1:]], path)
    except ValueError as error:
        raise ValueError(f"{path} is not a table of numbers ({short_text(error, 300)}).") from None
    counts = counts.reshape(len(rows), len(heading) - 1)
    if counts.shape[0] != counts.shape[1] or counts.size == 0:
        raise ValueError(
            f"{path} must hold a square matrix after its index column, got shape {counts.shape}."
        )
    if not np.isfinite(counts).all():
        raise ValueError(f"{path} must hold finite numbers, got empty, NaN or infinite entries.")
    names, columns = [row[0] for row in rows], heading[1:]
    if columns != names and sorted(columns) == sorted(names) and len(set(names)) == len(names):
        counts = counts[:, [columns.index(name) for name in names]]
    # The file is [pre, post]: row i lists the synapses that neuron i makes.
    return np.ascontiguousarray(counts.T), names


def _read_matrix(path: Path, n_neurons: int, allow_pickle: bool) -> np.ndarray:
    matrix = read_npy(path, allow_pickle=allow_pickle)
    if matrix.shape != (n_neurons, n_neurons):
        raise ValueError(
            f"{path} must hold a matrix of shape ({n_neurons}, {n_neurons}), one row per neuron of "
            f"the connectome, got shape {matrix.shape}."
        )
    return matrix


def _mirrored(lower: np.ndarray) -> np.ndarray:
    """Symmetric matrix from its lower triangle, whatever the upper one holds."""
    below = np.tril(lower, -1)
    return below + below.T + np.diag(np.diag(lower))


def _read_positions(path: Path, n_neurons: int, allow_pickle: bool) -> np.ndarray:
    positions = read_npy(path, allow_pickle=allow_pickle)
    if positions.shape == (3, n_neurons) and n_neurons != 3:
        positions = positions.T
    if positions.shape != (n_neurons, 3):
        raise ValueError(
            f"{path} must hold three coordinates per neuron of the connectome, shape "
            f"({n_neurons}, 3) or (3, {n_neurons}), got {positions.shape}."
        )
    if not np.isfinite(positions).all():
        raise ValueError(f"{path} must hold finite positions, got NaN or infinite ones.")
    return np.ascontiguousarray(positions)


def _choose_grid(grid: Any, key: tuple[int, ...], n_neurons: int) -> tuple[int, int, int]:
    if grid is not None:
        return check_grid(grid, n_neurons)
    published = published_grid(*key)
    if published is not None and np.prod(published) == n_neurons:
        return published
    return grids_of(n_neurons)[0]
