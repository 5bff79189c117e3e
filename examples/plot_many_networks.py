"""
A hundred seeds and a grid, at once
===================================

Two networks that differ in nothing but their seed can differ more than two
methods do. It takes many seeds to say how much, and a grid, folds and seeds to
choose the strength of a penalty. Small networks of one architecture learn
**side by side** here: one product of stacks of matrices where each network
alone would take a product of its own.
"""

# %%
# A hundred seeds
# ---------------
# The task: hold the sign of the last pulse.
# :class:`~sk_biornn.ensemble.SeedEnsemble` draws a hundred seeds. For
# comparison, ten of the same networks are fitted one after the other.

import time

import numpy as np

from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.ensemble import SeedEnsemble

X, y = make_flip_flop(200, n_steps=30, random_state=0)
X_test, y_test = make_flip_flop(200, n_steps=30, random_state=1)
network = DaleRNNRegressor(
    n_units=16, max_iter=12, batch_size=40, learning_rate_init=5e-3
)


def seconds(ensemble):
    start = time.perf_counter()
    ensemble.fit(X, y)
    return time.perf_counter() - start


seconds(SeedEnsemble(network, n_seeds=1))  # loads what a first fit loads
many = SeedEnsemble(network, n_seeds=100, random_state=0)
few = SeedEnsemble(network, n_seeds=10, random_state=0, strategy="joblib")
per_network = {
    "one after the other": seconds(few) / 10,
    "side by side": seconds(many) / 100,
}
for how, of_one in per_network.items():
    print(f"{how:20} {1e3 * of_one:6.0f} ms per network")

# %%
# Each network is the one that its own ``fit`` would have made. Ten of them,
# made in both ways:

stacked = SeedEnsemble(
    network, n_seeds=10, random_state=0, strategy="stacked"
).fit(X, y)
differences = [
    np.abs(a.W_rec_ - b.W_rec_).max()
    for a, b in zip(stacked.estimators_, few.estimators_, strict=True)
]
print(f"largest difference of a weight: {max(differences):.1e}")

# %%
# How much is chance
# ------------------
# The score of every network on trials that none has seen.

scores = np.array(
    [member.score(X_test, y_test) for member in many.estimators_]
)
low, median, high = np.quantile(scores, [0.05, 0.5, 0.95])
print(f"R2 of 100 seeds: median {median:.2f}, 90 % in {low:.2f} to {high:.2f}")
thirds = scores[:99].reshape(33, 3).mean(axis=1)
print(f"means of 3 seeds each: from {thirds.min():.2f} to {thirds.max():.2f}")

# %%
# A grid
# ------
# :class:`~sk_biornn.model_selection.StackedGridSearchCV` is scikit-learn's
# search. Its candidates and folds learn side by side, too: those that differ
# in the strength of the penalty or in their seed go in one stack, another law
# of Dale is another stack. The seed is one of the axes of the grid, so that a
# law is not judged by one draw from a distribution such as the one above.

from sk_biornn.model_selection import StackedGridSearchCV

network.set_params(regularizer="weight")
STRENGTHS, SEEDS = [0.0, 1e-4, 1e-3, 1e-2], list(range(5))
grid = {
    "dale": ["projection", "abs", None],
    "regu_strength": STRENGTHS,
    "random_state": SEEDS,
}
search = StackedGridSearchCV(network, grid, cv=3, refit=False).fit(X, y)
report = search.stacking_report_
sizes = report["stack"].unique().tolist()
print(f"{len(report)} networks in stacks of {sizes}")

# %%
# R2 of the folds: the mean over seeds, and the least and the best of them.

import pandas as pd

results = pd.DataFrame(search.cv_results_)
results["law"] = results["param_dale"].fillna("none")
results["strength"] = results["param_regu_strength"].astype(float)
by_law = results.groupby(["law", "strength"], sort=False)["mean_test_score"]
print(by_law.agg(["mean", "min", "max"]).round(2).to_string())

# %%
# One figure
# ----------
# A: training loss of a hundred seeds. B: their scores on new trials; the line
# is the median. C: the grid, a dot per seed and a line through their means.

import matplotlib.pyplot as plt

BLUE, ORANGE, BLACK = "#0072B2", "#D55E00", "#000000"
figure, axes = plt.subplots(1, 3, figsize=(11, 3.5), layout="constrained")
curves = np.array([member.loss_curve_ for member in many.estimators_])
epochs = np.arange(1, curves.shape[1] + 1)
axes[0].plot(epochs, curves.T, color="0.75", lw=0.6)
axes[0].plot(epochs, np.median(curves, axis=0), color=BLUE, lw=2)
axes[0].set(xlabel="epoch", ylabel="training loss", yscale="log")
axes[0].set_yticks([0.05, 0.1, 0.2, 0.5], [0.05, 0.1, 0.2, 0.5])
axes[0].minorticks_off()
axes[0].set(xticks=[1, 4, 8, 12], title="100 seeds, and their median")

axes[1].hist(scores, bins=25, color=BLUE, alpha=0.8)
axes[1].axvline(median, color=BLACK, lw=1)
axes[1].set(xlabel="R2 on new trials", ylabel="networks")
axes[1].set_title("the same 100, scored")

LOOKS = {"projection": (ORANGE, "o"), "abs": (BLUE, "s"), "none": ("0.4", "^")}
places = np.arange(len(STRENGTHS))
for shift, (law, (colour, mark)) in zip(
    (-0.15, 0, 0.15), LOOKS.items(), strict=True
):
    rows = results[results["law"] == law]
    table = rows.pivot(
        index="strength",
        columns="param_random_state",
        values="mean_test_score",
    )
    x = places + shift
    axes[2].plot(x, table, mark, color=colour, ms=3, alpha=0.6)
    axes[2].plot(x, table.mean(axis=1), color=colour, lw=1.8, label=law)
axes[2].set_xticks(places, ["0", "1e-4", "1e-3", "1e-2"])
axes[2].set(xlabel="penalty on weights", ylabel="R2 of three folds")
axes[2].set_title("Dale's law, kept by ...")
axes[2].legend(frameon=False, loc="lower left")
for axis, letter in zip(axes, "ABC", strict=True):
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(letter, loc="left", fontweight="bold")
plt.show()
