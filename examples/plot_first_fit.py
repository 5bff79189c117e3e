"""
A first fit: reading digits row by row under Dale's law
=======================================================

A network of 102 excitatory and 26 inhibitory units watches a handwritten digit
one row of pixels at a time and names it after the last row. Each unit excites
all its targets or inhibits them all, as most neurons do (Dale's law); training
never breaks the rule, not by the smallest number.
"""

# %%
# The trials
# ----------
# Scikit-learn's real digits, rows as time steps: 1797 trials of 8 steps and 8
# features.

from sklearn.model_selection import train_test_split

from sk_biornn.datasets import load_sequential_digits

X, y = load_sequential_digits()
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.25, stratify=y, random_state=0
)
print(f"X {X.shape} {X.dtype}: trials, steps, features; {len(set(y))} classes")

# %%
# The fit
# -------
# Four out of five units are excitatory by default, and the signs are kept by
# projection after each step of the optimiser: a weight that would cross zero
# stays at zero.

from sk_biornn import DaleRNNClassifier

clf = DaleRNNClassifier(
    n_units=128, max_iter=60, learning_rate_init=3e-3, random_state=0
)
clf.fit(X_train, y_train)
print(f"accuracy on held-out trials: {clf.score(X_test, y_test):.3f}")

# %%
# The rule, checked
# -----------------
# ``W_rec_[post, pre]`` is the matrix that ``predict`` uses; the signs belong
# to its columns.

import numpy as np

from sk_biornn.metrics import dale_violations, density, svd_entropy

W, signs = clf.W_rec_, clf.signs_
assert (W[:, signs == 1] >= 0).all() and (W[:, signs == -1] <= 0).all()
print(f"weights of the wrong sign: {dale_violations(W, signs)}")
print(f"density {density(W):.2f}, SVD entropy {svd_entropy(W):.2f}")

# %%
# The picture
# -----------
# Left: the recurrent weights, presynaptic units in columns, excitatory ones
# first, each kind sorted by what it sends out in total. The strong synapses,
# one per unit, are where training began (nearly orthogonal weights that obey
# the law are sparse); the pale ones were learned. Middle: how the loss fell.
# Right: what the network says of one held-out digit as its rows come in; it
# was trained to answer after the last row only.

import matplotlib.pyplot as plt

from sk_biornn.plots import LearningCurveDisplay, WeightMatrixDisplay

figure, (ax_weights, ax_loss, ax_trial) = plt.subplots(
    1, 3, figsize=(13, 4), layout="constrained", width_ratios=[1.15, 1, 1]
)

WeightMatrixDisplay.from_estimator(clf, sort=True).plot(
    ax=ax_weights, limit=0.4
)
ax_weights.set_title("recurrent weights", pad=18)

LearningCurveDisplay.from_estimators(clf).plot(ax=ax_loss, log=True)
ax_loss.set(title="learning curve", ylabel="cross-entropy")

rows = np.arange(1, X_test.shape[1] + 1)
trial = np.argmax(y_test == 3)
evidence = np.stack(
    [clf.predict_proba(X_test[[trial], :step])[0] for step in rows]
)
ax_trial.plot(rows, evidence, color="0.8")
ax_trial.plot(
    rows,
    evidence[:, clf.classes_ == y_test[trial]],
    color="black",
    linewidth=2,
)
ax_trial.set(
    title=f"one trial, a {y_test[trial]}",
    xlabel="rows seen",
    ylabel="probability",
)
ax_trial.set(ylim=(0, 1), xticks=rows)
ax_trial.spines[["top", "right"]].set_visible(False)

# The trial itself, in the corner where the evidence has not yet risen.
ax_digit = ax_trial.inset_axes([0.04, 0.66, 0.3, 0.3])
ax_digit.imshow(X_test[trial], cmap="gray_r")
ax_digit.set(xticks=[], yticks=[])
plt.show()

# %%
# The fitted estimator, with its parameters:

clf
