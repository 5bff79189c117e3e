"""Connectomes whose dense matrix would not fit: sparse from the file to the mask, or refused."""

from __future__ import annotations

import gzip
import pickle
import tracemalloc
import warnings
from contextlib import contextmanager

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import example, given
from hypothesis import strategies as st

from sk_biornn import DaleRNNRegressor
from sk_biornn._plain import real_array
from sk_biornn.biology import MagnitudePruning
from sk_biornn.datasets import read_connectome
from sk_biornn.datasets.connectomes import _large_text, _levels, _tables, _wiring
from sk_biornn.units import Connectome
from sk_biornn.units.labels import as_mask
from sk_biornn.units.order import UnitOrder

WHOLE_BRAIN = 139_255
KINDS = ("csr_array", "csc_array", "coo_array", "lil_array", "dok_array", "csr_matrix")


def circuit(n_units=12, density=0.3, seed=0):
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 9, (n_units, n_units)) * (rng.random((n_units, n_units)) < density)
    return weights.astype(float)


def ring(n_units=WHOLE_BRAIN):
    """Every neuron contacts the next one."""
    pre = np.arange(n_units)
    return sp.coo_array((np.ones(n_units), ((pre + 1) % n_units, pre)), shape=(n_units, n_units))


def names_of(n_units):
    return [f"n{number}" for number in range(n_units)]


def same(connectome, weights, names):
    assert connectome.names == tuple(names)
    found = connectome.weights
    assert (found.toarray() if sp.issparse(found) else found).tolist() == weights.tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_a_sparse_connectome_is_the_dense_one(kind):
    W, names = circuit(), names_of(12)
    whole = Connectome(W, names, signs=np.where(np.arange(12) < 9, 1, -1))
    sparse = Connectome(getattr(sp, kind)(W), names, signs=whole.signs)
    assert isinstance(sparse.weights, sp.csr_array) and sparse.is_sparse and not whole.is_sparse
    assert repr(sparse) == repr(whole)
    assert sparse.to_frame().equals(whole.to_frame())
    assert list(sparse.to_networkx().edges(data=True)) == list(whole.to_networkx().edges(data=True))
    part = ["n7", "n0", "n3"]
    assert sparse.subset(part).is_sparse
    assert sparse.subset(part).to_frame().equals(whole.subset(part).to_frame())
    assert sparse.subset(part).signs.tolist() == whole.subset(part).signs.tolist()
    again = pickle.loads(pickle.dumps(sparse))
    same(again, W, names)
    assert again.is_sparse


def test_sparse_weights_are_copied_summed_and_read_only():
    given_ = sp.coo_array(([1.0, 2.0, 0.0, -1.0], ([1, 1, 0, 0], [0, 0, 0, 1])), shape=(2, 2))
    connectome = Connectome(given_, ["a", "b"])
    given_.data[:] = 7
    assert connectome.weights.toarray().tolist() == [[0, -1], [3, 0]]
    assert connectome.weights.nnz == 2  # neither the repeated pair nor the zero
    for part in (connectome.weights.data, connectome.weights.indices, connectome.weights.indptr):
        with pytest.raises(ValueError, match="read-only"):
            part[0] = 1


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (sp.csr_array((2, 3)), r"weights must be a square matrix .* got shape \(2, 3\)"),
        (sp.csr_array([[0, np.nan], [0, 0]]), "got NaN or infinity"),
        (sp.csr_array([[0, 1j], [0, 0]]), "weights must be a square matrix of finite numbers"),
        (sp.csr_array((3, 3)), "names must have one text per unit, 3 in all, got 2"),
    ],
)
def test_what_is_no_connectome_is_none_when_sparse(weights, message):
    with pytest.raises(ValueError, match=message):
        Connectome(weights, ["a", "b"])


def test_a_whole_brain_takes_the_memory_of_its_connections():
    names = [str(number) for number in range(WHOLE_BRAIN)]
    tracemalloc.start()
    brain = Connectome(ring(), names)
    some = brain.subset(names[10:13])
    order = UnitOrder.of({"mask": (brain, (0, 1))})
    mask = order.arranged(brain, "mask", (0, 1))
    turned = UnitOrder(tuple(names[::-1]), "signs").arranged(brain, "mask", (0, 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**28  # dense: 155 GB
    assert some.to_frame().to_numpy().tolist() == np.eye(3, k=-1).tolist()
    assert (mask != ring()).nnz == 0
    assert (turned != ring().tocsr()[::-1][:, ::-1]).nnz == 0


def test_a_whole_brain_is_not_made_dense_by_accident():
    brain = Connectome(ring(), [str(number) for number in range(WHOLE_BRAIN)])
    with pytest.raises(ValueError, match=r"at most 20000 neurons, got 139255.*155 GB; subset"):
        brain.to_frame()
    with pytest.raises(ValueError, match=r"^W must be small .* 155 GB; take a part of it\.$"):
        MagnitudePruning().prune(brain, 0.1)
    with pytest.raises(ValueError, match=r"^recurrent_init .* 155 GB"):
        real_array(brain.weights, "recurrent_init")  # the check of every matrix


def test_a_graph_of_a_whole_brain_is_told_the_way():
    graph = nx.empty_graph(20_001, create_using=nx.DiGraph)
    with pytest.raises(ValueError, match=r"at most 20000 nodes .* got 20001; .*read_connectome"):
        as_mask(graph)


def test_labels_put_a_sparse_connectome_in_order():
    W, names = circuit(5), list("abcde")
    network = DaleRNNRegressor(n_units=5, max_iter=1, random_state=0)
    X = np.random.default_rng(0).standard_normal((4, 6, 2))
    signs = pd.Series([1, 1, -1, 1, -1], index=list("ecbda"))
    fitted = [
        network.set_params(mask=Connectome(kind(W), names), signs=signs).fit(X, X).recurrent_frame()
        for kind in (np.asarray, sp.csr_array)
    ]
    assert fitted[0].equals(fitted[1])


def write_edges(path, n_edges=400, seed=0, separator=","):
    rng = np.random.default_rng(seed)
    ids = 720575940000000000 + rng.integers(0, 60, (n_edges, 2))
    rows = [
        separator.join(map(str, [*pair, kind, count]))
        for pair, kind, count in zip(
            ids.tolist(),
            rng.choice(["ACH", "GABA"], n_edges),
            rng.integers(5, 99, n_edges),
            strict=True,
        )
    ]
    heading = separator.join(["pre_root_id", "post_root_id", "nt_type", "syn_count"])
    path.write_text("\n".join([heading, *rows]) + "\n")
    return path


@contextmanager
def watched(large=None):
    """Have all files be large ones, or none; yield of which ones the columns came at once."""
    at_once, reader = [], _tables.large_edge_list

    def watching(*arguments):
        columns = reader(*arguments)
        at_once.append(columns is not None)
        return columns

    with pytest.MonkeyPatch.context() as patch:
        if large is not None:
            patch.setattr(_large_text, "LARGE", 0 if large else 1 << 40)
        patch.setattr(_tables, "large_edge_list", watching)
        yield at_once


def both_readers(path, **arguments):
    """What the reader of every cell makes of a file, and what that of large files does."""
    found = []
    for large in (False, True):
        with watched(large) as at_once:
            found.append(read_connectome(path, **arguments))
        assert at_once == [large]
    return found


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
def test_a_large_file_is_read_as_a_small_one(tmp_path, separator):
    path = write_edges(tmp_path / "edges.csv", separator=separator)
    slow, fast = both_readers(path)
    same(fast, slow.weights, slow.names)
    squeezed = tmp_path / "edges.csv.gz"
    squeezed.write_bytes(gzip.compress(path.read_bytes()))
    for of_squeezed in both_readers(squeezed):
        same(of_squeezed, slow.weights, slow.names)
    slow, fast = both_readers(path, type={"nt_type": "GABA"}, weight=1)
    same(fast, slow.weights, slow.names)


HEADINGS = ["pre,post,weight", "pre;post;weight", "pre\tpost\tweight", "from to n", "a,b,c"]
CELLS = st.sampled_from(["A", "B", "AB", " A", "B ", "1", "2.5", "1,5", "", "C D", "#", '"A"'])
PLAIN = {"A", "B", "AB", "1", "2.5"}


@given(
    heading=st.sampled_from(HEADINGS),
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=4),
    end=st.sampled_from(["", "\n", "\r\n", "\n\n", "\n , , \n"]),
)
@example(heading="pre,post,weight", rows=[["A", "B", "1"], ["B", " A", "2.5"]], end="\n")
def test_both_readers_agree_on_every_file(tmp_path_factory, heading, rows, end):
    """The one of large files gives the same, refuses for the same reason, or leaves it alone."""
    path = tmp_path_factory.mktemp("edges") / "edges.csv"
    separator = next(one for one in ",;\t " if one in heading)
    lines = [heading, *(separator.join(row) for row in rows)]
    path.write_bytes(("\n".join(lines) + end).encode())
    outcomes = []
    for large in (False, True):
        with watched(large) as at_once, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                found = read_connectome(path)
                outcomes.append((found.names, found.weights.tolist()))
            except ValueError as error:
                outcomes.append(str(error)[:40])
    assert outcomes[0] == outcomes[1]
    is_plain = all(len(row) == 3 and {*row} <= PLAIN for row in rows) and end in ("", "\n")
    if is_plain and heading.startswith("pre"):
        assert at_once == [True]


NUMBERS = ["1", "01", "1.0", "1e0", "+1", "0x1", "-1", "1_0", "inf", "NA", "nan", "Infinity"]
HUGE = ["720575940000000001", "720575940000000002", "720575940000000001.0", str(2**64), "9" * 30]
TRUTHS = ["TRUE", "True", "true", "FALSE", "False", "false", "Yes", "None", "null"]
POOLS = [["000001", "1", "01", "10"], NUMBERS, HUGE, TRUTHS, [*NUMBERS, *HUGE, *TRUTHS, "DNp01"]]
POOLS += [["2020-01-01", "2020-1-1"], [" 1", "1 ", "1"], ["1.50", "1.5"]]


@given(
    pool=st.sampled_from(POOLS),
    places=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=7),
    rows_at_once=st.integers(1, 8),
)
def test_ids_that_look_like_numbers_stay_texts(tmp_path_factory, pool, places, rows_at_once):
    """No column is turned into numbers or truth values, whatever all of its cells look like."""
    path = tmp_path_factory.mktemp("edges") / "edges.csv"
    pairs = [(pool[pre % len(pool)], pool[post % len(pool)]) for pre, post in places]
    lines = [f"{pre},{post},{2**row}" for row, (pre, post) in enumerate(pairs)]
    path.write_text("\n".join(["pre,post,weight", *lines]))
    outcomes = []
    for large in (False, True):
        with watched(large) as at_once, pytest.MonkeyPatch.context() as patch:
            patch.setattr(_large_text, "_ROWS_AT_ONCE", rows_at_once)
            try:
                found = read_connectome(path)
                outcomes.append((found.names, found.weights.tolist()))
                assert set(found.names) == {name.strip() for pair in pairs for name in pair}
            except ValueError as error:  # an id that lost its last digits, or none
                outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
    assert at_once == [True]


def test_a_file_that_is_large_keeps_its_ids(tmp_path):
    path = tmp_path / "edges.csv"
    rows = [f"{number % 50:06d},{number % 7:06d},1e1" for number in range(70_000)]
    path.write_text("\n".join(["pre,post,weight", *rows]))
    assert path.stat().st_size > _large_text.LARGE
    with watched() as at_once:
        found = read_connectome(path)
    assert at_once == [True]
    assert found.names == tuple(f"{number:06d}" for number in range(50))
    assert found.weights.sum() == 700_000


@pytest.mark.parametrize(
    "text",
    [
        "pre\tpost\tn\nA\tB\t1\t",
        "pre post n\nA B ",
        "pre,post\nA,B\n,\n",
        "pre,post,n\nA,B,1,\nA,B",
    ],
)
def test_ends_of_lines_and_files_are_read_alike(tmp_path, text):
    path = tmp_path / "edges.csv"
    path.write_text(text)
    outcomes = []
    for large in (False, True):
        with watched(large):
            try:
                outcomes.append(read_connectome(path).to_frame().to_numpy().tolist())
            except ValueError as error:
                outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("values", [[1, 1.0, True, "1", None, None], [np.nan, 1.5, np.nan], ["a"]])
def test_levels_are_the_values(values):
    for column in (values, pd.Series(values), pd.Series(values, dtype=object)):
        levels = _levels.Column.of(column)
        assert [str(levels.levels[code]) for code in levels.codes] == [str(v) for v in list(column)]
        assert len(levels.levels) <= len(values)
    assert len(_levels.Column.of([1, 1.0, True, 1])) == 4
    assert len(_levels.Column.of([1, 1.0, True, 1]).levels) == 3
    assert _levels.Column.of([["a"], ["a"]]).levels == [["a"], ["a"]]


def test_a_large_list_of_edges_takes_memory_like_its_rows(tmp_path):
    n_units, n_edges = 30_000, 120_000
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, n_units, (n_edges, 2))
    counts = rng.integers(5, 99, n_edges)
    table = pd.DataFrame({"pre": pairs[:, 0], "post": pairs[:, 1], "syn_count": counts})
    table.to_csv(tmp_path / "edges.csv", index=False)
    expected = sp.coo_array((counts, (pairs[:, 1], pairs[:, 0])), shape=(n_units,) * 2).tocsr()
    there = np.unique(pairs)
    for source in (tmp_path / "edges.csv", table):
        tracemalloc.start()
        with watched() as at_once:
            brain = read_connectome(source)
        assert at_once == ([] if source is table else [True])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 700 * n_edges  # bytes; dense: 7.2 GB
        assert brain.names == tuple(map(str, there))
        assert (brain.weights != expected[there][:, there]).nnz == 0


def test_what_stays_sparse_and_what_does_not(monkeypatch):
    W, names = circuit(), names_of(12)
    edges = Connectome(W, names).to_networkx()
    dense = np.ndarray
    for source in (sp.coo_array(W), edges, Connectome(sp.csr_array(W), names)):
        assert isinstance(read_connectome(source).weights, dense)
        assert isinstance(read_connectome(source, sparse=True).weights, sp.csr_array)
    assert read_connectome(W, sparse=True).is_sparse
    monkeypatch.setattr(_wiring, "LARGE", 11)
    for source in (sp.coo_array(W), edges, Connectome(sp.csr_array(W), names)):
        brain = read_connectome(source)
        assert brain.is_sparse and brain.weights.toarray().tolist() == W.tolist()
        assert isinstance(read_connectome(source, sparse=False).weights, dense)
    assert isinstance(read_connectome(W).weights, dense)  # dense already


def test_sparse_says_what_it_may_be():
    with pytest.raises(ValueError, match="sparse must be True, False or 'auto', got 'yes'"):
        read_connectome(circuit(), sparse="yes")
    with pytest.raises(TypeError, match="sparse must be True, False or 'auto', got 1"):
        read_connectome(circuit(), sparse=1)
