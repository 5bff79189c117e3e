"""Networks of populations: blocks, channels, read-outs and the loss of each population."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from sk_biornn import CellTypeRNNClassifier, CellTypeRNNRegressor, DaleRNNRegressor
from sk_biornn.biology import (
    BALWANI2025_BETWEEN_AREAS,
    BetweenAreas,
    TopProbPruning,
    block_probabilities,
    check_populations,
    cortical_populations,
    unit_index,
    unit_signs,
)
from sk_biornn.biology._population_units import index_of_checked, signs_of_checked
from sk_biornn.datasets import load_connection_probabilities, make_population_traces
from sk_biornn.estimators import CosineCycles

EXACT = TopProbPruning(fixed_count=True)
PROBABILITIES = load_connection_probabilities()
FREE = {"dale": None, "recurrent_init": "orthogonal"}  # no weight that is 0 before pruning
COLUMN = cortical_populations(areas=["V1"], layers=["L4", "L2/3"], scaling=1)  # 6 populations
SIZES = COLUMN["n_units"].to_numpy()
N = int(SIZES.sum())
INDEX = unit_index(COLUMN)
SMALL = {"populations": COLUMN, "max_iter": 2, "finetune_iter": 2, "random_state": 0}


def data(n_channels=6, n_trials=16, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_trials, 5, n_channels))
    return X[:, :-1], X[:, 1:]


def regressor(**parameters):
    return CellTypeRNNRegressor(**{**SMALL, **parameters})


def block(W, post, pre, index=INDEX):
    return W[np.ix_(index == post, index == pre)]


# ------------------------------------------------------------------ what follows from the table


def test_units_and_signs_are_those_of_the_table():
    est = regressor().fit(*data())
    assert est.W_rec_.shape == (N, N)
    assert est.n_units == 128  # the argument is not read, and not changed
    np.testing.assert_array_equal(est.signs_, unit_signs(COLUMN))
    assert (est.W_rec_ * est.signs_ >= 0).all()
    pd.testing.assert_frame_equal(est.populations_, COLUMN)


@pytest.mark.parametrize("described", [{}, {"populations": None, "signs": np.ones(4)}])
def test_a_fit_checks_its_table_once(described, monkeypatch):
    checked = []

    def note(table, **options):
        checked.append(table)
        return check_populations(table, **options)

    for module in [name for name in sys.modules if name.startswith("sk_biornn.")]:
        if hasattr(sys.modules[module], "check_populations"):
            monkeypatch.setattr(f"{module}.check_populations", note)
    n_units = 4 if described else N
    regressor(**{"regularizer": "weight", "n_units": n_units, **described}).fit(*data())
    assert len(checked) == 1


def test_units_of_a_checked_table_are_those_of_any_table():
    table = check_populations(COLUMN)
    for found, expected in (
        (index_of_checked(table), unit_index(COLUMN)),
        (signs_of_checked(table), unit_signs(COLUMN)),
    ):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_default_construction_is_one_excitatory_and_one_inhibitory_population():
    X, y = data(3)
    est = CellTypeRNNRegressor(n_units=10, max_iter=1, random_state=0).fit(X, y)
    assert est.populations_["population"].tolist() == ["excitatory", "inhibitory"]
    assert est.populations_["n_units"].tolist() == [8, 2]
    assert (est.W_in_ != 0).all()
    assert (est.W_out_ != 0).all()
    assert est.loss_per_population_ is None


def test_without_a_table_and_with_everything_trained_it_is_the_dale_network():
    X, y = data(3)
    options = {"n_units": 10, "max_iter": 3, "random_state": 0}
    est = CellTypeRNNRegressor(freeze_readout=False, **options).fit(X, y)
    dale = DaleRNNRegressor(**options).fit(X, y)
    np.testing.assert_array_equal(est.W_rec_, dale.W_rec_)
    np.testing.assert_array_equal(est.W_out_, dale.W_out_)


def test_signs_without_a_table_give_runs_of_units():
    X, y = data(3)
    est = CellTypeRNNRegressor(n_units=5, signs=[1, 1, -1, 1, 0], max_iter=1).fit(X, y)
    names = ["excitatory", "inhibitory", "excitatory_2", "free"]
    assert est.populations_["population"].tolist() == names
    assert est.populations_["n_units"].tolist() == [2, 1, 1, 1]


def test_time_constants_of_the_table_are_used_with_a_time_step():
    X, y = data()
    tau = {"Pyr": 20.0, "SST": 40.0, "VIP": 80.0}
    table = cortical_populations(areas=["V1"], layers=["L4", "L2/3"], scaling=1, tau=tau)
    by_table = regressor(populations=table, dt=10.0).fit(X, y)
    per_unit = np.repeat(table["tau"].to_numpy(), SIZES)
    by_hand = regressor(dt=10.0, tau=per_unit).fit(X, y)
    np.testing.assert_array_equal(by_table.W_rec_, by_hand.W_rec_)
    np.testing.assert_array_equal(by_table.predict(X), by_hand.predict(X))
    assert (by_table.predict(X) != regressor(populations=table).fit(X, y).predict(X)).any()


def test_labelled_weights():
    est = regressor().fit(*data())
    frame = est.recurrent_frame()
    np.testing.assert_array_equal(frame.to_numpy(), est.W_rec_)
    assert (frame.index.name, frame.columns.name) == ("post", "pre")
    names = COLUMN["population"].tolist()
    np.testing.assert_array_equal(frame.loc[names[3], names[1]], block(est.W_rec_, 3, 1))
    means = frame.groupby(level=0, sort=False).mean().T.groupby(level=0, sort=False).mean().T
    assert means.loc[names[3], names[1]] == pytest.approx(block(est.W_rec_, 3, 1).mean())
    with pytest.raises(NotFittedError):
        regressor().recurrent_frame()


# ------------------------------------------------------------------ channels and read-outs


@pytest.mark.parametrize("freeze", [True, False])
def test_each_population_sees_its_channel_and_makes_its_output(freeze):
    X, y = data()
    est = regressor(freeze_readout=freeze).fit(X, y)
    own = np.arange(6) == INDEX[:, None]
    np.testing.assert_array_equal(est.W_in_ != 0, own)
    np.testing.assert_array_equal(est.W_out_ != 0, own.T)


def test_without_synapses_a_population_knows_nothing_of_the_others():
    X, y = data()
    est = regressor(mask=np.zeros((N, N), dtype=bool)).fit(X, y)
    touched = X.copy()
    touched[:, :, 2] += 1.0
    changed = (est.predict(touched) != est.predict(X)).any(axis=(0, 1))
    assert changed.tolist() == [False, False, True, False, False, False]


def test_published_behaviour_is_without_a_mask():
    est = regressor(input_mask=None).fit(*data())
    assert (est.W_in_ != 0).all()
    X, y = data(4)
    dense = regressor(input_mask=None, readout="dense").fit(X, y)
    assert dense.W_in_.shape == (N, 4)
    assert (dense.W_out_ != 0).all()


def test_own_masks():
    X, y = data(2)
    allowed = np.random.default_rng(0).random((N, 2)) < 0.5
    est = regressor(input_mask=allowed, readout="dense").fit(X, y)
    np.testing.assert_array_equal(est.W_in_ != 0, allowed)
    X, y = data()
    readable = np.ones((6, N), dtype=bool)
    readable[:, 0] = False
    est = regressor(readout_mask=readable).fit(X, y)
    np.testing.assert_array_equal(est.W_out_ != 0, (np.arange(6)[:, None] == INDEX) & readable)


@pytest.mark.parametrize("kind", ["uniform", "glorot_uniform"])
def test_read_out_of_a_population_starts_as_one_of_its_size(kind):
    X, y = data()
    seeds = ({**FREE, "random_state": seed, "max_iter": 1} for seed in range(30))
    drawn = [regressor(feedforward_init=kind, **options).fit(X, y).W_out_ for options in seeds]
    found = np.abs(drawn).max(axis=(0, 2))
    expected = 1 / np.sqrt(SIZES) if kind == "uniform" else np.sqrt(6 / (SIZES + 1))
    assert (found <= expected).all()
    assert (found > 0.8 * expected).all()


def test_a_frozen_read_out_does_not_move():
    X, y = data()
    short, long = regressor(max_iter=1).fit(X, y), regressor(max_iter=5).fit(X, y)
    np.testing.assert_array_equal(short.W_out_, long.W_out_)
    np.testing.assert_array_equal(short.b_out_, long.b_out_)
    assert (short.W_in_ != long.W_in_).any()
    trained = regressor(max_iter=5, freeze_readout=False).fit(X, y)
    assert (trained.W_out_ != long.W_out_).any()


def test_a_read_out_may_be_set_free_later():
    X, y = data()
    est = regressor(warm_start=True).fit(X, y)
    before = est.W_out_.copy()
    est.set_params(freeze_readout=False).fit(X, y)
    assert (est.W_out_ != before).any()


# ------------------------------------------------------------------ connections


def test_blocks_are_pruned_to_the_connection_probabilities():
    est = regressor(pruning=EXACT, connection_probabilities=PROBABILITIES, autapses=False, **FREE)
    table = cortical_populations(areas=["V1"], layers=["L4", "L2/3"], scaling=10)
    est.set_params(populations=table).fit(*data())
    target = block_probabilities(table, PROBABILITIES).density
    np.testing.assert_allclose(est.achieved_density_, target, rtol=1e-12)
    index = unit_index(table)
    for post in range(6):
        for pre in range(6):
            weights = block(est.W_rec_, post, pre, index)
            assert (weights != 0).mean() == pytest.approx(target[post, pre], rel=1e-12)


def test_blocks_between_areas_are_drawn_once_per_fit():
    table = cortical_populations(layers=["L4", "L2/3"], scaling=4)  # 2 areas, 12 populations
    rules = (
        BetweenAreas(post="LM_L4", pre="V1_L23_pyr", probability=0.3),
        BetweenAreas(post="V1_L23_vip", pre="LM_L23", probability=1.0),
    )
    options = {
        "populations": table,
        "pruning": EXACT,
        "connection_probabilities": PROBABILITIES,
        "between_areas": rules,
        **FREE,
    }
    X, y = data(12)
    est = regressor(**options).fit(X, y)
    index, names = unit_index(table), table["population"].tolist()
    areas = np.array([name[:2] for name in names])
    feedforward = block(est.mask_, names.index("LM_L4_pyr"), names.index("V1_L23_pyr"), index)
    assert 0.2 < feedforward.mean() < 0.4
    assert block(est.mask_, names.index("V1_L23_vip"), names.index("LM_L23_pyr"), index).all()
    without_rule = areas[index][:, None] != areas[index]
    without_rule &= block_probabilities(table, None, rules).random[np.ix_(index, index)] == 0
    assert not est.mask_[without_rule].any()
    assert not est.W_rec_[without_rule].any()
    again = regressor(**options).fit(X, y)
    other = regressor(**options, max_iter=1).set_params(random_state=1).fit(X, y)
    between = areas[index][:, None] != areas[index]
    np.testing.assert_array_equal(est.mask_, again.mask_)
    assert (est.mask_ != other.mask_)[between].any()
    mask = est.mask_.copy()
    est.set_params(warm_start=True).fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(est.mask_, mask)


def test_chance_does_not_look_at_weights_between_areas():
    """Weights of both areas shape what is pruned within, not what is drawn between."""
    table = cortical_populations(layers=["L4"], scaling=4)
    rule = (BetweenAreas(post="LM", pre="V1_L4_pyr", probability=0.5),)
    options = {"populations": table, "pruning": EXACT, "between_areas": rule, "density": 0.25}
    X, y = data(6)
    few, many = (regressor(**options, **FREE, max_iter=n).fit(X, y) for n in (1, 3))
    index = unit_index(table)
    between = (index[:, None] >= 3) & (index == 0)
    np.testing.assert_array_equal(few.mask_[between], many.mask_[between])
    assert (few.mask_ != many.mask_)[:48, :48].any()
    np.testing.assert_allclose(few.achieved_density_[:3, :3], 0.25)


def test_without_pruning_synapses_are_drawn_before_training():
    table = cortical_populations(scaling=2)
    est = regressor(
        populations=table,
        connection_probabilities=PROBABILITIES,
        between_areas=BALWANI2025_BETWEEN_AREAS,
    )
    X, y = data(18)
    est.fit(X, y)
    blocks = block_probabilities(table, PROBABILITIES, BALWANI2025_BETWEEN_AREAS)
    index = unit_index(table)
    possible = (blocks.density + blocks.random)[np.ix_(index, index)]
    assert not est.mask_[possible == 0].any()
    expected = possible.mean()
    assert est.mask_.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / possible.size))
    assert est.achieved_density_ is None
    mask = est.mask_.copy()
    np.testing.assert_array_equal(est.partial_fit(X, y).mask_, mask)
    np.testing.assert_array_equal(clone(est).fit(X, y).mask_, mask)


def test_densities_by_name_in_any_order():
    X, y = data()
    names = COLUMN["population"].tolist()
    target = np.random.default_rng(0).random((6, 6)).round(1)
    shuffled = pd.DataFrame(target, names, names).sample(frac=1, random_state=0)
    by_name, by_place = (
        regressor(pruning="magnitude", density=density, **FREE).fit(X, y)
        for density in (shuffled[names[::-1]], target)
    )
    np.testing.assert_array_equal(by_name.mask_, by_place.mask_)


def test_one_density_for_the_whole_network():
    est = regressor(pruning=EXACT, density=0.1, **FREE).fit(*data())
    assert est.achieved_density_ == pytest.approx(0.1, abs=0.5 / N**2)


def test_the_whole_schedule_of_the_paper_in_small():
    X, y = make_population_traces(60, random_state=0)
    table = cortical_populations(scaling=1)
    est = CellTypeRNNRegressor(
        populations=table,
        connection_probabilities=PROBABILITIES,
        between_areas=BALWANI2025_BETWEEN_AREAS,
        input_mask=None,
        recurrent_init="uniform",
        pruning="top-prob",
        learning_rate=CosineCycles(20, 1e-4),
        max_iter=15,
        finetune_iter=10,
        batch_size=20,
        random_state=0,
    ).fit(X, y)
    assert est.loss_curve_[14] < est.loss_curve_[0]
    assert est.loss_curve_[-1] < est.loss_curve_[15]
    assert (est.n_iter_dense_, est.n_iter_) == (15, 25)
    assert (est.W_rec_ * est.signs_ >= 0).all()
    assert not est.W_rec_[~est.mask_].any()


# ------------------------------------------------------------------ loss per population


def test_losses_of_the_populations_average_to_the_loss():
    X, y = data()
    est = regressor(pruning=EXACT, density=0.2, batch_size=4).fit(X, y)
    assert est.loss_per_population_.shape == (4, 6)
    np.testing.assert_allclose(est.loss_per_population_.mean(axis=1), est.loss_curve_, rtol=1e-6)


def test_loss_of_a_population_is_its_mean_squared_error():
    X, y = data()
    y = y.copy()
    y[:3, :2, 1] = np.nan
    y[:, :, 4] = np.nan
    est = regressor(max_iter=1, shuffle=False, learning_rate_init=1e-12).fit(X, y)
    errors = np.full(6, np.nan)
    scored = [0, 1, 2, 3, 5]
    errors[scored] = np.nanmean((est.predict(X) - y)[..., scored] ** 2, axis=(0, 1))
    np.testing.assert_allclose(est.loss_per_population_, [errors], rtol=1e-6)


def test_losses_go_on_and_are_seen_after_every_epoch():
    X, y = data()
    seen = []
    est = regressor(on_epoch=lambda est: seen.append(len(est.loss_per_population_)) and False)
    est.fit(X, y).partial_fit(X, y)
    est.set_params(warm_start=True).fit(X, y)
    assert seen == [1, 2, 3, 4, 5]
    assert est.loss_per_population_.shape == (5, 6)
    assert est.set_params(warm_start=False).fit(X, y).loss_per_population_.shape == (2, 6)
    assert not [name for name in vars(est) if name in ("_epochs", "_sums")]


# ------------------------------------------------------------------ classifier, tools


def test_classifier_with_populations():
    X, _ = data()
    y = np.arange(16) % 3
    est = CellTypeRNNClassifier(**SMALL, pruning=EXACT, density=0.2).fit(X, y)
    np.testing.assert_array_equal(est.W_in_ != 0, np.arange(6) == INDEX[:, None])
    assert est.W_out_.shape == (3, N)
    assert est.predict_proba(X).shape == (16, 3)
    assert est.recurrent_frame().shape == (N, N)
    with pytest.raises(ValueError, match=r"y must have one output per population .* got 3"):
        est.set_params(readout="population").fit(X, y)


def test_copies_and_search():
    X, y = data()
    est = regressor(pruning="random", density=0.3).fit(X, y)
    copied = pickle.loads(pickle.dumps(est))
    np.testing.assert_array_equal(copied.predict(X), est.predict(X))
    np.testing.assert_array_equal(copied.partial_fit(X, y).mask_, est.mask_)
    grid = {"density": [0.1, 0.4], "readout_from": ["state", "rate"]}
    search = GridSearchCV(est, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_estimator_.populations_ is not None


def test_the_table_of_the_user_is_not_changed():
    table = COLUMN.copy()
    regressor(populations=table).fit(*data())
    pd.testing.assert_frame_equal(table, COLUMN)


# ------------------------------------------------------------------ what does not fit

NAMES = ", ".join(COLUMN["population"])
SQUARE = pd.DataFrame(0.1, COLUMN["population"].tolist(), COLUMN["population"].tolist())
TWO_ALIKE = pd.DataFrame({"population": ["E", "E"], "n_units": [2, 2], "sign": [1, -1]})
WRONG = {
    rf"X must have one channel per population with input_mask='population', 6 \({NAMES}\), got 4": (
        {},
        data(4),
    ),
    rf"y must have one output per population with readout='population', 6 \({NAMES}\), got 2": (
        {},
        (data()[0], data()[1][..., :2]),
    ),
    "signs must not contain -1 when all weights are non-negative": ({"dale": "nonnegative"}, None),
    "input_mask must be 'population', None or an array, got 'all'": ({"input_mask": "all"}, None),
    "signs must be None when populations is given": ({"signs": np.ones(N)}, None),
    r"readout must be one of \['population', 'dense'\], got 'sparse'": (
        {"readout": "sparse"},
        None,
    ),
    "freeze_readout must be True or False, got 1": ({"freeze_readout": 1}, None),
    "density must be None when connection_probabilities is given": (
        {"pruning": "random", "density": 0.1, "connection_probabilities": PROBABILITIES},
        None,
    ),
    "density must have a row and a column for every population, got none for 'V1_L4_pyr'": (
        {"pruning": "random", "density": pd.DataFrame([[0.1]])},
        None,
    ),
    "density or connection_probabilities must be given when pruning is, got neither": (
        {"pruning": "random"},
        None,
    ),
    r"a row and a column for each of the 6 populations, got shape \(3, 3\)": (
        {"pruning": "random", "density": np.full((3, 3), 0.1)},
        None,
    ),
    r"for each of the 6 populations, got shape \(8, 8\)": (
        {"pruning": "random", "density": np.full((8, 8), 0.1)},
        None,
    ),
    "density must have each population once, got 'zzz', which is none": (
        {"pruning": "random", "density": SQUARE.reindex([*SQUARE.index, "zzz"]).fillna(0.1)},
        None,
    ),
    "density must have each population once, got 13 rows and columns": (
        {"pruning": "random", "density": pd.concat([SQUARE, SQUARE.iloc[:1]])},
        None,
    ),
    "tables by layer and cell type are connection_probabilities": (
        {"pruning": "random", "density": PROBABILITIES},
        None,
    ),
    "blocks must be None when connection_probabilities or between_areas is given": (
        {"pruning": "random", "connection_probabilities": PROBABILITIES, "blocks": INDEX},
        None,
    ),
    f"populations must add up to n_units=200 units, got {N}; leave n_units out": (
        {"n_units": 200},
        None,
    ),
    r"excitatory_fraction must be left out \(it is 0.8\) when populations is given": (
        {"excitatory_fraction": 0.3},
        None,
    ),
    "populations must": ({"populations": TWO_ALIKE}, None),
    "between_areas must name populations": (
        {"between_areas": [BetweenAreas(post="LM", pre="V1")]},
        None,
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_fit_is_refused(message):
    arguments, Xy = WRONG[message]
    error = TypeError if "freeze_readout" in arguments else ValueError
    with pytest.raises(error, match=message):
        regressor(**arguments).fit(*(Xy or data()))


@pytest.mark.parametrize(
    "arguments",
    [
        {"populations": [1]},
        {"between_areas": 0.3},
        {"between_areas": BetweenAreas(post="LM", pre="V1")},
        {"between_areas": iter([])},  # would be empty at the second fit
    ],
)
def test_arguments_of_another_kind_are_refused(arguments):
    with pytest.raises(TypeError, match=next(iter(arguments))):
        regressor(**arguments).fit(*data())


@pytest.mark.parametrize("which", ["X", "y"])
def test_columns_with_names_of_populations_must_be_in_their_order(which):
    """scikit-learn knows columns by name; so must a mask that goes by their place."""
    X, y = (pd.DataFrame(array[:, 0]) for array in data())
    names = COLUMN["population"].tolist()
    X.columns = y.columns = names
    regressor().fit(X, y)
    regressor().fit(X.set_axis([f"channel {k}" for k in range(6)], axis=1), y)  # says nothing
    what = {"X": "channel", "y": "output"}[which]
    message = rf"{which} must have its {what}s in the order of the populations, 'V1_L4_pyr' as"
    with pytest.raises(ValueError, match=rf"{message} {what} 0, got 'V1_L23_vip'"):
        regressor().fit(**({"X": X, "y": y} | {which: {"X": X, "y": y}[which][names[::-1]]}))
    trials = [pd.DataFrame(trial, columns=names) for trial in data()[0]]
    assert list(regressor().fit(trials, data()[1]).feature_names_in_) == names
    if which == "X":
        with pytest.raises(ValueError, match=rf"{message} channel 0, got 'V1_L23_vip'"):
            regressor().fit([trial[names[::-1]] for trial in trials], data()[1])
        with pytest.raises(ValueError, match="the same columns, in the same order, in every trial"):
            regressor().fit([*trials[:-1], trials[-1][names[::-1]]], data()[1])
    if which == "X":  # every unit sees every channel, in whatever order
        regressor(input_mask=None).fit(X[names[::-1]], y)
    else:
        regressor(readout="dense").fit(X, y[names[::-1]])


@pytest.mark.parametrize("pruning", [None, "magnitude"])
def test_a_continued_fit_draws_again_when_the_probabilities_are_others(pruning):
    table = cortical_populations(scaling=1)
    X, y = make_population_traces(8, random_state=0)
    rules = [BetweenAreas(post="LM_L4", pre="V1_L23_pyr", probability=0.5)]
    est = regressor(populations=table, warm_start=True, recurrent_init="uniform").fit(X, y)
    assert est.mask_.all()
    given = {"connection_probabilities": PROBABILITIES, "between_areas": rules}
    est.set_params(pruning=pruning, **given).fit(X, y)
    labels = unit_index(table)
    names = table["population"].tolist()
    drawn = est.mask_[
        np.ix_(labels == names.index("LM_L4_pyr"), labels == names.index("V1_L23_pyr"))
    ]
    assert 0.4 < drawn.mean() < 0.6
    first = est.mask_.copy()
    np.testing.assert_array_equal(est.fit(X, y).mask_, first)  # the same ones: the same draw
    rules = [BetweenAreas(post="LM_L4", pre="V1_L23_pyr", probability=0.0)]
    est.set_params(between_areas=rules).fit(X, y)
    area = table["area"].to_numpy()[labels]
    assert not est.mask_[np.ix_(area == "LM", area == "V1")].any()
    assert not est.W_rec_[~est.mask_].any()
    est.set_params(connection_probabilities=None, between_areas=None, pruning=None).fit(X, y)
    assert est.mask_.all()


def test_two_by_two_densities_are_those_of_excitation_and_inhibition_in_any_order():
    X, y = data(2)
    signs = np.tile([1, 1, 1, -1], 5)
    density = np.array([[0.2, 0.4], [0.6, 0.8]])
    est = CellTypeRNNRegressor(
        n_units=20, signs=signs, pruning=EXACT, density=density, max_iter=1, random_state=0, **FREE
    ).fit(X, y)
    np.testing.assert_allclose(est.achieved_density_, density, atol=0.02)


def test_a_continued_fit_needs_the_same_number_of_units():
    X, y = data()
    est = regressor(warm_start=True, connection_probabilities=PROBABILITIES).fit(X, y)
    larger = cortical_populations(areas=["V1"], layers=["L4", "L2/3"], scaling=2)
    with pytest.raises(ValueError, match="n_units must be 30, as in the earlier fit"):
        est.set_params(populations=larger).fit(X, y)
