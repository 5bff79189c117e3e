"""One run: a network of cell types learns one condition, is pruned, and learns on."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np

from sk_biornn.studies._parts import Data
from sk_biornn.studies._repeatable import digest, seed_of
from sk_biornn.studies._runner import Record
from sk_biornn.studies._study import Plan
from sk_biornn.studies._together import Steps
from sk_biornn.studies.cell_types.settings import DENSE_SAME_EPOCHS, CellTypePreset

SCORES = ("mse", "r2", "correlation", "mse_persistence", "skill")
STAGES = ("initial", "dense", "pruned", "sparse")  # "sparse" is the end, in every arm
_SPLIT = {"train": 0.8, "test": 0.2}


class Run(NamedTuple):
    """What tells a run from the others of a study."""

    condition: str
    arm: str
    simulation: int


def blank(run: Run, plan: Plan) -> Record:
    """Return the record of a run before it starts."""
    return {**run._asdict(), "losses": [], "scores": [], "blocks": {}, "example": {}}


def job(record: Record, run: Run, plan: Plan) -> Steps:
    """Train one network; the same arguments give the same record, and weights of all stages.

    The record holds, as JSON can: "losses", a row per epoch of the loss and those of the
    populations; "scores", a row per stage and population; "blocks", by stage the mean of abs(W), of
    W and the density for every pair of populations; "example", target and predictions of the first
    test trial. It yields what is to be computed, and returns the weights.
    """
    from sk_biornn.ensemble import answers_of

    preset, random_state = plan.settings, plan.random_state
    data = make_data(preset, run.condition, run.simulation, random_state, plan.source)
    # Conditions and arms start from the same weights: differences are what was learnt.
    seeds = [seed_of(random_state, run.simulation, what) for what in ("weights", "training")]
    network = make_network(preset, run.arm, *seeds).set_params(device=plan.device)
    stages = yield from _fit(network, preset, data)
    if run.arm == DENSE_SAME_EPOCHS:
        del stages["pruned"]
    per_population = np.atleast_2d(network.loss_per_population_)
    record["losses"] = np.column_stack([network.loss_curve_, per_population]).tolist()
    for stage, network_then in stages.items():
        predictions = yield from answers_of(network_then, data.X_test)
        record["scores"] += _score(network_then, predictions, stage, data)
        record["blocks"][stage] = block_table(network_then.W_rec_, network.populations_)
    record["blocks"]["initial"] = block_table(network.recurrent_init, network.populations_)
    record["example"] = {"target": data.y_test[0].T.tolist()}
    for stage, network_then in stages.items():
        record["example"][stage] = network_then.predict(data.X_test[:1])[0].T.tolist()
    weights = {stage: then.W_rec_ for stage, then in stages.items()}
    weights["initial"] = network.recurrent_init
    return {stage: W.astype(np.float32) for stage, W in weights.items()}


# ------------------------------------------------------------------ trials


def make_data(
    preset: CellTypePreset, condition: str, simulation: int, random_state: int, folder: Any
) -> Data:
    """Return the trials of a condition, from a folder of published arrays if there is one."""
    if folder is not None:
        return _from_arrays(preset, condition, random_state, folder)
    from sk_biornn.datasets import make_population_rows, population_samples

    which = "all" if preset.published else simulation
    seeds = [seed_of(random_state, condition, which, purpose) for purpose in ("rows", "samples")]
    rows = make_population_rows("paper", condition=condition, random_state=seeds[0])
    samples = population_samples(
        rows,
        sizes={"train": 1.0} if preset.published else _SPLIT,
        n_samples={"train": preset.n_samples, "test": preset.n_test_samples},
        window=preset.window,
        legacy=preset.published,
        random_state=seeds[1],
    )
    return Data(*samples["train"], *samples.get("test", samples["train"]))


def input_data(preset: CellTypePreset, folder: Any) -> dict[str, str]:
    """Return the digest of the published arrays of every condition; nothing without a folder."""
    if folder is None:
        return {}
    from sk_biornn.datasets import load_population_arrays

    return {
        condition: digest(*load_population_arrays(folder, condition, window=preset.window))
        for condition in preset.conditions
    }


def _from_arrays(preset: CellTypePreset, condition: str, random_state: int, folder: Any) -> Data:
    """Read the published samples; rows had part in several, so that a split is no clean one."""
    from sklearn.model_selection import train_test_split

    from sk_biornn.datasets import load_population_arrays

    X, y = load_population_arrays(folder, condition, window=preset.window)
    X, y = X.astype(np.float32), y.astype(np.float32)
    if preset.published:
        return Data(X, y, X, y)
    seed = seed_of(random_state, condition, "split")
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=_SPLIT["test"], random_state=seed
    )
    return Data(X_train, y_train, X_test, y_test)


# ------------------------------------------------------------------ the network


def make_network(preset: CellTypePreset, arm: str, weights_seed: int, seed: int) -> Any:
    """Return the estimator of one run, not fitted."""
    from sk_biornn import CellTypeRNNRegressor
    from sk_biornn.biology import (
        BALWANI2025_BETWEEN_AREAS,
        Dale,
        TopProbPruning,
        cortical_populations,
        unit_signs,
    )
    from sk_biornn.datasets import load_connection_probabilities
    from sk_biornn.estimators import CosineCycles
    from sk_biornn.initializers import recurrent_weights

    populations = cortical_populations(scaling=preset.scaling)
    n_units = preset.n_units
    weights = recurrent_weights(
        "uniform",
        signs=unit_signs(populations),
        mask=np.ones((n_units, n_units), dtype=bool),
        rng=np.random.default_rng(weights_seed),
    )
    wiring: dict[str, Any] = {
        "connection_probabilities": load_connection_probabilities(),
        "between_areas": BALWANI2025_BETWEEN_AREAS,
        "pruning": TopProbPruning(legacy="cell-types" if preset.published else False),
    }
    if arm == DENSE_SAME_EPOCHS:
        # Nothing goes but what is 0 already; like the others it starts again with a new optimiser,
        # which by itself makes a network better.
        wiring = {"pruning": "magnitude", "density": 1.0}
    momentum = "kept" if preset.published else "cut"
    return CellTypeRNNRegressor(
        populations=populations,
        recurrent_init=weights,
        dale=None if arm == "unconstrained" else Dale(momentum=momentum),
        input_mask=None if preset.published else "population",
        # The original has none, but lets every unit see all channels. Where a unit sees one, and
        # the read-out is frozen, nothing else could set the baseline of a population.
        recurrent_bias=not preset.published,
        max_iter=preset.max_iter,
        finetune_iter=preset.finetune_iter,
        batch_size=preset.batch_size,
        learning_rate_init=preset.learning_rate,
        learning_rate=CosineCycles(period=20, minimum=preset.learning_rate / 10),
        random_state=seed,
        **wiring,
    )


def _fit(network: Any, preset: CellTypePreset, data: Data) -> Steps:
    """Fit, and return the network as it was when dense, just after pruning, and at the end."""
    from sk_biornn.ensemble import epochs_of_fit

    stages: dict[str, Any] = {}

    def note(network: Any) -> None:
        if network.n_iter_ == preset.max_iter:
            stages["dense"] = _copy(network)

    network.set_params(on_epoch=note)
    yield from epochs_of_fit(network, data.X_train, data.y_train)
    network.set_params(on_epoch=None)
    stages["pruned"] = _copy(stages["dense"])
    kept = np.where(network.mask_, network.W_dense_, 0)
    stages["pruned"].W_rec_ = kept.astype(network.W_dense_.dtype)
    return {**stages, "sparse": network}


def _copy(network: Any) -> Any:
    """Return a copy that predicts; it shares what is not trained, and never trains itself."""
    twin = copy.copy(network)
    twin.on_epoch = None
    return twin


def _score(network: Any, predictions: np.ndarray, stage: str, data: Data) -> list[list[Any]]:
    from sk_biornn.inspection import prediction_skill

    names = list(network.populations_["population"])
    table = prediction_skill(data.y_test, predictions, data.X_test, names=names)
    return [
        [stage, name, *(_finite_or_none(row[score]) for score in SCORES)]
        for name, row in table.iterrows()
    ]


def _finite_or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def block_table(W: np.ndarray, populations: Any) -> dict[str, list[list[float]]]:
    """Return means and density of every block [post, pre] of populations, zeros included."""
    from sk_biornn.biology import unit_index

    index = unit_index(populations)
    members = np.equal.outer(np.arange(index.max() + 1), index).astype(np.float64)
    sizes = np.outer(members.sum(1), members.sum(1))
    quantities = {"absolute": np.abs(W), "raw": W, "density": W != 0}
    return {
        name: (members @ matrix.astype(np.float64) @ members.T / sizes).tolist()
        for name, matrix in quantities.items()
    }
