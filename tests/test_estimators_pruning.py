"""Pruning in every estimator: the phases of a fit, and what holds exactly in each of them."""

from __future__ import annotations

import pickle
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from problems import ESTIMATORS, LAWS_OR_NONE, PRUNER_NAMES
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sk_biornn import (
    DaleRNNRegressor,
)
from sk_biornn.biology import Dale, MagnitudePruning, TopProbPruning
from sk_biornn.estimators import CosineCycles, DensityWarning, _synapses

SMALL = {"n_units": 12, "max_iter": 3, "learning_rate_init": 0.02, "random_state": 0}
PRUNED = {**SMALL, "pruning": "top-prob", "density": 0.25, "finetune_iter": 3}
EXACT = TopProbPruning(fixed_count=True)
WEIGHTS = ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_")


def data(n_trials=20, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_trials, 5, 2))
    return X, rng.standard_normal(n_trials)


def regressor(**parameters):
    return DaleRNNRegressor(**{**PRUNED, **parameters})


def assert_on_the_mask(estimator):
    """No weight off the mask and none of the wrong sign, not by 1e-12."""
    assert not estimator.W_rec_[~estimator.mask_].any()
    assert (estimator.W_rec_ * estimator.signs_ >= 0).all()


# ------------------------------------------------------------------ the phases


@pytest.mark.parametrize("cls", ESTIMATORS)
@pytest.mark.parametrize("pruning", [*PRUNER_NAMES, EXACT])
@pytest.mark.parametrize("schedule", ["one-shot", "cubic"])
def test_every_estimator_prunes(cls, pruning, schedule):
    X, y = data()
    y = y > 0 if "Classifier" in cls.__name__ else y
    est = cls(**{**PRUNED, "pruning": pruning}, pruning_schedule=schedule).fit(X, y)
    assert est.achieved_density_ == est.mask_.mean() <= 0.45
    if pruning in ("magnitude", EXACT):
        assert est.achieved_density_ == 0.25
    assert_on_the_mask(est)
    assert (est.n_iter_dense_, est.n_iter_, len(est.loss_curve_)) == (3, 6, 6)
    assert est.predict(X).shape == y.shape


def test_dense_phase_is_that_of_a_fit_without_pruning():
    X, y = data()
    dense = DaleRNNRegressor(**SMALL).fit(X, y)
    pruned = regressor(finetune_iter=0).fit(X, y)
    np.testing.assert_array_equal(pruned.W_dense_, dense.W_rec_)
    assert pruned.loss_curve_ == dense.loss_curve_
    np.testing.assert_array_equal(pruned.W_rec_, np.where(pruned.mask_, dense.W_rec_, 0))
    for name in WEIGHTS[1:]:
        np.testing.assert_array_equal(getattr(pruned, name), getattr(dense, name))
    assert (dense.W_dense_, dense.achieved_density_, dense.n_iter_dense_) == (None, None, None)


def test_retraining_is_a_fit_under_the_mask_with_a_fresh_optimiser():
    X, y = data()
    steps = {"batch_size": 20, "shuffle": False}  # so that no draw is between the two
    pruned = regressor(**steps).fit(X, y)
    start = regressor(**steps, finetune_iter=0).fit(X, y)
    again = DaleRNNRegressor(**{**SMALL, **steps}, mask=start.mask_, warm_start=True).fit(X, y)
    for name in WEIGHTS:
        setattr(again, name, getattr(start, name).copy())
    again.restart_optimiser()
    again.fit(X, y)
    for name in WEIGHTS:
        np.testing.assert_array_equal(getattr(again, name), getattr(pruned, name))
    assert again.loss_curve_[3:] == pruned.loss_curve_[3:]


def test_retraining_lowers_the_loss():
    X, y = data()
    est = regressor(max_iter=20, finetune_iter=40).fit(X, y)
    assert est.loss_curve_[-1] < 0.7 * est.loss_curve_[20]


class Recorder:
    """Looks at the network after every epoch."""

    def __init__(self, stop_at=()):
        self.seen, self.stop_at = [], stop_at

    def __call__(self, est):
        assert_on_the_mask(est)
        self.seen.append((est.n_iter_, est.mask_.copy(), est.W_rec_.copy()))
        return est.n_iter_ in self.stop_at


@pytest.mark.parametrize("dale", LAWS_OR_NONE)
@pytest.mark.parametrize("schedule", ["one-shot", "cubic"])
def test_nothing_off_the_mask_moves_in_any_epoch(dale, schedule):
    X, y = data()
    on_epoch = Recorder()
    est = regressor(dale=dale, on_epoch=on_epoch, pruning_schedule=schedule, autapses=False)
    est.fit(X, y)
    assert [n for n, _, _ in on_epoch.seen] == [1, 2, 3, 4, 5, 6]
    densities = [mask.mean() for _, mask, _ in on_epoch.seen]
    assert (np.diff(densities) <= 0).all()
    assert densities[0] == 11 / 12
    assert densities[3] == densities[5] == est.achieved_density_
    last_two = [W for _, _, W in on_epoch.seen[-2:]]
    assert (last_two[0] != last_two[1])[est.mask_].any()  # what is on it does move


@pytest.mark.parametrize("dale", LAWS_OR_NONE)
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_nothing_off_the_mask_moves_afterwards(dale, noise):
    X, y = data()
    est = regressor(dale=dale, recurrent_noise=noise, noise_level=noise).fit(X, y)
    mask, before = est.mask_.copy(), est.W_rec_.copy()
    est.partial_fit(X, y)
    est.set_params(warm_start=True).fit(X, y)
    np.testing.assert_array_equal(est.mask_, mask)
    assert_on_the_mask(est)
    assert (est.W_rec_ != before).any()
    assert (est.n_iter_, est.n_iter_dense_) == (6 + 1 + 3, 3)
    copied = pickle.loads(pickle.dumps(est))
    assert_on_the_mask(copied.partial_fit(X, y))
    np.testing.assert_array_equal(copied.mask_, mask)


def test_early_stopping_acts_in_both_phases():
    X, y = data(40)
    est = regressor(early_stopping=True, n_iter_no_change=1, tol=1e3, max_iter=9, finetune_iter=9)
    est.fit(X, y)
    assert (est.n_iter_dense_, est.n_iter_) == (2, 4)
    assert len(est.validation_scores_) == 4
    assert_on_the_mask(est)


def test_early_stopping_waits_for_the_mask_of_a_gradual_schedule():
    X, y = data(40)
    est = regressor(early_stopping=True, n_iter_no_change=1, tol=1e3, pruning_schedule="cubic")
    est.set_params(max_iter=5, finetune_iter=9).fit(X, y)
    assert (est.n_iter_dense_, est.n_iter_) == (5, 7)


@pytest.mark.parametrize("schedule", ["one-shot", "cubic"])
def test_a_function_that_ends_a_phase_does_not_end_the_pruning(schedule):
    X, y = data()
    est = regressor(on_epoch=Recorder(stop_at=(2, 4)), pruning_schedule=schedule, pruning=EXACT)
    est.fit(X, y)
    assert (est.n_iter_dense_, est.n_iter_) == (2, 4)
    assert est.achieved_density_ == 0.25


def test_lines_of_a_verbose_fit(capsys):
    X, y = data()
    regressor(verbose=1, pruning=EXACT, max_iter=1, finetune_iter=1).fit(X, y)
    lines = capsys.readouterr().err.splitlines()
    name = "DaleRNNRegressor"
    assert [line.split(",")[0] for line in lines] == [
        f"{name}: epoch 1/2",
        f"{name}: pruned after epoch 1: density 0.2500",
        f"{name}: epoch 2/2",
    ]


def test_sample_weights_act_in_both_phases():
    X, y = data()
    weights = np.r_[np.zeros(5), np.ones(15)]
    with_weights = regressor().fit(X, y, sample_weight=weights)
    without = regressor().fit(X[5:], y[5:])
    np.testing.assert_array_equal(with_weights.W_rec_, without.W_rec_)


# ------------------------------------------------------------------ schedules


def test_cubic_schedule_is_that_of_zhu_and_gupta():
    X, y = data()
    on_epoch = Recorder()
    est = regressor(
        pruning="magnitude", dale=None, pruning_schedule="cubic", max_iter=5, on_epoch=on_epoch
    ).fit(X, y)
    wanted = 0.25 + 0.75 * (1 - np.arange(6) / 5) ** 3  # after epochs 0 (all weights) to 5
    found = [mask.mean() for _, mask, _ in on_epoch.seen]  # seen before the epoch's pruning
    np.testing.assert_allclose(found[:6], wanted, atol=0.5 / 144)
    assert est.n_iter_dense_ == 5


def test_gradual_phase_keeps_one_optimiser_and_one_learning_rate_curve():
    X, y = data()
    options = {"learning_rate": CosineCycles(4, 1e-3), "density": 1.0, "dale": None}
    one_shot, cubic = (
        regressor(**options, pruning_schedule=schedule, max_iter=6).fit(X, y)
        for schedule in ("one-shot", "cubic")
    )
    np.testing.assert_allclose(one_shot.loss_curve_[:6], cubic.loss_curve_[:6], rtol=1e-12)


def test_learning_rate_of_the_cell_type_networks():
    cycles = CosineCycles(period=20, minimum=1e-4)
    epochs = np.arange(70)
    published = 1e-4 + 4.5e-4 * (1 + np.cos(np.pi * epochs / 10))
    np.testing.assert_allclose([cycles.rate(e, 1e-3) for e in epochs], published, rtol=1e-12)


# ------------------------------------------------------------------ densities


def test_densities_per_block():
    X, y = data()
    blocks = np.arange(12) % 3
    density = np.array([[0.5, 0.25, 0.0], [0.125, 1.0, 0.25], [0.25, 0.5, 0.75]])
    est = regressor(pruning=EXACT, density=density, blocks=blocks, dale=None).fit(X, y)
    np.testing.assert_array_equal(est.achieved_density_, density)
    for post in range(3):
        for pre in range(3):
            block = est.mask_[np.ix_(blocks == post, blocks == pre)]
            assert block.mean() == density[post, pre]


def test_two_by_two_densities_are_those_of_excitation_and_inhibition():
    X, y = data()
    signs = np.tile([1, -1], 6)
    est = regressor(pruning=EXACT, density=[[0.25, 0.5], [0.75, 0.0]], signs=signs, dale=None)
    est.fit(X, y)
    assert est.mask_[::2, ::2].mean() == 0.25
    assert est.mask_[::2, 1::2].mean() == 0.5
    assert est.mask_[1::2, ::2].mean() == 0.75


def test_a_mask_is_pruned_further():
    X, y = data()
    mask = np.random.default_rng(0).random((12, 12)) < 0.5
    est = regressor(mask=mask, pruning=EXACT, density=0.125).fit(X, y)
    assert not est.mask_[~mask].any()
    assert est.achieved_density_ == 0.125


def test_a_density_of_one_keeps_what_is_there():
    X, y = data()
    est = regressor(density=1.0).fit(X, y)
    np.testing.assert_array_equal(est.mask_, est.W_dense_ != 0)
    assert est.achieved_density_ == np.mean(est.W_dense_ != 0) < 1


def test_a_density_of_zero_leaves_a_feedforward_network():
    X, y = data()
    est = regressor(density=0.0).fit(X, y)
    assert not est.W_rec_.any()
    assert est.achieved_density_ == 0
    assert np.isfinite(est.predict(X)).all()


# ------------------------------------------------------------------ continued fits


def test_a_lower_density_prunes_the_pruned_network_further():
    X, y = data()
    est = regressor(warm_start=True, pruning=EXACT, density=0.5).fit(X, y)
    first = est.mask_.copy()
    est.set_params(density=0.125).fit(X, y)
    assert est.achieved_density_ == 0.125
    assert not est.mask_[~first].any()
    assert (est.n_iter_, est.n_iter_dense_) == (12, 9)
    assert_on_the_mask(est)


def test_a_continued_fit_without_pruning_is_free_again():
    X, y = data()
    est = regressor(dale=None).fit(X, y)
    est.set_params(pruning=None, density=None, warm_start=True).fit(X, y)
    assert est.mask_.all()
    assert est.W_dense_ is est.achieved_density_ is est.n_iter_dense_ is None


def test_a_new_fit_forgets_the_old_mask():
    X, y = data()
    est = regressor()
    first, second = est.fit(X, y).W_rec_.copy(), est.fit(X, y).W_rec_
    np.testing.assert_array_equal(first, second)


def test_partial_fit_never_prunes():
    X, y = data()
    est = regressor()
    for _ in range(3):
        est.partial_fit(X, y)
    plain = DaleRNNRegressor(**SMALL)
    for _ in range(3):
        plain.partial_fit(X, y)
    np.testing.assert_array_equal(est.W_rec_, plain.W_rec_)
    assert est.mask_.all()


def test_a_failing_fit_leaves_the_pruned_network_as_it_was():
    X, y = data()
    est = regressor().fit(X, y)
    before, mask = est.W_rec_.copy(), est.mask_.copy()
    est.set_params(solver="sgd", learning_rate_init=1e30, dale=None)
    with pytest.raises(ValueError, match="non-finite"), np.errstate(all="ignore"):
        est.fit(X, y)
    np.testing.assert_array_equal(est.W_rec_, before)
    np.testing.assert_array_equal(est.mask_, mask)


# ------------------------------------------------------------------ with scikit-learn


def test_clone_and_grid_search():
    X, y = data()
    grid = {"density": [0.25, 0.5], "pruning": [EXACT, MagnitudePruning()]}
    search = GridSearchCV(regressor(), grid, cv=2).fit(X, y)
    assert search.best_estimator_.achieved_density_ in (0.25, 0.5)
    copied = clone(search.best_estimator_)
    assert copied.get_params() == search.best_estimator_.get_params()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_seed_same_bits(dtype):
    X, y = data()
    first, second = (regressor().fit(X.astype(dtype), y) for _ in range(2))
    other = regressor(random_state=1).fit(X.astype(dtype), y)
    assert first.W_rec_.dtype == dtype
    np.testing.assert_array_equal(first.W_rec_, second.W_rec_)
    assert (first.mask_ != other.mask_).any()


# ------------------------------------------------------------------ sparse products


@dataclass(frozen=True)
class Outgoing:
    """Dale's law and a cap on what a unit sends in total: it needs the whole matrix."""

    def bind(self, signs, mask):
        law = Dale().bind(signs, mask)

        def retract(proposed, before):
            law.retract(proposed, before)
            proposed.div_(proposed.abs().sum(dim=0).clamp(min=1))

        return law._replace(retract=retract)


def large(**parameters):
    return regressor(n_units=260, density=0.03, regularizer="weight", regu_strength=1e-3,
                     pruning=EXACT, batch_size=10, **parameters)  # fmt: skip


@pytest.mark.parametrize("dale", [*LAWS_OR_NONE, Outgoing()])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_products_change_nothing_but_rounding(dale, dtype, monkeypatch):
    X, y = data()
    X = X.astype(dtype)
    taken = []
    real = _synapses.support_where_it_pays

    def spy(*arguments):
        taken.append(real(*arguments))
        return taken[-1]

    monkeypatch.setattr(_synapses, "support_where_it_pays", spy)
    few = large(dale=dale).fit(X, y).partial_fit(X, y)
    assert [support is None for support in taken] == [True, False, False]
    monkeypatch.setattr(_synapses, "support_where_it_pays", lambda *_: None)
    dense = large(dale=dale).fit(X, y).partial_fit(X, y)
    for name in WEIGHTS:
        pair = (getattr(est, name) for est in (few, dense))
        np.testing.assert_allclose(*pair, rtol=0, atol=1e-9 if dtype == np.float64 else 2e-3)
    assert_on_the_mask(few)
    moments = few._state.moments["w_rec"]
    assert moments["exp_avg"].shape == (260, 260)  # the same state, however it was computed


def test_a_gradual_schedule_passes_from_dense_to_sparse_products(monkeypatch):
    X, y = data()
    options = {"pruning_schedule": "cubic", "pruning": "magnitude", "max_iter": 4}
    few = large().set_params(**options).fit(X, y)
    monkeypatch.setattr(_synapses, "support_where_it_pays", lambda *_: None)
    dense = large().set_params(**options).fit(X, y)
    np.testing.assert_array_equal(few.mask_, dense.mask_)
    np.testing.assert_allclose(few.W_rec_, dense.W_rec_, rtol=0, atol=1e-9)
    assert few.achieved_density_ == pytest.approx(0.03, abs=1e-5)


def test_a_sparse_mask_of_the_user_is_enough_for_sparse_products(monkeypatch):
    X, y = data()
    mask = np.random.default_rng(0).random((260, 260)) < 0.05
    options = {**SMALL, "n_units": 260, "mask": mask, "recurrent_init": "uniform", "solver": "sgd"}
    few = DaleRNNRegressor(**options, early_stopping=True, max_grad_norm=0.1).fit(X, y)
    monkeypatch.setattr(_synapses, "support_where_it_pays", lambda *_: None)
    dense = DaleRNNRegressor(**options, early_stopping=True, max_grad_norm=0.1).fit(X, y)
    np.testing.assert_allclose(few.W_rec_, dense.W_rec_, rtol=0, atol=1e-12)
    assert_on_the_mask(few)


# ------------------------------------------------------------------ what does not fit

WRONG = {
    "density must be given when pruning is, got None": {"density": None},
    "pruning must be given when density is, got pruning=None": {"pruning": None},
    f"pruning must be one of {re.escape(str(PRUNER_NAMES))}": {"pruning": "largest"},
    r"density must be in \[0, 1\], got 1.5": {"density": 1.5},
    r"density must be in \[0, 1\], got -0.5": {"density": [[0.1, -0.5], [0.1, 0.1]]},
    "blocks must say the block of each unit": {"density": np.full((3, 3), 0.1)},
    r"blocks must have one non-negative int per unit, shape \(12,\)": {"blocks": [0, 1]},
    "a row and a column for each of the 12 blocks": {
        "density": np.full((3, 3), 0.1),
        "blocks": np.arange(12),
    },
    r"square matrix \[post, pre\], got shape \(2, 3\)": {"density": np.full((2, 3), 0.1)},
    "finetune_iter must be an integer of at least 0, got -1": {"finetune_iter": -1},
    r"pruning_schedule must be one of \['one-shot', 'cubic'\]": {"pruning_schedule": "linear"},
    "learning_rate must be one of": {"learning_rate": "steps"},
    "pruning must be given when blocks is, got None": {
        "pruning": None,
        "density": None,
        "blocks": np.zeros(12, dtype=int),
    },
    "units of sign 0": {"density": np.full((2, 2), 0.1), "signs": np.zeros(12)},
}


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_fit_is_refused_before_training(message):
    X, y = data()
    on_epoch = Recorder()
    with pytest.raises(ValueError, match=message):
        regressor(on_epoch=on_epoch, **WRONG[message]).fit(X, y)
    assert not on_epoch.seen


@pytest.mark.parametrize("density", ["sparse", "0.1", True, pd.DataFrame([[0.5, 0.1], [0.1, 0.5]])])
def test_a_density_that_is_no_number_is_refused(density):
    with pytest.raises(TypeError, match="density must be a number"):
        regressor(density=density).fit(*data())


def test_a_density_that_the_weights_cannot_reach_is_told():
    X, y = data()
    weights = np.zeros((12, 12))
    weights[:, :3] = 0.1  # a quarter of the whole; half of the first block's columns
    options = {"recurrent_init": weights, "dale": "exponentiated", "random_state": 0}
    asked = {"pruning": "magnitude", "density": 0.6, **options}
    with pytest.warns(DensityWarning, match=r"density 0.6 was asked for, where only 0.25 of the"):
        est = regressor(**asked).fit(X, y)
    assert est.achieved_density_ == 0.25
    asked["density"] = 0.3  # hardly more than what is there
    regressor(**asked).fit(X, y)
    blocks = np.repeat([0, 1], 6)
    message = (
        r"density 0.9 was asked for in the block 1 <- 0, where only 0.5 .* \(other such blocks: 1\)"
    )
    with pytest.warns(DensityWarning, match=message):
        regressor(**{**asked, "density": [[0.8, 0.0], [0.9, 0.0]], "blocks": blocks}).fit(X, y)


class OwnPruning:
    """Somebody's own: keeps what `answer` says."""

    def __init__(self, answer):
        self.answer = answer

    def prune(self, W, density, *, mask, blocks, random_state):
        return self.answer(W), density


def test_an_own_pruning_object_is_heard_before_the_training_and_then():
    X, y = data()
    on_epoch = Recorder()
    for answer, found in ((lambda W: W * 1.0, "float64"), (lambda W: np.ones(3, bool), "bool")):
        with pytest.raises(ValueError, match=rf"bool of shape \(12, 12\), .* got {found} of shape"):
            regressor(pruning=OwnPruning(answer), on_epoch=on_epoch).fit(X, y)
    assert not on_epoch.seen
    est = regressor(pruning=OwnPruning(lambda W: np.eye(12, dtype=bool))).fit(X, y)
    np.testing.assert_array_equal(est.mask_, np.eye(12, dtype=bool))
    assert_on_the_mask(est)


@pytest.mark.parametrize("arguments", [{"period": 0}, {"minimum": -1.0}, {"period": np.nan}])
def test_cycles_that_make_no_sense_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        CosineCycles(**arguments)
