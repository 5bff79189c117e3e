"""Signs of inputs and outputs, and weights that stay as they are drawn: exact at every step."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_biornn import CellTypeRNNRegressor, DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.biology import cortical_populations

N_UNITS, N_FEATURES, N_OUTPUTS = 7, 3, 2
RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 5, N_FEATURES))
Y = RNG.standard_normal((20, 5, N_OUTPUTS))
NAMES = ("W_in", "W_rec", "b_rec", "W_out", "b_out")


def network(**options):
    # A large learning rate, so that weights reach the wall in a few steps.
    defaults = {"n_units": N_UNITS, "max_iter": 4, "batch_size": 5, "learning_rate_init": 0.1}
    return DaleRNNRegressor(**{**defaults, "random_state": 0, **options})


def assert_obeys(weights, signs, mask=None):
    assert (weights * np.where(np.asarray(signs) == 0, 0, signs) >= 0).all()
    if mask is not None:
        assert not weights[~mask].any()


def signs_of(count):
    return st.lists(st.sampled_from([-1, 0, 1]), min_size=count, max_size=count)


@given(
    of_inputs=signs_of(N_FEATURES),
    of_units=signs_of(N_UNITS),
    masked=st.booleans(),
    early=st.booleans(),
    solver=st.sampled_from(["adam", "sgd"]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 1000),
)
def test_signs_hold_exactly_in_everything_that_is_seen(
    of_inputs, of_units, masked, early, solver, dtype, seed
):
    rng = np.random.default_rng(seed)
    masks = {"input_mask": rng.random((N_UNITS, N_FEATURES)) < 0.6} if masked else {}
    if masked:
        masks["readout_mask"] = rng.random((N_OUTPUTS, N_UNITS)) < 0.6

    def look(net):
        assert_obeys(net.W_in_, of_inputs, masks.get("input_mask"))
        assert_obeys(net.W_out_, of_units, masks.get("readout_mask"))

    options = {"input_signs": of_inputs, "readout_signs": of_units, "early_stopping": early}
    net = network(**options, **masks, solver=solver, on_epoch=look, random_state=seed)
    net.fit(X.astype(dtype), Y.astype(dtype))
    look(net)
    again = pickle.loads(pickle.dumps(net.set_params(on_epoch=None, warm_start=True)))
    look(again.fit(X.astype(dtype), Y.astype(dtype)))
    if not early:
        look(again.partial_fit(X.astype(dtype), Y.astype(dtype)))


def test_weights_reach_the_wall_and_leave_it():
    zeros = []
    net = network(
        input_signs="excitatory", max_iter=30, on_epoch=lambda n: zeros.append(n.W_in_ == 0)
    )
    net.fit(X, Y)
    stopped = np.array(zeros)
    assert stopped.any() and (stopped[:-1] & ~stopped[1:]).any()


def test_excitatory_units_alone_are_read():
    net = network(readout_signs="excitatory", excitatory_fraction=0.6).fit(X, Y)
    excitatory = net.signs_ > 0
    assert (net.W_out_[:, excitatory] >= 0).all() and (net.W_out_[:, excitatory] > 0).any()
    assert not net.W_out_[:, ~excitatory].any()
    # A perturbation of an inhibitory unit's weights in its own column of nothing is not seen.
    states = net.hidden_states(X)
    outputs = states[:, :, excitatory] @ net.W_out_[:, excitatory].T + net.b_out_
    np.testing.assert_allclose(net.predict(X), outputs, atol=1e-12)


def test_every_unit_may_be_read_with_its_own_sign():
    net = network(readout_signs="dale", excitatory_fraction=0.6).fit(X, Y)
    assert (net.W_out_ * net.signs_ >= 0).all() and net.W_out_[:, net.signs_ < 0].any()


def test_signs_of_a_table_and_of_a_network_without_dales_law():
    table = cortical_populations().head(3).assign(n_units=[8, 3, 2])
    net = CellTypeRNNRegressor(
        populations=table, readout="dense", freeze_readout=False, readout_signs="excitatory"
    )
    net.set_params(max_iter=3, random_state=0).fit(X, Y)
    assert not net.W_out_[:, 8:].any() and (net.W_out_[:, :8] >= 0).all()
    free = network(dale=None, readout_signs="dale").fit(X, Y)
    assert (free.W_out_[:, :5] >= 0).all() and (free.W_out_[:, 5:] <= 0).all()


def test_initial_weights_keep_their_spread():
    plain = network(max_iter=1, learning_rate_init=1e-300).fit(X, Y)
    signed = network(
        max_iter=1, learning_rate_init=1e-300, input_signs=[1, -1, 0], readout_signs="dale"
    ).fit(X, Y)
    np.testing.assert_array_equal(np.abs(signed.W_in_), np.abs(plain.W_in_))
    np.testing.assert_array_equal(np.abs(signed.W_out_), np.abs(plain.W_out_))
    np.testing.assert_array_equal(signed.W_in_[:, 2], plain.W_in_[:, 2])


def test_projected_steps_are_those_of_a_plain_loop():
    """One step of gradient descent and the nearest allowed weights, by hand."""
    options = {"solver": "sgd", "batch_size": 20, "shuffle": False, "max_iter": 1}
    options["learning_rate_init"] = 5.0
    free = network(**options).fit(X, Y)
    start = {name: getattr(free, f"{name}_") for name in NAMES}
    start["W_in"] = np.abs(start["W_in"]) * [1, 1, -1]
    free = DaleRNNRegressor.from_weights(**start, **options)
    signed = DaleRNNRegressor.from_weights(**start, **options, input_signs=[1, 1, -1])
    free.partial_fit(X, Y)
    signed.partial_fit(X, Y)
    wrong = free.W_in_ * [1, 1, -1] < 0
    assert wrong.any()
    np.testing.assert_array_equal(signed.W_in_, np.where(wrong, 0, free.W_in_))


@pytest.mark.parametrize("name", NAMES)
def test_frozen_weights_stay_and_the_others_move(name):
    start = network(max_iter=1, learning_rate_init=1e-300).fit(X, Y)
    net = network(frozen=(name,), max_iter=3).fit(X, Y)
    for other in NAMES:
        pair = getattr(start, f"{other}_"), getattr(net, f"{other}_")
        moved = not np.allclose(*pair, rtol=0, atol=1e-200)  # zeros moved by the first network
        assert moved == (other != name), other
    drawn = getattr(net, f"{name}_").copy()
    net.set_params(warm_start=True).fit(X, Y).partial_fit(X, Y)
    assert np.array_equal(getattr(net, f"{name}_"), drawn)


def test_a_thawed_weight_moves_and_the_others_keep_their_momentum():
    net = network(frozen=["W_rec", "W_in"], warm_start=True).fit(X, Y)
    before = net.W_rec_.copy()
    moments = net._state.moments
    assert set(moments) == {"b_rec", "w_out", "b_out"}
    net.set_params(frozen=()).partial_fit(X, Y)
    assert not np.array_equal(net.W_rec_, before)
    assert int(net._state.moments["w_out"]["step"]) == int(moments["w_out"]["step"]) + 4
    assert int(net._state.moments["w_rec"]["step"]) == 4


def test_freezing_the_read_out_of_cell_types_is_a_case_of_it():
    table = cortical_populations().head(2).assign(n_units=[8, 3])
    options = {"populations": table, "max_iter": 3, "random_state": 0, "input_mask": None}
    one = CellTypeRNNRegressor(**options).fit(X, Y)
    other = CellTypeRNNRegressor(**options, freeze_readout=False, frozen=("W_out", "b_out"))
    assert np.array_equal(one.W_rec_, other.fit(X, Y).W_rec_)
    assert np.array_equal(one.W_out_, other.W_out_)


def test_two_frozen_terms_of_a_bias_and_a_pruned_frozen_network():
    both = network(recurrent_bias="double", frozen=("b_rec",), max_iter=2).fit(X, Y)
    assert np.array_equal(
        both.b_rec_,
        network(recurrent_bias="double", max_iter=1, learning_rate_init=1e-300).fit(X, Y).b_rec_,
    )
    pruned = network(frozen=("W_rec",), pruning="magnitude", density=0.3, finetune_iter=3).fit(X, Y)
    np.testing.assert_array_equal(pruned.W_rec_, np.where(pruned.mask_, pruned.W_dense_, 0))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"input_signs": "inhibitory"}, ValueError, r"input_signs must be one of \['excitatory'\]"),
        ({"input_signs": [1, 1]}, ValueError, r"input_signs must have one value per feature"),
        ({"input_signs": [1, 2, 0]}, ValueError, "input_signs must contain only -1, 0 and 1"),
        ({"input_signs": [True, True, False]}, ValueError, "input_signs must"),
        ({"readout_signs": "Dale"}, ValueError, r"readout_signs must be one of \['excitatory', 'd"),
        ({"readout_signs": [1]}, ValueError, "readout_signs must have one value per unit"),
        (
            {"readout_signs": "excitatory", "signs": [-1] * 7},
            ValueError,
            "without excitatory units",
        ),
        ({"frozen": "W_rec"}, TypeError, "frozen must be a tuple of names among"),
        ({"frozen": ("w_rec",)}, ValueError, "frozen must be a tuple of names among"),
        ({"frozen": None}, TypeError, "frozen must be a tuple of names among"),
        ({"frozen": NAMES}, ValueError, "frozen must leave some weights to train"),
    ],
)
def test_what_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        network(**arguments).fit(X, Y)


def test_classifiers_have_them_too():
    labels = np.arange(20) % 2
    net = DaleRNNClassifier(n_units=N_UNITS, readout_signs="excitatory", max_iter=3, random_state=0)
    net.fit(X, labels)
    assert (net.W_out_ >= 0).all()
