"""
Silence a cell type: which cells does a memory need?
====================================================

In a trained network every cell can be silenced, as optogenetics silences some.
Pyramidal, PV, SST and VIP cells are wired here with the probabilities of their
types, and learn to hold the sign of the last pulse. Then each type is
silenced, and each of its pathways. What is an effect worth without a control?
Beside each type as many cells are silenced that were drawn from all types. The
task and the wiring are **synthetic**; the network is small.
"""

# %%
# Four types of cells
# -------------------
# Who contacts whom follows the rules of thumb of mouse visual cortex [1]_: SST
# cells inhibit all but each other, PV cells themselves and pyramidal cells,
# VIP cells mostly SST cells. The numbers are made up in this manner. Rows are
# postsynaptic, as everywhere.

import numpy as np
import pandas as pd

TYPES = ["Pyr", "PV", "SST", "VIP"]
SIZES, SIGN = [64, 10, 10, 8], [1, -1, -1, -1]
populations = pd.DataFrame(
    {"population": TYPES, "n_units": SIZES, "sign": SIGN}
)
probabilities = pd.DataFrame(
    [
        [0.3, 0.6, 0.5, 0.1],
        [0.4, 0.5, 0.4, 0.1],
        [0.3, 0.1, 0.0, 0.7],
        [0.3, 0.1, 0.5, 0.0],
    ],
    index=TYPES,
    columns=TYPES,
)
types = np.repeat(TYPES, SIZES)
signs = np.repeat(SIGN, SIZES)
print(probabilities)

# %%
# Training
# --------
# Six networks, each with synapses and initial weights of its own. Pulses reach
# all cells; what is read out are pyramidal cells alone.

from sk_biornn import DaleRNNRegressor
from sk_biornn.biology import draw_synapses
from sk_biornn.datasets import make_flip_flop
from sk_biornn.ensemble import fit_many

SEEDS = range(6)
X, y = make_flip_flop(300, n_steps=30, random_state=0)
X_test, y_test = make_flip_flop(300, n_steps=30, random_state=1)
networks = fit_many(
    [
        DaleRNNRegressor(
            n_units=len(types),
            signs=signs,
            mask=draw_synapses(populations, probabilities, seed),
            readout_mask=(types == "Pyr")[np.newaxis],
            max_iter=60,
            batch_size=30,
            learning_rate_init=3e-3,
            random_state=seed,
        )
        for seed in SEEDS
    ],
    X,
    y,
)


def share_right(network):
    """Return the share of steps after a pulse in which the sign is right."""
    said, asked = network.predict(X_test), y_test != 0
    return np.mean(np.sign(said[asked]) == y_test[asked])


intact = np.array([share_right(network) for network in networks])
print("share of right signs, by network:", intact.round(3))

# %%
# Silencing
# ---------
# :func:`~sk_biornn.inspection.silence` returns a copy in which cells, or the
# synapses from one type to another, are cut; nothing is trained again. Up to
# ten cells of a type are silenced; the control draws as many cells from all
# types, five times.

from sk_biornn.inspection import silence


def share_without(network, cells, n_cut, rng):
    """Return the share of right signs without some of the cells."""
    cut = rng.permutation(cells)[:n_cut].tolist()
    return share_right(silence(network, cut)) if cut else share_right(network)


rows = []
for seed, network in enumerate(networks):
    rng = np.random.default_rng(seed)
    groups = {name: np.flatnonzero(types == name) for name in TYPES}
    groups["any type"] = np.arange(len(types))
    for name, cells in groups.items():
        for n_cut in (0, 2, 4, 6, 8, 10):
            n_draws = 5 if name == "any type" else 1
            if n_cut <= len(cells):
                given = network, cells, n_cut, rng
                right = [share_without(*given) for _ in range(n_draws)]
                rows.append((seed, name, n_cut, np.mean(right)))
table = pd.DataFrame(rows, columns=["network", "type", "cells", "right"])
of_eight = table[table["cells"] == 8].pivot(index="network", columns="type")
of_eight = of_eight["right"][[*TYPES, "any type"]]
print("share of right signs with eight cells silenced:")
print(of_eight.agg(["mean", "min", "max"]).round(2).to_string())
for name in TYPES:
    worse = (of_eight[name] < of_eight["any type"]).sum()
    print(f"{name}: worse than any eight cells in {worse} of 6 networks")

# %%
# Pathways: what is lost, in per cent of all steps, without the synapses from
# one type (columns) to another (rows), mean over the six networks.

lost = pd.DataFrame(np.nan, index=TYPES, columns=TYPES)
for post in TYPES:
    for pre in TYPES:
        if probabilities.loc[post, pre] > 0:
            cut = (silence(net, (post, pre), labels=types) for net in networks)
            right = np.array([share_right(network) for network in cut])
            lost.loc[post, pre] = 100 * np.mean(intact - right)
print(lost.round(1).to_string())

# %%
# The picture
# -----------
# A: right signs by how many cells of a type are silenced, mean over the six
# networks and (thin) each of them; black, cells of any type. B: what is lost
# without a pathway; hatched, there is none. C: one trial of the first network,
# whole and without its PV cells.

import matplotlib.pyplot as plt

COLOURS = {
    "Pyr": "#D55E00",
    "PV": "#0072B2",
    "SST": "#56B4E9",
    "VIP": "#009E73",
    "any type": "#000000",
}
figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
for name, colour in COLOURS.items():
    own = table[table["type"] == name]
    runs = own.pivot(index="cells", columns="network", values="right")
    axes[0].plot(runs, color=colour, lw=0.6, alpha=0.5)
    axes[0].plot(runs.mean(axis=1), "o-", color=colour, ms=4, label=name)
axes[0].axhline(0.5, color="0.6", lw=0.8, ls="--")
axes[0].set(xlabel="cells silenced", ylabel="share of right signs")
axes[0].legend(frameon=False, loc="lower left")

axes[1].set_facecolor("0.95")
axes[1].patch.set_hatch("///")
image = axes[1].imshow(lost, cmap="Oranges", vmin=0)
axes[1].set_xticks(range(4), TYPES)
axes[1].set_yticks(range(4), TYPES)
axes[1].set(xlabel="from (pre)", ylabel="to (post)")
figure.colorbar(image, ax=axes[1], label="right signs lost (%)", shrink=0.9)

without = silence(networks[0], "PV", labels=types)
trial = np.argmax((np.diff(y_test[..., 0], axis=1) != 0).sum(axis=1))
X_one, steps = X_test[[trial]], np.arange(X_test.shape[1])
axes[2].bar(steps, X_one[0, :, 0], color="0.8", label="pulses")
axes[2].plot(networks[0].predict(X_one)[0], color="0.3", label="whole")
blue = COLOURS["PV"]
axes[2].plot(without.predict(X_one)[0], color=blue, label="without PV")
axes[2].set(xlabel="step", ylabel="output", ylim=(-2, 2.9))
axes[2].legend(frameon=False, ncols=3, loc="upper center", columnspacing=1)
for letter, ax in zip("ABC", axes, strict=True):
    ax.set_title(letter, loc="left", fontweight="bold")
    if letter != "B":
        ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What to take from it
# --------------------
# Every type has its effect, and so has any set of cells: a trained network has
# all its cells in use. What tells is the difference to the control, network by
# network, which the lines above count. Pathways show more than types do. What
# inhibits pyramidal cells is needed, and what drives that inhibition; most of
# what interneurons send to each other can go and leave hardly a trace.
# So an effect of a type need not be one of its dense connections. Silencing
# tells what the trained network does with a part, not what a network without
# it could have learned.
#
# References
# ----------
# .. [1] Pfeffer, Xue, He, Huang and Scanziani, "Inhibition of inhibition in
#        visual cortex: the logic of connections between molecularly distinct
#        interneurons", Nature Neuroscience, 2013. doi:10.1038/nn.3446
