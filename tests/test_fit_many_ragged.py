"""Networks with trials of unequal length, and with noise, learn side by side as alone."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from test_fit_many import FAMILIES, LABELS, SMALL, WEIGHTS, X, Y, seeds_of
from torch.nn.utils.rnn import pad_sequence

from sk_biornn import CellTypeRNNRegressor, DaleRNNClassifier, DaleRNNRegressor
from sk_biornn.core import DivergenceError, RNNParams, run
from sk_biornn.ensemble import fit_many
from sk_biornn.ensemble._lockstep import Lockstep, Member
from sk_biornn.ensemble._sizes import bytes_of_one, most_together
from sk_biornn.estimators._side_by_side import TrainingSets, scale_of
from sk_biornn.estimators._stackable import _all_at_once, _one_by_one
from sk_biornn.studies.inductive_bias.classifier import CountingClassifier

LENGTHS = np.random.default_rng(0).integers(1, 9, 24)
NOISE = {"recurrent_noise": 0.2, "noise_level": 0.1}


def cut(lengths, dtype=np.float64, per_step=Y):
    """Return trials and targets of these lengths."""
    trials = [trial[:n].astype(dtype) for trial, n in zip(X, lengths, strict=True)]
    if per_step is LABELS:
        return trials, list(LABELS)
    return trials, [target[:n] for target, n in zip(per_step, lengths, strict=True)]


def assert_same(many, alone, tolerance=1e-9):
    for one, other in zip(many, alone, strict=True):
        for name in WEIGHTS:
            np.testing.assert_allclose(
                getattr(one, name), getattr(other, name), rtol=0, atol=tolerance, err_msg=name
            )
        np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=tolerance * 10)
        assert one.n_iter_ == other.n_iter_
        np.testing.assert_array_equal(one.mask_, other.mask_)


def together(prototype, trials, targets, n=3, tolerance=1e-9, **options):
    """Fit seeds in a stack and alone, and see that they are the same then and after one more."""
    fit = {key: value for key, value in options.items() if key == "sample_weight"}
    alone = [network.fit(trials, targets, **fit) for network in seeds_of(prototype, n)]
    many = fit_many(seeds_of(prototype, n), trials, targets, strategy="stacked", **options)
    assert many.stacking_report["stack"].tolist() == [n] * n, many.stacking_report
    assert_same(many, alone, tolerance)
    if not prototype.early_stopping:  # the streams of noise and of batches are where they were
        again = [
            [pickle.loads(pickle.dumps(network)).partial_fit(trials, targets) for network in group]
            for group in (many, alone)
        ]
        assert_same(*again, tolerance)
    return many, alone


@pytest.mark.parametrize("cls", FAMILIES)
@pytest.mark.parametrize("noise", [{}, NOISE], ids=["", "noise"])
def test_every_family(cls, noise):
    y = FAMILIES[cls]
    trials, targets = cut(LENGTHS, per_step=y)
    together(cls(rate_penalty=0.05, **noise, **SMALL), trials, targets)


@given(
    lengths=st.lists(st.integers(1, 8), min_size=24, max_size=24).filter(
        lambda lengths: len(set(lengths[:16])) > 1
    ),
    last=st.booleans(),
    dale=st.sampled_from(["projection", "square", "exponentiated", None]),
    regularizer=st.sampled_from([None, "weight", "rate", "silent_units"]),
    pruning=st.sampled_from([None, "magnitude"]),
    schedule=st.sampled_from(["one-shot", "cubic"]),
    early=st.booleans(),
    norm=st.sampled_from([None, 0.05]),
    tau=st.sampled_from([None, 25.0]),
    readout_from=st.sampled_from(["state", "rate"]),
    units=st.sampled_from([0.0, 0.2]),
    inputs=st.sampled_from([0.0, 0.1]),
    weighted=st.booleans(),
    ragged=st.booleans(),
    size=st.sampled_from([5, 9, 100]),
    single=st.booleans(),
    n=st.integers(2, 4),
)
@settings(max_examples=25, deadline=None)
def test_anything_together(
    lengths, last, dale, regularizer, pruning, schedule, early, norm, tau, readout_from, units,
    inputs, weighted, ragged, size, single, n,
):  # fmt: skip
    prototype = (DaleRNNClassifier if last else DaleRNNRegressor)(
        dale=dale,
        regularizer=regularizer,
        regu_strength=0.05,
        pruning=pruning,
        density=None if pruning is None else 0.3,
        pruning_schedule=schedule,
        finetune_iter=2,
        early_stopping=early,
        n_iter_no_change=1,
        max_grad_norm=norm,
        dt=10.0 if tau else None,
        tau=tau,
        readout_from=readout_from,
        recurrent_noise=units,
        noise_level=inputs,
        **{**SMALL, "batch_size": size},
    )
    # `max_iter` is small: single precision would part after many epochs.
    dtype = np.float32 if single else np.float64
    trials, targets = cut(lengths if ragged else [8] * 24, dtype, LABELS if last else Y)
    weights = {"sample_weight": np.linspace(0.5, 2, 24)} if weighted else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tolerance = 1e-3 if single else 1e-9
        if single and pruning is not None:  # a rounding may decide what is pruned
            prototype.set_params(pruning=None, density=None)
        together(prototype, trials, targets, n, tolerance, **weights)


# -------------------------------------------------------------- cases of which one thinks


def test_batches_of_one_step_trials_beside_long_ones():
    # The second network has one longer trial only: most of its batches are of one step.
    folds = [np.arange(12), np.arange(12, 24)]
    lengths = np.array([8, 7, 6, 5] * 3 + [1] * 11 + [3])
    trials, targets = cut(lengths)
    for penalty in ({}, {"rate_penalty": 0.1}):
        networks = seeds_of(DaleRNNRegressor(**penalty, **{**SMALL, "batch_size": 4}), 2)
        alone = [
            clone(network).fit([trials[k] for k in fold], [targets[k] for k in fold])
            for network, fold in zip(networks, folds, strict=True)
        ]
        many = fit_many(networks, trials, targets, indices=folds, strategy="stacked")
        assert many.stacking_report["stack"].tolist() == [2, 2]
        assert_same(many, alone)


def test_folds_whose_longest_trials_differ():
    folds = [np.arange(24)[k::3] for k in range(3)]
    lengths = np.where(np.arange(24) % 3 == 0, LENGTHS, np.minimum(LENGTHS, 5))
    for y in (Y, LABELS):
        cls = DaleRNNClassifier if y is LABELS else DaleRNNRegressor
        trials, targets = cut(lengths, per_step=y)
        networks = seeds_of(cls(rate_penalty=0.1, **NOISE, **SMALL))
        alone = [
            clone(network).fit([trials[k] for k in fold], [targets[k] for k in fold])
            for network, fold in zip(networks, folds, strict=True)
        ]
        many = fit_many(networks, trials, targets, indices=folds, strategy="stacked")
        assert many.stacking_report["stack"].tolist() == [3, 3, 3]
        assert_same(many, alone)


def test_even_and_uneven_folds_are_in_stacks_of_their_own():
    lengths = np.array([8] * 8 + [5] * 8 + [3] * 8)
    folds = [np.arange(8), np.arange(8, 16), np.arange(4, 12)]
    trials, targets = cut(lengths)
    networks = seeds_of(DaleRNNRegressor(**SMALL), 6)
    parts = [folds[k // 2] for k in range(6)]
    many = fit_many(networks, trials, targets, indices=parts, strategy="stacked")
    assert many.stacking_report["stack"].tolist() == [2] * 6
    # Weights that are all alike are none for penalties on activity.
    weights = np.array([1.0] * 8 + [1.0, 2.0] * 8)
    parts = [folds[0], folds[0], folds[1], folds[1]]
    many = fit_many(
        seeds_of(DaleRNNRegressor(rate_penalty=0.1, **SMALL), 4), X, Y, indices=parts,
        sample_weight=weights, strategy="stacked",
    )  # fmt: skip
    assert many.stacking_report["stack"].tolist() == [2] * 4


def test_counts_of_trials_are_those_of_each():
    trials, targets = cut(LENGTHS, per_step=LABELS)
    counting = CountingClassifier(regularizer=None, noise_level=0.1, **SMALL)
    many, alone = (seeds_of(counting, 4) for _ in range(2))
    report = fit_many(many, trials, targets, strategy="stacked").stacking_report
    assert report["stack"].tolist() == [4] * 4
    for one, other in zip(many, alone, strict=True):
        other.fit(trials, targets)
        assert one.take_running_accuracy() == other.take_running_accuracy()


def test_networks_may_differ_in_the_strengths_of_noise():
    networks = [
        DaleRNNRegressor(random_state=0, recurrent_noise=units, noise_level=inputs, **SMALL)
        for units in (0.1, 0.3)
        for inputs in (0.0, 0.2)
    ]
    for trials, targets in ((X, Y), cut(LENGTHS)):
        alone = [clone(network).fit(trials, targets) for network in networks]
        many = fit_many(list(map(clone, networks)), trials, targets, strategy="stacked")
        assert many.stacking_report["stack"].tolist() == [4] * 4
        assert_same(many, alone)


def test_noise_in_units_and_none_are_in_two_stacks():
    networks = [
        DaleRNNRegressor(random_state=k, recurrent_noise=0.1 * (k % 2), **SMALL) for k in range(4)
    ]
    many = fit_many(networks, X, Y, strategy="stacked")
    assert many.stacking_report["stack"].tolist() == [2] * 4


@pytest.mark.parametrize("ragged", [False, True])
def test_fits_that_go_on_keep_the_stream_of_their_noise(ragged):
    trials, targets = cut(LENGTHS) if ragged else (X, Y)
    networks = seeds_of(DaleRNNRegressor(warm_start=True, **NOISE, **SMALL))
    for network in networks:
        network.fit(trials, targets)
    alone = [pickle.loads(pickle.dumps(network)).fit(trials, targets) for network in networks]
    fit_many(networks, trials, targets, strategy="stacked")
    assert networks[0].n_iter_ == 6
    assert_same(networks, alone)
    for network in (*networks, *alone):
        network.partial_fit(trials, targets)
    assert_same(networks, alone)


def test_an_interrupted_network_goes_on_with_the_same_noise():
    copies = {}

    def keep(network):
        if network.n_iter_ == 2:
            copies[network.random_state] = copy.deepcopy(network).set_params(on_epoch=None)
        return False

    trials, targets = cut(LENGTHS)
    prototype = DaleRNNRegressor(on_epoch=keep, **NOISE, **SMALL)
    fit_many(seeds_of(prototype), trials, targets, strategy="stacked")
    stacked = dict(copies)
    for network in seeds_of(prototype):
        network.fit(trials, targets)
    pairs = [
        [of[seed].partial_fit(trials, targets) for seed in range(3)] for of in (stacked, copies)
    ]
    assert_same(*pairs)


def test_an_interruption_from_the_keyboard_leaves_what_it_would_alone():
    def stop(network):
        if network.random_state == 1 and network.n_iter_ == 2:
            raise KeyboardInterrupt
        return False

    trials, targets = cut(LENGTHS)
    networks = seeds_of(DaleRNNRegressor(on_epoch=stop, **NOISE, **SMALL))
    members = [Member(network._epochs_of_fit(trials, targets)) for network in networks]
    with pytest.warns(ConvergenceWarning, match="interrupted from the keyboard after epoch"):
        Lockstep(lambda epoch: (9, ""), lambda wave: None).run(members)
    assert [member.largest_stack for member in members] == [3, 3, 3]
    with pytest.warns(ConvergenceWarning, match="interrupted from the keyboard after epoch"):
        alone = clone(networks[1]).fit(trials, targets)
    assert networks[1].n_iter_ == alone.n_iter_ == 2
    np.testing.assert_allclose(networks[1].W_rec_, alone.W_rec_, rtol=0, atol=1e-9)


def test_networks_that_stop_early_leave_the_stack():
    trials, targets = cut(LENGTHS)
    prototype = DaleRNNRegressor(
        early_stopping=True, n_iter_no_change=1, tol=1e-3, **NOISE, **{**SMALL, "max_iter": 12}
    )
    many, _ = together(prototype, trials, targets, 5)
    assert len({network.n_iter_ for network in many}) > 1


@pytest.mark.parametrize("noise", [{}, NOISE], ids=["", "noise"])
def test_a_network_that_diverges_leaves_the_stack(noise):
    trials, targets = cut(LENGTHS)
    well = DaleRNNRegressor(activation="relu", dale=None, **noise, **SMALL)
    huge = clone(well).set_params(random_state=9, recurrent_init=np.full((7, 7), 1e300))
    networks = [*seeds_of(well, 2), huge]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        many = fit_many(networks, trials, targets, strategy="stacked", errors="keep")
    assert isinstance(many.errors.pop(2), DivergenceError) and not many.errors
    assert many.stacking_report["stack"].tolist() == [3, 3, 3]
    assert_same(many[:2], [network.fit(trials, targets) for network in seeds_of(well, 2)])


def test_counts_of_populations_are_those_of_each():
    table = pd.DataFrame({"population": ["a", "b"], "n_units": [4, 3], "sign": [1, -1]})
    y = np.concatenate([Y[..., :1], -Y[..., :1]], axis=-1)
    trials, targets = cut(LENGTHS, per_step=y)
    prototype = CellTypeRNNRegressor(populations=table, input_mask=None, max_iter=3, batch_size=9)
    many, alone = together(prototype, trials, targets)
    for one, other in zip(many, alone, strict=True):
        np.testing.assert_allclose(one.loss_per_population_, other.loss_per_population_)


class SumOfRates:
    """A penalty of one's own that sees what lies after the ends of trials."""

    def bind(self, facts):
        seen = []

        def penalty(params, rates, weights):
            seen.append((rates.shape, weights.shape))
            return 0.01 * (rates - 0.3).square().mean()

        self.seen = seen
        return penalty


def test_penalties_of_ones_own_see_what_they_would_alone():
    trials, targets = cut(LENGTHS)
    prices = [SumOfRates() for _ in range(4)]
    many, alone = (
        [DaleRNNRegressor(regularizer=price, random_state=k, **SMALL) for k, price in enumerate(ps)]
        for ps in (prices[:2], prices[2:])
    )
    fit_many(many, trials, targets, strategy="stacked")
    for network in alone:
        network.fit(trials, targets)
    assert_same(many, alone)
    assert [price.seen for price in prices[:2]] == [price.seen for price in prices[2:]]


# -------------------------------------------------------------- how many together


def first_epoch(trials, targets, **arguments):
    return next(DaleRNNRegressor(random_state=0, **arguments)._epochs_of_fit(trials, targets))


def test_very_uneven_trials_are_stacked_where_the_filling_pays():
    even, uneven = np.full(24, 8), np.array([8] + [1] * 23)  # filled up more than six times
    small = {"n_units": 200, "batch_size": 12, "max_iter": 1}
    for lengths, most in ((even, "max_memory"), (uneven, "large enough")):
        epoch = first_epoch(*cut(lengths), **small)
        assert most_together(epoch, 1e12, False)[1].startswith(most)
        assert most_together(epoch, 1e12, True)[1] == "max_memory"
    # All trials in one batch: there is nothing to be filled.
    epoch = first_epoch(*cut(uneven), **{**small, "batch_size": 24})
    assert most_together(epoch, 1e12, False)[1] == "max_memory"


def test_memory_of_trials_of_unequal_length_is_that_of_several_batches():
    arguments = {"n_units": 50, "batch_size": 12, "max_iter": 1}
    even = bytes_of_one(first_epoch(*cut(np.full(24, 8)), **arguments))
    uneven = bytes_of_one(first_epoch(*cut([8] * 12 + [7] * 12), **arguments))
    assert 1.5 * even < uneven < 4 * even


def test_recipes_say_what_a_step_draws():
    for lengths, ragged in (([8] * 24, False), (LENGTHS, True)):
        for noise, draws in (({}, False), ({"noise_level": 0.1}, True)):
            recipe = first_epoch(*cut(lengths), **noise, **SMALL).recipe
            assert (recipe.is_ragged, recipe.mark() is not None) == (ragged, draws)
            assert recipe.reason_alone() is None


def test_a_stack_leaves_the_global_generators_alone():
    before = torch.random.get_rng_state()
    fit_many(seeds_of(DaleRNNRegressor(**NOISE, **SMALL)), *cut(LENGTHS), strategy="stacked")
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("penalty", ["rate", "silent_units", "weight"])
def test_penalties_all_at_once_are_those_of_each(penalty):
    """What a GPU computes, where batches differ in the lengths and in the number of trials."""
    trials, targets = cut(LENGTHS)
    prototype = DaleRNNRegressor(regularizer=penalty, rate_penalty=0.1, **SMALL)
    epochs = [next(network._epochs_of_fit(trials, targets)) for network in seeds_of(prototype, 5)]
    losses = [epoch.recipe.loss for epoch in epochs]
    weights = zip(*(epoch.theta for epoch in epochs), strict=True)
    params = RNNParams(*(torch.stack(some).detach().requires_grad_() for some in weights))
    n_unlike = 0
    for batches in zip(*(epoch.batches for epoch in epochs), strict=True):
        n_unlike += len(set(map(len, batches))) > 1
        indices = pad_sequence(batches, batch_first=True, padding_value=-1)
        batch = TrainingSets.of(losses).take(indices)
        _, rates, _ = run(params, batch.x, losses[0].dynamics, lengths=batch.ends)
        prices = [
            _all_at_once(losses, params.w_rec),
            _one_by_one([loss.penalties for loss in losses]),
        ]
        seen = (params, rates.detach(), batch, scale_of(batch))
        values = [price(torch.zeros(5), *seen) for price in prices]
        torch.testing.assert_close(*values, rtol=1e-12, atol=1e-14)
    assert n_unlike > 0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("noise", [{}, NOISE], ids=["", "noise"])
@pytest.mark.parametrize("ragged", [False, True])
def test_the_same_on_a_gpu(ragged, noise):
    trials, targets = cut(LENGTHS if ragged else [8] * 24)
    together(DaleRNNRegressor(rate_penalty=0.05, device="cuda", **noise, **SMALL), trials, targets)
