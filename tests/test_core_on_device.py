"""Steps as a GPU takes them, on the processor: the numbers are those of steps taken one by one."""

from __future__ import annotations

import dataclasses
import warnings
from contextlib import contextmanager
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import CONSTRAINTS, PENALTY_NAMES
from sklearn.base import clone
from torch.utils._python_dispatch import TorchDispatchMode

from sk_biornn import CellTypeRNNRegressor, DaleRNNRegressor, SpatialRNNClassifier
from sk_biornn.biology import cortical_populations
from sk_biornn.core import DivergenceError, Optimisation, RNNParams, Spaces, WeightSpace, train
from sk_biornn.core import training as training_module
from sk_biornn.core.flat import Descent, Rows
from sk_biornn.core.on_device import _is_of_one_rate
from sk_biornn.core.recording import Recording
from sk_biornn.core.solvers import Adam
from sk_biornn.core.stacked import DeviceStack
from sk_biornn.datasets import make_flip_flop, make_population_traces
from sk_biornn.ensemble import fit_many
from sk_biornn.estimators import _stackable as stackable_module

X, Y = make_flip_flop(24, n_steps=8, random_state=0)
X, Y = X.astype(np.float64), Y.astype(np.float64)
LABELS = np.where(Y[:, -1, 0] > 0, "up", "down")
SMALL = {"n_units": 7, "max_iter": 3, "batch_size": 9, "random_state": 0}
WEIGHTS = ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_")


@contextmanager
def as_on_a_gpu():
    """Have fits and stacks take their steps as they do on a GPU."""

    def stack(epochs, spaces, losses):
        recordable = all(epoch.recipe.is_recordable for epoch in epochs)
        return DeviceStack(epochs, spaces, losses, recordable)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_module, "is_on_gpu", lambda tensor: True)
        patch.setattr(stackable_module, "Stack", stack)
        yield


def assert_alike(one, other, tolerance=1e-9, relative=1e-9):
    for name in WEIGHTS:
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=0, atol=tolerance, err_msg=name
        )
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=relative)
    assert one.n_iter_ == other.n_iter_
    np.testing.assert_array_equal(one.mask_, other.mask_)


def test_single_precision():
    """Here torch's own Adam moves the row, with a learning rate in float32."""
    x, y = X.astype(np.float32), Y.astype(np.float32)
    for rates in ("constant", "cosine"):
        plain, ahead = fit_both(DaleRNNRegressor(learning_rate=rates, **SMALL), x, y)
        assert_alike(plain, ahead, tolerance=1e-6, relative=1e-5)
        plain.partial_fit(x, y)
        with as_on_a_gpu():
            ahead.partial_fit(x, y)
        assert_alike(plain, ahead, tolerance=1e-6, relative=1e-5)
    networks = [DaleRNNRegressor(learning_rate_init=rate, **SMALL) for rate in (1e-3, 1e-3, 1e-2)]
    alone = [clone(network).fit(x, y) for network in networks]
    for some in (slice(0, 2), slice(0, 3)):  # of one rate, and of two
        many = [clone(network) for network in networks[some]]
        with as_on_a_gpu():
            fit_many(many, x, y, strategy="stacked")
        for one, other in zip(alone[some], many, strict=True):
            assert_alike(one, other, tolerance=1e-6, relative=1e-5)


def fit_both(prototype, X=X, y=Y):
    plain = clone(prototype).fit(X, y)
    with as_on_a_gpu():
        ahead = clone(prototype).fit(X, y)
    return plain, ahead


# -------------------------------------------------------------- the same numbers


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_every_law(name):
    plain, ahead = fit_both(DaleRNNRegressor(dale=CONSTRAINTS[name], **SMALL))
    assert_alike(plain, ahead)
    # A fit can go on where the other left off.
    with as_on_a_gpu():
        assert_alike(plain.partial_fit(X, Y), ahead.partial_fit(X, Y))
    assert_alike(plain.partial_fit(X, Y), ahead.partial_fit(X, Y))


@pytest.mark.parametrize("gains", ["type_gains", "unit_gains"])
def test_gains_of_a_given_wiring(gains):
    wiring = np.random.default_rng(0).random((7, 7))
    arguments = {"blocks": [0, 1, 2, 0, 1, 2, 1]} if gains == "type_gains" else {}
    prototype = DaleRNNRegressor(
        plasticity=gains, recurrent_init=wiring / 4, dale=None, **arguments, **SMALL
    )
    plain, ahead = fit_both(prototype)
    assert_alike(plain, ahead)
    np.testing.assert_allclose(ahead.gains_, plain.gains_, rtol=1e-9)
    with as_on_a_gpu():
        assert_alike(plain.partial_fit(X, Y), ahead.partial_fit(X, Y))


@pytest.mark.parametrize("penalty", PENALTY_NAMES)
def test_every_penalty(penalty):
    connectome = np.random.default_rng(0).random((7, 7))
    prototype = DaleRNNRegressor(
        regularizer=penalty, regu_strength=0.01, coordinates="grid", connectome=connectome, **SMALL
    )
    assert_alike(*fit_both(prototype))


@given(
    dale=st.sampled_from(["projection", "abs", "square", "exponentiated", "nonnegative", None]),
    regularizer=st.sampled_from([None, "weight", "communicability"]),
    pruning=st.sampled_from([None, "top-prob", "magnitude"]),
    early=st.booleans(),
    solver=st.sampled_from(["adam", "sgd", Adam(1e-7, "keras"), Adam(1e-3)]),
    norm=st.sampled_from([None, 0.05]),
    bias=st.sampled_from([True, False, "double"]),
    rates=st.sampled_from(["constant", "cosine"]),
    frozen=st.sampled_from([(), ("W_in",), ("W_rec", "b_out")]),
    masked=st.booleans(),
    side_by_side=st.booleans(),
    noise=st.sampled_from([0.0, 0.1]),
    ragged=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_anything_together(
    dale, regularizer, pruning, early, solver, norm, bias, rates, frozen, masked, side_by_side,
    noise, ragged,
):  # fmt: skip
    prototype = DaleRNNRegressor(
        dale=dale,
        regularizer=regularizer,
        regu_strength=0.01,
        coordinates="grid",
        pruning=pruning,
        density=None if pruning is None else 0.3,
        finetune_iter=2,
        recurrent_init="balanced" if dale else "auto",
        early_stopping=early,
        n_iter_no_change=1,
        solver=solver,
        max_grad_norm=norm,
        recurrent_bias=bias,
        learning_rate=rates,
        frozen=frozen,
        mask=np.random.default_rng(1).random((7, 7)) < 0.8 if masked else None,
        recurrent_noise=noise,
        **SMALL,
    )
    seeds = [clone(prototype).set_params(random_state=seed) for seed in range(3)]
    for seed, network in enumerate(seeds):  # what may differ in a stack
        network.set_params(learning_rate_init=10.0 ** -(1 + seed), regu_strength=0.01 * seed)
    x, y = X, Y
    if ragged:
        x, y = ([trial[: 3 + k % 6] for k, trial in enumerate(array)] for array in (X, Y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few weights to prune
        plain = [clone(network).fit(x, y) for network in seeds]
        with as_on_a_gpu():
            if side_by_side:
                fit_many(seeds, x, y, strategy="stacked")
            else:
                for network in seeds:
                    network.fit(x, y)
    for one, other in zip(plain, seeds, strict=True):
        assert_alike(one, other)


def test_what_is_counted_in_training():
    traces, targets = make_population_traces(24, random_state=0)
    prototype = CellTypeRNNRegressor(
        populations=cortical_populations(scaling=1), max_iter=3, batch_size=9, random_state=0
    )
    plain, ahead = fit_both(prototype, traces, targets)
    np.testing.assert_allclose(plain.loss_per_population_, ahead.loss_per_population_, rtol=1e-5)
    networks = [clone(prototype), clone(prototype).set_params(random_state=1)]
    with as_on_a_gpu():
        fit_many(networks, traces, targets, strategy="stacked")
    np.testing.assert_allclose(
        plain.loss_per_population_, networks[0].loss_per_population_, rtol=1e-5
    )
    other = clone(networks[1]).fit(traces, targets)
    np.testing.assert_allclose(
        other.loss_per_population_, networks[1].loss_per_population_, rtol=1e-5
    )


def test_a_network_that_diverges_is_found_out_at_the_end_of_its_epoch():
    wild = DaleRNNRegressor(solver="sgd", learning_rate_init=1e200, **SMALL)
    tame = clone(wild).set_params(learning_rate_init=1e-3)
    expected = clone(tame).fit(X, Y)
    with as_on_a_gpu():
        with pytest.raises(DivergenceError, match=r"non-finite in epoch 1 with learning_rate_init"):
            clone(wild).fit(X, Y)
        fitted = fit_many([wild, tame], X, Y, strategy="stacked", errors="keep")
    assert list(fitted.errors) == [0] and not hasattr(wild, "W_rec_")
    assert_alike(tame, expected)


def test_an_interrupted_epoch_is_undone(monkeypatch):
    step, count = Descent.step, iter(range(100))

    def counted(self):
        if next(count) == 3 * 2 + 1:
            raise KeyboardInterrupt
        step(self)

    expected = DaleRNNRegressor(**{**SMALL, "max_iter": 2}).fit(X, Y)
    with as_on_a_gpu(), monkeypatch.context() as patch:
        patch.setattr(Descent, "step", counted)
        with pytest.warns(UserWarning, match="after epoch 2"):
            broken = DaleRNNRegressor(**{**SMALL, "max_iter": 9}).fit(X, Y)
    assert_alike(broken, expected)
    assert_alike(broken.partial_fit(X, Y), expected.partial_fit(X, Y))


def test_a_schedule_need_not_have_a_hash():
    @dataclasses.dataclass
    class Falling:
        factor: float

        def rate(self, epoch, initial):
            return initial * self.factor**epoch

    x, y = X.astype(np.float32), Y.astype(np.float32)
    for rates in (Falling(0.5), "cosine"):
        networks = [
            DaleRNNRegressor(**{**SMALL, "learning_rate": rates, "random_state": k, "max_iter": 4})
            for k in range(2)
        ]
        expected = [clone(network).fit(x, y) for network in networks]
        with as_on_a_gpu():
            fit_many(networks, x, y, strategy="stacked")
        for one, other in zip(expected, networks, strict=True):
            assert_alike(one, other, tolerance=1e-6, relative=1e-5)


def test_rates_are_those_of_each_network():
    def epoch(rate, schedule="constant"):
        how = Optimisation(learning_rate=schedule, learning_rate_init=rate)
        return SimpleNamespace(optimisation=how)

    assert _is_of_one_rate([epoch(0.1, "cosine")])
    assert _is_of_one_rate([epoch(0.1), epoch(0.1)])
    assert not _is_of_one_rate([epoch(0.1), epoch(0.2)])
    assert not _is_of_one_rate([epoch(0.1, "cosine"), epoch(0.1, "cosine")])  # of other epochs


def test_a_solver_of_ones_own_takes_its_own_steps():
    class Slow:
        def optimiser(self, parameters, learning_rate):
            return torch.optim.SGD(parameters, lr=learning_rate / 10)

    plain, ahead = fit_both(DaleRNNRegressor(solver=Slow(), **SMALL))
    assert_alike(plain, ahead, tolerance=0)


# -------------------------------------------------------------- rows


def test_rows_hold_the_weights_and_nothing_else():
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(3, *shape, generator=generator, dtype=torch.float64)

    theta = RNNParams(random(5, 2), random(5, 5), random(5), random(1, 5), random(1))
    rows = Rows(theta, Spaces(b_rec=WeightSpace(trainable=False)), (3,))
    assert rows.values.shape == (3, 32 * 4) and list(rows.parts) == [
        "w_in", "w_rec", "w_out", "b_out",
    ]  # fmt: skip
    assert rows.theta.b_rec is theta.b_rec
    rows.take([tensor for name, tensor in theta._asdict().items() if name != "b_rec"])
    for name, gradient in rows.cut(rows.gradients).items():
        assert torch.equal(gradient, getattr(theta, name))
    norms = sum(part.flatten(1).square().sum(1) for part in rows.cut(rows.gradients).values())
    rows.clip(0.5)
    clipped = sum(part.flatten(1).square().sum(1) for part in rows.cut(rows.gradients).values())
    assert (norms > 0.25).all()
    torch.testing.assert_close(clipped.sqrt(), torch.full((3,), 0.5).double(), rtol=1e-5, atol=0)


# -------------------------------------------------------------- recording


class Graph:
    """Stands for a CUDA graph: replays the calls of one Python function."""

    calls: ClassVar[list[str]] = []

    @contextmanager
    def recording(self, pool):
        Graph.calls.append(f"record {pool}")
        yield

    def pool(self):
        return "pool"

    def replay(self):
        Graph.calls.append("replay")


def test_the_first_call_of_a_shape_runs_and_the_second_is_recorded():
    Graph.calls, seen = [], []
    recording = Recording(graph=Graph)
    for indices in ([1, 2], [3, 4], [5], [6, 7], [8], [9]):
        recording(lambda i: seen.append(i.tolist()), torch.tensor(indices))
    # Run, recorded, run, -, recorded, -: what is recorded is replayed at once.
    assert seen == [[1, 2], [3, 4], [5], [8]]
    assert Graph.calls == ["record None", "replay", "replay", "record pool", "replay", "replay"]
    assert recording._recorded[torch.Size([2])][1].tolist() == [6, 7]


def test_what_cannot_be_recorded_runs_as_it_is_and_says_so_once():
    class Stubborn(Graph):
        @contextmanager
        def recording(self, pool):
            yield
            raise RuntimeError("operation not permitted when stream is capturing\nmore")

    seen = []
    recording = Recording(graph=Stubborn)

    def call(n):
        recording(lambda indices: seen.append(len(indices)), torch.zeros(n))

    call(2)
    with pytest.warns(RuntimeWarning, match="launched by itself.*not permitted when stream is cap"):
        call(2)
    for n in (2, 3, 3, 3):
        call(n)
    assert seen == [2, 2, 2, 2, 3, 3, 3]  # the second was recorded in vain, and run


def test_only_what_is_known_to_be_the_same_every_time_is_recorded():
    def recipe(**options):
        network = SpatialRNNClassifier(**{**SMALL, "n_units": 9}, **options)
        return next(network._epochs_of_fit(X, LABELS)).recipe

    class Annealed:
        def bind(self, facts):
            return lambda w_rec: w_rec.abs().sum()

    class Constant(Annealed):
        recordable = True

    assert recipe().is_recordable
    assert recipe(regularizer="communicability").is_recordable
    assert not recipe(regularizer=Annealed()).is_recordable
    assert recipe(regularizer=Constant()).is_recordable
    ragged = [x[: 4 + k % 4] for k, x in enumerate(X)]
    assert not next(SpatialRNNClassifier()._epochs_of_fit(ragged, LABELS)).recipe.is_recordable


class Waits(TorchDispatchMode):
    """Count what the processor would wait for: numbers of a tensor, or a copy on another device."""

    def __enter__(self):
        self.n, self._patch, tolist = 0, pytest.MonkeyPatch(), torch.Tensor.tolist

        def counted(tensor):  # on the processor it goes past the dispatcher
            self.n += 1
            return tolist(tensor)

        self._patch.setattr(torch.Tensor, "tolist", counted)
        return super().__enter__()

    def __exit__(self, *error):
        self._patch.undo()
        return super().__exit__(*error)

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        result = function(*arguments, **(options or {}))
        if function is torch.ops.aten._local_scalar_dense.default:
            self.n += 1
        elif function is torch.ops.aten._to_copy.default:
            self.n += result.device != arguments[0].device
        return result


@pytest.mark.parametrize(
    "ask",
    [
        torch.Tensor.item,
        bool,
        float,
        lambda tensor: tensor.tolist(),
        lambda tensor: tensor.to("meta"),
    ],
)
def test_waits_are_counted_however_python_asks(ask):
    with Waits() as waits:
        tensor = torch.ones(()) * 2
        assert waits.n == 0
        ask(tensor)
    assert waits.n == 1


@pytest.mark.parametrize("recordable", [False, True])
def test_the_loss_is_asked_for_once_per_epoch(recordable):
    params = RNNParams(
        torch.ones(2, 1), torch.ones(2, 2), torch.ones(2), torch.ones(1, 2), torch.ones(1)
    )

    def loss(weights, indices):
        return sum(tensor.square().sum() for tensor in weights) * len(indices)

    def n_waits(batch_size, n_epochs):
        optimisation = Optimisation(max_iter=n_epochs, batch_size=batch_size)
        rng = np.random.default_rng(0)
        with as_on_a_gpu(), Waits() as waits:
            train(params, loss, Spaces(), 50, optimisation, rng, recordable=recordable)
        return waits.n

    of_epoch = [n_waits(size, 3) - n_waits(size, 2) for size in (50, 5)]
    # The loss, whether the weights are finite, and five counters of steps, which no GPU holds.
    assert of_epoch == [7, 7]  # whatever the number of batches
