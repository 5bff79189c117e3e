"""Arguments that nothing can be done with, wherever they come in: refused by name at once."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError

from sk_biornn import CellTypeRNNRegressor, DaleRNNClassifier, DaleRNNRegressor, metrics
from sk_biornn.biology import (
    BALWANI2025_BETWEEN_AREAS,
    BetweenAreas,
    CommunicabilityCost,
    CommunicabilityEMD,
    RandomPruning,
    TopProbPruning,
    WeightCost,
    WiringCost,
    communicability,
    cortical_populations,
    draw_synapses,
    excitatory_inhibitory_populations,
    keep_probabilities,
    systematic_sample,
    unit_index,
)
from sk_biornn.datasets import load_connection_probabilities
from sk_biornn.estimators._parameters import RULES
from sk_biornn.estimators._rules import check_rules
from sk_biornn.initializers import (
    biases,
    input_weights,
    lift_zeros,
    readout_weights,
    recurrent_weights,
)
from sk_biornn.plots import (
    InteractionDisplay,
    LearningCurveDisplay,
    PredictionDisplay,
    StudyDisplay,
    WeightMatrixDisplay,
)

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 4, 2))
LABELS, NUMBERS = np.arange(12) % 3, RNG.standard_normal((12, 4, 2))


def regressor(**options):
    return DaleRNNRegressor(**{"n_units": 6, "max_iter": 2, "random_state": 0, **options})


def refused(name, *, kind=(TypeError, ValueError)):
    return pytest.raises(kind, match=rf"^{name}\b[^\n]*\.$")


# ------------------------------------------------------------------- numbers

REALS = ["rate_penalty", "noise_level", "recurrent_noise", "learning_rate_init", "tol", "epsilon"]
REALS += ["regu_strength", "distance_power", "max_grad_norm", "spectral_radius", "dt"]
COUNTS = [
    "n_units",
    "max_iter",
    "n_static_steps",
    "finetune_iter",
    "n_iter_no_change",
    "batch_size",
]


@pytest.mark.parametrize("name", REALS)
@pytest.mark.parametrize("value", [Fraction(1, 2), 10**400, -(10**400), 1j, np.bool_(True)])
def test_numbers_that_no_float_holds(name, value):
    with refused(name):
        regressor(**{name: value}).fit(X, NUMBERS)


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [Fraction(2), 10**400])
def test_counts_beyond_counting(name, value):
    with refused(name):
        regressor(**{name: value}).fit(X, NUMBERS)


@pytest.mark.parametrize("value", [2**31, np.uint64(2**63)])
def test_counts_that_nobody_could_wait_for(value):
    for name in set(COUNTS) - {"batch_size"}:
        assert RULES[name].accepts(2**31 - 1)
        with refused(name, kind=ValueError):
            check_rules(SimpleNamespace(**{name: value}), {name: RULES[name]})


def test_a_step_so_small_that_nothing_moves():
    with refused("dt", kind=ValueError):
        regressor(dt=5e-324, tau=20.0).fit(X, NUMBERS)
    with refused("dt", kind=ValueError):  # 0 in single precision alone
        regressor(dt=1e-45, tau=20.0).fit(X.astype(np.float32), NUMBERS)


@pytest.mark.parametrize(
    "tau", [True, "10", ["10"] * 6, [True] * 6, 10 + 0j, 10**400, np.ma.masked]
)
def test_time_constants_are_numbers(tau):
    with refused("tau", kind=ValueError):
        regressor(dt=1.0, tau=tau).fit(X, NUMBERS)


# ------------------------------------------------------------------- set after the fit


@pytest.mark.parametrize(
    "name, value",
    [
        ("readout_from", "nowhere"),
        ("readout_from", None),
        ("activation", "sigmoid"),
        ("rectify", "yes"),
        ("dt", -1.0),
        ("dt", 5.0),
        ("tau", 5.0),
        ("recurrent_noise", "loud"),
        ("n_static_steps", 0),
        ("n_static_steps", "ten"),
        ("device", 3.5),
    ],
)
def test_arguments_of_a_run_are_checked_at_every_run(name, value):
    fitted = regressor().fit(X[:, 0], NUMBERS[:, 0])
    fitted.set_params(**{name: value})
    for run in (fitted.predict, fitted.hidden_states, lambda x: fitted.score(x, NUMBERS[:, 0])):
        with refused(f"(dt and )?{name}"):
            run(X[:, 0])


# ------------------------------------------------------------------- a fit that fails


class Stop(Exception):
    pass


@pytest.mark.parametrize("way", ["interrupted", "refused", "diverges"])
def test_a_partial_fit_that_fails_leaves_the_generator_as_it_was(way):
    """The next partial_fit has the bits that it would have had without the failure."""

    def stop(_):
        raise Stop

    once, twice = (regressor(noise_level=0.1, batch_size=4).fit(X, NUMBERS) for _ in range(2))
    before = copy.deepcopy(vars(once))
    options = {"interrupted": {"on_epoch": stop}, "diverges": {"learning_rate_init": 1e300}}
    y = NUMBERS[..., :1] if way == "refused" else NUMBERS
    with pytest.raises((Stop, ValueError)):
        once.set_params(**options.get(way, {})).partial_fit(X, y)
    once.set_params(on_epoch=None, learning_rate_init=before["learning_rate_init"])
    stream = before["_state"].generator.bit_generator.state
    assert once._state.generator.bit_generator.state == stream
    once.partial_fit(X, NUMBERS)
    twice.partial_fit(X, NUMBERS)
    np.testing.assert_array_equal(once.W_rec_, twice.W_rec_)
    streams = [reg._state.generator.bit_generator.state for reg in (once, twice)]
    assert streams[0] == streams[1]


# ------------------------------------------------------------------- biology

FACTS = SimpleNamespace(mask=torch.ones(2, 2) > 0, distances=torch.ones(2, 2), connectome=None)
TABLE = excitatory_inhibitory_populations(10)
W = np.array([[1.0, -2.0], [3.0, 0.0]])

REFUSALS = [
    ("strength", lambda: WeightCost(-1.0)),
    ("strength", lambda: WeightCost("much")),
    ("strength", lambda: WiringCost(np.nan)),
    ("strength", lambda: CommunicabilityCost(Fraction(1, 2))),
    ("strength", lambda: CommunicabilityEMD(10**400)),
    ("distance_power", lambda: WiringCost(1.0, 0.0)),
    ("distance_power", lambda: CommunicabilityEMD(1.0, 1.0, -1.0)),
    ("communicability_power", lambda: CommunicabilityCost(communicability_power=True)),
    ("emd_strength", lambda: CommunicabilityEMD(emd_strength=-0.1)),
    ("facts", lambda: WeightCost().bind(None)),
    ("facts", lambda: CommunicabilityEMD().bind({"mask": 1})),
    ("fixed_count", lambda: TopProbPruning(fixed_count="yes")),
    ("legacy", lambda: TopProbPruning(legacy=1)),
    ("fixed_count", lambda: RandomPruning(None)),
    ("density", lambda: TopProbPruning().prune(W, "half")),
    ("W", lambda: TopProbPruning().prune("W", 0.5)),
    ("W", lambda: TopProbPruning().prune(W + 0j, 0.5)),
    ("blocks", lambda: TopProbPruning().prune(W, [[0.5]], blocks=[0, 2**40])),
    ("probability", lambda: BetweenAreas("A", "B", Fraction(1, 2))),
    ("weights", lambda: communicability(W)),
    ("weights", lambda: keep_probabilities(["a"], 1)),
    ("n_kept", lambda: keep_probabilities([1.0], "all")),
    ("probabilities", lambda: systematic_sample(["half"])),
    ("probabilities", lambda: draw_synapses(TABLE, [["a", "b"], ["c", "d"]])),
    ("populations", lambda: draw_synapses(None, 0.5)),
    ("level", lambda: unit_index(TABLE, ["area"])),
    ("n_units", lambda: excitatory_inhibitory_populations(10**400)),
    ("excitatory_fraction", lambda: excitatory_inhibitory_populations(10, True)),
    ("tau", lambda: excitatory_inhibitory_populations(10, tau=[1.0, 2.0, 3.0])),
    ("tau", lambda: cortical_populations(tau="10")),
    ("areas", lambda: cortical_populations(np.array("V1"))),
    ("scaling", lambda: cortical_populations(scaling=10**400)),
    ("populations", lambda: unit_index(pd.concat([TABLE, TABLE], axis=1))),
    ("kind", lambda: input_weights(3, 2, np.random.default_rng(0), "normal")),
    ("n_units", lambda: input_weights("3", 2, np.random.default_rng(0))),
    ("n_features", lambda: input_weights(3, 0, np.random.default_rng(0))),
    ("n_outputs", lambda: readout_weights(2.5, 3, np.random.default_rng(0))),
    ("n", lambda: biases(-1, 3, np.random.default_rng(0))),
    ("random_state", lambda: biases(2, 3, "seed")),
    ("weights", lambda: lift_zeros(np.ones(3), [1, -1], None)),
    ("weights", lambda: lift_zeros([[np.nan] * 2] * 2, [1, -1], None)),
    ("signs", lambda: recurrent_weights("uniform", signs=[2], mask=None, rng=None)),
    ("mask", lambda: recurrent_weights("uniform", signs=[1], mask=[1, 1], rng=None)),
    ("recurrent_init", lambda: recurrent_weights(W + 0j, signs=[1, -1], mask=None, rng=None)),
    ("quantile", lambda: metrics.modularity(W, quantile=10**400)),
    ("quantile", lambda: metrics.modularity(W, quantile=Fraction(1, 2))),
    ("power", lambda: metrics.wiring_cost(W, W, power=10**400)),
    ("n_points", lambda: metrics.weight_entropy(W, n_points=10**400)),
    ("n_nulls", lambda: metrics.small_worldness(W, n_nulls=10**400)),
    ("within", lambda: metrics.select_refit("a", then="b", within=Fraction(1, 2))),
    ("first", lambda: metrics.select_refit(None, then="b")),
]


@pytest.mark.parametrize("name, call", REFUSALS)
def test_public_functions_check_their_arguments(name, call):
    with refused(name):
        call()


def test_what_is_checked_still_computes():
    assert float(WeightCost(0).bind(FACTS)(torch.ones(2, 2))) == 0.0
    assert float(WiringCost(np.float32(0.5)).bind(FACTS)(torch.ones(2, 2))) == 2.0
    assert recurrent_weights("uniform", signs=[1, -1], mask=[[0, 1], [1, 0]], rng=0).shape == (2, 2)
    assert lift_zeros([[2.0, 0.0], [0.0, 0.0]], [1, -1], None)[0, 1] < 0


# ------------------------------------------------------------------- pictures

RUNS = pd.DataFrame(
    {"task": "$t", "arm": ["$a", "b$$"], "init": "ours", "simulation": 0, "metric": "accuracy"}
).assign(score=[90.0, 95.0], baseline_score=10.0)
CURVES = pd.concat([RUNS.assign(epoch=epoch) for epoch in (1, 2)])
TARGET = np.zeros((3, 2))
DISPLAYS = {
    "weights": lambda: WeightMatrixDisplay.from_weights(W),
    "curves": lambda: LearningCurveDisplay.from_curves([[1.0, 0.5], [0.9, 0.6]]),
    "interactions": lambda: InteractionDisplay.from_estimators(W, labels=["E$_x$", r"I$\frac$"]),
}


@pytest.mark.parametrize("ax", [3, "ax", plt, object()], ids=["int", "str", "module", "object"])
@pytest.mark.parametrize("display", DISPLAYS)
def test_what_is_no_axes_is_refused(display, ax):
    with refused("ax", kind=TypeError):
        DISPLAYS[display]().plot(ax)


@pytest.mark.parametrize("figure", [3, "figure", plt])
def test_what_is_no_figure_is_refused(figure):
    for display in (
        StudyDisplay.from_tables(RUNS, CURVES),
        PredictionDisplay(TARGET, {"net": TARGET}, ["a", "b"], np.arange(3)),
    ):
        with refused("ax", kind=TypeError):
            display.plot(figure)


def drawn_texts(figure):
    """Draw, so that mathtext is parsed, and return what stands on ticks, legends and in axes."""
    from matplotlib.text import Text

    figure.canvas.draw()
    return {text.get_text() for text in figure.findobj(Text)}


@pytest.mark.parametrize("kind", ["heatmap", "bubbles", "graph"])
def test_names_with_dollars_are_names_not_formulas(kind):
    figure = DISPLAYS["interactions"]().plot(kind=kind).figure_
    texts = {text.replace("\n", " ") for text in drawn_texts(figure)}
    assert {r"E\$ x\$", r"I\$\frac\$"} <= texts  # a dollar that is drawn as one
    plt.close(figure)


def test_names_with_dollars_in_predictions_and_studies():
    names = ["$a$", r"$\frac"]
    prediction = PredictionDisplay(TARGET, {r"net$\x$": TARGET}, names, np.arange(3)).plot()
    study = StudyDisplay.from_tables(RUNS, CURVES).plot()
    assert {r"\$a\$", r"\$\frac", r"net\$\x\$"} <= drawn_texts(prediction.figure_)
    assert {r"\$a", r"b\$\$"} <= drawn_texts(study.figure_)
    plt.close("all")


@pytest.mark.parametrize("estimator", [DaleRNNClassifier(), DaleRNNClassifier, None, 3])
def test_pictures_of_what_is_not_fitted(estimator):
    for make in (
        WeightMatrixDisplay.from_estimator,
        LearningCurveDisplay.from_estimators,
        InteractionDisplay.from_estimators,
        lambda e: PredictionDisplay.from_estimators(e, X, NUMBERS),
    ):
        with pytest.raises((NotFittedError, TypeError, ValueError)) as caught:
            make(estimator)
        assert "estimator" in str(caught.value) or "not fitted" in str(caught.value)


# ------------------------------------------------------------------- stored without pickle


def cell_type_network():
    traces = RNG.standard_normal((6, 4, 18))
    reg = CellTypeRNNRegressor(
        populations=cortical_populations(scaling=1),
        connection_probabilities=load_connection_probabilities(),
        between_areas=BALWANI2025_BETWEEN_AREAS,
        pruning="top-prob",
        max_iter=2,
        finetune_iter=1,
        random_state=0,
    )
    return reg.fit(traces, traces), traces


def assert_same_network(loaded, reg, traces):
    np.testing.assert_array_equal(loaded.predict(traces), reg.predict(traces))
    for name in ("populations", "populations_", "connection_probabilities"):
        pd.testing.assert_frame_equal(getattr(loaded, name), getattr(reg, name))
        assert getattr(loaded, name).attrs == getattr(reg, name).attrs
    assert loaded.between_areas == reg.between_areas
    again = [network.partial_fit(traces, traces).W_rec_ for network in (loaded, reg)]
    np.testing.assert_array_equal(*again)


def test_skops_stores_what_is_seen_between_epochs():
    skops = pytest.importorskip("skops.io")
    dumps = []
    X = np.random.default_rng(0).normal(size=(8, 4, 2))

    def keep(network):
        twin = copy.copy(network).set_params(on_epoch=None)
        dumps.append(skops.dumps(twin))

    reg = DaleRNNRegressor(n_units=5, max_iter=3, random_state=0, on_epoch=keep).fit(X, X)
    again = skops.loads(dumps[1], trusted=skops.get_untrusted_types(data=dumps[1]))
    again.set_params(warm_start=True, max_iter=1).fit(X, X)  # with its optimiser's memory
    np.testing.assert_array_equal(again.W_rec_, reg.W_rec_)


def test_skops_stores_networks_of_cell_types():
    skops = pytest.importorskip("skops.io")
    reg, traces = cell_type_network()
    dumped = skops.dumps(reg)
    untrusted = skops.get_untrusted_types(data=dumped)
    assert all(name.startswith("sk_biornn.") for name in untrusted)
    assert_same_network(skops.loads(dumped, trusted=untrusted), reg, traces)


@pytest.mark.parametrize("way", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_copies_keep_their_frames(way):
    reg, traces = cell_type_network()
    reg.connectome = pd.Series(pd.period_range("2024", periods=2, freq="Y"))  # of no simple kind
    twin = way(reg)
    pd.testing.assert_series_equal(twin.connectome, reg.connectome)
    reg.connectome = twin.connectome = None
    assert_same_network(twin, reg, traces)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
        pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": pd.array(["x", None], "string")}),
        pd.DataFrame(np.eye(2), index=["x", "y"], columns=pd.Index(["u", "v"], name="pre")),
        pd.DataFrame([[1.0, np.nan]], columns=["a", "a"]),
        pd.DataFrame(np.eye(2), pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["p", "q"])),
        pd.Series([1.5, 2.5], index=[3, 9], name="tau"),
        pd.DataFrame({"day": pd.date_range("2024-01-01", periods=2)}),
        pd.DataFrame({"kind": pd.Categorical(["a", "b"])}),
        pd.DataFrame(),
    ],
)
def test_frames_come_back_as_they_were(frame):
    network = pickle.loads(pickle.dumps(regressor(connectome=frame)))
    same = pd.testing.assert_series_equal, pd.testing.assert_frame_equal
    same[isinstance(frame, pd.DataFrame)](network.connectome, frame, check_exact=True)
