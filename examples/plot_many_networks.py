"""
A hundred seeds and a grid, at once
===================================

Two networks that differ in nothing but their seed can differ more than two methods do. How much,
takes many seeds to say; and which strength of a penalty is best, takes a grid and folds. Small
networks of one architecture learn **side by side** here: one product of stacks of matrices where
each network alone would take a product of its own.
"""

# %%
# A hundred seeds
# ---------------
# The task: hold the sign of the last pulse. :class:`~sk_biornn.ensemble.SeedEnsemble` draws a
# hundred seeds. For comparison, ten of the same networks are fitted one after the other.

import time

import numpy as np

from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_flip_flop
from sk_biornn.ensemble import SeedEnsemble

X, y = make_flip_flop(200, n_steps=30, random_state=0)
X_test, y_test = make_flip_flop(200, n_steps=30, random_state=1)
network = DaleRNNRegressor(n_units=16, max_iter=12, batch_size=40, learning_rate_init=5e-3)


def seconds(ensemble):
    start = time.perf_counter()
    ensemble.fit(X, y)
    return time.perf_counter() - start


_ = seconds(SeedEnsemble(network, n_seeds=1))  # what the first fit loads counts for neither
many = SeedEnsemble(network, n_seeds=100, random_state=0)
few = SeedEnsemble(network, n_seeds=10, random_state=0, strategy="joblib")
per_network = {"one after the other": seconds(few) / 10, "side by side": seconds(many) / 100}
for how, of_one in per_network.items():
    print(f"{how:20} {1e3 * of_one:6.0f} ms per network")

# %%
# Each network is the one that its own ``fit`` would have made. Ten of them we have both ways:

differences = [
    np.abs(a.W_rec_ - b.W_rec_).max()
    for a, b in zip(
        SeedEnsemble(network, n_seeds=10, random_state=0, strategy="stacked").fit(X, y).estimators_,
        few.estimators_,
        strict=True,
    )
]
print(f"largest difference of a weight: {max(differences):.1e}")

# %%
# How much is chance
# ------------------
# The score on trials that no network has seen, and what each learned from which start.

scores = np.array([member.score(X_test, y_test) for member in many.estimators_])
low, median, high = np.quantile(scores, [0.05, 0.5, 0.95])
print(f"R2 of 100 seeds: median {median:.3f}, 90 % of them from {low:.3f} to {high:.3f}")
print(f"three seeds, as studies often have: {np.round(scores[:3], 3)}")

# %%
# A grid
# ------
# :class:`~sk_biornn.model_selection.StackedGridSearchCV` is scikit-learn's search. Its candidates
# and folds learn side by side, too: those that differ in the strength of the penalty and in the
# learning rate go in one stack, another law of Dale is another stack. All start from one seed, so
# that what it says of the laws is one draw from such a distribution as the one above.

from sk_biornn.model_selection import StackedGridSearchCV

network.set_params(regularizer="weight", random_state=0)
grid = {
    "dale": ["projection", "abs", None],
    "regu_strength": [0.0, 1e-4, 1e-3, 1e-2],
    "learning_rate_init": [2e-3, 5e-3],
}
search = StackedGridSearchCV(network, grid, cv=4).fit(X, y)
report = search.stacking_report_
print(f"{len(report)} networks in stacks of {report['stack'].unique().tolist()}")
print(f"best: {search.best_params_}, R2 of the folds {search.best_score_:.3f}")

# %%
# One figure
# ----------

import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
curves = np.array([member.loss_curve_ for member in many.estimators_])
epochs = np.arange(1, curves.shape[1] + 1)
axes[0].plot(epochs, curves.T, color="0.75", lw=0.6)
axes[0].plot(epochs, np.median(curves, axis=0), color="#0072B2", lw=2, label="median")
axes[0].set(xlabel="epoch", ylabel="training loss", yscale="log", title="100 seeds")
axes[0].legend(frameon=False)

axes[1].hist(scores, bins=25, color="#0072B2", alpha=0.8)
axes[1].axvline(median, color="black", lw=1)
axes[1].set(xlabel="R2 on new trials", ylabel="networks", title="how much is chance")

results = search.cv_results_
colours = {"projection": "#D55E00", "abs": "#0072B2", "None": "0.4"}
for law, colour in colours.items():
    chosen = np.array([str(value) == law for value in results["param_dale"]])
    chosen &= np.array(results["param_learning_rate_init"], dtype=float) == 5e-3
    strengths = np.array(results["param_regu_strength"], dtype=float)[chosen]
    mean, sd = results["mean_test_score"][chosen], results["std_test_score"][chosen]
    shown = "without the law" if law == "None" else law
    axes[2].errorbar(
        np.arange(len(strengths)), mean, sd, color=colour, marker="o", ms=4, capsize=2, label=shown
    )
axes[2].set_xticks(range(4), ["0", "1e-4", "1e-3", "1e-2"])
axes[2].set(xlabel="penalty on weights", ylabel="R2, mean and sd of 4 folds", title="a grid")
axes[2].legend(frameon=False)
for ax, letter in zip(axes, "ABC", strict=True):
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(letter, loc="left", fontweight="bold")
plt.show()
