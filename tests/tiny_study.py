"""A study of small runs whose jobs do what tests of clusters and shared folders want to see."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import threading
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_info

from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.ensemble import epochs_of_fit
from sk_biornn.studies import Plan, Report, Study, _claims, _shared, run_study

X, Y = make_flip_flop(24, n_steps=8, random_state=0)
LONG = 120.0  # s, far more than anything here takes
IMPATIENT = "impatient"  # the name of a file


class Run(NamedTuple):
    """A letter, and its simulation."""

    letter: str
    simulation: int


class Counted:
    """A large array that counts how often this process has written it down for another one."""

    n_pickles = 0

    def __init__(self) -> None:
        self.array = np.arange(250_000.0)

    def __getstate__(self) -> dict[str, Any]:
        type(self).n_pickles += 1
        return self.__dict__


def processes():
    """Return what starts processes quickly: a server that has loaded the packages forks them."""
    context = multiprocessing.get_context("forkserver")
    rooms = [f"sk_biornn.{room}" for room in ("estimators", "ensemble", "datasets", "metrics")]
    context.set_forkserver_preload([*rooms, "sk_biornn.studies._study", "distributed", "pytest"])
    return context


def wait_for(condition, seconds=LONG):
    """Wait until something is so; far longer than it takes on a busy machine."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def make_plan(preset: Any = None, *, letters: str = "abc", simulations: int = 2) -> Plan:
    """Simulations of every letter; the preset is handed to the jobs."""
    runs = tuple(Run(letter, i) for letter in letters for i in range(simulations))
    described = {"letters": letters, "simulations": simulations}
    return Plan(settings=preset, runs=runs, described=described)


def blank(run: Run, plan: Plan) -> dict[str, Any]:
    """Without numbers."""
    return {**run._asdict(), "sum": None, "note": None}


def learn(record, run, plan):
    """Train a tiny network and keep its weights."""
    network = DaleRNNRegressor(n_units=6, max_iter=2, random_state=10 * ord(run.letter))
    network.set_params(random_state=10 * ord(run.letter) + run.simulation)
    yield from epochs_of_fit(network, X, Y)
    record["sum"] = float(network.W_rec_.sum())
    return {"W_rec": network.W_rec_}


def idle(record, run, plan):
    """Do nothing."""


def fit_for_a_while(record, run, plan):
    """Train a network for a tenth of a second."""
    network = DaleRNNRegressor(n_units=32, max_iter=150, random_state=run.simulation)
    record["sum"] = float(network.fit(X, Y).W_rec_.sum())


def note_process(record, run, plan):
    """Note which process computes, on how many threads, and from how large an array."""
    threads = [lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"]
    record["note"] = [os.getpid(), torch.get_num_threads(), max(threads)]
    record["sum"] = float(plan.settings.array.sum()) if plan.settings is not None else 0.0


def note_stack(record, run, plan):
    """Train by epochs, and note the process."""
    yield from learn(record, run, plan)
    record["note"] = os.getpid()


def mark(folder, run) -> None:
    """Leave a file: this run was begun."""
    Path(folder, f"{run.letter}{run.simulation}.{uuid.uuid4().hex}.begun").touch()


def begun(folder) -> list[str]:
    """Return which runs were begun, those begun twice twice."""
    return sorted(path.name.partition(".")[0] for path in Path(folder).glob("*.begun"))


def ended_once(record, run, plan):
    """The first time that the letter k is at work, its process is killed, after two other runs."""
    folder = Path(plan.settings)
    mark(folder, run)
    struck = folder / f"struck{run.simulation}"
    if run.letter == "k" and not struck.exists():
        wait_for(lambda: len(list(folder.glob("runs/*.json"))) >= 2)
        struck.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    record["sum"] = float(ord(run.letter))


def always_killed(record, run, plan):
    """Nobody survives the letter k."""
    if run.letter == "k":
        os.kill(os.getpid(), signal.SIGKILL)


def held_up(record, run, plan):
    """Wait until the file `go` is there, but for the letter a."""
    mark(plan.settings, run)
    if run.letter != "a":
        wait_for(Path(plan.settings, "go").exists)
    record["sum"] = float(ord(run.letter))


def failing(record, run, plan):
    """Fail, as often as it is tried, while the file `bad` is there."""
    mark(plan.settings, run)
    if Path(plan.settings, "bad").exists():
        raise ArithmeticError("struck")
    record["sum"] = float(ord(run.letter))


def tables(records, plan, *, columns):
    """A row per run."""
    return {"results": pd.DataFrame.from_records(records, columns=columns)}


def letters_study(plan, blank, job, *, columns, run, keeps_weights=None) -> Study:
    """A study of letters: one table of these columns, and nothing to conclude from it."""
    return Study(
        name="letters",
        plan=plan,
        blank=blank,
        job=job,
        tables=partial(tables, columns=columns),
        report=Report(
            reads={"results": ["letter", "sum", "error"]},
            conclude=lambda tables, settings: {},
            sentences=str,
            run=run,
            tables=("results",),
            shown=("results",),
        ),
        keeps_weights=keeps_weights,
    )


STUDY = letters_study(
    make_plan,
    blank,
    learn,
    columns=["letter", "simulation", "sum", "note", "error"],
    run="{letter} {simulation}",
    keeps_weights=lambda run, plan: run.simulation == 0,
)


def study_of(job, **changes) -> Study:
    """The same with another job, which keeps no weights."""
    return dataclasses.replace(STUDY, job=job, keeps_weights=None, **changes)


def grow_impatient(folder) -> None:
    """Take runners for ended after seconds, from when on a file says so."""
    wait_for(Path(folder, IMPATIENT).exists)
    _claims.SILENCE = 3.0


def join(job, folder, beat, silence, options) -> None:
    """Work on a study in a folder that is shared, in a process of its own."""
    _claims.BEAT, _claims.SILENCE, _shared.LOOK_AGAIN = beat, silence, 0.02
    threading.Thread(target=grow_impatient, args=(folder,), daemon=True).start()
    run_study(study_of(job), str(folder), output=folder, join=True, **options)
