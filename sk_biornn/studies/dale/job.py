"""One run: a network of one arm learns one task with the seeds of one simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sk_biornn.studies._repeatable import seed_of
from sk_biornn.studies._runner import Record, fill_record
from sk_biornn.studies._study import Plan
from sk_biornn.studies._together import Steps
from sk_biornn.studies.dale.settings import DaleArm, DalePreset, LongerSteps
from sk_biornn.studies.dale.tasks import DaleTask


class Run(NamedTuple):
    """What tells a run from the others of a study."""

    task: str
    arm: str
    init: str
    simulation: int


class Settings(NamedTuple):
    """What a run is told: the preset, and the tasks and arms that take part, by name."""

    preset: DalePreset
    tasks: Mapping[str, DaleTask]
    arms: Mapping[tuple[str, str], DaleArm]


def blank(run: Run, plan: Plan) -> Record:
    """Return the record of a run before it starts."""
    arm = plan.settings.arms[run.arm, run.init]
    return _blank(arm, plan.settings.tasks[run.task], run.simulation)


def job(record: Record, run: Run, plan: Plan) -> Steps:
    """Train one network and note its curve and its score; yield what is to be computed."""
    preset, tasks, arms = plan.settings
    arm, task = arms[run.arm, run.init], tasks[run.task]
    given = (arm, task, preset, run.simulation, plan.random_state, plan.source)
    yield from _fill(record, *given, device=plan.device)


def train_dale_network(
    arm: DaleArm,
    task: DaleTask,
    preset: DalePreset,
    simulation: int,
    *,
    random_state: int = 0,
    data_home: Any = None,
) -> dict[str, Any]:
    """Train one network and follow its score on the test trials.

    The same arguments give the same numbers, in whatever process: one thread, and seeds that
    depend on `random_state`, the task and the simulation only. All arms of a simulation hence see
    the same trials in the same batches, from the same input and read-out weights.

    Parameters
    ----------
    arm : DaleArm
        How the network is constrained and where it starts.
    task : DaleTask
        What it learns.
    preset : DalePreset
        How large and how long.
    simulation : int
        Number of the simulation, from 0.
    random_state : int, default=0
        Seed of the study.
    data_home : path or None, default=None
        Folder of downloaded data (MNIST).

    Returns
    -------
    dict
        What JSON can hold: "n_iter", "train_loss" and "score" at the end, "baseline_score",
        "curve" (rows of epoch, training loss, test score), "seconds" and "error". A network that
        diverges has its "error" and the curve up to there, and no score.

    Examples
    --------
    >>> from sk_biornn.studies import (
    ...     DALE_ARMS, DALE_PRESETS, DALE_TASKS, train_dale_network,
    ... )
    >>> quick, digits = DALE_PRESETS["quick"], DALE_TASKS["digits"]
    >>> train_dale_network(DALE_ARMS[3], digits, quick, 0)["score"] > 80  # doctest: +SKIP
    True
    """
    given = (arm, task, preset, simulation, random_state, data_home)
    return fill_record(_blank(arm, task, simulation), _fill, *given)


def _blank(arm: DaleArm, task: DaleTask, simulation: int) -> Record:
    return {
        "task": task.name,
        **arm.describe(),
        "simulation": simulation,
        "metric": task.metric,
        "n_iter": 0,
        "train_loss": None,
        "score": None,
        "baseline_score": None,
        "curve": [],
    }


def _fill(
    record: Record,
    arm: DaleArm,
    task: DaleTask,
    preset: DalePreset,
    simulation: int,
    random_state: int,
    data_home: Any,
    device: str = "cpu",
) -> Steps:
    from sk_biornn.ensemble import answers_of, epochs_of_fit

    def seed(purpose: str) -> int:
        return seed_of(random_state, task.name, simulation, purpose)

    data = task.make_data(preset.budgets[task.name], seed("data"), data_home)
    record["baseline_score"] = task.score(data.y_test, task.guess(data))
    network = make_network(arm, task, preset, seed("recurrent weights"), seed("training"))
    network.set_params(device=device)
    every = preset.budgets[task.name].evaluate_every

    def note(network: Any) -> Steps:
        """Follow the test score; this has no influence on the training."""
        record["n_iter"] = epoch = network.n_iter_
        if epoch % every == 0 or epoch in (1, network.max_iter):
            score = task.score(data.y_test, (yield from answers_of(network, data.X_test)))
            record["curve"].append([epoch, network.loss_curve_[-1], score])

    yield from epochs_of_fit(network, data.X_train, data.y_train, after=note)
    record["train_loss"], record["score"] = record["curve"][-1][1:]


def make_network(
    arm: DaleArm, task: DaleTask, preset: DalePreset, weights_seed: int, seed: int
) -> Any:
    """Return the estimator of one run, not fitted."""
    import sk_biornn
    from sk_biornn.biology.prior import column_signs

    signs = column_signs(preset.n_units)
    budget = preset.budgets[task.name]
    return getattr(sk_biornn, task.estimator)(
        n_units=preset.n_units,
        dale=constraint_of(arm, preset),
        recurrent_init=initial_weights(arm, signs, weights_seed),
        rectify=preset.rectify_all or arm.obeys_dale,
        recurrent_bias=preset.recurrent_bias,
        max_iter=budget.max_iter,
        batch_size=budget.batch_size,
        learning_rate_init=preset.learning_rate,
        max_grad_norm=preset.max_grad_norm,
        random_state=seed,
        **(task.settings(signs) if task.settings else {}),
    )


def constraint_of(arm: DaleArm, preset: DalePreset) -> Any:
    """Return the argument `dale` of the estimator."""
    from sk_biornn.biology.constraints import Dale

    law = arm.dale
    if law == "projection" and preset.momentum == "kept":
        law = Dale("projection", momentum="kept")
    if arm.learning_rate_factor == 1.0:
        return law
    return LongerSteps(Dale(law) if isinstance(law, str) else law, arm.learning_rate_factor)


def initial_weights(arm: DaleArm, signs: np.ndarray, seed: int) -> np.ndarray:
    """Draw the recurrent weights of an arm from their own seed.

    They are handed to the estimator as an array, so that drawing them, which takes more or fewer
    random numbers, does not shift what else it draws: that is the same in all arms.
    """
    from sk_biornn.initializers import lift_zeros, recurrent_weights

    mask = np.ones((len(signs), len(signs)), dtype=bool)
    of_columns = np.zeros_like(signs) if arm.recurrent_init == "orthogonal" else signs
    weights = recurrent_weights(
        arm.recurrent_init, signs=of_columns, mask=mask, rng=np.random.default_rng(seed)
    )
    if arm.dale in ("square", "exponentiated"):  # zeros would stay zeros, see the estimator
        weights = lift_zeros(weights, signs, mask)
    return weights
