"""
Save here, load there: when in a trial does evidence count?
===========================================================

A network learns to tell which of two noisy streams is stronger. It is saved in
the middle of its training, loaded as on another machine, and trained to the
end. Then it is given to PyTorch, whose gradients say how much each step of the
stimulus moves the decision: what an experimenter, who has no gradients, would
estimate from choices alone.
"""

# %%
# The task
# --------
# Two channels are on for two seconds, one of them stronger by up to 13 %;
# after half a second without a stimulus the network is to name it. The noise
# is strong, so that even the best observer errs.

import pathlib
import tempfile

import numpy as np

import sk_biornn
from sk_biornn.datasets import make_perceptual_decision_making

TASK = {
    "coherences": (0, 3.2, 6.4, 12.8),
    "sigma": 3.0,
    "stimulus": 2000.0,
    "delay": 500.0,
}
X, y = make_perceptual_decision_making(1000, **TASK, random_state=0)
X_test, y_test = make_perceptual_decision_making(4000, **TASK, random_state=1)
stimulus = slice(1, 21)
evidence = X_test[:, stimulus, 1] - X_test[:, stimulus, 2]
best = np.mean((evidence.sum(axis=1) < 0) == y_test)
print(
    f"right, of {len(y_test)} new trials: {best:.3f} by summing the evidence"
)

# %%
# Stopped and taken up
# --------------------
# :func:`sk_biornn.save` writes parameters, weights, and the state of the
# optimiser and of the random generator; nothing in the file can be run. The
# loaded network goes on where the other one stopped: with the same numbers, to
# the last bit, as if nothing had come between.


def network(n_epochs):
    return sk_biornn.DaleRNNClassifier(
        n_units=40,
        max_iter=n_epochs,
        warm_start=True,
        batch_size=50,
        learning_rate_init=1e-3,
        max_grad_norm=1.0,
        random_state=0,
    )


file = pathlib.Path(tempfile.mkdtemp()) / "decision.npz"
first = network(15).fit(X, y)
sk_biornn.save(first, file)

loaded = sk_biornn.load(file).set_params(max_iter=25).fit(X, y)
never_stopped = network(40).fit(X, y)
difference = np.abs(loaded.W_rec_ - never_stopped.W_rec_).max()
print(f"file of {file.stat().st_size / 1024:.0f} KiB")
print(f"largest difference of a weight after 40 epochs: {difference}")
print(f"right, of new trials: {loaded.score(X_test, y_test):.3f}")

# %%
# In PyTorch
# ----------
# :func:`sk_biornn.to_torch` makes a module with the same outputs. The gradient
# of its log-odds with respect to the input, averaged over trials, is the
# weight that the network gives to each step.

import torch

module = sk_biornn.to_torch(loaded)
trials = torch.from_numpy(X_test).requires_grad_()
log_odds = module(trials)
same = log_odds.detach().numpy().ravel() - loaded.decision_function(X_test)
print(f"module and estimator agree: {np.abs(same).max() < 1e-4}")
(slopes,) = torch.autograd.grad(log_odds.sum(), trials)
slopes = slopes.numpy()
of_network = (slopes[:, :, 2] - slopes[:, :, 1]).mean(axis=0)

# %%
# What can be seen from outside
# -----------------------------
# The experimenter has stimuli and choices. How much does the evidence of a
# step differ between trials of either choice, beyond what differs between the
# two stimuli? This is the psychophysical kernel; the band in the figure is its
# 95 % interval over trials. Both kernels are scaled to a mean of 1, which is
# what an observer who sums the evidence has at every step.

choice = loaded.predict(X_test)
means = np.array([evidence[y_test == label].mean(axis=0) for label in (0, 1)])
noise = evidence - means[y_test]
groups = [noise[choice == label] for label in (0, 1)]
kernel = groups[0].mean(axis=0) - groups[1].mean(axis=0)
variances = [group.var(axis=0, ddof=1) / len(group) for group in groups]
half = 1.96 * np.sqrt(sum(variances))

of_network = of_network[stimulus]
half, kernel = half / kernel.mean(), kernel / kernel.mean()
of_network = of_network / of_network.mean()
inside = np.abs(kernel - of_network) < half
print(f"first half of the stimulus, network: {of_network[:10].mean():.2f}")
print(f"second half of the stimulus, network: {of_network[10:].mean():.2f}")
print(f"intervals that hold the network's weight: {inside.sum()} of 20")

# %%
# The picture
# -----------
# A: training loss, stopped and loaded after epoch 15 (line), and never stopped
# (dots). B: the weight of each step: the gradient, and what choices tell. C:
# how often channel 1 is chosen, by the evidence for it in the first and in the
# second half of the stimulus, each in ten groups of equal size.

import matplotlib.pyplot as plt

BLUE, ORANGE, BLACK, GREY = "#0072B2", "#D55E00", "#000000", "0.6"
figure, axes = plt.subplots(1, 3, figsize=(11, 3.5), layout="constrained")
axes[0].plot(never_stopped.loss_curve_, "o", ms=4, mfc="none", color=GREY)
axes[0].plot(loaded.loss_curve_, color=BLUE)
axes[0].axvline(14.5, color=GREY, lw=0.8, ls="--")
axes[0].text(15, axes[0].get_ylim()[1], " a file", va="top", color="0.35")
axes[0].set(xlabel="epoch", ylabel="cross-entropy")

seconds = np.arange(20) / 10
band = {"color": ORANGE, "alpha": 0.25, "lw": 0}
axes[1].axhline(1, color=GREY, lw=0.8, ls="--")
axes[1].plot(seconds, of_network, color=BLUE, lw=2, label="gradient")
axes[1].fill_between(seconds, kernel - half, kernel + half, **band)
axes[1].plot(seconds, kernel, color=ORANGE, label="from choices")
axes[1].set(xlabel="time in the stimulus (s)", ylabel="weight of a step")
axes[1].set_ylim(0, None)
axes[1].legend(frameon=False, loc="lower right")

for part, colour, label in (
    (slice(0, 10), GREY, "first half"),
    (slice(10, 20), BLACK, "second half"),
):
    amount = evidence[:, part].sum(axis=1)
    tenths = np.array_split(np.argsort(amount), 10)
    chosen = [np.mean(choice[trials] == 0) for trials in tenths]
    middles = [np.median(amount[trials]) for trials in tenths]
    axes[2].plot(middles, chosen, "o-", ms=4, color=colour, label=label)
axes[2].set(xlabel="evidence for channel 1", ylabel="chosen", ylim=(0, 1))
axes[2].legend(frameon=False, loc="upper left")
for letter, ax in zip("ABC", axes, strict=True):
    ax.set_title(letter, loc="left", fontweight="bold")
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What to take from it
# --------------------
# The network leaks: late evidence weighs more than early evidence, and so it
# is right a little less often than who sums it all. The kernel from choices
# finds the same course with no look inside, but needs thousands of trials for
# it. Where a model of an experiment is at hand, its gradients say at once what
# to look for.
