"""Studies, ensembles and searches on a real dask cluster of two processes."""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import BrokenExecutor, CancelledError
from functools import partial
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from joblib import parallel_config
from searches import GRID, assert_same_search, network
from searches import X as SX
from searches import Y as SY
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from tiny_study import (
    LONG,
    STUDY,
    Counted,
    always_killed,
    begun,
    ended_once,
    held_up,
    note_process,
    note_stack,
    processes,
    study_of,
    wait_for,
)

from sk_biornn import _cluster
from sk_biornn._cluster_tasks import result_of
from sk_biornn._records import NEVER_REPEATED
from sk_biornn.cli import main
from sk_biornn.ensemble import SeedEnsemble, fit_many
from sk_biornn.ensemble._elsewhere import Given, in_jobs
from sk_biornn.model_selection import StackedGridSearchCV
from sk_biornn.studies import PRESETS, Budget, DalePreset, run_study
from sk_biornn.studies import _on_cluster as on_cluster

distributed = pytest.importorskip("distributed")

RESOURCE = {"GPU": 1}
ORIGINAL = on_cluster._shared


# A cluster that ends leaves sockets to the collector of garbage, which speaks of them later.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def cluster():
    """Two workers, whose packages are loaded once, also for those that follow a killed one."""
    import dask

    processes()
    method = {"distributed.worker.multiprocessing-method": "forkserver"}
    with (
        dask.config.set(method),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=None
        ) as cluster,
    ):
        yield cluster
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.fixture
def client(cluster):
    """A client of the cluster, and joblib's work sent there."""
    with distributed.Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=120)
        with parallel_config("dask", client=client):
            yield client


def bytes_in(folder):
    """All files of a study but for its times: in records, times.csv, and on its page."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and name not in ("times.csv", "report.html"):
            found[name] = path.read_bytes()
        if name.startswith("runs"):
            record = json.loads(path.read_text()) if path.is_file() else {}
            found[name] = json.dumps({**record, **dict.fromkeys(NEVER_REPEATED)})
    return found


def test_records_are_those_of_a_serial_run(client, tmp_path):
    there = run_study(STUDY, output=tmp_path / "there")
    with parallel_config("sequential"):
        here = run_study(STUDY, output=tmp_path / "here")
    assert here["error"].isna().all() and there.equals(here)
    assert bytes_in(tmp_path / "there") == bytes_in(tmp_path / "here")
    assert len(list((tmp_path / "there" / "weights").glob("*.npz"))) == 3


def test_arrays_go_out_once_and_fits_have_one_thread(client):
    Counted.n_pickles = 0
    found = run_study(study_of(note_process), Counted(), letters="abcdefgh", simulations=3)
    assert Counted.n_pickles == 2  # to the scheduler, which is in this process, and to a worker
    assert (found["sum"] == 249_999 * 125_000).all() and len(found) == 24
    pids, *threads = zip(*found["note"], strict=True)
    assert len(set(pids)) == 2 and {*threads[0], *threads[1]} == {1}


def test_a_killed_worker_costs_its_runs_in_flight(client, tmp_path):
    study = study_of(ended_once)
    found = run_study(study, str(tmp_path), output=tmp_path, letters="kabcdefg", simulations=1)
    assert found["error"].isna().all()
    assert found["sum"].tolist() == [float(ord(letter)) for letter in "kabcdefg"]
    assert begun(tmp_path) == ["a0", "b0", "c0", "d0", "e0", "f0", "g0", "k0", "k0"]


def test_a_run_that_ends_every_worker_stops_the_study(client, cluster, monkeypatch):
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)  # not three
    study = study_of(always_killed)
    with pytest.raises(BrokenExecutor, match=r"^the run k_000 was given to several dask workers"):
        run_study(study, letters="k", simulations=1)


def fails_with(error):
    """Return a future whose result is this error."""

    def result():
        raise error

    return SimpleNamespace(result=result)


@pytest.mark.parametrize(
    ("names", "called"),
    [(["a_000"], "the run a_000"), (["a_001", "b_000"], "the stack of 2 runs from a_001 on")],
)
def test_what_a_task_ended_with_is_told_by_its_runs(names, called):
    """By how many they were, and by what the scheduler is at."""
    client = SimpleNamespace(status="running", _scheduler_identity={"address": "tcp://there:1"})
    there = _cluster.Cluster(client, {})
    killed = distributed.KilledWorker("a", None, 3)
    sentence = f"^{called} was given to several dask workers, and each of them ended"
    with pytest.raises(BrokenExecutor, match=sentence):
        result_of(fails_with(killed), on_cluster._called(names), there)
    sentence = f"^{called} was cancelled on the dask scheduler tcp://there:1, by another client or"
    with pytest.raises(BrokenExecutor, match=sentence):
        result_of(fails_with(CancelledError()), on_cluster._called(names), there)
    full = OSError(28, "no space left")
    with pytest.raises(OSError, match="no space left"):
        result_of(fails_with(full), on_cluster._called(names), there)
    client.status = "connecting"
    for error in (CancelledError(), full):
        with pytest.raises(ConnectionError, match=r"^the dask scheduler tcp://there:1 was lost"):
            result_of(fails_with(error), on_cluster._called(names), there)


def test_a_worker_writes_no_file_into_the_folder_of_the_study(tmp_path):
    def writes(shared, own, path):
        path.write_bytes(b"weights")
        return {"sum": shared + own}

    leaf = tmp_path / "not" / "there" / "a.npz"
    common = on_cluster._Common(
        partial(on_cluster.each, writes), {0: 7}, _cluster.worker_versions()
    )
    runs = on_cluster._Runs({"a": (5, leaf), "b": (6, tmp_path / "b")}, {"a": leaf, "b": None})
    assert on_cluster._work(runs, common) == [
        ("a", {"sum": 12}, b"weights"),
        ("b", {"sum": 13}, None),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["b"]  # which is no file of that run


# ------------------------------------------------------------------ stacks


def only_one_has_it(client, there):
    """Give the resource to one worker, or take it away."""
    address = sorted(client.scheduler_info()["workers"])[0]

    async def tell(dask_worker):
        await dask_worker.set_resources(GPU=there)

    client.run(tell, workers=[address])
    return client.run(os.getpid, workers=[address])[address]


def test_a_stack_is_one_task_where_its_resource_is(client, tmp_path):
    pid = only_one_has_it(client, 1)
    try:
        with parallel_config("dask", client=client, resources=RESOURCE):
            found = run_study(study_of(note_stack), strategy="stacked")
            assert _cluster.active_cluster().n_slots() == 1
        assert set(found["note"]) == {pid} and found["error"].isna().all()
    finally:
        only_one_has_it(client, 0)


def test_stacks_of_two_workers_are_those_of_this_process(client, tmp_path):
    found = run_study(STUDY, output=tmp_path / "there", strategy="stacked")
    with parallel_config("sequential"):
        expected = run_study(STUDY, output=tmp_path / "here")
    np.testing.assert_allclose(found["sum"], expected["sum"], rtol=1e-5)
    assert len(list((tmp_path / "there" / "weights").glob("*.npz"))) == 3


@pytest.mark.parametrize("strategy", ["joblib", "stacked"])
def test_runners_may_have_clusters_and_finished_runs_cost_nothing(client, tmp_path, strategy):
    found = run_study(STUDY, output=tmp_path, join=True, strategy=strategy)
    assert found["error"].isna().all()
    before = bytes_in(tmp_path)
    for how in ({"join": True}, {"resume": True}):
        assert run_study(STUDY, output=tmp_path, strategy=strategy, **how).equals(found)
    assert bytes_in(tmp_path) == before


def test_runs_alike_go_together():
    names = [f"{arm}_{number:03d}" for number in range(3) for arm in ("b", "a_x")]
    first, second = on_cluster.groups_of(names, 2)
    assert {name[:-4] for name in first} == {"a_x"} and {name[:-4] for name in second} == {"b"}
    assert on_cluster.groups_of([], 3) == []
    for n_groups in range(1, 9):
        groups = on_cluster.groups_of(names, n_groups)
        assert sorted(chain(*groups)) == sorted(names) and len(groups) == min(n_groups, 6)
        assert max(map(len, groups)) - min(map(len, groups)) <= 1


# ------------------------------------------------------------------ what is refused


def pretend(client, name, value):
    """Have one worker say that it has another version; return its address."""
    address = sorted(client.scheduler_info()["workers"])[0]

    def change():
        from sk_biornn import _cluster

        _cluster.worker_versions().update({name: value})

    client.run(change, workers=[address])
    return address


@pytest.mark.parametrize("name", ["python", "torch", "numpy", "sk_biornn"])
def test_other_versions_are_refused_by_name(client, name):
    address = pretend(client, name, "0.0.1")
    ours = _cluster.versions()[name]
    sentence = (
        f'the dask worker {address} has other versions: {name} is "0.0.1" there, "{ours}" here; '
        "install the same there."
    )
    try:
        for work in (
            lambda: run_study(STUDY),
            lambda: fit_many([network(), network()], SX, SY),
            lambda: SeedEnsemble(network(), n_seeds=2, strategy="joblib").fit(SX, SY),
        ):
            with pytest.raises(ValueError) as caught:
                work()
            assert str(caught.value) == sentence
    finally:
        pretend(client, name, ours)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (distributed.comm.CommClosedError("in <TCP>"), "does not answer .*: it may have ended; b"),
        (TimeoutError("late"), "does not answer .*: it may have ended; begin again with those"),
        (ModuleNotFoundError("no sk_biornn"), "cannot do this work .*: install the same version"),
        (OSError("libgomp.so"), "cannot do this work .*: install the same version"),
    ],
)
def test_a_worker_that_has_gone_is_told_from_one_that_lacks_something(error, said, monkeypatch):
    there = SimpleNamespace(workers=lambda: {"a": {}}, client=SimpleNamespace())
    there.client.run = lambda *given, **how: {"a": error}
    monkeypatch.setattr(_cluster, "_wait_for_workers", lambda cluster: None)
    with pytest.raises(ValueError, match=f"^the dask worker a {said}"):
        _cluster.ask_workers(there, os.getpid)


def test_a_worker_that_comes_later_is_asked_too(client, monkeypatch):
    address = pretend(client, "torch", "0.0.1")
    monkeypatch.setattr("sk_biornn.studies._runner.check_workers", lambda cluster: None)
    try:
        with pytest.raises(
            ValueError, match=rf'{address} has other versions: torch is "0.0.1" there'
        ):
            run_study(STUDY, simulations=4)
    finally:
        pretend(client, "torch", _cluster.versions()["torch"])


def test_a_cluster_without_the_workers_is_refused(client, monkeypatch):
    monkeypatch.setattr(_cluster, "WORKERS_WITHIN", 0.2)
    sentence = (
        r"^the dask scheduler tcp://\S+ has no worker with the resources GPU=1 after 0.2 s: st"
    )
    with (
        parallel_config("dask", client=client, resources=RESOURCE),
        pytest.raises(ValueError, match=sentence),
    ):
        run_study(STUDY)


def test_workers_are_asked_for_the_gpu(client, monkeypatch):
    if client.submit(on_cluster._finds_a_gpu).result():
        pytest.skip("there is one")
    with pytest.raises(
        ValueError, match=r"where the dask worker tcp://\S+ finds no GPU, got 'cuda'"
    ):
        run_study(STUDY, device="cuda")
    assert on_cluster.device_there(_cluster.active_cluster(), "auto") == "cpu"
    monkeypatch.setattr(on_cluster, "ask_workers", lambda *_: {"a": True, "b": True})
    assert on_cluster.device_there(None, "auto") == "cuda"


# ------------------------------------------------------------------ ensembles and searches


@pytest.mark.parametrize("strategy", ["joblib", "stacked"])
def test_ensembles_are_those_of_this_process(client, strategy):
    ensemble = SeedEnsemble(network(), n_seeds=3, random_state=0, strategy=strategy)
    weights = np.ones(len(SX))
    there = clone(ensemble).fit(list(SX), list(SY), sample_weight=weights)
    with parallel_config("sequential"):
        here = clone(ensemble).fit(list(SX), list(SY), sample_weight=weights)
    for ours, theirs in zip(here.estimators_, there.estimators_, strict=True):
        if strategy == "joblib":
            assert np.array_equal(ours.W_rec_, theirs.W_rec_)
        np.testing.assert_allclose(ours.W_rec_, theirs.W_rec_, atol=1e-10)


def test_trials_of_an_ensemble_go_out_once(client):
    Counted.n_pickles = 0
    given = Given(Counted(), None, {})
    assert in_jobs(_total, [(k,) for k in range(8)], given, None) == [250_000 + k for k in range(8)]
    assert Counted.n_pickles <= 2


def _total(k, given):
    return len(given.X.array) + k


def test_a_study_that_cannot_be_sent_is_refused(client):
    lock = threading.Lock()
    sentence = r"^the job and the plan of a study must be what can be sent .* no pickle \(cannot"
    with pytest.raises(TypeError, match=sentence):
        run_study(study_of(lambda record, run, plan: lock.locked()))


def test_a_client_that_is_closed_is_refused(cluster):
    with distributed.Client(cluster, set_as_default=False) as closed:
        pass
    for work in (
        lambda: run_study(STUDY),
        lambda: fit_many([network(), network()], SX, SY),
        lambda: SeedEnsemble(network(), n_seeds=2, strategy="joblib").fit(SX, SY),
    ):
        with (
            parallel_config("dask", client=closed),
            pytest.raises(ValueError, match=r"^the dask client .* whose status is 'closed': make"),
        ):
            work()


class HoldsALock:
    """An `on_epoch` that has a pickle until it is called."""

    def __call__(self, *_):
        """Hold what has none."""
        self.lock = threading.Lock()


@pytest.mark.parametrize("strategy", ["joblib", "stacked"])
def test_what_cannot_be_sent_is_refused_and_not_waited_for(client, strategy):
    ensemble = SeedEnsemble(network(), n_seeds=2, random_state=0, strategy=strategy)
    lock = threading.Lock()
    ensemble.set_params(estimator__on_epoch=lambda *_: lock.locked())
    with pytest.raises(TypeError, match=r"^estimators? must be what can be sent to the workers"):
        ensemble.fit(SX, SY)
    ensemble.set_params(estimator__on_epoch=HoldsALock())
    with pytest.raises(TypeError, match=r"^a fit on a dask cluster must leave what can be sent b"):
        ensemble.fit(SX, SY)


class EndsAWorker:
    """An `on_epoch` that kills the process that calls it, once."""

    def __init__(self, folder):
        self.file = folder / "struck"

    def __call__(self, *_):
        """Kill."""
        if not self.file.exists():
            self.file.touch()
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("strategy", ["joblib", "stacked"])
def test_an_ensemble_survives_the_end_of_a_worker(client, strategy, tmp_path):
    """Its trials do not end with the worker that has them."""
    ensemble = SeedEnsemble(network(), n_seeds=4, random_state=0, strategy=strategy)
    ensemble.set_params(estimator__on_epoch=EndsAWorker(tmp_path))
    there = clone(ensemble).fit(SX, SY)
    assert (tmp_path / "struck").exists()
    with parallel_config("sequential"):
        here = clone(ensemble).fit(SX, SY)
    for ours, theirs in zip(here.estimators_, there.estimators_, strict=True):
        np.testing.assert_allclose(ours.W_rec_, theirs.W_rec_, atol=1e-10)
    client.wait_for_workers(2, timeout=LONG)


def test_one_worker_is_a_cluster_too_and_resources_say_which(client):
    """A stack of all goes to the one worker that has a GPU, and none is fitted here."""
    pid = only_one_has_it(client, 1)
    try:
        with parallel_config("dask", client=client, resources=RESOURCE):
            networks = [network(random_state=k, on_epoch=NotesProcess()) for k in range(4)]
            fitted = fit_many(networks, SX, SY, strategy="stacked")
        assert {one.on_epoch.pid for one in fitted} == {pid}
        assert fitted.stacking_report["stack"].tolist() == [4] * 4
    finally:
        only_one_has_it(client, 0)


class NotesProcess:
    """An `on_epoch` that notes where it is called."""

    def __call__(self, *_):
        """Note it."""
        self.pid = os.getpid()


def test_a_checkpoint_is_one_folder_wherever_workers_stand(client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    grid = {"regu_strength": [0.0, 0.1]}
    search = StackedGridSearchCV(network(), grid, cv=2, refit=False, checkpoint="kept")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        search.fit(SX, SY)
        assert len(list(tmp_path.glob("kept/runs/*.json"))) == 4
        assert clone(search).fit(SX, SY).stacking_report_["stack"].tolist() == [0] * 4


def test_searches_are_those_of_this_process(client, tmp_path):
    there = GridSearchCV(network(), GRID, cv=2, n_jobs=2).fit(SX, SY)
    stacked = StackedGridSearchCV(network(), GRID, cv=2, n_jobs=2, checkpoint=tmp_path).fit(SX, SY)
    with parallel_config("sequential"):
        here = GridSearchCV(network(), GRID, cv=2).fit(SX, SY)
    assert_same_search(there, here)
    assert_same_search(stacked, here)
    assert len(list((tmp_path / "runs").glob("*.json"))) == 13


def test_stacks_of_a_search_are_divided_among_the_workers(client):
    search = StackedGridSearchCV(network(), {"regu_strength": [0.0, 0.1, 0.2]}, cv=2).fit(SX, SY)
    assert search.stacking_report_["stack"].tolist() == [3] * 6


# ------------------------------------------------------------------ the end of a study


def run_aside(function, *args, **kwargs):
    """Call a function in a thread of its own; return the thread and where its error will be."""
    outcome = []

    def call():
        try:
            outcome.append(function(*args, **kwargs))
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    return thread, outcome


SCHEDULER = """
import asyncio, sys
from distributed import Scheduler, Worker
async def main():
    async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        async with Worker(scheduler.address, nthreads=1):
            print(scheduler.address, flush=True)
            await scheduler.finished()
asyncio.run(main())
"""


@pytest.fixture
def scheduler():
    """A scheduler with one worker, in a process that can be killed, and its address."""
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    process = subprocess.Popen(
        [sys.executable, "-c", SCHEDULER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def test_a_lost_scheduler_ends_in_a_sentence_and_the_study_goes_on(scheduler, tmp_path):
    process, address = scheduler
    study = study_of(held_up)

    def there():
        with _cluster.connected(address) as client, parallel_config("dask", client=client):
            run_study(study, str(tmp_path), output=tmp_path, letters="ab", simulations=1)

    thread, outcome = run_aside(there)
    wait_for(lambda: len(list(tmp_path.glob("runs/*.json"))) == 1 and "b0" in begun(tmp_path))
    process.kill()
    thread.join(LONG)
    (error,) = outcome
    assert isinstance(error, ConnectionError)
    assert str(error) == f"the dask scheduler {address} was lost, and what it had in flight"
    (tmp_path / "go").touch()
    found = run_study(
        study, str(tmp_path), output=tmp_path, letters="ab", simulations=1, resume=True
    )
    assert found["error"].isna().all() and begun(tmp_path) == ["a0", "b0", "b0"]


def n_queued(dask_worker):
    """How many tasks a worker has not begun."""
    states = [task.state for task in dask_worker.state.tasks.values()]
    return sum(state in ("ready", "waiting", "constrained") for state in states)


def test_an_interruption_cancels_what_is_queued(client, cluster, tmp_path):
    def strike():
        try:
            wait_for(
                lambda: len(list(tmp_path.glob("runs/*.json"))) == 1 and len(begun(tmp_path)) == 3
            )
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    thread, _ = run_aside(strike)
    with pytest.raises(KeyboardInterrupt):
        run_study(
            study_of(held_up), str(tmp_path), output=tmp_path, letters="abcdefgh", simulations=1
        )
    thread.join()
    wait_for(lambda: not any(client.run(n_queued).values()))  # the message is on its way
    (tmp_path / "go").touch()
    wait_for(lambda: not cluster.scheduler.tasks)
    assert len(begun(tmp_path)) == 3  # one that was done, and what each worker was at
    whole = run_study(
        study_of(held_up),
        str(tmp_path),
        output=tmp_path,
        letters="abcdefgh",
        resume=True,
        simulations=1,
    )
    assert whole["error"].isna().all() and begun(tmp_path).count("a0") == 1


def test_the_bar_counts_runs_of_all_workers(client, capsys):
    run_study(STUDY, progress=True)
    assert "6/6" in capsys.readouterr().err


# ------------------------------------------------------------------ by address


@pytest.mark.parametrize(
    ("address", "kind", "sentence"),
    [
        (7, TypeError, "'local:N' with N >= 1 workers here, got int"),
        ("", ValueError, "'local:N' with N >= 1 workers here, got ''"),
        ("local", ValueError, "got 'local'"),
        ("local:0", ValueError, "got 'local:0'"),
        ("local:-2", ValueError, "got 'local:-2'"),
        ("local:two", ValueError, "got 'local:two'"),
        ("local:2.5", ValueError, "got 'local:2.5'"),
        ("localhost:8786", ValueError, "got 'localhost:8786'"),
        ("tcp://", ValueError, "got 'tcp://'"),
        ("tcp://somewhere", ValueError, "got 'tcp://somewhere'"),
        ("http://somewhere:80", ValueError, "got 'http://somewhere:80'"),
        ("tcp://some where:80", ValueError, "got 'tcp://some where:80'"),
    ],
)
def test_what_is_no_address_is_refused(address, kind, sentence):
    with pytest.raises(kind) as caught, _cluster.connected(address):
        pass
    assert str(caught.value).startswith("dask must be 'tcp://host:port' of a dask scheduler, or ")
    assert str(caught.value).endswith(f"{sentence}.")


def test_the_log_of_dask_is_silent_no_longer_than_the_connection(scheduler):
    log = logging.getLogger("distributed")
    before = log.level
    with _cluster.connected(scheduler[1]):
        assert log.level == logging.CRITICAL
    assert log.level == before


DALE = ["study", "dale", "--arms", "projection/ours", "--simulations", "1"]


def silent_port():
    """A port that takes connections and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, listener.getsockname()[1]


@pytest.mark.parametrize("answers", [True, False])
def test_a_scheduler_that_does_not_answer_is_named(answers, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(_cluster, "CONNECT_WITHIN", 0.5)
    listener, port = silent_port()
    with listener:
        if not answers:
            listener.close()
        started = time.monotonic()
        code = main([*DALE, "--output", str(tmp_path / "o"), "--dask", f"tcp://127.0.0.1:{port}"])
    assert time.monotonic() - started < LONG
    *_, line = capsys.readouterr().err.strip().splitlines()
    assert code == 2 and line.startswith(
        "sk-biornn: dask must be the address of a scheduler that answers, got "
        f"'tcp://127.0.0.1:{port}', where none did within 0.5 s ("
    )


def test_without_distributed_a_sentence_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main([*DALE, "--dask", "local:2"]) == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert line == ('sk-biornn: dask needs the package distributed: pip install "sk-biornn[dask]".')


def test_the_command_line_sends_runs_to_a_cluster(cluster, capsys, tmp_path, monkeypatch):
    tiny = DalePreset("quick", 8, 2, {"digits": Budget(60, 40, 2, 30, 1)})
    monkeypatch.setitem(PRESETS, "quick", tiny)
    monkeypatch.setattr("sk_biornn.studies._report.matplotlib_is_here", lambda: False)
    monkeypatch.setattr(
        on_cluster, "_shared", lambda rows: seen.append(len(rows)) or original(rows)
    )
    for name, options in (("there", ["--dask", cluster.scheduler_address]), ("here", [])):
        seen, original = [], ORIGINAL
        assert main(["study", "dale", "--output", str(tmp_path / name), *options]) == 0
        assert bool(seen) == bool(options)
    assert bytes_in(tmp_path / "there") == bytes_in(tmp_path / "here")


@pytest.mark.parametrize(("asked", "slots"), [({}, 3), ({"GPU": 0}, 3), ({"GPU": 1}, 2)])
def test_a_worker_has_as_many_slots_as_threads_and_resources_allow(asked, slots):
    holder = SimpleNamespace(resources=asked)
    worker = {"nthreads": 3, "resources": {"GPU": 2.0}}
    assert _cluster.Cluster._slots_of(holder, worker) == slots
