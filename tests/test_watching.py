"""What a fit shows while it goes on, and what it leaves in the log."""

from __future__ import annotations

import gc
import io
import logging
import multiprocessing
import os
import sys
import threading
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from sk_biornn import DaleRNNRegressor, _progress
from sk_biornn._progress import Progress
from sk_biornn.datasets import _download, make_flip_flop
from sk_biornn.ensemble import fit_many
from sk_biornn.model_selection import StackedGridSearchCV

X, Y = make_flip_flop(24, n_steps=6, random_state=0)


def network(**arguments):
    return DaleRNNRegressor(**{"n_units": 6, "max_iter": 3, "random_state": 0, **arguments})


class Clock:
    """A second passes with every look at it."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        self.now += 1.0
        return self.now


class Terminal:
    """Somewhere a line can be drawn again."""

    encoding = "utf-8"

    def __init__(self):
        self.written = ""

    def isatty(self):
        return True

    def write(self, text):
        self.written += text

    def flush(self):
        pass


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(_progress, "time", Clock())


@pytest.fixture
def terminal(monkeypatch):
    there = Terminal()
    monkeypatch.setattr(_progress, "sys", SimpleNamespace(stderr=there, modules=sys.modules))
    return there


# ------------------------------------------------------------------ lines and bars


def test_without_a_terminal_about_ten_lines_are_written(capsys, clock):
    progress = Progress(40, "run", name="study")
    for k in range(40):
        progress.step(f"loss {k}")
    progress.close()
    written = capsys.readouterr()
    assert written.out == ""
    lines = written.err.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        f"study: run {k}/40" for k in (1, *range(4, 41, 4))
    ]
    assert lines[0] == "study: run 1/40, loss 0, 0:39 left"
    assert lines[-1] == "study: run 40/40, loss 39"


def test_time_left_counts_what_was_done_now(capsys, clock):
    progress = Progress(4000, "run", done=3998, verbose=2)
    progress.step()
    Progress(7400, "run", verbose=2).step()
    assert capsys.readouterr().err.splitlines() == [
        "run 3999/4000, 0:01 left",
        "run 1/7400, 2:03:19 left",
    ]


@pytest.mark.parametrize("total", [1, 2, 3])
def test_few_have_a_line_each(total, capsys, clock):
    progress = Progress(total, "run")
    for _ in range(total):
        progress.step()
    assert len(capsys.readouterr().err.splitlines()) == total


def test_a_terminal_shows_a_bar_and_lines_above_it(terminal):
    progress = Progress(4, "epoch", name="net")
    for _ in range(4):
        progress.step("loss 0.5")
        progress.say("pruned")
    progress.close()
    assert terminal.written.count("net: pruned\n") == 4
    assert "\r" in terminal.written and "net: epoch" not in terminal.written
    last = terminal.written.rstrip("\n").rpartition("\r")[2]
    assert last.startswith("epoch 4/4 |") and last.endswith(", loss 0.5")


def test_the_bar_of_what_failed_is_taken_away(terminal):
    progress = Progress(4, "epoch")
    progress.step()
    progress.close(failed=True)
    assert terminal.written.endswith("\r")
    assert not terminal.written.rstrip("\r").rpartition("\r")[2].strip()


def test_a_line_per_epoch_is_no_bar(terminal, clock):
    progress = Progress(30, "epoch", verbose=2)
    for _ in range(30):
        progress.step()
    assert "\r" not in terminal.written and len(terminal.written.splitlines()) == 30


def test_workers_and_threads_draw_no_bars(terminal, monkeypatch):
    found = []
    assert _progress.can_redraw()
    thread = threading.Thread(target=lambda: found.append(_progress.can_redraw()))
    thread.start()
    thread.join()
    monkeypatch.setattr(multiprocessing.current_process(), "_name", "LokyProcess-1")
    assert [*found, _progress.can_redraw()] == [False, False]


@pytest.mark.parametrize("columns", [0, 79])
def test_a_terminal_of_no_columns_gets_lines(terminal, monkeypatch, columns):
    monkeypatch.setattr(terminal, "fileno", lambda: 2, raising=False)
    size = os.terminal_size((columns, 24))
    monkeypatch.setattr(_progress.os, "get_terminal_size", lambda _: size)
    assert _progress.can_redraw() == (columns > 0)


def test_a_bar_with_both_losses_fits_80_columns(terminal, monkeypatch):
    arguments = {"early_stopping": True, "n_iter_no_change": 200, "max_iter": 101}
    network(verbose=1, **arguments).fit(X, Y)
    bars = [line for line in terminal.written.replace("\n", "\r").split("\r") if "|" in line]
    assert len(bars) >= 2 and "101/101" in bars[-1]
    assert max(map(len, bars)) < 80 and "validation loss 0." in bars[-1]


def test_notebooks_draw_bars(monkeypatch):
    outside = type("OutStream", (Terminal,), {"__module__": "ipykernel.iostream"})()
    monkeypatch.setattr(outside, "isatty", lambda: False, raising=False)
    there = SimpleNamespace(stderr=outside, modules=sys.modules)
    monkeypatch.setattr(_progress, "sys", there)
    assert _progress.can_redraw()


def test_a_program_without_a_console_writes_nowhere(monkeypatch):
    there = SimpleNamespace(stderr=None, modules=sys.modules)
    monkeypatch.setattr(_progress, "sys", there)
    assert not _progress.can_redraw()
    network(verbose=1).fit(X, Y)


class Closed(Terminal):
    """A terminal that is gone from its n-th text on."""

    def __init__(self, n_texts):
        super().__init__()
        self.n_left = n_texts

    def write(self, text):
        if self.n_left <= 0:
            raise OSError(5, "Input/output error")
        self.n_left -= 1
        super().write(text)


class WritesOnly:
    """What stands for a stream in some programs."""

    def __init__(self):
        self.written = ""

    def write(self, text):
        self.written += text


def closed_file():
    file = io.StringIO()
    file.close()
    return file


@pytest.mark.parametrize("verbose", [1, 2])
@pytest.mark.parametrize(
    "make", [closed_file, WritesOnly, *(partial(Closed, n) for n in (0, 1, 3, 5))]
)
@pytest.mark.filterwarnings("error")  # of what is left for the end of the program
def test_a_fit_goes_on_where_nothing_can_be_shown(make, verbose, monkeypatch):
    there = make()
    monkeypatch.setattr(_progress, "sys", SimpleNamespace(stderr=there, modules=sys.modules))
    est = network(verbose=verbose, early_stopping=True).fit(X, Y)
    assert est.n_iter_ == 3
    assert len(fit_many([network(random_state=k) for k in (0, 1)], X, Y, verbose=verbose)) == 2
    gc.collect()
    assert not isinstance(there, WritesOnly) or there.written.count("/3, ") == 6


# ------------------------------------------------------------------ fits


def test_a_fit_is_silent_unless_asked(capsys):
    network().fit(X, Y)
    written = capsys.readouterr()
    assert written.out == written.err == ""


def test_a_verbose_fit_writes_its_losses_to_the_standard_error(capsys, clock):
    est = network(verbose=2).fit(X, Y)
    written = capsys.readouterr()
    a, b, c = est.loss_curve_
    assert written.out == ""
    assert written.err.splitlines() == [
        f"DaleRNNRegressor: epoch 1/3, loss {a:.4g}, 0:02 left",
        f"DaleRNNRegressor: epoch 2/3, loss {b:.4g}, 0:01 left",
        f"DaleRNNRegressor: epoch 3/3, loss {c:.4g}",
    ]


def test_one_that_stops_early_shows_its_validation_loss_and_what_was_kept(capsys):
    arguments = {"early_stopping": True, "n_iter_no_change": 2, "tol": 10.0, "max_iter": 20}
    est = network(verbose=2, **arguments).fit(X, Y)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == est.n_iter_ + 1 == 4
    losses = zip(est.loss_curve_, est.validation_loss_curve_, strict=True)
    for line, (loss, validation) in zip(lines, losses, strict=False):
        assert f"loss {loss:.4g}, validation loss {validation:.4g}, " in line
    best = int(np.argmax(est.validation_scores_))
    assert lines[-1] == (
        f"DaleRNNRegressor: stopped early after epoch 3, kept epoch {best + 1} (validation score "
        f"{est.validation_scores_[best]:.4g})"
    )


@pytest.mark.parametrize("verbose", [1, 2, True])
def test_what_is_shown_changes_no_bit(verbose, capsys):
    shown, silent = network(verbose=verbose).fit(X, Y), network().fit(X, Y)
    assert (shown.W_rec_ == silent.W_rec_).all() and shown.loss_curve_ == silent.loss_curve_
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_networks_side_by_side_write_lines_below_one_bar(terminal):
    networks = [network(random_state=k, verbose=1) for k in range(2)]
    fit_many(networks, X, Y, verbose=1)
    assert terminal.written.count("DaleRNNRegressor: epoch 3/3") == 2
    last = terminal.written.rstrip("\n").rpartition("\r")[2]
    assert last.startswith("epoch 3/3 |") and "median loss" in last and "worst" in last


def test_a_fit_that_fails_leaves_no_bar(terminal):
    with pytest.raises(ValueError, match="non-finite"):
        network(verbose=1, learning_rate_init=1e30, solver="sgd", max_iter=50).fit(X, Y)
    assert not terminal.written.rstrip("\r").rpartition("\r")[2].strip()


# ------------------------------------------------------------------ the log


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="sk_biornn")

    def messages():
        assert {record.name for record in caplog.records} <= {"sk_biornn"}
        return [record.getMessage().replace("DaleRNNRegressor: ", "") for record in caplog.records]

    return messages


def test_the_log_says_what_learns_where_and_how(log):
    est = network().fit(X, Y)
    assert log() == [
        "6 units, 36 synapses learn from 24 trials of 6 steps and 1 features, at most 3 epochs, in "
        "float32 on cpu",
        "dense recurrent products at a density of 1 (sparse ones pay from 256 units on, up to a "
        "density of 0.08, on a CPU)",
        f"fitted, 3 epochs, loss {est.loss_curve_[-1]:.4g}",
    ]


def test_it_says_why_products_are_sparse(log):
    mask = np.zeros((256, 256), dtype=bool)
    mask[:, :10] = True
    network(n_units=256, mask=mask, max_iter=1).fit(X, Y)
    network(n_units=256, mask=mask, max_iter=1, sparse=True).fit(X, Y)
    ways = [line for line in log() if "products" in line]
    assert ways == [
        "recurrent products over synapses, at a density of 0.0391 faster than dense ones",
        "recurrent products over 2560 synapses, which are all that is stored",
    ]


def test_it_says_what_pruning_and_early_stopping_did(log):
    arguments = {"pruning": "magnitude", "density": 0.25, "finetune_iter": 1}
    est = network(early_stopping=True, **arguments).fit(X, Y)
    assert f"pruned after epoch {est.n_iter_dense_}: density 0.2500" in log()
    first = int(np.argmax(est.validation_scores_[:3])) + 1
    assert any(line.startswith(f"kept epoch {first} (validation score") for line in log())
    assert sum("kept epoch 4 " in line for line in log()) == 1  # of the only one that followed


def test_it_says_when_no_epoch_has_bettered_the_start(log):
    x = np.random.default_rng(0).standard_normal((20, 12, 3)).cumsum(axis=1)
    arguments = {"readout_skip": "diagonal", "early_stopping": True, "learning_rate_init": 0.5}
    network(max_iter=2, **arguments).fit(x[:, :-1], x[:, 1:])
    assert any(line.startswith("kept the start (validation score 0.") for line in log())


def test_a_fit_that_goes_on_says_after_how_many_epochs(log):
    network(warm_start=True).fit(X, Y).fit(X, Y)
    assert sum("at most 3 epochs, after 3 epochs, in" in line for line in log()) == 1


def test_epochs_are_not_in_the_log(log):
    pruned = {"pruning": "magnitude", "density": 0.3, "pruning_schedule": "cubic"}
    network(max_iter=20, early_stopping=True, **pruned).fit(X, Y)
    assert len(log()) < 8


def test_it_says_what_learned_side_by_side(log):
    networks = [network(random_state=k) for k in range(3)]
    fit_many([*networks, network(on_epoch=None, batch_size=7)], X, Y, strategy="stacked")
    assert log()[-2:] == [
        "fit_many: 3 of 4 networks side by side, 3 at a time",
        "fit_many: 1 of 4 networks alone (no other network of its architecture and its sizes of "
        "batches)",
    ]


def test_it_says_what_is_downloaded(log, monkeypatch, tmp_path):
    urls = ["http://a/file", "http://b/file"]

    def complete(part, url, *_):
        if url == urls[0]:
            raise OSError("closed")
        part.write_bytes(b"x")

    monkeypatch.setattr(_download, "_complete", complete)
    path = _download.download(urls, tmp_path / "file", sha256="0")
    assert log() == [
        f"downloading http://a/file to {tmp_path}",
        "not downloaded, http://a/file: closed",
        f"downloading http://b/file to {tmp_path}",
        f"downloaded and checked: {path}",
    ]


def test_nothing_is_put_into_words_for_nobody(monkeypatch):
    from sk_biornn.estimators import _watch

    for name in ("_described", "_engine", "_went"):
        monkeypatch.setattr(_watch, name, None)
    network().fit(X, Y)


def test_a_search_is_as_silent(capsys):
    StackedGridSearchCV(network(), {"tol": [1e-3, 1e-4]}, cv=2).fit(X, Y)
    written = capsys.readouterr()
    assert written.out == written.err == ""
