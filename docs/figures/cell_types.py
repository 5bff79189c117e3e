"""A trained network of cell types: each population sees and answers for its own channel."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from figures.style import INK, guide_figure, new_figure, without_frame
from sk_biornn import CellTypeRNNRegressor
from sk_biornn.biology import block_probabilities, cortical_populations
from sk_biornn.datasets import load_connection_probabilities, make_population_traces
from sk_biornn.plots._style import EXCITATORY, GREEN, INHIBITORY, hatch_absent, weight_colours

# More of the rare types than there are in cortex, so that every block can be seen.
PROPORTIONS = {"Pyr": 4, "SST": 2, "VIP": 2}


def fitted() -> tuple[Any, Any, Any]:
    """Train a network of one area; return it with its trials."""
    table = cortical_populations(["V1"], cell_types=PROPORTIONS, scaling=3)
    options = {"populations": table, "condition": "familiar_omission", "random_state": 0}
    X, y = make_population_traces(200, **options)
    network = CellTypeRNNRegressor(
        populations=table, connection_probabilities=load_connection_probabilities(),
        pruning="top-prob", recurrent_init="balanced", freeze_readout=False, max_iter=30,
        finetune_iter=60, batch_size=50, learning_rate_init=5e-3, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        # that no change predicts well, too: here all of the next input is to be learned
        warnings.filterwarnings("ignore", message="y is X one step later")
        return network.fit(X, y), X, y


@guide_figure
def draw() -> Any:
    """Return inputs, weights and outputs, a row per population."""
    network, X, y = fitted()
    table = network.populations_
    figure = new_figure(3.9)
    sees, ax, says = figure.subplots(1, 3, width_ratios=(0.62, 2.5, 0.8), sharey=True)
    ends = np.concatenate([[0], np.cumsum(table["n_units"])]) - 0.5
    draw_weights(ax, network, ends)
    predicted = network.predict(X)
    for k, population in enumerate(table.itertuples()):
        colour = EXCITATORY if population.sign > 0 else INHIBITORY
        low, high = ends[k], ends[k + 1]
        name = f"{population.layer} {population.cell_type}"
        sees.text(-4.0, (low + high) / 2, name, color=colour, ha="right", va="center", fontsize=8)
        shown = [values.mean(axis=0)[:, k] for values in (X, y, predicted)]
        floor, span = min(map(np.min, shown)), np.ptp(np.concatenate(shown)) or 1.0
        own, target, said = (
            high - (0.14 + 0.72 * (values - floor) / span) * (high - low) for values in shown
        )
        sees.plot(own, color=INK, lw=1.2)
        says.plot(target, color=INK, lw=1.2, ls=(0, (3, 1.5)), label="target" * (k == 0))
        says.plot(said, color=GREEN, lw=1.5, zorder=1, label="predicted" * (k == 0))
        for side in (sees, says):
            side.axhline(high, color="0.8", lw=0.5)
    sees.set_title("sees", loc="center")
    ax.set_title("weights", loc="center", pad=6)
    says.set_title("answers", loc="center")
    says.legend(loc="upper center", bbox_to_anchor=(0.4, 0.0), handlelength=1.6, borderpad=0.1)
    for side in (sees, says):
        without_frame(side)
    return figure


def draw_weights(ax: Any, network: Any, ends: np.ndarray) -> None:
    """Draw W[post, pre], hatched where two populations are not connected at all."""
    table = network.populations_
    density = block_probabilities(table, network.connection_probabilities).density
    sizes = table["n_units"].to_numpy()
    exists = np.repeat(np.repeat(density > 0, sizes, axis=0), sizes, axis=1)
    limit = float(np.quantile(np.abs(network.W_rec_[network.W_rec_ != 0]), 0.95))
    ax.imshow(
        np.ma.masked_where(~exists, network.W_rec_), cmap=weight_colours(), vmin=-limit, vmax=limit,
        interpolation="nearest", aspect="auto",
    )  # fmt: skip
    hatch_absent(ax)
    for place, end in enumerate(ends[1:-1], start=1):
        look = {"color": "0.3" if place % 3 == 0 else "0.75", "lw": 0.9 if place % 3 == 0 else 0.5}
        ax.axhline(end, **look)
        ax.axvline(end, **look)
    middles = (ends[1:] + ends[:-1]) / 2
    ax.set_xticks(middles, [f"{p.layer} {p.cell_type}" for p in table.itertuples()], rotation=90)
    for label, sign in zip(ax.get_xticklabels(), table["sign"], strict=True):
        label.set_color(EXCITATORY if sign > 0 else INHIBITORY)
    ax.tick_params(length=0, labelleft=False)
    ax.set(xlabel="from (pre)", ylabel="to (post)")
    for side in ("top", "right"):
        ax.spines[side].set_visible(True)
    bar = ax.figure.colorbar(ax.images[0], ax=ax, extend="both", shrink=0.8, pad=0.02)
    bar.set_label("weight")
    bar.locator = MaxNLocator(3)
    bar.update_ticks()
