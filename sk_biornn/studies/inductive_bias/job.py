"""One run: a network of one variant learns one task with the seeds of one simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from sk_biornn.studies._repeatable import seed_of
from sk_biornn.studies._runner import fill_record
from sk_biornn.studies._weights import save_weights, weights_file
from sk_biornn.studies.inductive_bias.field import Field, Source, field_of
from sk_biornn.studies.inductive_bias.measures import (
    GRAPH_METRICS,
    QUANTITIES,
    answers,
    finite_or_none,
    graph_metrics,
    price,
    quantities,
)
from sk_biornn.studies.inductive_bias.network import make_network, strengths_of
from sk_biornn.studies.inductive_bias.settings import Settings
from sk_biornn.studies.inductive_bias.tasks import Part, make_parts
from sk_biornn.studies.inductive_bias.variants import BY_NAME, Variant, file_name

RUN = ("task", "variant", "simulation")
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
)
CURVE = ("epoch", "loss", "validation_accuracy", "validation_cross_entropy", "running_accuracy")
WEIGHTS = ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_")


class Run(NamedTuple):
    """What tells a run from the others of a study."""

    task: str
    variant: str
    simulation: int

    @property
    def name(self) -> str:
        """Return the name of the run, which is also that of its files."""
        return f"{self.task}_{file_name(self.variant)}_{self.simulation:03d}"


def run_one(
    run: Run, settings: Settings, source: Source, weights_folder: Path | None = None
) -> dict[str, Any]:
    """Train one network and measure it; the same arguments give the same record.

    The record holds what JSON can. A network that diverges, or a field that is not there, gives
    one with an "error" and without results.
    """
    record: dict[str, Any] = {**run._asdict(), **dict.fromkeys(RESULTS), "curve": []}
    return fill_record(record, _fill, run, settings, source, weights_folder)


def _fill(
    record: dict[str, Any],
    run: Run,
    settings: Settings,
    source: Source,
    weights_folder: Path | None,
) -> None:
    def seed(purpose: str) -> int:
        return seed_of(settings.random_state, run.task, run.simulation, purpose)

    field = field_of(settings, run.simulation, source)
    counts = (settings.n_train, settings.n_validation, settings.n_test)
    parts = make_parts(run.task, counts, seed("data"))
    seeds = seed("recurrent weights"), seed("training")
    network, curve = _best_of_strengths(BY_NAME[run.variant], settings, field, seeds, parts)
    record["curve"] = curve
    measured = _measure(network, settings, field, parts)
    measured["running_accuracy"] = curve[-1][CURVE.index("running_accuracy")]
    record |= {name: finite_or_none(value) for name, value in measured.items()}
    if weights_folder is not None:
        arrays = {name: getattr(network, name) for name in WEIGHTS}
        arrays["W_initial"] = network.recurrent_init.astype(network.W_rec_.dtype)
        save_weights(weights_file(weights_folder, run.name), arrays)


def _best_of_strengths(
    variant: Variant,
    settings: Settings,
    field: Field,
    seeds: tuple[int, int],
    parts: dict[str, Part],
) -> tuple[Any, list[list[float | None]]]:
    """Fit at every strength; the best validation accuracy wins, the strongest among equals."""
    best: tuple[Any, list[list[float | None]]] | None = None
    best_accuracy = -1.0
    for strength in strengths_of(variant, settings):
        network = make_network(variant, settings, field, strength, *seeds)
        curve = _fit(network, settings, parts)
        accuracy = curve[-1][CURVE.index("validation_accuracy")]
        if best is None or accuracy > best_accuracy:
            best, best_accuracy = (network, curve), accuracy
    assert best is not None, "the settings saw to it that there is a strength"
    return best


def _fit(network: Any, settings: Settings, parts: dict[str, Part]) -> list[list[float | None]]:
    """Fit, noting after every epoch the loss, the answers and, if wanted, the metrics."""
    curve: list[list[float | None]] = []

    def note(network: Any) -> None:
        row = [network.n_iter_, network.loss_curve_[-1], *answers(network, parts["validation"])]
        row.append(network.take_running_accuracy())
        if settings.metrics_every_epoch:
            row += graph_metrics(network.W_rec_, settings).values()
        curve.append([finite_or_none(value) for value in row])

    network.set_params(on_epoch=note)
    network.fit(*parts["train"])
    network.set_params(on_epoch=None)
    return curve


def _measure(
    network: Any, settings: Settings, field: Field, parts: dict[str, Part]
) -> dict[str, float]:
    penalty = price(network)
    validation_accuracy, of_validation = answers(network, parts["validation"])
    test_accuracy, test_loss = answers(network, parts["test"])
    return {
        "test_accuracy": test_accuracy,
        "accuracy": answers(network, parts["train"])[0],
        "loss": network.loss_curve_[-1],
        "validation_accuracy": validation_accuracy,
        "validation_loss": of_validation + penalty,
        "test_loss": test_loss,
        "penalty": penalty,
        **graph_metrics(network.W_rec_, settings),
        **quantities(network.W_rec_, field.positions),
        "regu_strength": network.regu_strength,
    }
