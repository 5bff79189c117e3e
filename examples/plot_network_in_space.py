"""
A network in space: what does a penalty on wire do?
===================================================

Sixty neurons lie in a slab of cortex, and a connection costs its weight times
the square of its length. With a higher and higher penalty the same network,
from the same seed, learns the same task. How much wire can be saved before the
task suffers, and which connections go: all of them a little, or the long ones?
"""

# %%
# Neurons and task
# ----------------
# Positions are drawn in a slab of 600 x 600 x 100 micrometres; measured ones,
# such as those of :func:`~sk_biornn.datasets.load_microns`, would do as well.
# The task is the flip-flop: hold the sign of the last pulse.

import numpy as np
import pandas as pd

from sk_biornn.datasets import make_flip_flop

N_UNITS, SLAB = 60, [600.0, 600.0, 100.0]  # micrometres
positions = np.random.default_rng(0).uniform(0, SLAB, (N_UNITS, 3))
X, y = make_flip_flop(400, n_steps=25, random_state=0)
X_test, y_test = make_flip_flop(400, n_steps=25, random_state=1)

# %%
# The same networks at six strengths
# ----------------------------------
# The penalty is :math:`\lambda \sum |W_{ij}| D_{ij}^2`, with the distance
# :math:`D` in the unit cube, into which positions are scaled. Networks of one
# seed start from the same weights and see the same batches, so that they
# compare in pairs. All twenty-four are trained side by side.

from sk_biornn import SpatialRNNRegressor
from sk_biornn.ensemble import fit_many

STRENGTHS, SEEDS = (0.0, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2), range(4)
cases = [(strength, seed) for strength in STRENGTHS for seed in SEEDS]
networks = fit_many(
    [
        SpatialRNNRegressor(
            n_units=N_UNITS,
            coordinates=positions,
            regularizer="spatial",
            distance_power=2.0,
            regu_strength=strength,
            max_iter=60,
            batch_size=50,
            learning_rate_init=3e-3,
            random_state=seed,
        )
        for strength, seed in cases
    ],
    X,
    y,
)
trained = dict(zip(cases, networks, strict=True))

# %%
# What is measured
# ----------------
# The task: R2 on new trials. The wire: weight times length, summed
# (:func:`~sk_biornn.metrics.wiring_cost`). The mean length of a unit of weight
# tells whether it is the long connections that went: for weights in random
# places it is the mean distance of two neurons.

from sk_biornn.metrics import wiring_cost

distance = np.linalg.norm(positions[:, None] - positions, axis=-1)
apart = ~np.eye(N_UNITS, dtype=bool)
rows = []
for (strength, seed), network in trained.items():
    W = network.W_rec_
    wire = wiring_cost(W, positions)
    weight = np.abs(W[apart]).sum()
    row = {"strength": strength, "seed": seed, "wire": wire}
    row["R2"] = network.score(X_test, y_test)
    row["weight"] = weight
    row["mean length (um)"] = wire / weight
    rows.append(row)
table = pd.DataFrame(rows)
measures = ["R2", "wire", "weight", "mean length (um)"]
print(table.groupby("strength")[measures].mean().round(3).to_string())
print(f"mean distance of two neurons: {distance[apart].mean():.0f} um")

# %%
# The most wire that can be saved at little cost: the highest strength at which
# no seed loses more than 0.02 of its R2.

lost = table.pivot(index="strength", columns="seed", values="R2")
lost = (lost.loc[0.0] - lost).max(axis=1)
chosen = lost.index[lost <= 0.02].max()
means = table.groupby("strength")[measures].mean()
left = means.loc[chosen] / means.loc[0.0]
print(f"at a strength of {chosen:g} there are left, of no penalty:")
print(
    f"    {left['wire']:.0%} of the wire, {left['weight']:.0%} of the weight"
)
print(f"    {left['mean length (um)']:.0%} of the mean length")

# %%
# The picture
# -----------
# A: the task; B: the mean length of a unit of weight, dashed for weights in
# random places; rings are seeds, lines their means. C: mean weight by the
# length of the connection, over seeds. D and E: one seed without the penalty
# and at the strength chosen above, its 150 strongest connections: positive
# weights orange, negative ones blue.

import matplotlib.pyplot as plt

from sk_biornn.plots import SpatialNetworkDisplay

BLUE, GREY = "#0072B2", "0.6"
NAMES = ["0", "1e-4", "1e-3", "3e-3", "1e-2", "3e-2"]
figure = plt.figure(figsize=(11, 7.4), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.35])
axes = [*top.subplots(1, 3), *bottom.subplots(1, 2)]


def plot_measure(ax, measure):
    """Draw a measure by strength: a ring per seed and a line of means."""
    values = table.pivot(index="strength", columns="seed", values=measure)
    places = range(len(STRENGTHS))
    ax.plot(places, values, "o", color=BLUE, mfc="none", ms=5)
    ax.plot(places, values.mean(axis=1), color=BLUE, lw=1.8)
    ax.set_xticks(places, NAMES)
    ax.set(xlabel="strength of the penalty", ylabel=measure)


plot_measure(axes[0], "R2")
axes[0].set_ylabel("R2 on new trials")
plot_measure(axes[1], "mean length (um)")
axes[1].axhline(distance[apart].mean(), color=GREY, ls="--", lw=1)
axes[1].set_ylim(0, None)

edges = [0, 100, 200, 300, 400, 500, 850]
middles = [50, 150, 250, 350, 450, 600]
colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(STRENGTHS)))
for strength, name, colour in zip(STRENGTHS, NAMES, colours, strict=True):
    sizes = [np.abs(trained[strength, seed].W_rec_) for seed in SEEDS]
    bins = pd.cut(distance[apart], edges, labels=middles)
    weights = pd.Series(np.mean(sizes, axis=0)[apart])
    means = weights.groupby(bins, observed=True).mean()
    axes[2].plot(means.index, means, "o-", ms=4, color=colour, label=name)
axes[2].set(yscale="log", xlabel="length (um)", ylabel="mean |weight|")
outside = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
axes[2].legend(frameon=False, title="strength", **outside)

for ax, strength in zip(axes[3:], (0.0, chosen), strict=True):
    network = trained[strength, 0]
    display = SpatialNetworkDisplay.from_weights(network.W_rec_, positions)
    display.plot(ax, n_wires=150, unit="um")
    ax.set_anchor("W")
for letter, ax in zip("ABCDE", axes, strict=True):
    ax.set_title(letter, loc="left", fontweight="bold")
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What to take from it
# --------------------
# Over a wide range of strengths nearly all of the wire goes and the task
# stays: most of the wire of a network that does not pay for it is dispensable.
# Weights of all lengths shrink, and the longer a connection, the more: those
# across the slab all but vanish (C), and what is left are short connections of
# a few neurons (E). The square of the length asks this of the long ones; with
# ``distance_power=1``, the default, they are spared more. The penalty on
# traffic in :ref:`sphx_glr_gallery_plot_wiring_grid_search.py` makes modules
# of it. These are 60 units and one task, and what a strength does depends on
# both.
