"""Labels of units decide: orientation, order, and what is refused."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sk_biornn import (
    CellTypeRNNRegressor,
    DaleRNNClassifier,
    DaleRNNRegressor,
    SpatialRNNRegressor,
    inspection,
    metrics,
)
from sk_biornn.biology import MagnitudePruning
from sk_biornn.datasets import make_flip_flop
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.initializers import (
    BioWeightInitializer,
    FunctionalConnectivity,
    recurrent_weights,
)
from sk_biornn.plots import WeightMatrixDisplay
from sk_biornn.units import Connectome
from sk_biornn.units.labels import lies_transposed, read_labels
from sk_biornn.units.order import UnitOrder, square_in_order

N = 6
NAMES = tuple("ABCDEF")
X, Y = make_flip_flop(12, n_steps=6, random_state=0)
RNG = np.random.default_rng(0)
MASK = RNG.random((N, N)) < 0.5
SIGNS = np.array([1, 1, -1, 1, -1, 0])
PLACES = RNG.normal(size=(N, 3))
TAU = np.linspace(20, 60, N)
COUNTS = RNG.integers(0, 5, (N, N))
INIT = np.where(MASK, RNG.random((N, N)) * np.where(SIGNS == 0, 1, SIGNS), 0)
SMALL = {"n_units": N, "max_iter": 2, "random_state": 0}


def frame(matrix, rows=NAMES, columns=NAMES, post="post", pre="pre"):
    return pd.DataFrame(
        matrix, index=pd.Index(rows, name=post), columns=pd.Index(columns, name=pre)
    )


def moved(labelled, order, axis=0):
    """A labelled thing with its entries elsewhere, labels and all."""
    names = [NAMES[place] for place in order]
    return labelled.reindex(names, axis=axis)


def assert_same_network(a, b):
    for name in ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_", "mask_", "signs_"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


# -------------------------------------------------------------- one matrix


@pytest.mark.parametrize(
    ("post", "pre"),
    [("post", "pre"), ("target", "source"), ("to", "from"), ("Postsynaptic", None), (None, "pre")],
)
def test_named_axes_say_which_way_a_matrix_lies(post, pre):
    wanted = frame(COUNTS, post=post, pre=pre)
    for given_ in (wanted, wanted.T):
        matrix, order = square_in_order(given_, "W")
        np.testing.assert_array_equal(matrix, COUNTS)
        assert order.names == NAMES


@pytest.mark.parametrize("missing", [None, np.nan, pd.NaT, pd.NA])
def test_a_missing_label_is_none_and_two_are_one_name_twice(missing):
    names = pd.Index([missing, *NAMES[1:]], dtype=object)
    assert read_labels(pd.Series(1.0, names), "signs").labels[0] == (None, *NAMES[1:])
    both = pd.DataFrame(MASK, [missing, missing, *NAMES[2:]], NAMES)
    with pytest.raises(ValueError, match=r"^W must .*None twice"):
        square_in_order(both, "W")


def test_axes_that_are_both_post_are_refused():
    with pytest.raises(ValueError, match=r"^mask must have the postsynaptic side on one axis and "):
        DaleRNNRegressor(mask=frame(MASK, post="post", pre="post"), **SMALL).fit(X, Y)


def test_a_pivot_of_an_edge_list_is_no_transposed_circuit():
    edges = pd.DataFrame(
        [(pre, post, 1) for pre in NAMES for post in NAMES if MASK[ord(post) - 65, ord(pre) - 65]],
        columns=["pre", "post", "n"],
    )
    table = edges.pivot_table(index="pre", columns="post", values="n", fill_value=0)
    table = table.reindex(index=NAMES, columns=NAMES[::-1], fill_value=0)
    table = table.rename_axis(index="pre", columns="post")
    reg = DaleRNNRegressor(mask=table, **SMALL).fit(X, Y)
    # [post, pre]: units in the order of the rows of what was turned, its columns.
    np.testing.assert_array_equal(reg.mask_, MASK[::-1, ::-1])
    assert reg.unit_names_ == NAMES[::-1]


@given(st.permutations(range(N)))
@settings(max_examples=20, deadline=None)
def test_metrics_do_not_depend_on_the_order_of_columns(order):
    W = np.zeros((N, N))
    W[:3, :3] = W[3:, 3:] = 1
    shuffled = moved(frame(W), order, axis=1)
    assert metrics.modularity(shuffled, quantile=None) == metrics.modularity(W, quantile=None)
    places = pd.DataFrame(PLACES, NAMES)
    assert metrics.wiring_cost(shuffled, places) == metrics.wiring_cost(W, PLACES)
    assert metrics.density(shuffled) == 0.5


def test_modularity_of_shuffled_columns_is_that_of_the_network():
    W = np.kron(np.eye(2), np.ones((3, 3)))
    shuffled = moved(frame(W), [5, 0, 3, 1, 4, 2], axis=1)
    assert metrics.modularity(shuffled, quantile=None) == pytest.approx(0.5)
    assert metrics.modularity(shuffled.to_numpy(), quantile=None) < 0.1  # as it was once read


def test_labels_of_units_go_with_signs_and_places_in_metrics():
    order = [3, 1, 0, 5, 2, 4]
    W = frame(INIT)
    signs = moved(pd.Series(SIGNS, NAMES), order)
    places = moved(pd.DataFrame(PLACES, NAMES), order)
    assert metrics.dale_violations(W, signs) == 0
    assert metrics.dale_violations(W, signs.to_dict()) == 0
    assert metrics.dale_violations(INIT, signs.to_numpy()) > 0
    assert metrics.wiring_cost(W, places) == metrics.wiring_cost(INIT, PLACES)
    assert metrics.wiring_cost(W, places.T.to_dict("list")) == metrics.wiring_cost(INIT, PLACES)


@pytest.mark.parametrize(
    "name",
    sorted(
        {*metrics.__all__}
        - {"StepScorer", "WeightScorer", "bio_scoring", "communities", "select_refit"}
        - {name for name in metrics.__all__ if name.endswith("_scorer") or name.startswith("step_")}
    ),
)
def test_masked_entries_are_read_by_no_metric(name):
    metric = getattr(metrics, name)
    hidden = np.ma.masked_array(np.abs(INIT) + 0.1, mask=np.eye(N, dtype=bool))
    others = {"dale_violations": (SIGNS,), "wiring_cost": (PLACES,)}.get(name, ())
    plain = metric(np.abs(INIT) + 0.1, *others)
    with pytest.raises(ValueError, match="masked"):
        metric(hidden, *others)
    np.testing.assert_array_equal(metric(np.ma.masked_array(np.abs(INIT) + 0.1), *others), plain)


# -------------------------------------------------------------- networks

EMD = {"regularizer": "communicability_emd"}  # which reads the connectome
ESTIMATORS = {
    "Dale": (DaleRNNRegressor, EMD),
    "spatial": (SpatialRNNRegressor, {**EMD, "dale": "projection"}),
    "cell types": (CellTypeRNNRegressor, EMD),
}


def arguments_of(name, plain=False):
    cls, own = ESTIMATORS[name]
    labelled = {
        "mask": frame(MASK),
        "signs": pd.Series(SIGNS, NAMES),
        "coordinates": pd.DataFrame(PLACES, pd.Index(NAMES, name="pre"), list("xyz")),
        "tau": pd.Series(TAU, NAMES),
        "recurrent_init": frame(INIT),
        "connectome": frame(COUNTS),
        "readout_signs": pd.Series(-SIGNS, NAMES),
        "input_mask": pd.DataFrame(SIGNS[:, None] > 0, NAMES, ["pulse"]),
        "readout_mask": pd.DataFrame(SIGNS[None] != 0, ["state"], NAMES),
    }
    if plain:
        labelled = {key: value.to_numpy() for key, value in labelled.items()}
    return cls, {**SMALL, **own, "dt": 10.0, **labelled}


@pytest.mark.parametrize("name", ESTIMATORS)
@given(st.permutations(range(N)), st.permutations(range(N)), st.booleans(), st.data())
@settings(max_examples=8, deadline=None)
def test_labelled_arguments_in_any_order_give_the_network_of_plain_arrays(
    name, order, other, turned, data
):
    cls, plain = arguments_of(name, plain=True)
    _, labelled = arguments_of(name)
    rows = {"coordinates", "tau", "signs", "readout_signs", "input_mask"}
    for key in data.draw(st.sets(st.sampled_from(sorted(rows)))):
        labelled[key] = moved(labelled[key], order)
    labelled["readout_mask"] = moved(labelled["readout_mask"], order, axis=1)
    for key in ("recurrent_init", "connectome"):
        labelled[key] = moved(moved(labelled[key], order), other, axis=1)
        labelled[key] = labelled[key].T if turned else labelled[key]
    labelled["mask"] = moved(labelled["mask"], other, axis=1)
    expected = cls(**plain).fit(X, Y)
    found = cls(**labelled).fit(X, Y)
    assert found.unit_names_ == NAMES
    assert expected.unit_names_ is None
    assert_same_network(found, expected)
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))


def test_the_first_that_names_the_units_has_their_order():
    signs = pd.Series(SIGNS[::-1], NAMES[::-1])
    only_signs = DaleRNNRegressor(signs=signs, **SMALL).fit(X, Y)
    assert only_signs.unit_names_ == NAMES[::-1]
    np.testing.assert_array_equal(only_signs.signs_, SIGNS[::-1])
    with_mask = DaleRNNRegressor(signs=signs, mask=frame(MASK), **SMALL).fit(X, Y)
    assert with_mask.unit_names_ == NAMES
    np.testing.assert_array_equal(with_mask.signs_, SIGNS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"mask": frame(MASK), "signs": pd.Series(SIGNS, [*NAMES[:-1], "Z"])},
            r"^signs must have the same names as mask, got Z, which is none of them; pass a plain",
        ),
        (
            {"mask": frame(MASK, columns=[*NAMES[:-1], "Z"])},
            r"^mask must have the same names as its rows, got Z, which is none of them",
        ),
        (
            {"mask": frame(MASK, rows=[*NAMES[:-1], "A"])},
            r"^mask must name each unit once, to be put in the order of its rows, got 'A' twice",
        ),
        (
            {"mask": frame(MASK), "connectome": frame(COUNTS).iloc[::-1], "signs": SIGNS},
            r"^signs must name its units, since mask and others name them in different orders, got",
        ),
        (
            {"mask": frame(MASK), "coordinates": pd.DataFrame(PLACES[:4], NAMES[:4])},
            r"^coordinates must have the same names as mask, got none for E, F",
        ),
        (
            {"coordinates": pd.DataFrame(PLACES, NAMES, ["x_um", "axon_len", "segment_id"])},
            r"^coordinates must be positions only, got a table with axon_len, segment_id; choose",
        ),
        ({"signs": {"A": 1, "B": -1}}, r"^signs must have one value per unit, shape \(6,\), got s"),
        (
            {"mask": np.ma.masked_array(MASK, mask=np.eye(N))},
            r"^mask must be a plain array, got a masked array with masked entries",
        ),
    ],
)
def test_what_cannot_be_aligned_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        DaleRNNRegressor(**arguments, **SMALL).fit(X, Y)


def test_unlabelled_signs_follow_one_labelled_order():
    reg = DaleRNNRegressor(mask=frame(MASK), signs=SIGNS, **SMALL).fit(X, Y)
    np.testing.assert_array_equal(reg.signs_, SIGNS)
    np.testing.assert_array_equal(reg.mask_, MASK)


def test_features_by_name():
    inputs = pd.DataFrame([[1, 0]] * 3 + [[0, 1]] * 3, NAMES, ["light", "sound"])
    trials = [
        pd.DataFrame(np.random.default_rng(i).normal(size=(5, 2)), columns=["sound", "light"])
        for i in range(4)
    ]
    reg = DaleRNNRegressor(input_mask=inputs, input_signs={"light": 1, "sound": -1}, **SMALL)
    reg.fit(trials, np.zeros(4))
    np.testing.assert_array_equal(reg.W_in_ != 0, [[0, 1]] * 3 + [[1, 0]] * 3)
    assert (reg.W_in_[:, 0] <= 0).all() and (reg.W_in_[:, 1] >= 0).all()
    with pytest.raises(ValueError, match=r"^input_signs must have the same names as X, got"):
        clone(reg).set_params(input_signs={"light": 1, "smell": -1}).fit(trials, np.zeros(4))


def test_units_that_are_channels_are_in_the_order_of_the_channels():
    order = [3, 0, 5, 1, 2, 4]
    names = [NAMES[place] for place in order]
    trials = [
        pd.DataFrame(np.random.default_rng(i).normal(size=(5, N)), columns=names) for i in range(4)
    ]
    own = {"input_mask": frame(np.eye(N, dtype=bool)), "mask": frame(MASK)}
    reg = DaleRNNRegressor(signs=pd.Series(SIGNS, NAMES), **own, **SMALL)
    reg.fit(trials, np.zeros(4))
    assert reg.unit_names_ == tuple(names)  # unit k sees channel k
    np.testing.assert_array_equal(reg.signs_, SIGNS[order])
    np.testing.assert_array_equal(reg.mask_, MASK[np.ix_(order, order)])
    np.testing.assert_array_equal(reg.W_in_ != 0, np.eye(N, dtype=bool))
    with pytest.raises(ValueError, match=r"^signs must name its units, since X and others name "):
        clone(reg).set_params(signs=SIGNS).fit(trials, np.zeros(4))
    with pytest.raises(ValueError, match=r"^input_mask must name its units, since X and others"):
        clone(reg).set_params(input_mask=np.eye(N)).fit(trials, np.zeros(4))


def test_names_reach_frame_copy_pickle_ensemble_and_picture():
    reg = DaleRNNRegressor(mask=frame(MASK), **SMALL).fit(X, Y)
    for twin in (reg, copy.deepcopy(reg), pickle.loads(pickle.dumps(reg))):
        table = twin.recurrent_frame()
        assert tuple(table.index) == tuple(table.columns) == NAMES
        assert (table.index.name, table.columns.name) == ("post", "pre")
        np.testing.assert_array_equal(table, reg.W_rec_)
        assert copy.deepcopy(twin).partial_fit(X, Y).unit_names_ == NAMES
    ensemble = SeedEnsemble(clone(reg), n_seeds=2, random_state=0).fit(X, Y)
    assert ensemble.estimators_[1].unit_names_ == NAMES
    ax = WeightMatrixDisplay.from_estimator(reg).plot().ax_
    assert [text.get_text() for text in ax.get_xticklabels()] == list(NAMES)
    ax = WeightMatrixDisplay.from_estimator(reg, sort=True).plot().ax_
    written = [text.get_text() for text in ax.get_yticklabels()]
    assert sorted(written) == list(NAMES)
    first = NAMES.index(written[0])
    np.testing.assert_array_equal(ax.images[0].get_array()[0].sum(), reg.W_rec_[first].sum())


def test_a_picture_of_labelled_weights_shows_them_in_one_order():
    shuffled = moved(frame(INIT), [2, 0, 1, 5, 4, 3], axis=1)
    display = WeightMatrixDisplay.from_weights(shuffled.T, signs=pd.Series(SIGNS, NAMES))
    np.testing.assert_array_equal(display.weights, INIT)
    np.testing.assert_array_equal(display.signs, SIGNS)


def test_networks_without_names_have_frames_by_number():
    reg = DaleRNNRegressor(**SMALL).fit(X, Y)
    assert reg.recurrent_frame().index.equals(pd.RangeIndex(N, name="post"))


def test_silenced_synapses_stay_away_from_a_labelled_mask():
    mask = moved(frame(np.ones((N, N), dtype=bool)), [5, 4, 3, 2, 1, 0], axis=1)
    reg = DaleRNNRegressor(mask=mask, **SMALL).fit(X, Y)
    silent = inspection.silence(reg, [0])
    assert (silent.W_rec_[:, 0] == 0).all()
    again = silent.partial_fit(X, Y)
    assert (again.W_rec_[:, 0] == 0).all()
    others = np.arange(N) > 0
    np.testing.assert_array_equal(again.mask_, np.outer(others, others))
    assert again.unit_names_ == NAMES


def test_units_are_silenced_and_grouped_by_name():
    reg = DaleRNNRegressor(mask=frame(np.ones((N, N), dtype=bool)), **SMALL).fit(X, Y)
    by_number = inspection.silence(reg, 2)
    marks = moved(pd.Series([name == "C" for name in NAMES], NAMES), [5, 2, 0, 1, 4, 3])
    for part in ("C", ["C"], marks):
        assert_same_network(inspection.silence(reg, part), by_number)
    one_synapse = inspection.silence(reg, ("A", "F")).recurrent_frame()
    assert one_synapse.loc["A", "F"] == 0
    assert (one_synapse != reg.recurrent_frame()).to_numpy().sum() <= 1
    with pytest.raises(ValueError, match=r"^part must name units of the network \(A, B, C"):
        inspection.silence(reg, "Z")
    groups = pd.Series(list("xxyyzz"), NAMES)
    shuffled = moved(groups, [5, 2, 0, 1, 4, 3])
    a, b = (
        inspection.current_decomposition(reg, X, labels=labels) for labels in (groups, shuffled)
    )
    for k, name in enumerate(a.populations):
        place = b.populations.index(name)
        np.testing.assert_allclose(b.total[..., place], a.total[..., k], atol=1e-12)


def test_a_connectome_knows_signs_and_places_of_units():
    wiring = Connectome(COUNTS, list(NAMES), signs=SIGNS, positions=PLACES)
    shuffled = wiring.subset(NAMES[::-1])
    plain = SpatialRNNRegressor(
        mask=COUNTS > 0, signs=SIGNS, coordinates=PLACES, dale="projection", **SMALL
    ).fit(X, Y)
    for signs, coordinates in ((None, wiring), (wiring, shuffled), (shuffled, wiring)):
        named = SpatialRNNRegressor(
            mask=wiring, signs=signs, coordinates=coordinates, dale="projection", **SMALL
        ).fit(X, Y)
        assert_same_network(named, plain)
    assert metrics.wiring_cost(INIT, wiring) == metrics.wiring_cost(INIT, PLACES)
    unknown = Connectome(COUNTS, list(NAMES))
    for argument, what in (("signs", "signs"), ("coordinates", "positions"), ("tau", "such")):
        clock = {"dt": 1.0} if argument == "tau" else {}
        message = rf"^{argument} must have a value per unit.* no {what}"
        with pytest.raises(ValueError, match=message):
            SpatialRNNRegressor(**{argument: unknown}, **clock, **SMALL).fit(X, Y)
    with pytest.warns(UserWarning, match=r"^coordinates='grid' puts the units on a grid, although"):
        SpatialRNNRegressor(mask=wiring, dale="projection", **SMALL).fit(X, Y)
    silent = inspection.silence(DaleRNNRegressor(mask=wiring, **SMALL).fit(X, Y), "A")
    np.testing.assert_array_equal(silent.fit(X, Y).signs_, SIGNS)


def test_numbers_of_rows_say_where_a_row_stood():
    order = [3, 1, 0, 5, 2, 4]
    signs = pd.Series(SIGNS)
    plain = DaleRNNRegressor(mask=MASK, signs=SIGNS, **SMALL).fit(X, Y)
    for moved_signs in (signs.iloc[order], signs.iloc[order].to_dict()):
        for mask in (MASK, pd.DataFrame(MASK), pd.DataFrame(MASK).iloc[order]):
            reg = DaleRNNRegressor(mask=mask, signs=moved_signs, **SMALL).fit(X, Y)
            assert_same_network(reg, plain)
            assert reg.unit_names_ == tuple(range(N))
    trials = np.tile(X, (1, 1, 2))
    turned = pd.Series([1, -1]).iloc[::-1]
    reg = DaleRNNRegressor(input_signs=turned, **SMALL).fit(trials, Y)
    assert (reg.W_in_[:, 0] >= 0).all() and (reg.W_in_[:, 1] <= 0).all()


def test_whole_numbers_as_text_are_the_same_names():
    ids = [648518346349492682 + k for k in range(N)]
    wiring = Connectome(COUNTS, list(map(str, ids)))
    places = pd.DataFrame(PLACES[::-1], index=ids[::-1])
    reg = SpatialRNNRegressor(mask=wiring, coordinates=places, **SMALL).fit(X, Y)
    plain = SpatialRNNRegressor(mask=COUNTS > 0, coordinates=PLACES, **SMALL).fit(X, Y)
    assert_same_network(reg, plain)


@pytest.mark.parametrize(("rows", "columns"), [("Neuron 1", "Neuron 2"), ("i", "j")])
def test_names_of_axes_that_nobody_understands_are_refused(rows, columns):
    strange = frame(MASK, post=rows, pre=columns)
    for call in (
        lambda: metrics.density(strange),
        lambda: DaleRNNRegressor(mask=strange, **SMALL).fit(X, Y),
    ):
        with pytest.raises(ValueError, match=r'must have axes named "post" and "pre", or without'):
            call()


def test_graphs_are_wiring():
    networkx = pytest.importorskip("networkx")
    graph = networkx.DiGraph()
    graph.add_nodes_from(NAMES)
    for post, pre in np.argwhere(COUNTS):
        graph.add_edge(NAMES[pre], NAMES[post], weight=int(COUNTS[post, pre]))
    options = {"regularizer": "communicability_emd", **SMALL}
    reg = SpatialRNNRegressor(mask=graph, connectome=graph, **options).fit(X, Y)
    plain = SpatialRNNRegressor(mask=COUNTS > 0, connectome=COUNTS, **options).fit(X, Y)
    assert_same_network(reg, plain)
    assert reg.unit_names_ == NAMES
    assert metrics.density(graph) == (COUNTS != 0).mean()


def test_units_whose_names_are_numbers_are_silenced_by_name():
    names = [3, 1, 4, 15, 9, 2]
    reg = DaleRNNRegressor(mask=frame(np.ones((N, N)), names, names), **SMALL).fit(X, Y)
    assert (inspection.silence(reg, 4).W_out_[:, 2] == 0).all()
    assert (inspection.silence(reg, [3, 2]).W_out_[:, [0, 5]] == 0).all()
    with pytest.raises(ValueError, match=r"^part must name units of the network \(3, 1, 4"):
        inspection.silence(reg, 0)


def test_names_go_from_a_recording_to_the_weights():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(200, 1))
    recording = pd.DataFrame(rng.normal(size=(200, N)), columns=list(NAMES))
    recording[["A", "B"]] += 5 * common
    options = {"dale": None, "autapses": False, "frozen": ("W_rec",), **SMALL}
    for columns in (NAMES, NAMES[::-1]):
        pipeline = make_pipeline(
            FunctionalConnectivity("correlation"), BioWeightInitializer(sigma=1e-6)
        )
        init = pipeline.fit(recording[list(columns)])[-1]
        mask = frame(np.ones((N, N), dtype=bool))
        reg = DaleRNNRegressor(mask=mask, recurrent_init=init, **options).fit(X, Y)
        table = reg.recurrent_frame()
        assert table.stack().idxmax() in (("A", "B"), ("B", "A"))
    with pytest.raises(ValueError, match=r"^recurrent_init must have the same names as mask"):
        other = FunctionalConnectivity("correlation").fit_transform(recording.add_suffix("x"))
        init = BioWeightInitializer().fit(other)
        DaleRNNRegressor(mask=mask, recurrent_init=init, **options).fit(X, Y)


def test_a_fit_that_goes_on_has_the_order_of_the_earlier_one():
    order = list(NAMES[::-1])
    mask, signs = frame(MASK), pd.Series(SIGNS, NAMES)
    for cls in (DaleRNNRegressor, CellTypeRNNRegressor):
        first = cls(mask=mask, signs=signs, **SMALL).fit(X, Y)
        other = copy.deepcopy(first).set_params(mask=mask.loc[order, order])
        nameless = copy.deepcopy(first).set_params(mask=None, signs=signs[order])
        first.partial_fit(X, Y)
        assert_same_network(other.partial_fit(X, Y), first)
        assert other.unit_names_ == nameless.partial_fit(X, Y).unit_names_ == NAMES
        np.testing.assert_array_equal(nameless.signs_, SIGNS)
        other.set_params(mask=frame(MASK, list("uvwxyz"), list("uvwxyz")))
        with pytest.raises(ValueError, match=r"^mask must have the same names as the earlier fit"):
            other.partial_fit(X, Y)


def test_plain_weights_beside_two_orders_are_refused():
    W, signs = pd.DataFrame(np.abs(INIT), NAMES, NAMES), pd.Series(1, NAMES[::-1])
    W_in = np.arange(N)[:, None]
    DaleRNNRegressor.from_weights(W, pd.DataFrame(W_in, NAMES), np.ones((1, N)), dale=None)
    with pytest.raises(ValueError, match=r"^W_in must name its units, since signs and others name"):
        DaleRNNRegressor.from_weights(W, W_in, np.ones((1, N)), dale=None, signs=signs)


def test_half_a_label_is_none_where_orders_differ():
    half = pd.DataFrame(MASK, columns=list(NAMES[::-1]))
    assert DaleRNNRegressor(mask=half, **SMALL).fit(X, Y).unit_names_ == NAMES[::-1]
    with pytest.raises(ValueError, match=r"^mask must name its units, since mask and others name"):
        DaleRNNRegressor(mask=half, signs=pd.Series(SIGNS, NAMES), **SMALL).fit(X, Y)


def test_missing_names_are_as_good_as_any():
    names = [1.0, float("nan"), 3.0, 4.0, 5.0, 6.0]
    W = pd.DataFrame(INIT, names, list(names))
    assert metrics.density(W) == (INIT != 0).mean()


def test_weights_by_name_become_a_network():
    order = [1, 0, 2, 5, 4, 3]
    given_ = {
        "W_rec": moved(frame(INIT).T, order),
        "W_in": moved(pd.DataFrame(np.arange(N)[:, None], NAMES), order),
        "b_rec": moved(pd.Series(np.arange(N), NAMES), order),
        "W_out": moved(pd.DataFrame(np.arange(N)[None], columns=list(NAMES)), order[::-1], axis=1),
    }
    reg = DaleRNNRegressor.from_weights(**given_, dale=None)
    place = [reg.unit_names_.index(name) for name in NAMES]
    np.testing.assert_array_equal(reg.W_rec_[np.ix_(place, place)], INIT)
    for array in (reg.W_in_[:, 0], reg.b_rec_, reg.W_out_[0]):
        np.testing.assert_array_equal(array[place], np.arange(N))


# -------------------------------------------------------------- initialisers, pruners, tables


def test_initialisers_put_matrices_in_one_order():
    symmetric = frame(COUNTS + COUNTS.T)
    other = frame(np.add.outer(np.arange(N), np.arange(N)) % 4)
    plain = BioWeightInitializer().fit([symmetric.to_numpy(), other.to_numpy()])
    order = [4, 2, 0, 1, 3, 5]
    mixed = BioWeightInitializer().fit([symmetric, moved(moved(other, order), order, axis=1)])
    np.testing.assert_array_equal(mixed.functional_, plain.functional_)
    assert mixed.unit_names_ == NAMES
    single = BioWeightInitializer().fit(moved(symmetric, order, axis=1))
    np.testing.assert_array_equal(
        single.functional_, BioWeightInitializer().fit(symmetric.to_numpy()).functional_
    )
    assert list(single.feature_names_in_) == list(NAMES)
    with pytest.raises(ValueError, match=r"^X\[1\] must have the same names as X\[0\], got Z"):
        BioWeightInitializer().fit([symmetric, frame(COUNTS, [*"ABCDEZ"], [*"ABCDEZ"])])


def test_an_initialiser_with_names_draws_for_units_in_another_order():
    functional = frame(np.add.outer(np.arange(N), np.arange(N)) + 0.0)
    init = BioWeightInitializer(sigma=0.0, spectral_radius=None, floor=1e-9).fit(functional)
    order = [5, 3, 1, 0, 2, 4]
    names = [NAMES[place] for place in order]
    signs = pd.Series(1, names)
    mask = frame(np.ones((N, N)), names, names)
    reg = DaleRNNRegressor(mask=mask, signs=signs, recurrent_init=init, **SMALL)
    reg.set_params(frozen=("W_rec",)).fit(X, Y)
    table = reg.recurrent_frame()
    drawn = init.sample(random_state=0)  # without noise, the same in every draw
    np.testing.assert_allclose(table.loc[list(NAMES), list(NAMES)], drawn, rtol=1e-6)
    assert not np.allclose(reg.W_rec_, drawn)


class Remembering:
    """An initialiser of named units that keeps what it was given."""

    unit_names_ = NAMES

    def sample(self, *, signs, mask, rng):
        self.signs, self.mask = signs, mask
        return np.where(mask, np.where(signs == 0, 1, signs), 0)


def test_an_initialiser_with_names_is_given_signs_and_mask_in_its_order():
    init = Remembering()
    order = [5, 3, 1, 0, 2, 4]
    mask = moved(moved(frame(MASK), order), order, axis=1)
    reg = DaleRNNRegressor(mask=mask, signs=dict(zip(NAMES, SIGNS, strict=True)), **SMALL)
    reg.set_params(recurrent_init=init).fit(X, Y)
    assert reg.unit_names_ == tuple(NAMES[place] for place in order)
    np.testing.assert_array_equal(init.signs, SIGNS)
    np.testing.assert_array_equal(init.mask, MASK)


def test_later_matrices_are_put_in_the_order_of_the_fitted_ones():
    functional = frame(COUNTS + COUNTS.T)
    init = BioWeightInitializer(random_state=0).fit(functional)
    order = [4, 2, 0, 1, 3, 5]
    other = moved(moved(functional, order), order, axis=1)
    np.testing.assert_array_equal(init.transform(other), init.transform(functional))


def test_blocks_by_name():
    blocks = pd.Series([0, 0, 1, 1, 0, 1], NAMES)
    density = np.array([[1.0, 0.0], [0.0, 1.0]])
    regs = [
        DaleRNNRegressor(
            mask=frame(np.ones((N, N))),
            blocks=given_,
            pruning="magnitude",
            density=density,
            recurrent_init="balanced",
            finetune_iter=1,
            **SMALL,
        ).fit(X, Y)
        for given_ in (blocks.to_numpy(), moved(blocks, [5, 4, 3, 1, 0, 2]))
    ]
    assert_same_network(*regs)
    W, of_unit = regs[1].recurrent_frame(), blocks.to_numpy()
    assert (W.to_numpy()[of_unit[:, None] != of_unit] == 0).all()


def test_names_of_populations_may_repeat_as_long_as_nothing_moves():
    names = ["E", "E", "E", "E", "I", "I"]
    reg = DaleRNNRegressor(mask=frame(MASK, names, names), signs=pd.Series(SIGNS, names), **SMALL)
    assert reg.fit(X, Y).unit_names_ == tuple(names)
    with pytest.raises(
        ValueError, match=r"^signs must name each unit once, to be put in the order"
    ):
        reg.set_params(signs=pd.Series(SIGNS, names[::-1])).fit(X, Y)


def test_recurrent_weights_by_name():
    rng = np.random.default_rng(0)
    order = [3, 2, 1, 0, 5, 4]
    W = recurrent_weights(
        moved(frame(INIT), order, axis=1),
        signs=moved(pd.Series(SIGNS, NAMES), order),
        mask=frame(MASK).T,
        rng=rng,
    )
    np.testing.assert_array_equal(W, INIT)


def test_pruners_by_name():
    kept, _ = MagnitudePruning().prune(
        moved(frame(INIT), [1, 0, 2, 3, 5, 4], axis=1), 0.2, mask=frame(MASK).T
    )
    expected, _ = MagnitudePruning().prune(INIT, 0.2, mask=MASK)
    np.testing.assert_array_equal(kept, expected)


def test_densities_lie_either_way():
    populations = pd.DataFrame({"population": ["E", "I"], "n_units": [4, 2], "sign": [1, -1]})
    density = pd.DataFrame([[0.5, 0.25], [1.0, 0.75]], ["E", "I"], ["E", "I"])
    density = density.rename_axis(index="post", columns="pre")
    trials = np.tile(X, (1, 1, 2))
    achieved = []
    for given_ in (density, density.T, density.to_numpy()):
        reg = CellTypeRNNRegressor(
            populations=populations,
            pruning="random",
            density=given_,
            max_iter=1,
            finetune_iter=1,
            readout="dense",
            random_state=0,
        )
        achieved.append(reg.fit(trials, Y).achieved_density_)
    np.testing.assert_array_equal(achieved[0], achieved[2])
    np.testing.assert_array_equal(achieved[1], achieved[2])
    of_tables = [
        CellTypeRNNRegressor(
            populations=populations,
            connection_probabilities=table,
            pruning="random",
            max_iter=1,
            finetune_iter=1,
            readout="dense",
            random_state=0,
        )
        .fit(trials, Y)
        .achieved_density_
        for table in (density, density.T)
    ]
    np.testing.assert_array_equal(*of_tables)


# -------------------------------------------------------------- other containers


def test_a_connectome_is_a_mask_and_a_connectome():
    wiring = Connectome(np.where(COUNTS == 1, -1, COUNTS), list(NAMES))
    shuffled = wiring.subset(NAMES[::-1])
    np.testing.assert_array_equal(wiring.weights != 0, COUNTS > 0)
    for mask, connectome in ((wiring, shuffled), (frame(COUNTS > 0), wiring)):
        reg = SpatialRNNRegressor(
            mask=mask, connectome=connectome, regularizer="communicability_emd", **SMALL
        ).fit(X, Y)
        plain = SpatialRNNRegressor(
            mask=COUNTS > 0, connectome=COUNTS, regularizer="communicability_emd", **SMALL
        ).fit(X, Y)
        assert_same_network(reg, plain)
    assert metrics.density(wiring) == (COUNTS != 0).mean()
    sampled = recurrent_weights(
        wiring, signs=np.zeros(N), mask=np.ones((N, N), dtype=bool), rng=np.random.default_rng(0)
    )
    np.testing.assert_array_equal(sampled, wiring.weights)


def test_labelled_arrays_of_xarray():
    xarray = pytest.importorskip("xarray")
    mask = xarray.DataArray(
        MASK.T, dims=("pre", "post"), coords={"pre": list(NAMES), "post": list(NAMES)}
    )
    signs = xarray.DataArray(SIGNS[::-1], dims="unit", coords={"unit": list(NAMES[::-1])})
    reg = DaleRNNRegressor(mask=mask, signs=signs, **SMALL).fit(X, Y)
    np.testing.assert_array_equal(reg.mask_, MASK)
    np.testing.assert_array_equal(reg.signs_, SIGNS)
    assert metrics.density(mask) == MASK.mean()


@pytest.mark.parametrize("kind", ["csr_array", "coo_matrix", "dok_array"])
def test_sparse_matrices_are_matrices(kind):
    sparse = getattr(scipy.sparse, kind)
    arguments = {
        "mask": MASK,
        "connectome": COUNTS,
        "recurrent_init": INIT,
        "coordinates": PLACES,
        "input_mask": np.ones((N, 1)),
        "readout_mask": np.ones((1, N)),
        "signs": SIGNS,
        "regularizer": "communicability_emd",
    }
    packed = {
        key: sparse(value) if np.ndim(value) == 2 else value for key, value in arguments.items()
    }
    assert_same_network(
        DaleRNNRegressor(**packed, **SMALL).fit(X, Y),
        DaleRNNRegressor(**arguments, **SMALL).fit(X, Y),
    )
    assert metrics.modularity(sparse(COUNTS)) == metrics.modularity(COUNTS)
    kept, _ = MagnitudePruning().prune(sparse(INIT), 0.2, mask=sparse(MASK))
    assert kept.sum() > 0
    both = [sparse(COUNTS + 0.0), COUNTS.T + 0.0]
    np.testing.assert_array_equal(
        BioWeightInitializer().fit(both).functional_,
        BioWeightInitializer().fit([COUNTS + 0.0, COUNTS.T + 0.0]).functional_,
    )
    plain = DaleRNNClassifier(**SMALL)
    with pytest.raises((TypeError, ValueError), match="toarray"):
        plain.fit(sparse(X[:, :, 0]), np.arange(12) % 2)


def test_what_has_no_labels_is_left_as_it_is():
    for value in (COUNTS, COUNTS.tolist(), 3.0, "grid", None, (1, 2, 3)):
        assert UnitOrder().arranged(value, "mask", (0, 1)) is value
        assert value is None or read_labels(value, "mask") is None
    numbered = pd.DataFrame(COUNTS)
    assert read_labels(numbered, "mask").labels == (None, None)
    assert not lies_transposed(numbered, "mask")
