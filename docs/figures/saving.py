"""A fit that is killed and goes on from its file, beside the same fit without interruption."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import sk_biornn
from figures.style import INK, guide_figure, new_figure
from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.plots._style import BLUE, ORANGE

EVERY, KILLED, ALL = 5, 13, 25  # epochs
NOISE = {"n_units": 16, "recurrent_noise": 0.1, "learning_rate_init": 5e-3, "batch_size": 20}


def curves() -> tuple[list[float], list[float], list[float]]:
    """Return the loss of a whole fit, of one that is killed, and of one that takes it up."""
    X, y = make_flip_flop(100, n_steps=20, random_state=0)
    whole = DaleRNNRegressor(max_iter=ALL, random_state=0, **NOISE).fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.npz"

        def keep(network: Any) -> None:
            if network.n_iter_ % EVERY == 0:
                sk_biornn.save(network, path, without=["on_epoch"])

        killed = DaleRNNRegressor(max_iter=KILLED, random_state=0, on_epoch=keep, **NOISE)
        lost = killed.fit(X, y).loss_curve_
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on_epoch is to be set again
            taken_up = sk_biornn.load(path)
    rest = ALL - taken_up.n_iter_
    again = taken_up.set_params(warm_start=True, max_iter=rest).fit(X, y).loss_curve_
    return whole.loss_curve_, lost, again


@guide_figure
def draw() -> Any:
    """Return the three curves, two of which are the same."""
    whole, lost, again = curves()
    last = KILLED // EVERY * EVERY
    figure = new_figure(2.6)
    ax = figure.subplots()
    epochs = range(1, ALL + 1)
    ax.plot(epochs, whole, color="#BDBDBD", lw=8, label="never stopped", solid_capstyle="round")
    ax.plot(epochs[:KILLED], lost, color=BLUE, lw=3.4, label="killed")
    ax.plot(epochs[KILLED - 1], lost[-1], "x", color=BLUE, ms=9, mew=2.5, zorder=4)
    ax.plot(epochs[last:], again[last:], color=ORANGE, lw=1.8, label="taken up from the file")
    for epoch in range(EVERY, KILLED, EVERY):
        look = {"color": INK, "ms": 6, "zorder": 4, "label": "file" * (epoch == EVERY)}
        ax.plot(epoch, lost[epoch - 1], "s", **look)
    ax.set(xlabel="epoch", ylabel="training loss")
    ax.legend(loc="upper right")
    return figure
