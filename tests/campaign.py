"""Hostile calls, generated from a seed, and what becomes of each.

A call may succeed, with every constraint exactly held, or be refused: by a ValueError or TypeError
(NotFittedError and FileNotFoundError among them) in one sentence that names an argument. All else
is a fault. `OMP_NUM_THREADS=1 python tests/campaign.py SEED N_CALLS` runs as many as one likes and
prints each kind of fault once.
"""

from __future__ import annotations

import datetime
import inspect
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scipy.sparse
import torch
from problems import ACTIVATIONS, ESTIMATORS, LAWS_OR_NONE, PENALTY_NAMES, PRUNER_NAMES
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, UndefinedMetricWarning

import sk_biornn
from sk_biornn import biology, initializers, metrics, plots
from sk_biornn.estimators._pruning import DensityWarning
from sk_biornn.initializers import ConditioningWarning

N_UNITS, N_TRIALS, N_STEPS = 6, 8, 3
EXPECTED_WARNINGS = (
    ConditioningWarning,
    ConvergenceWarning,
    DataConversionWarning,
    DensityWarning,
    UndefinedMetricWarning,
)


class Call(NamedTuple):
    """Something to be tried, and how to say what it was."""

    text: str
    run: Callable[[], Any]


class Fault(NamedTuple):
    """A call that neither succeeded nor was refused as it should be."""

    kind: str  # what two faults of one cause share
    text: str


# ------------------------------------------------------------------------- nonsense


def nonsense() -> list[Any]:
    """Return values that hardly any argument can make sense of; fresh ones at every call."""
    loop: list[Any] = []
    loop.append(loop)
    deep: Any = 1.0
    for _ in range(40):
        deep = [deep]
    return [
        None, True, False, -1, 0, 1, 2, 3, 2**31, 2**63, 10**400, -(10**400),
        -0.5, 0.0, 0.5, 1.5, 5e-324, 1e-300, 1e308, np.nan, np.inf, -np.inf,
        Fraction(1, 3), Decimal("0.5"), 1j, np.float16(0.5), np.float32(2.0), np.longdouble(0.5),
        np.int8(-3), np.uint64(2**63), np.bool_(True), np.datetime64("2024-01-01"),
        np.timedelta64("NaT"), pd.NaT, pd.NA, datetime.date(2024, 1, 1), Ellipsis,
        "", "tanh", "auto", "dale", "0.5", "a\nb", "$\\frac", "x" * 100, b"x", "nan",
        [], [[]], (), {}, set(), {"a": 1}, {1, 2}, [None], ["a", 1], [1, [2]], (3, 2, 1), (2, 3),
        [0.5] * N_UNITS, [1, -1] * 3, range(N_UNITS), iter([1, 2]), loop, deep, slice(None),
        object(), int, dict, len, lambda *_: None, NotImplemented,
        np.array([]), np.array("x"), np.array(None), np.zeros(0), np.zeros((0, 3)),
        np.zeros((N_UNITS, N_UNITS)), np.ones((N_UNITS, N_UNITS)), np.eye(N_UNITS) > 0,
        np.full((N_UNITS, N_UNITS), np.nan), np.full((N_UNITS, N_UNITS), 1e308),
        np.full((N_UNITS, N_UNITS), -1.0), np.ones((N_UNITS, 3)), np.ones(N_UNITS),
        np.ones((2, 2)) * 0.5, np.ones((N_UNITS, N_UNITS), dtype=complex), np.ones((2, 2, 2)),
        np.array([["a", "b"]] * 2), np.array([object()] * 3), np.array([{}, []], dtype=object),
        np.zeros(3, dtype=[("a", float), ("b", int)]), np.zeros(3, dtype="V4"),
        np.ma.masked, np.ma.masked_array(np.ones(N_UNITS), np.arange(N_UNITS) < 2),
        np.ma.masked_array(np.ones((N_UNITS, N_UNITS)), np.eye(N_UNITS) > 0),
        np.eye(N_UNITS)[::-1],
        scipy.sparse.eye(N_UNITS).tocsr(), torch.ones(N_UNITS, requires_grad=True),
        torch.ones((N_UNITS, N_UNITS)).bfloat16(), torch.empty(3, device="meta"),
        torch.eye(N_UNITS).to_sparse(), torch.float32,
        pd.Series([1.0, 2.0]), pd.Series(["a", None]), pd.Series([[1], [2, 3]]), pd.DataFrame(),
        pd.DataFrame({"a": [1, 2]}), pd.DataFrame(np.eye(N_UNITS)), pd.Index([1, 2]),
        pd.DataFrame({"population": ["a"], "n_units": [6], "sign": [7]}),
        pd.DataFrame({"population": ["a", "b"], "n_units": [3, "x"], "sign": [1, -1]}),
        pd.DataFrame({"population": [[1], {}], "n_units": [3, 3], "sign": [1, -1]}),
        biology.WeightCost(), biology.WeightCost, biology.Dale, biology.Dale("abs"),
        biology.TopProbPruning(), plt, ESTIMATORS[0], ESTIMATORS[0](),
    ]  # fmt: skip


def pick(rng: np.random.Generator, values: list[Any]) -> Any:
    """Return one of some values; arrays among them stay what they are."""
    return values[int(rng.integers(len(values)))]


# ------------------------------------------------------------------------- estimators


def sensible(rng: np.random.Generator) -> dict[str, list[Any]]:
    """Return values that are allowed, by argument; some contradict one another."""
    table = biology.excitatory_inhibitory_populations(N_UNITS)
    n = N_UNITS
    return {
        "n_units": [n, n, n, 1, 2],
        "signs": [None, None, [1] * 4 + [-1] * 2, np.zeros(n), -np.ones(n), [1, 0, -1] * 2],
        "excitatory_fraction": [0.8, 0.5, 1.0],
        "dale": LAWS_OR_NONE,
        "mask": [None, rng.random((n, n)) < 0.5, np.zeros((n, n), dtype=bool), np.eye(n) == 0],
        "autapses": [True, False],
        "input_mask": [None, rng.random((n, 2)) < 0.5],
        "readout_mask": [None, rng.random((2, n)) < 0.5],
        "recurrent_init": ["auto", "uniform", "balanced", "orthogonal", "dale_gaussian"],
        "spectral_radius": [None, 0.9],
        "feedforward_init": ["uniform", "glorot_uniform"],
        "coordinates": [None, rng.random((n, 3)), (3, 2, 1), "grid"],
        "connectome": [None, rng.random((n, n))],
        "regularizer": [None, *PENALTY_NAMES],
        "regu_strength": [0.3, 0.0],
        "rate_penalty": [0.0, 0.1],
        "pruning": [None, *PRUNER_NAMES, biology.TopProbPruning(True)],
        "density": [None, 0.3, 0.0, 1.0, np.full((2, 2), 0.5)],
        "blocks": [None, np.arange(n) // 3],
        "pruning_schedule": ["one-shot", "cubic"],
        "activation": ACTIVATIONS,
        "rectify": [True, False],
        "readout_from": ["state", "rate"],
        "dt": [None, 5.0],
        "tau": [None, 20.0, np.full(n, 20.0)],
        "noise_level": [0.0, 0.1],
        "recurrent_noise": [0.0, 0.1],
        "solver": ["adam", "sgd"],
        "batch_size": ["auto", 3],
        "max_grad_norm": [None, 1.0],
        "early_stopping": [False, False, True],
        "validation_fraction": [0.1, 0.5],
        "class_weight": [None, "balanced", {0: 1.0, 1: 0.0}],
        "output_activation": ["identity", "tanh"],
        "populations": [None, table, table.convert_dtypes()],
        "connection_probabilities": [None, _pairs(table)],
        "between_areas": [None, ()],
        "readout": ["population", "dense"],
        "freeze_readout": [True, False],
        "warm_start": [False, True],
        "random_state": [0, np.random.default_rng(0), None],
        "learning_rate": ["constant", "cosine"],
    }  # fmt: skip


def _pairs(table: pd.DataFrame) -> pd.DataFrame:
    names = table["population"].tolist()
    rows = [(pre, post, 0.5) for pre in names for post in names]
    return pd.DataFrame(rows, columns=["pre", "post", "probability"])


def data(rng: np.random.Generator, is_classifier: bool) -> list[tuple[Any, Any]]:
    """Return trials and targets in all forms that are allowed."""
    x = rng.standard_normal((N_TRIALS, N_STEPS, 2))
    padded = x.copy()
    padded[::2, 2] = np.nan
    lengths = [1 + place % N_STEPS for place in range(N_TRIALS)]
    ragged = [row[:n] for row, n in zip(x, lengths, strict=True)]
    in_any_form = [
        x, x.astype(np.float32), padded, ragged, x[:, 0], pd.Series(list(x)), list(x), x.tolist(),
        torch.tensor(x, requires_grad=True), [pd.DataFrame(row) for row in x],
    ]  # fmt: skip
    per_step, per_trial = _good_targets(rng, is_classifier)
    ragged_y = [row[:n] for row, n in zip(per_step[0], lengths, strict=True)]
    return [
        *[(form, pick(rng, per_trial)) for form in in_any_form],
        *[(x, y) for y in per_step],
        (padded, per_step[0]),
        (ragged, ragged_y),
        (x, np.arange(N_TRIALS) % 3),
    ]


def _good_targets(rng: np.random.Generator, is_classifier: bool) -> tuple[list[Any], list[Any]]:
    """Return targets at every step and at the last step, each in several forms."""
    if not is_classifier:
        numbers = rng.standard_normal((N_TRIALS, N_STEPS, 2))
        missing = numbers > 0.5
        last = numbers[:, 0]
        return (
            [numbers, np.where(missing, np.nan, numbers), np.ma.masked_array(numbers, missing)],
            [last, last[:, 0], last.tolist(), torch.tensor(last), pd.DataFrame(last), last > 0],
        )
    labels = np.arange(N_TRIALS) % 2
    steps = rng.integers(2, size=(N_TRIALS, N_STEPS))
    missing = rng.random(steps.shape) < 0.2
    return (
        [steps, np.where(missing, None, steps), np.ma.masked_array(steps, missing)],
        [labels, labels > 0, np.array(["a", "b"])[labels], labels.tolist(), labels * 1.0,
         pd.Series(labels, dtype="category"), labels[:, None], torch.tensor(labels)],
    )  # fmt: skip


def hostile_trials(rng: np.random.Generator) -> list[Any]:
    """Return what is no array of trials, or one of an odd kind."""
    x = rng.standard_normal((N_TRIALS, N_STEPS, 2))
    holes = x.copy()
    holes[1, 1] = np.nan
    return [
        x * np.nan, x * np.inf, holes, x[:0], x[:, :0], x[..., :0], x[:1], x[..., None], x[0, 0],
        x + 0j, x.astype(str), x * 1e300, x * 5e-324, x > 0, x.astype(object), x.astype("M8[s]"),
        [x[0], x[1, :, :1]], [x[0], None], [x[0], "a"], [[], []], [[1, 2], [3]], list(x[:, :0]),
        np.ma.masked_array(x, x > 1), list(np.ma.masked_array(x, x > 1)), scipy.sparse.eye(8),
        np.full((N_TRIALS, 2), "a"), np.array([x[0], x[1, :2]], dtype=object), x[..., :1],
        pd.DataFrame({"a": ["x"] * 8, "b": 1.0}), pd.DataFrame(x[:, 0], columns=["a", "a"]),
        pd.DataFrame({"a": pd.array([1, None] * 4, "Int64"), "b": 1.0}), x[:, 0] > 0,
    ]  # fmt: skip


def hostile_targets(rng: np.random.Generator) -> list[Any]:
    """Return what is no target."""
    y = rng.standard_normal((N_TRIALS, N_STEPS, 2))
    labels = np.arange(N_TRIALS) % 2
    return [
        y * np.nan, y * np.inf, y + 0j, y.astype(str), y * 1e300, y[:3], y[:, :1], y[..., :0],
        labels * np.nan, labels[:-1], labels[:0], labels * 0, np.full(N_TRIALS, None),
        labels.astype("M8[s]"), np.full(N_TRIALS, pd.NaT), [None] * 8, ["a", 1] * 4, [[]] * 8,
        [[0], [1, 2]] * 4, np.ma.masked_all(N_TRIALS), list(np.ma.masked_all((N_TRIALS, 3))),
        pd.Series([0, None] * 4, dtype="Int64"), [{}] * 8, "labels", 3, y[..., None], labels - 0.5,
        pd.Series(["a", np.nan] * 4), pd.DataFrame({"a": ["x", "y"] * 4}), [0, 1, None, np.nan] * 2,
        scipy.sparse.eye(8), pd.date_range("2024", periods=8), np.array([[0, 1]] * 8, dtype=object),
        [y[0], y[1, :2]], [y[0], None] * 4, np.where(labels, 2**62, 0), [10**400, 0] * 4,
    ]  # fmt: skip


def weights_of_trials(rng: np.random.Generator) -> list[Any]:
    """Return weights of trials, sensible and not."""
    one = np.ones(N_TRIALS)
    return [
        None, None, None, one, np.arange(N_TRIALS), torch.tensor(one), 2.0, one > 0, one[:3],
        -one, one * np.nan, one * np.inf, one * 0, one + 0j, ["a"] * 8, one[:, None], [], "a",
        np.ma.masked_array(one, one > 0), np.where(np.arange(8) < 7, 0.0, 1.0), one * 5e-324,
        one * 1e308, one.astype("M8[s]"), {}, [None] * 8, 10**400, True, one.astype(str),
    ]  # fmt: skip


def estimator_call(rng: np.random.Generator) -> Call:
    """Return a fit with arguments of which few or none are nonsense, and what follows a fit."""
    cls = pick(rng, ESTIMATORS)
    names = list(inspect.signature(cls).parameters)
    values = sensible(rng)
    options: dict[str, Any] = {"n_units": N_UNITS, "max_iter": 1, "finetune_iter": 1}
    options["random_state"] = 0
    for name in rng.permutation(names)[: rng.integers(6)]:
        if name in values:
            options[name] = pick(rng, values[name])
    if options.get("dt") is not None or options.get("tau") is not None:
        options.update(dt=5.0, tau=pick(rng, values["tau"][1:]))
    if options.get("pruning") is not None:
        options["density"] = pick(rng, values["density"][1:-1])
    for name in rng.permutation(names)[: pick(rng, [0, 0, 0, 0, 1, 2])]:
        value = pick(rng, nonsense())
        if name != "on_epoch" or not callable(value):  # what it does would be the caller's own
            options[name] = value
    if options.get("populations") is not None:
        options.pop("n_units")
    is_classifier = "Classifier" in cls.__name__
    X, y = pick(rng, data(rng, is_classifier))
    if rng.random() < 0.12:
        X = pick(rng, [*hostile_trials(rng), pick(rng, nonsense())])
    if rng.random() < 0.12:
        y = pick(rng, [*hostile_targets(rng), pick(rng, nonsense())])
    weight = pick(rng, weights_of_trials(rng)) if rng.random() < 0.15 else None
    then = _sequel(rng, is_classifier, (X, y))

    def run() -> None:
        fitted = cls(**options).fit(X, y, weight)
        check_constraints(fitted)
        then.run(fitted)
        check_constraints(fitted)

    arguments = ", ".join(f"{name}={_short(value)}" for name, value in options.items())
    text = f"{cls.__name__}({arguments}).fit({_short(X)}, {_short(y)}, {_short(weight)})"
    return Call(f"{text} then {then.text}", run)


class Sequel(NamedTuple):
    """What is done with a fitted estimator."""

    text: str
    run: Callable[[Any], Any]


def _sequel(rng: np.random.Generator, is_classifier: bool, trained: tuple[Any, Any]) -> Sequel:
    x = pick(rng, [*[trained[0]] * 20, *hostile_trials(rng), pick(rng, nonsense())])
    y = pick(rng, [*[trained[1]] * 20, *hostile_targets(rng), pick(rng, nonsense())])
    weight = pick(rng, weights_of_trials(rng))
    value, kind = pick(rng, nonsense()), pick(rng, ["state", "rate", "both", None, 3])
    runs = ["activation", "rectify", "readout_from", "dt", "tau", "device", "n_static_steps"]
    name = pick(rng, [*runs, "recurrent_noise"])
    options = {"classes": value} if is_classifier and rng.random() < 0.5 else {}
    method = "predict_proba" if is_classifier else "predict"
    return pick(
        rng,
        [
            Sequel(f"predict({_short(x)})", lambda e: e.predict(x)),
            Sequel(f"{method}({_short(x)})", lambda e: getattr(e, method)(x)),
            Sequel(
                f"hidden_states(X, {_short(kind)})", lambda e: e.hidden_states(trained[0], kind)
            ),
            Sequel(
                f"score(X, {_short(y)}, {_short(weight)})", lambda e: e.score(trained[0], y, weight)
            ),
            Sequel(
                f"partial_fit({_short(x)}, {_short(y)}, {_short(options)})",
                lambda e: e.partial_fit(x, y, **options),
            ),
            Sequel(
                f"set_params({name}={_short(value)}).predict(X)",
                lambda e: e.set_params(**{name: value}).predict(trained[0]),
            ),
            Sequel(
                f"set_params(warm_start=True, {name}={_short(value)}).fit(X, y)",
                lambda e: e.set_params(warm_start=True, **{name: value}).fit(*trained),
            ),
        ],
    )


def check_constraints(fitted: Any) -> None:
    """Raise an AssertionError unless the weights are finite and obey the prior exactly."""
    W = fitted.W_rec_
    for name in ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_"):
        assert np.isfinite(getattr(fitted, name)).all(), f"{name} is not finite"
    assert not W[~fitted.mask_].any(), "a weight off the mask"
    assert not (W * fitted.signs_ < 0).any(), "a weight of the wrong sign"
    if fitted.autapses is False:
        assert not W.diagonal().any(), "an autapse"


# ------------------------------------------------------------------------- functions


@cache
def functions() -> list[tuple[Callable[..., Any], dict[str, Any]]]:
    """Return public functions with arguments that are allowed, all by name."""
    rng = np.random.default_rng(0)
    n, W = N_UNITS, rng.standard_normal((N_UNITS, N_UNITS))
    signs, mask, seed = np.array([1, 1, 1, 1, -1, -1]), np.ones((n, n), dtype=bool), 0
    draw = np.random.default_rng(0)
    table = biology.cortical_populations(scaling=1)
    two = biology.excitatory_inhibitory_populations(n)
    tensor = torch.tensor(W)
    facts = biology.Facts(torch.ones((n, n)) > 0, tensor.abs(), tensor)
    of_weights = [
        getattr(metrics, name)
        for name in metrics.__all__
        if next(iter(_parameters(getattr(metrics, name))), "") == "W"
    ]
    extra = {"coordinates": rng.random((n, 3)), "signs": signs, "n_nulls": 3}
    measures = [
        (func, {"W": W, **{k: v for k, v in extra.items() if k in _parameters(func)}})
        for func in of_weights
    ]
    curves = {"mean_test_a": [0.5, 0.6], "std_test_a": [0.1, 0.1], "mean_test_b": [1.0, 2.0]}
    field = {"correlation": np.corrcoef(W), "sttc": np.corrcoef(W)}
    bio = initializers.BioWeightInitializer
    traces = rng.standard_normal((20, n))
    connectivity = initializers.FunctionalConnectivity
    comparison = pd.DataFrame(
        {"post": ["a", "b"], "pre": ["b", "a"], "mean_a": 1.0, "mean_b": 2.0}
    ).assign(p_value=0.01, q_value=0.02, difference=-1.0, hedges_g=-0.5)
    runs = pd.DataFrame({"task": ["t", "t"], "arm": ["a", "b"], "init": "ours", "simulation": 0})
    runs = runs.assign(metric="mse", score=[1.0, 2.0], baseline_score=3.0)
    predicted = sk_biornn.DaleRNNRegressor(n_units=3, max_iter=1, random_state=0)
    x = rng.standard_normal((4, 3, 2))
    predicted.fit(x, x)
    return [
        *measures,
        (metrics.select_refit, {"first": "a", "then": "b", "within": 0.1}),
        (_refit, {"cv_results": curves, "within": "1se"}),
        (metrics.WeightScorer, {"func": metrics.density, "weight": "recurrent"}),
        (metrics.modularity_scorer, {"estimator": predicted}),
        (lambda names: metrics.bio_scoring(names), {"names": "density"}),
        (
            biology.unit_positions,
            {"coordinates": "grid", "n_units": n, "unit_cube": True, "grid_order": "yxz"},
        ),
        (biology.keep_probabilities, {"weights": W, "n_kept": 4}),
        (biology.systematic_sample, {"probabilities": [0.5, 0.5], "random_state": seed}),
        (biology.BetweenAreas, {"post": "LM", "pre": "V1", "probability": 0.3}),
        (
            biology.block_probabilities,
            {"populations": two, "connection_probabilities": _pairs(two), "between_areas": ()},
        ),
        (
            biology.draw_synapses,
            {"populations": two, "probabilities": np.ones((2, 2)) / 2, "random_state": seed},
        ),
        (biology.check_populations, {"populations": table, "n_units": len(table) * 5}),
        (biology.cortical_populations, {"areas": ("V1",), "layers": ("L4",), "cell_types": None,
                                        "scaling": 1, "signs": None, "tau": 10.0}),
        (biology.excitatory_inhibitory_populations,
         {"n_units": n, "excitatory_fraction": 0.5, "tau": 10.0}),
        (biology.unit_index, {"populations": table, "level": "layer"}),
        (biology.block_labels, {"populations": table, "level": "area"}),
        (biology.unit_ranges, {"populations": table}),
        (biology.unit_signs, {"populations": table}),
        (biology.unit_labels, {"populations": table}),
        (biology.unit_tau, {"populations": table}),
        (biology.communicability, {"weights": tensor}),
        (biology.WeightCost, {"strength": 0.3}),
        (biology.WiringCost, {"strength": 0.3, "distance_power": 1.0}),
        (biology.CommunicabilityCost,
         {"strength": 0.3, "distance_power": 1.0, "communicability_power": 1.0}),
        (biology.CommunicabilityEMD,
         {"strength": 0.3, "emd_strength": 0.1, "distance_power": 1.0}),
        (biology.RateCost, {"strength": 0.3, "power": 2.0}),
        (biology.SilentUnitCost, {"strength": 0.3, "floor": 0.1}),
        (biology.WeightCost().bind, {"facts": facts}),
        (biology.SilentUnitCost().bind, {"facts": facts}),
        (biology.CommunicabilityEMD().bind, {"facts": facts}),
        (biology.Dale, {"method": "abs"}),
        (biology.TopProbPruning, {"fixed_count": True, "legacy": False}),
        (biology.RandomPruning, {"fixed_count": False, "legacy": "figure3"}),
        *[
            (pruner.prune, {"W": W, "density": 0.5, "mask": mask, "blocks": None,
                            "random_state": seed})
            for pruner in (biology.TopProbPruning(), biology.MagnitudePruning(),
                           biology.RandomPruning(), biology.TopProbPruning(legacy="figure3"))
        ],
        (biology.MagnitudePruning().prune,
         {"W": W, "density": np.ones((2, 2)) / 2, "blocks": np.arange(n) % 2}),
        (initializers.input_weights,
         {"n_units": n, "n_features": 2, "rng": draw, "kind": "uniform"}),
        (initializers.readout_weights, {"n_outputs": 2, "n_units": n, "rng": draw}),
        (initializers.biases, {"n": 2, "n_units": n, "rng": draw}),
        (initializers.lift_zeros, {"weights": np.abs(W) * signs, "signs": signs, "mask": mask}),
        (initializers.recurrent_weights,
         {"init": "balanced", "signs": signs, "mask": mask, "rng": draw, "spectral_radius": 0.9}),
        (initializers.dale_spectral_weights,
         {"signs": signs, "mask": mask, "spectrum": "flat", "tol": 0.05, "max_iter": 5,
          "random_state": seed}),
        (_fit_bio, {"X": field, **_defaults(bio)}),
        (_fit_bio_draw, {"signs": signs, "mask": mask, "random_state": seed}),
        (_structure_kept, {"W": W, "mask": mask}),
        (_fit_connectivity, {"X": traces, **_defaults(connectivity)}),
        (_fit_sttc, {"X": [[1.0, 5.0], [2.0]], "window": 10.0, "t_start": 0.0, "t_stop": 100.0}),
        (_draw(plots.WeightMatrixDisplay.from_weights), {"W": W, "signs": signs, "sort": True}),
        (_draw(plots.WeightMatrixDisplay.from_estimator), {"estimator": predicted, "sort": False}),
        (_draw(plots.WeightMatrixDisplay(W).plot), {"ax": None, "limit": 1.0, "colorbar": True}),
        (_draw(plots.LearningCurveDisplay.from_curves),
         {"curves": [[1.0, 0.5], [0.4]], "epochs": [1, 2], "ylabel": "loss", "label": "a"}),
        (_draw(plots.LearningCurveDisplay.from_estimators),
         {"estimators": [predicted], "attribute": "loss_curve_"}),
        (_draw(plots.LearningCurveDisplay(np.arange(2), W[:3, :2]).plot),
         {"ax": None, "log": False, "single_runs": True}),
        (_draw(plots.InteractionDisplay.from_estimators),
         {"estimators": W, "level": "population", "absolute": True, "size": "density",
          "labels": list("aabbcc")}),
        (_draw(plots.InteractionDisplay.from_comparison),
         {"comparison": comparison, "value": "difference", "alpha": 0.05, "corrected": True}),
        (_draw(plots.InteractionDisplay.from_comparison(comparison).plot),
         {"ax": None, "kind": "graph", "limit": 1.0, "cmap": "viridis", "colorbar": True}),
        (_draw(plots.PredictionDisplay.from_estimators),
         {"estimators": {"a": predicted}, "X": x, "y": x, "trial": 1, "names": ["a", "b"],
          "dt": 1.0, "start": 0.0}),
        (_draw(plots.StudyDisplay.from_tables),
         {"results": runs, "curves": runs.assign(epoch=1)}),
        (_draw(plots.StudyDisplay.from_folder), {"folder": "no/such/folder"}),
        (_draw(plots.StudyDisplay(runs, runs.assign(epoch=1)).plot), {"figure": None}),
    ]  # fmt: skip


def _parameters(func: Any) -> list[str]:
    return list(inspect.signature(func).parameters) if inspect.isfunction(func) else []


def _defaults(cls: Any) -> dict[str, Any]:
    return {name: p.default for name, p in inspect.signature(cls).parameters.items()}


def _refit(cv_results: Any, within: Any) -> Any:
    return metrics.select_refit("a", then="b", within=within)(cv_results)


def _fit_bio(X: Any, **options: Any) -> Any:
    return initializers.BioWeightInitializer(**options).fit(X).sample()


def _fit_bio_draw(**options: Any) -> Any:
    init = initializers.BioWeightInitializer(dale=True).fit(np.eye(N_UNITS) + 0.1)
    return init.sample(**options)


def _structure_kept(W: Any, mask: Any) -> Any:
    return initializers.BioWeightInitializer().fit(np.eye(N_UNITS)).structure_kept(W, mask)


def _fit_connectivity(X: Any, **options: Any) -> Any:
    return initializers.FunctionalConnectivity(**options).fit_transform(X)


def _fit_sttc(X: Any, **options: Any) -> Any:
    return initializers.FunctionalConnectivity("sttc", **options).fit_transform(X)


def _draw(make: Callable[..., Any]) -> Callable[..., Any]:
    """Have a display drawn, so that everything it holds is looked at."""

    def draw(**options: Any) -> None:
        try:
            display = make(**options)
            if not hasattr(display, "figure_"):
                display = display.plot()
            display.figure_.canvas.draw()
        finally:
            plt.close("all")

    draw.__name__ = draw.__qualname__ = getattr(make, "__qualname__", "draw")
    return draw


def function_call(rng: np.random.Generator) -> Call:
    """Return a call of a public function, with one or two arguments that are nonsense."""
    function, arguments = pick(rng, functions())
    options = dict(arguments)
    for name in rng.permutation(list(options))[: 1 + (rng.random() < 0.3)]:
        options[name] = pick(rng, nonsense())
    name = getattr(function, "__qualname__", repr(function))
    text = ", ".join(f"{name}={_short(value)}" for name, value in options.items())
    return Call(f"{name}({text})", lambda: function(**options))


# ------------------------------------------------------------------------- the verdict

_WORDS = {
    "X", "y", "W", "n", "facts", "weights", "classes", "sample_weight", "ax", "figure",
    "estimator", "estimators", "Found", "features", "sign", "Reshape", "Expected", "cv_results_",
    "dimension", "Sample", "prune", "bind", "network", "loss",
}  # fmt: skip


def known_names() -> set[str]:
    """Return names of arguments, and what scikit-learn's sentences about X and y begin with."""
    names = set(_WORDS)
    for cls in ESTIMATORS:
        names |= set(inspect.signature(cls).parameters)
    for _, arguments in functions():
        names |= set(arguments)
    return names


def verdict(call: Call, names: set[str]) -> Fault | None:
    """Make the call and return the fault, or None if all is as it should be."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for category in EXPECTED_WARNINGS:
                warnings.simplefilter("ignore", category)
            warnings.filterwarnings("ignore", "X (does not have|has) .*feature names")
            call.run()
    # What is told by a warning of ours is held to what a refusal is held to.
    except (ValueError, TypeError, FileNotFoundError, UserWarning) as error:
        complaint = _complaint(error, names)
        return None if complaint is None else _fault(complaint, error, call)
    except Exception as error:
        return _fault("is no refusal", error, call)
    return None


def _complaint(error: Exception, names: set[str]) -> str | None:
    message = str(error)
    where = traceback.extract_tb(error.__traceback__)[-1].filename
    if isinstance(error, FileNotFoundError):
        return None
    if not names & set(re.findall(r"\w+", message)):
        return "names no argument"
    if "/sklearn/" in where:  # the words of scikit-learn's own checks are theirs
        return None
    if "/sk_biornn/" not in where:
        return "is of another library"
    if "\n" in message or len(message) > 600 or not message.rstrip().endswith((".", ")")):
        return "is not one sentence"
    return None


def _fault(complaint: str, error: Exception, call: Call) -> Fault:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/sk_biornn/" in frame.filename] or list(frames)
    place = f"{ours[-1].filename.rpartition('/sk_biornn/')[2]}:{ours[-1].lineno}"
    what = f"{type(error).__name__}: {str(error)[:300]!r} {complaint}"
    return Fault(f"{type(error).__name__} at {place}", f"{what}\n    at {place}\n    {call.text}")


def campaign(seed: int, n_calls: int, share_of_fits: float = 0.5) -> Iterator[Fault]:
    """Yield the faults among `n_calls` calls."""
    rng, names = np.random.default_rng(seed), known_names()
    for _ in range(n_calls):
        make = estimator_call if rng.random() < share_of_fits else function_call
        fault = verdict(make(rng), names)
        if fault is not None:
            yield fault


def _short(value: Any) -> str:
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = f"<{type(value).__name__}>"
    if isinstance(value, (np.ndarray, torch.Tensor)):
        text = f"{type(value).__name__}{tuple(value.shape)} {value.dtype} {text}"
    return text if len(text) < 120 else text[:117] + "..."


if __name__ == "__main__":
    plt.switch_backend("Agg")
    seen: dict[str, int] = {}
    for fault in campaign(int(sys.argv[1]), int(sys.argv[2])):
        seen[fault.kind] = seen.get(fault.kind, 0) + 1
        if seen[fault.kind] == 1:
            print(fault.text, flush=True)
    print(f"{sum(seen.values())} faults of {len(seen)} kinds: {seen}")
