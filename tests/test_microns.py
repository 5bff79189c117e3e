"""MICrONS fields: small folders and archives of the published layout; nothing leaves this machine.

Also the synthetic field, which has the same pieces.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import threading
import zipfile
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sk_biornn.datasets import (
    fetch_microns,
    load_microns,
    make_functional_connectome,
    microns_fields,
)
from sk_biornn.datasets._download import DownloadError
from sk_biornn.datasets._pickled_numbers import unpickle_numbers
from sk_biornn.datasets.microns import _archive
from sk_biornn.initializers import BioWeightInitializer, FunctionalConnectivity
from sk_biornn.units.grid import check_grid, grids_of

N = 12


def pieces(n=N, seed=0):
    """What the files of a field hold, as the authors' notebooks wrote them."""
    rng = np.random.default_rng(seed)
    symmetric = rng.random((3, n, n))
    symmetric = (symmetric + symmetric.transpose(0, 2, 1)) / 2
    connectome = rng.poisson(0.3, size=(n, n))  # [pre, post]
    return {
        "connectome": connectome,
        "sttc": np.tril(symmetric[0]),
        "correlation": symmetric[1],
        "precision": symmetric[2],
        "positions": rng.integers(100, 900, size=(n, 3)),
    }


def npy(array, **parameters):
    file = io.BytesIO()
    np.save(file, array, **parameters)
    return file.getvalue()


def as_objects(positions):
    """One array per neuron, pickled: how the published positions are stored."""
    objects = np.empty(len(positions), dtype=object)
    objects[:] = list(positions)
    return objects


def field_bytes(key, made, positions=None):
    name = "_".join(map(str, key))
    positions = made["positions"] if positions is None else positions
    return {
        f"connectome_{name}.csv": pd.DataFrame(made["connectome"]).to_csv().encode(),
        "sttc_matrix.npy": npy(made["sttc"]),
        "corr_matrix.npy": npy(made["correlation"]),
        "precision_matrix.npy": npy(made["precision"]),
        f"positions_{name}.npy": npy(positions),
    }


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A data home with field 6_6_2 (12 neurons), all of it in plain arrays."""
    monkeypatch.setenv("SK_BIORNN_DATA", str(tmp_path))
    folder = tmp_path / "info" / "6_6_2"
    folder.mkdir(parents=True)
    for name, data in field_bytes((6, 6, 2), pieces()).items():
        (folder / name).write_bytes(data)
    return tmp_path


# The table and the grids


def test_table_of_fields():
    fields = microns_fields()
    assert fields.columns.tolist() == ["session", "scan", "field", "n_neurons", "grid"]
    assert len(fields) == 56 and fields["n_neurons"].sum() == 19_178
    assert not fields.duplicated(["session", "scan", "field"]).any()
    assert (fields["grid"].map(np.prod) == fields["n_neurons"]).all()
    assert fields["grid"].map(lambda grid: isinstance(grid, tuple) and len(grid) == 3).all()
    sizes = fields.set_index(["session", "scan", "field"])["n_neurons"]
    assert sizes[6, 6, 2] == 312 and sizes[4, 7, 2] == 88 and sizes[9, 3, 2] == 632
    counts = fields.groupby(["session", "scan"])["field"].apply(list)
    assert counts[9, 6] == [2, 4] and counts[9, 3] == [2, 4, 6] and counts[8, 5] == [2, 4, 6, 8]
    fields.loc[0, "n_neurons"] = 0  # the table is fresh each time
    assert microns_fields().loc[0, "n_neurons"] == 88


@given(st.integers(1, 700))
def test_grids_of_a_number_are_all_that_fit(n):
    grids = grids_of(n)
    expected = {
        (a, b, n // (a * b))
        for a in range(1, n + 1)
        if n % a == 0
        for b in range(1, n // a + 1)
        if n // a % b == 0 and a >= b >= n // (a * b)
    }
    assert len(grids) == len(set(grids)) and set(grids) == expected
    surfaces = [a * b + a * c + b * c for a, b, c in grids]
    assert surfaces == sorted(surfaces)


def test_check_grid():
    assert check_grid((12, 13, 2), 312) == (12, 13, 2)
    assert check_grid(np.array([2, 3, 2]), 12) == (2, 3, 2)
    assert all(type(size) is int for size in check_grid(np.array([2, 3, 2]), 12))
    with pytest.raises(ValueError) as caught:
        check_grid((10, 10, 3), 312)
    assert str(caught.value) == (
        "grid must be three positive integers whose product is 312, such as (13, 6, 4), "
        "(13, 8, 3), (26, 4, 3), (13, 12, 2), got (10, 10, 3)."
    )
    for wrong in [(312,), (156, 2), (-12, -13, 2), (12, 13, 2, 1), (0, 1, 1)]:
        with pytest.raises(ValueError, match=r"such as \(13, 6, 4\)"):
            check_grid(wrong, 312)
    for wrong in ["abc", 312, (12.0, 13, 2), (True, True, True), None]:
        with pytest.raises(TypeError, match="grid must be three positive integers"):
            check_grid(wrong, 1)


# Reading


def test_every_piece_is_read_and_oriented(home):
    made, cortex = pieces(), load_microns(6, 6, 2)
    # The file lists the synapses that a row's neuron makes; ours are [post, pre].
    assert_array_equal(cortex.connectome, made["connectome"].T)
    pre, post = np.argwhere(made["connectome"] != made["connectome"].T)[0]
    assert cortex.connectome[post, pre] == made["connectome"][pre, post]
    lower = made["sttc"]
    assert_array_equal(cortex.sttc, lower + np.tril(lower, -1).T)
    assert_array_equal(cortex.correlation, made["correlation"])
    assert_array_equal(cortex.precision, made["precision"])
    positions = made["positions"].astype(float)
    low, high = positions.min(axis=0), positions.max(axis=0)
    assert_allclose(cortex.positions, (positions - low) / (high - low), rtol=1e-14)
    assert_array_equal(load_microns(6, 6, 2, unit_cube=False).positions, positions)
    assert cortex.names == [str(i) for i in range(N)]
    assert cortex.grid == (3, 2, 2)
    assert (cortex.session, cortex.scan, cortex.field) == (6, 6, 2)
    assert "[post, pre]" in cortex.DESCR and "12 neurons" in cortex.DESCR
    for name in ("connectome", "sttc", "correlation", "precision", "positions"):
        assert cortex[name].dtype == np.float64 and cortex[name].flags.c_contiguous


@pytest.mark.parametrize("place", ["microns/info", "info", "."])
def test_places_where_a_field_is_looked_for(tmp_path, place):
    folder = tmp_path / place / "4_7_8"
    folder.mkdir(parents=True)
    for name, data in field_bytes((4, 7, 8), pieces()).items():
        (folder / name).write_bytes(data)
    assert load_microns(4, 7, 8, data_home=tmp_path).connectome.shape == (N, N)


def test_upper_triangle_of_the_sttc_file_plays_no_part(home):
    lower = pieces()["sttc"]
    expected = load_microns(6, 6, 2).sttc
    for upper in (np.nan, 7.0):
        stored = np.where(np.tri(N, dtype=bool), lower, upper)
        (home / "info/6_6_2/sttc_matrix.npy").write_bytes(npy(stored))
        assert_array_equal(load_microns(6, 6, 2).sttc, expected)


def test_three_by_n_positions_are_turned(home):
    expected = load_microns(6, 6, 2).positions
    (home / "info/6_6_2/positions_6_6_2.npy").write_bytes(npy(pieces()["positions"].T))
    assert_array_equal(load_microns(6, 6, 2).positions, expected)


def test_a_plane_of_neurons_has_no_extent_across(home):
    positions = pieces()["positions"]
    positions[:, 2] = 5
    (home / "info/6_6_2/positions_6_6_2.npy").write_bytes(npy(positions))
    cube = load_microns(6, 6, 2).positions
    assert_array_equal(cube[:, 2], 0.0)
    assert cube[:, :2].min() == 0 and cube[:, :2].max() == 1


def test_columns_in_another_order_are_sorted(home):
    names = [f"cell {i}" for i in range(N)]
    table = pd.DataFrame(pieces()["connectome"], index=names, columns=names)
    path = home / "info/6_6_2/connectome_6_6_2.csv"
    table[names[::-1]].to_csv(path)
    cortex = load_microns(6, 6, 2)
    assert_array_equal(cortex.connectome, pieces()["connectome"].T)
    assert cortex.names == names


def test_grid_is_the_published_one_or_one_that_fits(home):
    folder = home / "info" / "4_7_2"
    folder.mkdir()
    for name, data in field_bytes((4, 7, 2), pieces(88)).items():
        (folder / name).write_bytes(data)
    assert load_microns(4, 7, 2).grid == (11, 4, 2)
    assert load_microns(4, 7, 2, grid=(22, 2, 2)).grid == (22, 2, 2)
    with pytest.raises(
        ValueError, match=r"product is 88, such as \(11, 4, 2\), \(22, 2, 2\), .* g"
    ):
        load_microns(4, 7, 2, grid=(12, 13, 2))


# Files that hold objects


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_pickled_positions_need_permission(home):
    expected = load_microns(6, 6, 2).positions
    path = home / "info/6_6_2/positions_6_6_2.npy"
    for objects in (as_objects(pieces()["positions"]), pieces()["positions"].T.astype(object)):
        path.write_bytes(npy(objects))
        with pytest.raises(ValueError) as caught:
            load_microns(6, 6, 2)
        text = str(caught.value)
        assert text.startswith(f"{path} holds pickled Python objects, and unpickling can run code")
        assert "pass allow_pickle=True" in text and text.endswith(".") and text.count(". ") == 0
        assert_array_equal(load_microns(6, 6, 2, allow_pickle=True).positions, expected)


@pytest.mark.parametrize("allow_pickle", [False, True])
@pytest.mark.parametrize("name", ["sttc_matrix.npy", "positions_6_6_2.npy"])
def test_nothing_in_a_file_is_ever_run(home, name, allow_pickle):
    trap = home / "was run"
    objects = np.empty(2, dtype=object)
    objects[:] = [Trap(str(trap)), 1.0]
    path = home / "info/6_6_2" / name
    path.write_bytes(npy(objects))
    with pytest.raises(ValueError, match=r"holds pickled|asks for \w+\.mkdir"):
        load_microns(6, 6, 2, allow_pickle=allow_pickle)
    path.write_bytes(pickle.dumps(Trap(str(trap))))  # no npy at all
    with pytest.raises(ValueError, match=f"{name} is not an npy file"):
        load_microns(6, 6, 2, allow_pickle=allow_pickle)
    assert not trap.exists()
    np.load(io.BytesIO(npy(objects)), allow_pickle=True)  # what NumPy does: the trap is one
    assert trap.exists()


@pytest.mark.parametrize(
    "objects",
    [[[1.0, 2.0], [3.0]], ["a", "b"], [{}, {}]],
    ids=["ragged", "text", "dicts"],
)
def test_objects_that_are_no_numbers(home, objects):
    stored = np.empty(2, dtype=object)
    stored[:] = objects
    (home / "info/6_6_2/positions_6_6_2.npy").write_bytes(npy(stored))
    with pytest.raises(ValueError, match=r"positions_6_6_2.npy must hold real numbers, in rows of"):
        load_microns(6, 6, 2, allow_pickle=True)


@pytest.mark.parametrize("protocol", [3, 4, 5])  # npy files have 3 or 4
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", "<i8", ">i4", "<u2", "i1", "?"])
def test_pickled_numbers_of_every_kind_are_those_that_numpy_reads(protocol, dtype):
    rng = np.random.default_rng(protocol)
    numbers = (8 * rng.random((4, 3, 2))).astype(dtype)
    nested = np.empty((2, 2), dtype=object)
    nested[0, 0], nested[1, 0], nested[0, 1], nested[1, 1] = [
        numbers[0],
        np.asfortranarray(numbers[1]),
        list(numbers[2]),  # of arrays
        [[value.item() for value in row] for row in numbers[3]],  # and of plain numbers
    ]
    scalars = np.empty(3, dtype=object)
    scalars[:] = list(numbers[0, :, 0])
    for array in (nested, np.asfortranarray(nested), scalars, scalars[:, np.newaxis]):
        read = unpickle_numbers(io.BytesIO(pickle.dumps(array, protocol)), limit=1000)
        expected = np.array([np.array(x, dtype=float) for x in array.ravel()], dtype=float)
        assert read.dtype == np.float64
        assert_array_equal(read, expected.reshape(*array.shape, *expected.shape[1:]))


class Call:
    """Pickles as the call of something, and what it is restored from."""

    def __init__(self, function, arguments, state=None):
        self.function, self.arguments, self.state = function, arguments, state

    def __reduce__(self):
        return self.function, self.arguments, self.state


def forged(state=(3, "|", None, None, None, -1, -1, 0), code="f8"):
    """An array of one number whose dtype has any code and state."""
    dtype = Call(np.dtype, (code, False, True), state)
    return Call(
        np.array(0.0).__reduce__()[0],
        (np.ndarray, (0,), b"b"),
        (1, (1,), dtype, False, b"12345678"),
    )


@pytest.mark.parametrize(
    "content",
    [
        # Addresses in place of objects: NumPy's own dtype believes it, and the interpreter ends.
        forged((3, "|", None, None, None, -1, -1, 61), code="O8"),
        forged((3, "|", None, ("a",), {"a": (None, 1 << 40)}, 8, 8, 63)),
        forged((3, "|", (np.dtype("O"), (1 << 30,)), None, None, 8, 8, 63), code="V8"),
        forged((3, "|", None, None, None, 1 << 40, 1, 63), code="O8"),
        forged((3, "!", None, None, None, -1, -1, 0)),
        forged(7),
        forged(code="V1000000000"),
        forged(code="f8,O"),
        forged(code=[("a", "O")]),
        Call(np.ndarray, ((1 << 40,),)),
        Call(np.dtype, ("f8",), {"a": 1}),
        Call(np.array(0.0).__reduce__()[0], (np.ndarray, (1 << 40,), b"f8")),
    ],
)
def test_forged_types_reach_nothing_of_numpy(home, content):
    path = home / "info/6_6_2/positions_6_6_2.npy"
    header = npy(np.empty(0, dtype=object))[:128]  # without its pickle
    path.write_bytes(header + pickle.dumps(content, protocol=4))
    with pytest.raises(ValueError) as caught:
        load_microns(6, 6, 2, allow_pickle=True)
    text = str(caught.value)
    assert text.startswith(str(path)) and text.endswith(".") and "\n" not in text


def test_a_pickle_that_repeats_itself_is_not_unfolded(home):
    """Forty lists of the one before, twice: 2^40 numbers in some hundred bytes."""
    row = [1.0, 1.0]
    for _ in range(40):
        row = [row, row]
    path = home / "info/6_6_2/positions_6_6_2.npy"
    path.write_bytes(npy(np.empty(0, dtype=object))[:128] + pickle.dumps(row))
    with pytest.raises(
        ValueError, match=r"not a pickled array .* \(it repeats numbers without end\)"
    ):
        load_microns(6, 6, 2, allow_pickle=True)
    deep = b"\x80\x04" + b"]" * 5000 + b"a" * 4999 + b"."
    path.write_bytes(npy(np.empty(0, dtype=object))[:128] + deep)
    with pytest.raises(ValueError, match=r"\(it is nested too deeply\)"):
        load_microns(6, 6, 2, allow_pickle=True)


def test_damaged_pickle(home):
    path = home / "info/6_6_2/positions_6_6_2.npy"
    path.write_bytes(npy(as_objects(pieces()["positions"]))[:-40])
    with pytest.raises(ValueError, match=r"positions_6_6_2.npy is a damaged pickle|not a pickled"):
        load_microns(6, 6, 2, allow_pickle=True)


# Malformed files

GOOD = npy(np.eye(N))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("sttc_matrix.npy", b"", "is not an npy file: it does not begin with"),
        ("sttc_matrix.npy", b"PK\x03\x04", "is not an npy file"),
        ("sttc_matrix.npy", GOOD[:-8], "is truncated or too long: its header announces 1152 bytes"),
        ("sttc_matrix.npy", GOOD + b"x", "is truncated or too long"),
        ("sttc_matrix.npy", GOOD[:20], "has a damaged npy header"),
        ("sttc_matrix.npy", GOOD.replace(b"{'descr'", b"{((((((("), "has a damaged npy header"),
        ("sttc_matrix.npy", GOOD.replace(b"'<f8'", b"'<Q!'"), "has a damaged npy header"),
        ("sttc_matrix.npy", GOOD.replace(b"(12, 12)", b"(-12,-12"), "has a damaged npy header"),
        ("sttc_matrix.npy", GOOD.replace(b"(12, 12)", b"-144,-1,"), "has a damaged npy header"),
        ("sttc_matrix.npy", npy(np.zeros(1, "V0"))[:128], "must hold real numbers"),
        ("sttc_matrix.npy", GOOD[:6] + b"\x09\x00" + GOOD[8:], "has a damaged npy header"),
        ("corr_matrix.npy", npy(np.eye(N - 1)), r"must hold a matrix of shape \(12, 12\), one row"),
        ("precision_matrix.npy", npy(np.ones(N)), r"must hold a matrix of shape \(12, 12\), one"),
        ("corr_matrix.npy", npy(np.full((N, N), "a")), "must hold real numbers"),
        ("corr_matrix.npy", npy(np.full((N, N), 1j)), "must hold real numbers"),
        ("positions_6_6_2.npy", npy(np.ones((N, 2))), r"three coordinates per neuron .*\(12, 2\)"),
        ("positions_6_6_2.npy", npy(np.full((N, 3), np.nan)), "must hold finite positions"),
        ("connectome_6_6_2.csv", b"", "is not a table of numbers"),
        ("connectome_6_6_2.csv", b"\xff\xfe\x00", "is not a table of numbers"),
        ("connectome_6_6_2.csv", b",0,1\n0,1,2\n1,3,x\n", "is not a table of numbers"),
        ("connectome_6_6_2.csv", b",0,1\n0,1,2\n", r"must hold a square matrix .* shape \(1, 2\)"),
        ("connectome_6_6_2.csv", b",0,1\n0,1,2\n1,3,\n", "must hold finite numbers"),
        ("connectome_6_6_2.csv", b",0,1\n", "must hold a square matrix"),
    ],
)
def test_malformed_files_are_named(home, name, data, message):
    path = home / "info/6_6_2" / name
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as caught:
        load_microns(6, 6, 2)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("name", list(field_bytes((6, 6, 2), pieces())))
def test_missing_files_are_named(home, name):
    (home / "info/6_6_2" / name).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        load_microns(6, 6, 2)
    assert str(caught.value) == (
        f"{name} not found in {home / 'info/6_6_2'}; call fetch_microns(6, 6, 2) to download the "
        "published archive."
    )


def test_missing_field_and_wrong_arguments(home):
    with pytest.raises(
        FileNotFoundError, match=r"field 5_3_8 was not found: .*fetch_microns\(5, 3"
    ):
        load_microns(5, 3, 8)
    with pytest.raises(TypeError, match="scan must be an integer of at least 0, got '6'"):
        load_microns(6, "6", 2)
    with pytest.raises(ValueError, match="session must be an integer of at least 0, got -6"):
        load_microns(-6, 6, 2)
    with pytest.raises(TypeError, match="allow_pickle must be True or False, got 1"):
        load_microns(6, 6, 2, allow_pickle=1)


# The archive


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.requests.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        body = self.server.data[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.n_breaks:
            self.server.n_breaks -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep the test's output clean."""


def zip_bytes(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def published_archive():
    files = {"info/readme.txt": b"not asked for", "__MACOSX/info/6_6_2/sttc_matrix.npy": b"junk"}
    for seed, key in enumerate([(6, 6, 2), (6, 6, 4), (7, 3, 2)]):
        made = pieces(N, seed)
        for name, data in field_bytes(key, made, as_objects(made["positions"])).items():
            files[f"info/{'_'.join(map(str, key))}/{name}"] = data
        files[f"info/{'_'.join(map(str, key))}/spikes.npy"] = b"not asked for"
    return zip_bytes(files)


ARCHIVE = published_archive()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serves the small archive, whose checksum stands in for that of the published one."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("SK_BIORNN_DATA", str(tmp_path))
    monkeypatch.setattr(_archive, "SHA256", hashlib.sha256(ARCHIVE).hexdigest())
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.data, server.requests, server.n_breaks = ARCHIVE, [], 0
        server.url = f"http://127.0.0.1:{server.server_port}/DATA.zip"
        monkeypatch.setattr(_archive, "MIRRORS", (server.url,))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_published_figures():
    assert _archive.N_BYTES == 506_873_585
    assert _archive.SHA256 == ("c6d5dd93f73770167567a8c9197927a9f446ac6deae023979ccb3b2df58b4341")


def test_fetch_downloads_once_and_unpacks_only_what_is_asked(server, tmp_path):
    cortex = fetch_microns(6, 6, 2, allow_pickle=True)
    assert_array_equal(cortex.connectome, pieces()["connectome"].T)
    field = [f"microns/info/6_6_2/{name}" for name in field_bytes((6, 6, 2), pieces())]
    assert files_below(tmp_path) == sorted(["microns/DATA.zip", *field])
    other = fetch_microns(7, 3, 2, allow_pickle=True, unit_cube=False)
    assert_array_equal(other.positions, pieces(seed=2)["positions"])
    assert server.requests == [None]
    (tmp_path / "microns/DATA.zip").unlink()
    assert_array_equal(fetch_microns(6, 6, 2, allow_pickle=True).sttc, cortex.sttc)
    assert server.requests == [None]  # what is unpacked needs no archive


def test_fetch_without_permission_to_unpickle_says_so(server):
    with pytest.raises(ValueError, match="pass allow_pickle=True"):
        fetch_microns(6, 6, 2)


def test_broken_download_is_resumed(server, tmp_path):
    server.n_breaks = 1
    with pytest.raises(DownloadError, match="broke off after"):
        fetch_microns(6, 6, 2)
    assert files_below(tmp_path) == ["microns/DATA.zip.part"]
    fetch_microns(6, 6, 2, allow_pickle=True)
    assert server.requests == [None, f"bytes={len(ARCHIVE) // 2}-"]


def test_wrong_archive_is_not_kept(server, tmp_path):
    server.data = ARCHIVE[:-1] + b"?"
    with pytest.raises(DownloadError, match="wrong checksum"):
        fetch_microns(6, 6, 2)
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("folder", [".", "microns"])
def test_archive_that_lies_there_is_used(server, tmp_path, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "DATA.zip").write_bytes(ARCHIVE)
    fetch_microns(6, 6, 2, download_if_missing=False, allow_pickle=True)
    assert server.requests == []
    (tmp_path / folder / "DATA.zip").write_bytes(b"something else")
    with pytest.raises(DownloadError, match="exists with the SHA-256"):
        fetch_microns(6, 6, 4)


def test_missing_archive_without_permission_to_download(server):
    with pytest.raises(
        FileNotFoundError, match=r"DATA.zip \(507 MB\) not found .* save http://127"
    ):
        fetch_microns(6, 6, 2, download_if_missing=False)
    assert server.requests == []


def test_incomplete_field_is_completed(server, tmp_path):
    fetch_microns(6, 6, 2, allow_pickle=True)
    (tmp_path / "microns/info/6_6_2/sttc_matrix.npy").unlink()
    assert fetch_microns(6, 6, 2, allow_pickle=True).sttc.shape == (N, N)


def test_several_fields_are_unpacked_and_listed(server, tmp_path):
    table = fetch_microns(6, 6)
    assert table[["session", "scan", "field"]].to_numpy().tolist() == [[6, 6, 2], [6, 6, 4]]
    assert all((path / "sttc_matrix.npy").is_file() for path in table["path"])
    assert not (tmp_path / "microns/info/7_3_2").exists()
    assert len(fetch_microns()) == 3 and len(fetch_microns(field=2)) == 2
    with pytest.raises(ValueError, match=r"DATA.zip has no field 6_7_\*; microns_fields\(\) lists"):
        fetch_microns(6, 7)
    with pytest.raises(ValueError, match="has no field 9_9_9"):
        fetch_microns(9, 9, 9)


def use_archive(monkeypatch, folder, data):
    monkeypatch.setattr(_archive, "SHA256", hashlib.sha256(data).hexdigest())
    (folder / "DATA.zip").write_bytes(data)


@pytest.mark.parametrize(
    "name",
    [
        "../info/6_6_2/sttc_matrix.npy",
        "info/../../x/info/6_6_2/sttc_matrix.npy",
        "/tmp/info/6_6_2/sttc_matrix.npy",
        "C:/info/6_6_2/sttc_matrix.npy",
        "..\\info\\6_6_2\\sttc_matrix.npy",
        "\\\\host\\info\\6_6_2\\sttc_matrix.npy",
        "anything/../../else",
    ],
)
def test_members_that_leave_their_folder_are_refused(monkeypatch, tmp_path, name):
    home = tmp_path / "home"
    home.mkdir()
    use_archive(monkeypatch, home, zip_bytes({name: GOOD, "info/6_6_2/corr_matrix.npy": GOOD}))
    with pytest.raises(ValueError, match=r"is not unpacked: its member .* outside of the folder\."):
        fetch_microns(6, 6, 2, data_home=home)
    assert files_below(tmp_path) == ["home/DATA.zip"]


def test_links_in_an_archive_are_refused(monkeypatch, tmp_path):
    link = zipfile.ZipInfo("info/6_6_2/sttc_matrix.npy")
    link.external_attr = 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    use_archive(monkeypatch, tmp_path, file.getvalue())
    with pytest.raises(ValueError, match=r"its member 'info/6_6_2/sttc_matrix.npy' is a link\."):
        fetch_microns(6, 6, 2, data_home=tmp_path)
    assert files_below(tmp_path) == ["DATA.zip"]


def test_damaged_archives_are_named(monkeypatch, tmp_path):
    content = ARCHIVE.find(b"sttc_matrix.npy") + 40
    spoilt = ARCHIVE[:content] + bytes(b ^ 0xFF for b in ARCHIVE[content : content + 20])
    for data in (b"no zip", spoilt + ARCHIVE[content + 20 :]):
        use_archive(monkeypatch, tmp_path, data)
        with pytest.raises(ValueError, match=r"DATA.zip is damaged or no zip archive"):
            fetch_microns(6, 6, 2, data_home=tmp_path)


@pytest.mark.parametrize("seed", range(40))
def test_any_damage_of_an_archive_is_named(monkeypatch, tmp_path, seed):
    """Bytes changed, left out or put in, anywhere; the checksum is that of the damaged file."""
    rng, damaged = np.random.default_rng(seed), bytearray(ARCHIVE)
    place, length = int(rng.integers(len(ARCHIVE))), int(rng.integers(1, 60))
    noise = rng.bytes(length)
    damaged[place : place + (length if seed % 4 else 0)] = noise if seed % 4 != 1 else b""
    if seed % 10 == 3:
        del damaged[place:]
    use_archive(monkeypatch, tmp_path, bytes(damaged))
    try:
        fetch_microns(data_home=tmp_path)
    except ValueError as error:
        text = str(error)
        assert text.startswith(str(tmp_path / "DATA.zip")) and text.endswith(".")
        assert "\n" not in text


@pytest.mark.parametrize("error", [zlib.error("invalid block"), EOFError(), OSError(22, "Invalid")])
def test_members_that_cannot_be_unpacked_are_named(monkeypatch, tmp_path, error):
    def fail(*_):
        raise error

    use_archive(monkeypatch, tmp_path, ARCHIVE)
    monkeypatch.setattr(zipfile.ZipFile, "read", fail)
    with pytest.raises(
        ValueError, match=r"DATA.zip is damaged .* \(in 'info/6_6_2/connectome_6_6_2"
    ):
        fetch_microns(6, 6, 2, data_home=tmp_path)


def test_mirrors_are_checked():
    with pytest.raises(TypeError, match="mirrors must be a URL, a sequence of URLs or None, got 3"):
        fetch_microns(6, 6, 2, mirrors=3)
    with pytest.raises(ValueError, match="mirrors must hold at least one URL"):
        fetch_microns(6, 6, 2, mirrors=[])


# The synthetic field

FAST = {"n_trials": 4, "trial_duration": 5000.0}


def test_synthetic_field_has_the_pieces_of_a_measured_one(home):
    field, cortex = make_functional_connectome(24, **FAST, random_state=0), load_microns(6, 6, 2)
    assert set(cortex) - {"session", "scan", "field"} <= set(field)
    for name in ("connectome", "sttc", "correlation", "precision"):
        assert field[name].shape == (24, 24) and field[name].dtype == np.float64
        assert np.isfinite(field[name]).all()
    for name in ("sttc", "correlation", "precision"):
        assert_array_equal(field[name], field[name].T)
    assert field.positions.shape == (24, 3)
    assert_allclose([field.positions.min(axis=0), field.positions.max(axis=0)], [[0] * 3, [1] * 3])
    assert len(set(field.names)) == 24 and field.grid == (4, 3, 2)
    assert field.DESCR.startswith("Synthetic: no animal was recorded.")
    assert (field.connectome >= 0).all() and not field.connectome.diagonal().any()
    assert field.spikes.shape == (4, 1000, 24) and field.spikes.dtype == np.uint8
    assert field.traces.shape == (4, 50, 24) and field.traces.dtype == np.float32
    assert BioWeightInitializer().fit(field).sample(random_state=0).shape == (24, 24)


def test_synthetic_matrices_are_those_of_its_activity():
    field = make_functional_connectome(24, **FAST, random_state=0)
    sttc = FunctionalConnectivity("sttc", dt=field.dt, window=50.0).fit_transform(field.spikes)
    assert_allclose(field.sttc, sttc, atol=1e-12)
    traces = field.traces.astype(float)
    assert_allclose(field.correlation, FunctionalConnectivity().fit_transform(traces), atol=1e-12)
    precision = FunctionalConnectivity("precision").fit_transform(traces)
    assert_allclose(field.precision, precision, atol=1e-9)


def test_synthetic_function_reflects_its_wiring():
    field = make_functional_connectome(random_state=0)
    W, between = field.connectome * field.signs, ~np.eye(96, dtype=bool)
    for name in ("sttc", "correlation"):
        assert np.corrcoef((W + W.T)[between], field[name][between])[0, 1] > 0.3
    assert field.sttc[W > 0].mean() > field.sttc[between & (W == 0)].mean() + 0.02
    assert field.sttc[W < 0].mean() < field.sttc[between & (W == 0)].mean() - 0.02


def test_synthetic_rates_are_those_of_the_theory():
    """Excitation alone stays linear: rates (I - W)^-1 rate, up to the step and refractoriness."""
    field = make_functional_connectome(
        30, excitatory_fraction=1.0, gain=0.5, rate=2.0, dt=2.0, weight_sigma=0.3, random_state=1
    )
    expected = np.linalg.solve(np.eye(30) - field.connectome, np.full(30, 2.0))
    found = field.spikes.mean(axis=(0, 1)) * 1000 / field.dt
    assert_allclose(found.mean(), expected.mean(), rtol=0.06)
    assert np.corrcoef(found, expected)[0, 1] > 0.9
    assert_allclose(np.abs(np.linalg.eigvals(field.connectome)).max(), 0.5, rtol=1e-9)


def test_synthetic_unconnected_neurons_are_independent_poisson():
    field = make_functional_connectome(20, gain=0.0, rate=5.0, random_state=0)
    assert not field.connectome.any()
    n_bins = field.spikes[..., 0].size
    p = 1 - np.exp(-5.0 * 0.005)
    counts = field.spikes.sum(axis=(0, 1))
    assert (np.abs(counts - n_bins * p) < 5 * np.sqrt(n_bins * p * (1 - p))).all()
    assert np.abs(field.sttc - np.eye(20)).max() < 0.08


def test_synthetic_wiring_follows_distance_and_signs():
    field = make_functional_connectome(300, n_trials=1, trial_duration=100.0, unit_cube=False,
                                       density=0.1, length_scale=80.0, random_state=0)  # fmt: skip
    between = ~np.eye(300, dtype=bool)
    d = np.linalg.norm(field.positions[:, None] - field.positions, axis=-1)
    contacts = field.connectome > 0
    assert_allclose(contacts[between].mean(), 0.1, rtol=0.05)
    assert (field.positions >= 0).all() and (field.positions <= [400, 400, 200]).all()
    bands = [contacts[between & (d >= low) & (d < low + 40)].mean() for low in (60, 100, 140, 180)]
    ratios = np.array(bands[1:]) / bands[:-1]
    assert_allclose(ratios, np.exp(-40 / 80), rtol=0.25)
    assert_array_equal(field.signs, np.where(np.arange(300) < 240, 1.0, -1.0))
    strengths = np.log(field.connectome[contacts])
    inhibitory = np.broadcast_to(field.signs < 0, contacts.shape)[contacts]
    difference = strengths[inhibitory].mean() - strengths[~inhibitory].mean()
    assert_allclose(difference, np.log(4.0), atol=0.1)
    assert_allclose(strengths[~inhibitory].std(), 1.0, atol=0.05)


def test_synthetic_traces_are_decaying_sums_of_spikes():
    field = make_functional_connectome(5, noise_level=0.0, calcium_tau=300.0, random_state=0)
    counts = field.spikes.reshape(20, 150, 20, 5).sum(axis=2)
    for frame in (0, 1, 149):
        kernel = np.exp(-100.0 * np.arange(frame, -1, -1) / 300.0)
        expected = np.tensordot(kernel, counts[:, : frame + 1], axes=(0, 1))
        assert_allclose(field.traces[:, frame], expected, rtol=1e-5)
    noisy = make_functional_connectome(5, noise_level=0.5, rate=0.0, random_state=0).traces
    assert abs(noisy.std() - 0.5) < 0.01


@pytest.mark.parametrize("source", [int, np.random.RandomState, np.random.default_rng])
def test_synthetic_field_is_reproducible(source):
    first, again, other = (
        make_functional_connectome(10, **FAST, random_state=seed)
        for seed in (source(3), source(3), None)
    )
    for name in ("connectome", "sttc", "precision", "positions", "spikes", "traces"):
        assert first[name].tobytes() == again[name].tobytes()
    assert first.spikes.tobytes() != other.spikes.tobytes()


def test_synthetic_field_leaves_the_global_generator_alone():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    make_functional_connectome(10, **FAST, random_state=0)
    assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_units": 1}, ValueError, "n_units must be an integer of at least 2, got 1"),
        ({"gain": 1.0}, ValueError, r"gain must be a number in \[0, 1\), got 1.0"),
        ({"density": 1.5}, ValueError, r"density must be a number in \[0, 1\], got 1.5"),
        ({"box": (1, 2)}, ValueError, "box must be three positive lengths in um"),
        ({"box": "abc"}, TypeError, "box must be three positive lengths in um"),
        ({"grid": (5, 5, 5)}, ValueError, r"product is 96, such as \(6, 4, 4\)"),
        ({"frame": 1.0}, ValueError, "frame must be at least one step, dt=5 ms, got 1"),
        ({"frame": 20_000.0}, ValueError, "frame must be at most trial_duration=15000, got 20000"),
        ({"excitatory_fraction": 2}, ValueError, r"excitatory_fraction must be a number in \[0, 1"),
        ({"tau": 0}, ValueError, "tau must be a number greater than 0, got 0"),
        ({"rate": -1}, ValueError, "rate must be a number of at least 0, got -1"),
    ],
)
def test_synthetic_arguments_are_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        make_functional_connectome(**arguments)


@pytest.mark.parametrize("fraction", [0.0, 1.0])
@pytest.mark.parametrize("density", [0.0, 0.01, 1.0])
def test_synthetic_extremes_stay_finite(fraction, density):
    field = make_functional_connectome(
        6, excitatory_fraction=fraction, density=density, **FAST, random_state=0
    )
    for name in ("connectome", "sttc", "correlation", "precision"):
        assert np.isfinite(field[name]).all()
