"""One run: a network of one variant learns one task with the seeds of one simulation."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp

from sk_biornn.studies._repeatable import seed_of
from sk_biornn.studies._runner import Record
from sk_biornn.studies._study import Plan
from sk_biornn.studies._together import Steps, aside, collected
from sk_biornn.studies.inductive_bias.design import BY_NAME
from sk_biornn.studies.inductive_bias.network import (
    Part,
    field_of,
    make_network,
    make_parts,
    strengths_of,
)
from sk_biornn.studies.inductive_bias.settings import InductiveBiasSettings

GRAPH_METRICS = ("modularity", "small_worldness", "assortativity", "entropy")
QUANTITIES = ("wiring_cost", "spectral_radius", "mean_weight")
# What is also measured on the network as it was after the epoch of its best validation accuracy.
ANSWERS_OF_BEST_EPOCH = ("test_accuracy", "validation_accuracy")
OF_BEST_EPOCH = (*ANSWERS_OF_BEST_EPOCH, *GRAPH_METRICS)
RESULTS = (
    "test_accuracy",
    "accuracy",
    "running_accuracy",
    "loss",
    "validation_accuracy",
    "validation_loss",
    "test_loss",
    "penalty",
    *GRAPH_METRICS,
    *QUANTITIES,
    "regu_strength",
    "best_epoch",
    *(f"best_epoch_{name}" for name in OF_BEST_EPOCH),
)
CURVE = ("epoch", "loss", "validation_accuracy", "validation_cross_entropy", "running_accuracy")
_VALIDATION = CURVE.index("validation_accuracy")
WEIGHTS = ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_")
Curve = list[list[float | None]]


class Fitted(NamedTuple):
    """A network after its last epoch, as it was after its best one, and what every epoch gave."""

    network: Any
    best: Any
    curve: Curve
    metrics: Sequence[Any]  # those of every epoch, put aside; none where they are not wanted


class Run(NamedTuple):
    """What tells a run from the others of a study."""

    task: str
    variant: str
    simulation: int


def blank(run: Run, plan: Plan) -> Record:
    """Return the record of a run before it starts."""
    return {**run._asdict(), **dict.fromkeys(RESULTS), "curve": []}


def job(record: Record, run: Run, plan: Plan) -> Steps:
    """Train one network and measure it; the same arguments give the same record and weights.

    It yields what is to be computed, and returns the weights.

    A network that diverges, or a field that is not there, leaves a record without results.
    """
    settings = plan.settings

    def seed(purpose: str) -> int:
        return seed_of(settings.random_state, run.task, run.simulation, purpose)

    field = field_of(settings, run.simulation, plan.source)
    counts = (settings.n_train, settings.n_validation, settings.n_test)
    parts = make_parts(run.task, counts, seed("data"))
    seeds = seed("recurrent weights"), seed("training")

    def make(strength: float) -> Any:
        variant = BY_NAME[run.variant]
        network = make_network(variant, settings, field, strength, *seeds)
        return network.set_params(device=plan.device)

    strengths = strengths_of(BY_NAME[run.variant], settings)
    fitted = yield from _best_of_strengths(make, strengths, settings, parts)
    network, W = fitted.network, fitted.network.W_rec_
    measured = yield from _measure(fitted, parts)
    best_epoch = yield from _measure_best_epoch(fitted, parts, measured)
    of_last = of_best = yield from aside(graph_metrics, W, settings)
    amounts = yield from aside(quantities, W, field.positions)
    if fitted.best.n_iter_ < network.n_iter_:
        of_best = yield from aside(graph_metrics, fitted.best.W_rec_, settings)
    # Nothing is left to train: what was put aside is waited for.
    *of_epochs, of_best, of_last, amounts = yield from collected(
        [*fitted.metrics, of_best, of_last, amounts]
    )
    record["curve"] = _curve(fitted.curve, of_epochs)
    best_epoch |= {f"best_epoch_{name}": value for name, value in of_best.items()}
    measured |= {**of_last, **amounts, **best_epoch}
    record |= {name: finite_or_none(value) for name, value in measured.items()}
    initial = network.recurrent_init.astype(network.W_rec_.dtype)
    return {**{name: getattr(network, name) for name in WEIGHTS}, "W_initial": initial}


def _best_of_strengths(
    make: Callable[[float], Any],
    strengths: Sequence[float],
    settings: InductiveBiasSettings,
    parts: dict[str, Part],
) -> Steps:
    """Fit at every strength; the best validation accuracy wins, the strongest among equals.

    That is the accuracy after the last epoch, whatever an earlier one reached.
    """
    best: Fitted | None = None
    best_accuracy = -1.0
    for strength in strengths:
        fitted = yield from _fit(make(strength), settings, parts)
        accuracy = _validation_accuracy(fitted.curve[-1])
        if best is None or accuracy > best_accuracy:
            best, best_accuracy = fitted, accuracy
    assert best is not None, "the settings saw to it that there is a strength"
    return best


def _fit(network: Any, settings: InductiveBiasSettings, parts: dict[str, Part]) -> Steps:
    """Fit, noting after every epoch the loss, the answers and, if wanted, the metrics.

    The best epoch is the one of the best validation accuracy, the first among equals.
    """
    from sk_biornn.ensemble import epochs_of_fit

    curve: Curve = []
    metrics: list[Any] = []
    best = network

    def note(network: Any) -> Steps:
        nonlocal best
        running = network.take_running_accuracy()
        found = yield from answers(network, parts["validation"])
        row = [network.n_iter_, network.loss_curve_[-1], *found, running]
        if settings.metrics_every_epoch:
            metrics.append((yield from aside(graph_metrics, network.W_rec_, settings)))
        if row[_VALIDATION] > max(map(_validation_accuracy, curve), default=-1.0):
            best = copy.copy(network)  # each epoch sets new arrays, so these stay as they are
        curve.append([finite_or_none(value) for value in row])

    yield from epochs_of_fit(network, *parts["train"], after=note)
    return Fitted(network, best, curve, metrics)


def _curve(curve: Curve, metrics: Sequence[dict[str, float]]) -> Curve:
    """Return what every epoch gave, with its network metrics where they were wanted."""
    if not metrics:
        return curve
    return [
        [*row, *map(finite_or_none, found.values())]
        for row, found in zip(curve, metrics, strict=True)
    ]


def _validation_accuracy(epoch: list[float | None]) -> float:
    accuracy = epoch[_VALIDATION]
    assert accuracy is not None  # a share of answers is a number in every epoch
    return accuracy


def _measure(fitted: Fitted, parts: dict[str, Part]) -> Steps:
    """Return what the network answers after its last epoch, and what it costs."""
    network = fitted.network
    penalty = price(network)
    validation_accuracy, of_validation = yield from answers(network, parts["validation"])
    test_accuracy, test_loss = yield from answers(network, parts["test"])
    accuracy, _ = yield from answers(network, parts["train"])
    return {
        "test_accuracy": test_accuracy,
        "accuracy": accuracy,
        "running_accuracy": fitted.curve[-1][CURVE.index("running_accuracy")],
        "loss": network.loss_curve_[-1],
        "validation_accuracy": validation_accuracy,
        "validation_loss": of_validation + penalty,
        "test_loss": test_loss,
        "penalty": penalty,
        "regu_strength": network.regu_strength,
    }


def _measure_best_epoch(fitted: Fitted, parts: dict[str, Part], of_last: dict[str, float]) -> Steps:
    """Return what the network answered after its best epoch; nothing is new if that is the last."""
    best, found = fitted.best, dict(of_last)
    if best.n_iter_ < fitted.network.n_iter_:
        for part in ("test", "validation"):
            found[f"{part}_accuracy"], _ = yield from answers(best, parts[part])
    named = {f"best_epoch_{name}": found[name] for name in ANSWERS_OF_BEST_EPOCH}
    return {"best_epoch": best.n_iter_, **named}


# ------------------------------------------------------------------ what is measured on a network


def answers(network: Any, part: Part) -> Steps:
    """Ask a network, and return accuracy in per cent and mean cross-entropy in nats."""
    from sk_biornn.ensemble import answers_of

    scores = yield from answers_of(network, part.X, "decision_function")
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim == 1:  # a single output speaks for the second of two classes
        scores = np.stack([np.zeros_like(scores), scores], axis=1)
    right = np.searchsorted(network.classes_, part.y)
    surprise = logsumexp(scores, axis=1) - scores[np.arange(len(scores)), right]
    return 100.0 * float(np.mean(scores.argmax(axis=1) == right)), float(surprise.mean())


def price(network: Any) -> float:
    """Return the penalty in the loss of a fitted network."""
    return network.penalty_value()


def graph_metrics(W: np.ndarray, settings: InductiveBiasSettings) -> dict[str, float]:
    """Return the four network metrics of the original study."""
    from sk_biornn.metrics import assortativity, modularity, small_worldness, weight_entropy

    return {
        "modularity": modularity(W),
        "small_worldness": small_worldness(W, null=settings.small_world_null),
        "assortativity": assortativity(W),
        "entropy": weight_entropy(W),
    }


def quantities(W: np.ndarray, positions: np.ndarray) -> dict[str, float]:
    """Return how much wire, how strong, and how long activity may live; measured positions."""
    from sk_biornn.metrics import spectral_radius, wiring_cost

    return {
        "wiring_cost": wiring_cost(W, positions),
        "spectral_radius": spectral_radius(W),
        "mean_weight": float(np.abs(W).mean()),
    }


def finite_or_none(value: float) -> float | None:
    """Return a number as JSON can hold it."""
    if isinstance(value, int):
        return value
    return float(value) if np.isfinite(value) else None
