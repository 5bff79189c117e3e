"""The idx reader, the download and MNIST on small files: no test leaves this machine."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from sk_biornn.datasets import _download, fetch_sequential_mnist
from sk_biornn.datasets._data_home import resolve_data_home
from sk_biornn.datasets._download import DownloadError, download, file_sha256
from sk_biornn.datasets.tasks import _mnist
from sk_biornn.datasets.tasks._idx import TYPE_CODES, read_idx

CODES = {dtype: code for code, dtype in TYPE_CODES.items()}


def idx_bytes(array):
    """An array written as idx, by the published layout."""
    dtype = array.dtype.newbyteorder(">")
    header = bytes([0, 0, CODES[dtype], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(dtype).tobytes()


# idx files


@settings(deadline=None, max_examples=60)
@given(
    array=st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]).flatmap(
        lambda code: hnp.arrays(code, hnp.array_shapes(min_dims=1, max_dims=4, max_side=4))
    ),
    compressed=st.booleans(),
)
def test_idx_round_trip(tmp_path_factory, array, compressed):
    path = tmp_path_factory.mktemp("idx") / "some-idx"
    data = idx_bytes(array)
    path.write_bytes(gzip.compress(data) if compressed else data)
    found = read_idx(path)
    assert found.shape == array.shape and found.dtype == array.dtype
    assert found.tobytes() == array.tobytes()
    assert found.flags.writeable


def test_known_bytes_are_read(tmp_path):
    path = tmp_path / "known"
    path.write_bytes(bytes([0, 0, 0x0B, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 1, 1, 0, 255, 255]))
    assert_array_equal(read_idx(path), [[1, 256, -1]])


IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
GOOD = idx_bytes(IMAGES)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (GOOD[:-1], "is truncated: its header announces the shape (3, 4, 5), which takes 76 bytes"),
        (GOOD + b"\x00", "has trailing bytes: its header announces the shape (3, 4, 5), which"),
        (GOOD[:10], "is truncated: the idx header of 3 dimensions takes 16 bytes, got 10."),
        (b"", "is truncated: an idx file has at least 4 bytes, got 0."),
        (b"<!DOCTYPE html>", "is not an idx file: it must begin with two zero bytes"),
        (b"\x00\x00\x08\x00", "is not an idx file: it must begin with two zero bytes"),
        (b"\x00\x00\x07\x01" + bytes(4), "has the unknown idx type code 0x07, expected 0x08"),
        (b"\x00\x00\x0e\xff" + b"\xff" * 1020, "is truncated: its header announces"),
        (gzip.compress(GOOD)[:-9], "is a damaged gzip file"),
        (gzip.compress(GOOD)[:12] + b"\xff" * 40, "is a damaged gzip file"),
        (gzip.compress(GOOD)[:-8] + bytes(8), "is a damaged gzip file"),
        (gzip.compress(GOOD[:-1]), "is truncated: its header announces"),
    ],
    ids=[
        "short",
        "long",
        "header",
        "empty",
        "html",
        "no-dims",
        "type",
        "absurd",
        "gz-short",
        "gz-noise",
        "gz-crc",
        "gz-of-short",
    ],
)
def test_malformed_idx_is_named(tmp_path, data, message):
    path = tmp_path / "bad-idx"
    path.write_bytes(data)
    with pytest.raises(ValueError) as caught:
        read_idx(path)
    text = str(caught.value)
    assert text.startswith(f"{path} {message}")
    assert text.endswith(".")


def test_a_packed_file_is_unpacked_as_far_as_it_announces(tmp_path, monkeypatch):
    path, asked = tmp_path / "x.gz", []
    read = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda f, n=-1: asked.append(n) or read(f, n))
    path.write_bytes(gzip.compress(idx_bytes(np.zeros(10, np.uint8)) + bytes(10_000_000)))
    with pytest.raises(
        ValueError, match=r"has trailing bytes: .* which takes 18 bytes, got more\."
    ):
        read_idx(path)
    assert sum(asked) == 4 + 4 * 255 + 19
    path.write_bytes(gzip.compress(bytes([0, 0, 8, 255]) + b"\xff" * 4 * 255 + b"x"))
    with pytest.raises(ValueError, match=r"is truncated: .*, got 1025\."):
        read_idx(path)


# Downloads


class Server(ThreadingHTTPServer):
    """Serves `files` (path -> bytes) and records what it was asked for."""

    daemon_threads = True
    n_breaks = 0  # so many of the next answers end after half of what they announced
    knows_ranges = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.requests = {}, []
        self.answers = {}  # path -> what else to do than to send a file
        self.enough = threading.Event()

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.requests.append((self.path, asked))
        if self.path in self.server.answers:
            self.server.answers[self.path](self)
            return
        data = self.server.files.get(self.path.lstrip("/"))
        if data is None:
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if not self.server.knows_ranges:
            start = 0
        if start >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        body = data[start:]
        if self.server.n_breaks:
            self.server.n_breaks -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep the test's output clean."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.enough.set()
        server.shutdown()
        thread.join()


DATA = np.random.default_rng(0).bytes(200_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


def test_download_writes_the_file_and_nothing_else(server, tmp_path):
    server.files["x"] = DATA
    target = tmp_path / "new" / "folder" / "x"
    assert download([server.url("x")], target, sha256=SHA256) == target
    assert target.read_bytes() == DATA
    assert list(target.parent.iterdir()) == [target]
    assert server.requests == [("/x", None)]


def test_existing_file_is_verified_not_downloaded(server, tmp_path):
    target = tmp_path / "x"
    target.write_bytes(DATA)
    download([server.url("x")], target, sha256=SHA256)
    assert server.requests == []
    target.write_bytes(b"something else")
    with pytest.raises(DownloadError, match=r"exists with the SHA-256 .*; delete it"):
        download([server.url("x")], target, sha256=SHA256)
    assert target.read_bytes() == b"something else"


def test_corrupted_file_is_not_kept(server, tmp_path):
    server.files["x"] = DATA[:-1] + bytes([DATA[-1] ^ 1])
    target = tmp_path / "x"
    with pytest.raises(DownloadError) as caught:
        download([server.url("x")], target, sha256=SHA256)
    text = str(caught.value)
    assert f"wrong checksum, SHA-256 is {file_hash(server.files['x'])}, expected {SHA256}" in text
    assert text.startswith("Could not download x (http://")
    assert text.endswith(f"to obtain it by hand, save it as {target}.")
    assert list(tmp_path.iterdir()) == []


def file_hash(data):
    return hashlib.sha256(data).hexdigest()


def test_broken_off_transfer_is_resumed(server, tmp_path):
    server.files["x"] = DATA
    target, part = tmp_path / "x", tmp_path / "x.part"
    server.n_breaks = 1
    with pytest.raises(DownloadError, match=r"broke off after 100000 of 200000 bytes, .* x\.part"):
        download([server.url("x")], target, sha256=SHA256)
    assert part.read_bytes() == DATA[:100_000] and not target.exists()
    download([server.url("x")], target, sha256=SHA256)
    assert target.read_bytes() == DATA and not part.exists()
    assert server.requests == [("/x", None), ("/x", "bytes=100000-")]


def test_next_mirror_continues_where_the_first_broke_off(server, tmp_path):
    for folder in "abc":
        server.files[f"{folder}/x"] = DATA
    server.n_breaks = 2
    urls = [server.url(f"{folder}/x") for folder in "abc"]
    assert download(urls, tmp_path / "x", sha256=SHA256).read_bytes() == DATA
    assert server.requests == [
        ("/a/x", None),
        ("/b/x", "bytes=100000-"),
        ("/c/x", "bytes=150000-"),
    ]


def test_server_without_ranges_starts_over(server, tmp_path):
    server.files["x"] = DATA
    server.knows_ranges = False
    (tmp_path / "x.part").write_bytes(DATA[:1000])
    assert download([server.url("x")], tmp_path / "x", sha256=SHA256).read_bytes() == DATA
    assert server.requests == [("/x", "bytes=1000-")]  # the whole answer was taken at once


@pytest.mark.parametrize("length", [10, 200_000, 300_000])
def test_spoilt_part_is_thrown_away_and_fetched_again(server, tmp_path, length):
    server.files["x"] = DATA
    (tmp_path / "x.part").write_bytes(b"\x00" * length)
    assert download([server.url("x")], tmp_path / "x", sha256=SHA256).read_bytes() == DATA
    assert [asked for _, asked in server.requests] == [f"bytes={length}-", None]


def test_complete_part_is_only_renamed(server, tmp_path):
    server.files["x"] = DATA
    (tmp_path / "x.part").write_bytes(DATA)
    assert download([server.url("x")], tmp_path / "x", sha256=SHA256).read_bytes() == DATA
    assert server.requests == [("/x", "bytes=200000-")]


def test_mirrors_are_tried_in_turn(server, tmp_path):
    server.files["good/x"], server.files["wrong/x"] = DATA, b"wrong"
    urls = [server.url(f"{folder}/x") for folder in ("absent", "wrong", "good")]
    assert download(urls, tmp_path / "x", sha256=SHA256).read_bytes() == DATA
    with pytest.raises(DownloadError) as caught:
        download(urls[:2], tmp_path / "y", sha256=SHA256)
    assert f"{urls[0]}: HTTP error 404 Not Found; {urls[1]}: wrong checksum" in str(caught.value)


def endless(handler):
    """Send without end, and without saying how much."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        while not handler.server.enough.is_set():
            handler.wfile.write(bytes(100_000))


def immense(handler):
    """Announce much."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**12))
    handler.end_headers()


def speechless(handler):
    """Say nothing, and keep the line open; an answer in the end lets the client close it."""
    handler.server.enough.wait(120)
    handler.send_response(200)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def dripping(handler):
    """Send the head byte by byte, always in time."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not handler.server.enough.wait(0.05):
            handler.wfile.write(b"X-More: 1\r\n")
        handler.wfile.write(b"Content-Length: 0\r\n\r\n")


def without_number(handler):
    """Announce no number, and send the whole file."""
    handler.send_response(200)
    handler.send_header("Content-Length", "abc")
    handler.end_headers()
    handler.wfile.write(DATA)


def nowhere(handler):
    """Lead to an address that is none."""
    handler.send_response(302)
    handler.send_header("Location", "http://127.0.0.1:abc/x")
    handler.end_headers()


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [(endless, "it has more than the expected 200000 bytes, file not kept"),
     (immense, "it has 1000000000000 bytes, expected 200000")],
)  # fmt: skip
def test_no_more_is_kept_than_the_file_has(server, tmp_path, answer, complaint):
    server.answers["/x"], server.files["good"] = answer, DATA
    with pytest.raises(DownloadError, match=complaint):
        download([server.url("x")], tmp_path / "x", sha256=SHA256, n_bytes=len(DATA))
    assert list(tmp_path.iterdir()) == []
    urls = [server.url("x"), server.url("good")]
    target = download(urls, tmp_path / "x", sha256=SHA256, n_bytes=len(DATA))
    assert target.read_bytes() == DATA


def test_a_part_larger_than_the_file_is_thrown_away(server, tmp_path):
    server.files["x"] = DATA
    (tmp_path / "x.part").write_bytes(DATA + b"x")
    download([server.url("x")], tmp_path / "x", sha256=SHA256, n_bytes=len(DATA))
    assert server.requests == [("/x", None)]


@pytest.mark.parametrize("answer", [without_number, nowhere])
def test_nonsense_does_not_end_the_list_of_mirrors(server, tmp_path, answer):
    server.answers["/x"], server.files["good"] = answer, DATA
    urls = [server.url("x"), server.url("good")]
    assert download(urls, tmp_path / "x", sha256=SHA256).read_bytes() == DATA
    assert len(server.requests) == (1 if answer is without_number else 2)


@pytest.mark.parametrize("answer", [speechless, dripping])
def test_a_server_that_does_not_come_to_the_point_is_left(server, tmp_path, answer):
    server.answers["/x"] = answer
    with pytest.raises(DownloadError, match="no answer before the deadline"):
        download([server.url("x")], tmp_path / "x", sha256=SHA256, deadline=0.2, timeout=60)


def test_a_slow_transfer_ends_at_its_deadline_and_is_continued(server, tmp_path, monkeypatch):
    """By a clock that goes on an hour whenever somebody looks at it."""
    server.files["x"], hours = DATA, itertools.count()
    with monkeypatch.context() as patch:
        patch.setattr(_download, "monotonic", lambda: 3600.0 * next(hours))
        with pytest.raises(
            DownloadError, match=r"too slow: after the deadline \d+ bytes are kept in"
        ):
            download([server.url("x")], tmp_path / "x", sha256=SHA256, deadline=2 * 3600.0)
    kept = (tmp_path / "x.part").stat().st_size
    assert 0 < kept < len(DATA)
    assert download([server.url("x")], tmp_path / "x", sha256=SHA256).read_bytes() == DATA
    assert server.requests[-1] == ("/x", f"bytes={kept}-")


def test_no_network_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
    with pytest.raises(DownloadError, match=r"Could not download x .*refused.*by hand, save it as"):
        download([url], tmp_path / "x", sha256=SHA256)


def test_simultaneous_calls_download_once(server, tmp_path):
    server.files["x"] = DATA
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(download, [server.url("x")], tmp_path / "x", sha256=SHA256)
            for _ in range(4)
        ]
    assert {job.result() for job in jobs} == {tmp_path / "x"}
    assert file_sha256(tmp_path / "x") == SHA256
    assert len(server.requests) == 1


def test_other_protocols_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must begin with http:// or https://, got 'file:"):
        download(["file:///etc/hostname"], tmp_path / "x", sha256=SHA256)


# Data home


def test_data_home_is_argument_then_environment_then_default(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SK_BIORNN_DATA", "~/from_environment")
    assert resolve_data_home("~/asked") == tmp_path / "asked"
    assert resolve_data_home() == tmp_path / "from_environment"
    monkeypatch.setenv("SK_BIORNN_DATA", "")
    assert resolve_data_home() == tmp_path / "sk_biornn_data"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(TypeError, match="data_home must be a path or None, got 3"):
        resolve_data_home(3)


# MNIST

TRAIN = np.random.default_rng(1).integers(0, 256, (6, 28, 28), dtype=np.uint8)
TEST = np.random.default_rng(2).integers(0, 256, (4, 28, 28), dtype=np.uint8)
TRAIN[0, 0, :2] = 0, 255
CONTENTS = {
    "train-images-idx3-ubyte": idx_bytes(TRAIN),
    "train-labels-idx1-ubyte": idx_bytes(np.array([5, 0, 4, 1, 9, 2], dtype=np.uint8)),
    "t10k-images-idx3-ubyte": idx_bytes(TEST),
    "t10k-labels-idx1-ubyte": idx_bytes(np.array([7, 2, 1, 0], dtype=np.uint8)),
}


def write_mnist(folder, *, compressed=False, separator="-"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in CONTENTS.items():
        path = folder / (name.replace("-idx", f"{separator}idx") + (".gz" if compressed else ""))
        path.write_bytes(gzip.compress(data) if compressed else data)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("separator", ["-", "."])
@pytest.mark.parametrize("below", ["", "mnist"])
def test_folder_with_the_four_files_is_read(tmp_path, compressed, separator, below):
    write_mnist(tmp_path / below, compressed=compressed, separator=separator)
    before = sorted(tmp_path.rglob("*"))
    X, y = fetch_sequential_mnist(data_home=tmp_path, download_if_missing=False)
    assert X.shape == (6, 28, 28) and X.dtype == np.float32 and y.dtype == np.int64
    assert_array_equal(X, TRAIN.astype(np.float32) / np.float32(255))
    assert X.min() == 0 and X.max() == 1
    assert_array_equal(y, [5, 0, 4, 1, 9, 2])
    assert sorted(tmp_path.rglob("*")) == before

    X_test, y_test = fetch_sequential_mnist(subset="test", data_home=str(tmp_path))
    assert_array_equal(np.rint(X_test * 255), TEST)
    X_all, y_all = fetch_sequential_mnist(subset="all", data_home=tmp_path)
    assert_array_equal(X_all, np.concatenate([X, X_test]))
    assert_array_equal(y_all, np.concatenate([y, y_test]))


def test_environment_names_the_folder(tmp_path, monkeypatch):
    write_mnist(tmp_path)
    monkeypatch.setenv("SK_BIORNN_DATA", str(tmp_path))
    assert len(fetch_sequential_mnist(subset="test", download_if_missing=False)[0]) == 4


def test_missing_files_are_named_with_the_way_to_get_them(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(OSError) as caught:
        fetch_sequential_mnist(data_home=tmp_path, download_if_missing=False)
    text = str(caught.value)
    assert text.startswith(f"MNIST is incomplete: train-labels-idx1-ubyte not found in {tmp_path}")
    assert "train-images" not in text
    assert "download_if_missing=True" in text and _mnist.MIRRORS[0] in text
    # The test files are all there.
    fetch_sequential_mnist(subset="test", data_home=tmp_path, download_if_missing=False)


@pytest.fixture
def mirror(server, monkeypatch):
    """A mirror of the small files, with their checksums in place of the real ones."""
    packed = {name: gzip.compress(data, mtime=0) for name, data in CONTENTS.items()}
    server.files = {f"mnist/{name}.gz": data for name, data in packed.items()}
    monkeypatch.setattr(_mnist, "SHA256", {n: file_hash(data) for n, data in packed.items()})
    return server


def test_mnist_is_downloaded_once(mirror, tmp_path):
    for _ in range(2):
        for slash in ("", "/"):
            X, y = fetch_sequential_mnist(
                subset="all", data_home=tmp_path, mirrors=mirror.url("mnist") + slash
            )
            assert X.shape == (10, 28, 28) and y.shape == (10,)
    assert sorted(path for path, _ in mirror.requests) == sorted(
        f"/mnist/{name}.gz" for name in CONTENTS
    )
    assert sorted(path.name for path in (tmp_path / "mnist").iterdir()) == sorted(
        f"{name}.gz" for name in CONTENTS
    )


def test_only_what_is_missing_is_downloaded(mirror, tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    X, y = fetch_sequential_mnist(
        subset="test", data_home=tmp_path, mirrors=[mirror.url("none"), mirror.url("mnist")]
    )
    assert len(X) == len(y) == 4
    assert [path for path, _ in mirror.requests] == [
        "/none/t10k-labels-idx1-ubyte.gz",
        "/mnist/t10k-labels-idx1-ubyte.gz",
    ]


def test_wrong_mnist_from_a_mirror_is_refused(server, tmp_path):
    # The small files in place of the real ones: their checksum is not that of MNIST.
    server.files = {f"{name}.gz": gzip.compress(data) for name, data in CONTENTS.items()}
    with pytest.raises(
        OSError, match=r"Could not download train-images-idx3-ubyte.gz .*wrong check"
    ):
        fetch_sequential_mnist(data_home=tmp_path, mirrors=[server.url("")])
    assert not list(tmp_path.rglob("*.gz"))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("train-images-idx3-ubyte", b"\x00\x00\x08", "is truncated"),
        ("train-images-idx3-ubyte", CONTENTS["train-images-idx3-ubyte"][:-5], "is truncated"),
        ("train-images-idx3-ubyte", b"P5 28 28", "is not an idx file"),
        (
            "train-images-idx3-ubyte",
            CONTENTS["train-labels-idx1-ubyte"],
            "must hold images as a non-empty idx array of 3 dimension",
        ),
        (
            "train-images-idx3-ubyte",
            idx_bytes(np.zeros((0, 28, 28), dtype=np.uint8)),
            "must hold images as a non-empty idx array of 3 dimension",
        ),
        (
            "train-labels-idx1-ubyte",
            idx_bytes(np.zeros(6, dtype=np.float32)),
            "must hold labels as a non-empty idx array of 1 dimension(s) and unsigned bytes, got "
            "float32 of shape (6,).",
        ),
        (
            "train-labels-idx1-ubyte",
            idx_bytes(np.zeros(7, dtype=np.uint8)),
            "must hold one label per image of",
        ),
    ],
)
def test_bad_files_are_named(tmp_path, name, data, message):
    write_mnist(tmp_path)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError) as caught:
        fetch_sequential_mnist(data_home=tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / name} {message}")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"subset": "valid"},
            ValueError,
            "subset must be one of ['train', 'test', 'all'], got 'valid'.",
        ),
        ({"subset": None}, TypeError, "subset must be one of ['train', 'test', 'all'], got None."),
        (
            {"download_if_missing": "no"},
            TypeError,
            "download_if_missing must be True or False, got 'no'.",
        ),
        ({"mirrors": []}, ValueError, "mirrors must hold at least one URL, got an empty sequence."),
        (
            {"mirrors": [3]},
            TypeError,
            "mirrors must be a URL, a sequence of URLs or None, got [3].",
        ),
    ],
)
def test_mnist_arguments_are_checked(tmp_path, arguments, error, message):
    with pytest.raises(error) as caught:
        fetch_sequential_mnist(data_home=tmp_path, **arguments)
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []


def test_checksums_are_given_for_each_file():
    names = {name for pairs in _mnist.FILES.values() for pair in pairs for name in pair}
    assert names == set(_mnist.SHA256) == set(CONTENTS)
    assert all(len(bytes.fromhex(value)) == 32 for value in _mnist.SHA256.values())
    assert names == set(_mnist.N_BYTES) and sum(_mnist.N_BYTES.values()) == 11_594_722


def test_real_mnist_if_it_is_there():
    home = resolve_data_home()
    try:
        X, y = fetch_sequential_mnist(subset="test", download_if_missing=False)
    except OSError:
        pytest.skip(f"MNIST is not in {Path(home)}.")
    assert X.shape == (10_000, 28, 28)
    assert_array_equal(y[:10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    assert_array_equal(np.bincount(y), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
