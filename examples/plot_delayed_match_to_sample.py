"""
Which steps are judged: delayed match to sample
===============================================

A stimulus is shown; after a delay of unknown length, another; are the two the
same? The answer is asked for at the end of the trial only, and what the
network says before is not judged. How is a fit told which steps count? Four
ways, and what comes out. The task is **synthetic**.
"""

# %%
# The trials
# ----------
# Fixation, a sample, a delay of 3 to 10 steps, a test stimulus, and three
# steps in which to respond. Trials have unequal lengths and are padded with
# NaN. The labels are a masked array: only those of the response are judged.

import numpy as np
import pandas as pd

from sk_biornn.datasets import make_delayed_match_to_sample

TASK = {"delay_steps": (3, 10), "sigma": 0.2}
X, y = make_delayed_match_to_sample(200, **TASK, random_state=0)
X_test, y_test = make_delayed_match_to_sample(500, **TASK, random_state=1)
share = y.count() / np.isfinite(X[..., 0]).sum()
print(f"X {X.shape}, y {y.shape}; judged: {share:.0%} of the steps")
print("labels of trial 0:", y[0])

# %%
# Four ways to give labels
# ------------------------
# Masked, as they are (``None`` or NaN would do as well); one label per trial,
# which is judged at the trial's last step; the answer at every step, also
# before it can be known; and a number for "no answer here", such as -1, which
# is a class like any other.


def ways_to_say(y):
    answer = y.max(axis=1).filled()  # of the steps that are judged
    return {
        "masked": y,
        "last step": answer,
        "every step": np.repeat(answer[:, np.newaxis], y.shape[1], axis=1),
        "-1 elsewhere": y.filled(-1),
    }


# %%
# Each way is tried with six networks that differ in their seeds, on the same
# trials. Two numbers are asked for: what ``score`` says, with the labels of
# that way, on new trials; and how often the answer at the last step of the
# response, all that the experiment is about, is right.

from sk_biornn import DaleRNNClassifier
from sk_biornn.ensemble import SeedEnsemble

network = DaleRNNClassifier(
    n_units=32,
    max_iter=100,
    n_iter_no_change=100,
    learning_rate_init=5e-3,
    batch_size=50,
)
last_step = np.isfinite(X_test[..., 0]).sum(axis=1) - 1
answer = ways_to_say(y_test)["last step"]


def share_of_right_answers(clf):
    labels = clf.predict(X_test)
    if labels.ndim == 2:
        labels = labels[np.arange(len(labels)), last_step]
    return np.mean(labels == answer)


fitted, scores, answers = {}, {}, {}
for way, labels in ways_to_say(y).items():
    ensemble = SeedEnsemble(network, n_seeds=6, n_jobs=2, random_state=0)
    fitted[way] = ensemble.fit(X, labels).estimators_
    new_labels = ways_to_say(y_test)[way]
    scores[way] = [clf.score(X_test, new_labels) for clf in fitted[way]]
    answers[way] = [share_of_right_answers(clf) for clf in fitted[way]]

columns = {
    (what, name): {way: getattr(np, name)(v) for way, v in values.items()}
    for what, values in (("score", scores), ("right answers", answers))
    for name in ("median", "min", "max")
}
print(pd.DataFrame(columns).round(2).to_string())

# %%
# Scores of the judged steps
# --------------------------
# A search, or a cross-validation, needs scores that know of steps.
# ``bio_scoring`` has them by name. An integer ``cv`` works, as masked labels
# are split with their masks.

from sklearn.model_selection import cross_validate

from sk_biornn.metrics import bio_scoring

scoring = bio_scoring("step_accuracy", "step_f1", "step_log_loss")
network.set_params(random_state=0)
folds = cross_validate(network, X, y, cv=3, scoring=scoring, n_jobs=2)
for name in scoring:
    print(f"{name:14}", folds[f"test_{name}"].round(2))

# %%
# The picture
# -----------
# A: one trial; the steps that are judged are shaded. B: the probability of
# "match", aligned to the test stimulus, in trials that match and in those that
# do not, of each of the six networks that were fitted with masked labels, and
# their mean. Before the test they may say what they like. C: on new trials,
# one dot per network: the share of right answers (filled), and what ``score``
# says (open).

import matplotlib.pyplot as plt

GREEN, ORANGE, BLUE = "#009E73", "#D55E00", "#0072B2"
figure = plt.figure(figsize=(12, 3.8), layout="constrained")
ax_trial, ax_time, ax_ways = figure.subplots(1, 3)

n_steps = last_step[0] + 1
names = ["fixation", "stimulus 0", "stimulus 1"]
ax_trial.imshow(
    X_test[0, :n_steps].T, cmap="Greys", vmin=0, vmax=1, aspect="auto"
)
judged = {"color": GREEN, "alpha": 0.25, "lw": 0}
ax_trial.axvspan(n_steps - 3.5, n_steps - 0.5, **judged)
ax_trial.set_yticks(range(3), names)
ax_trial.set_xticks(range(0, n_steps, 4))
kind = ["non-match", "match"][answer[0]]
ax_trial.set(xlabel="step", title=f"a trial: {kind}")

time = np.arange(-8, 6)  # from the onset of the test stimulus to the end
onset = last_step - 5
steps = onset[:, np.newaxis] + time
for label, name, colour in ((1, "match", ORANGE), (0, "non-match", BLUE)):
    rows = np.flatnonzero(answer == label)[:, np.newaxis]
    course = [
        clf.predict_proba(X_test)[rows, steps[rows[:, 0]], 1]
        for clf in fitted["masked"]
    ]
    course = np.mean(course, axis=1)  # (n_networks, n_steps)
    ax_time.plot(time, course.T, color=colour, alpha=0.4, lw=0.8)
    ax_time.plot(time, course.mean(axis=0), color=colour, lw=2, label=name)
ax_time.axvspan(2.5, 5.5, **judged)
ax_time.axvline(0, color="0.6", lw=0.8)
ax_time.set(
    xlabel="steps since the test stimulus",
    ylabel="probability of match",
    ylim=(-0.02, 1.02),
)
ax_time.set_xticks(range(-8, 6, 4))
ax_time.legend(frameon=False, loc="upper left")
ax_time.set_title("judged where it is shaded")

shift = np.linspace(-0.16, 0.16, 6)
filled = {"color": "black", "ms": 5, "label": "right answers"}
rings = {"color": "0.45", "mfc": "none", "ms": 5, "label": "what score says"}
for place, way in enumerate(fitted):
    ax_ways.plot(place - 0.2 + shift, np.sort(answers[way]), "o", **filled)
    ax_ways.plot(place + 0.2 + shift, np.sort(scores[way]), "o", **rings)
ax_ways.axhline(0.5, color="0.6", lw=0.8)
names = [way.replace(" ", "\n") for way in fitted]
ax_ways.set_xticks(range(len(fitted)), names)
ax_ways.set(ylim=(0.4, 1.12), ylabel="share")
ax_ways.set_yticks(np.arange(0.4, 1.01, 0.1))
handles = ax_ways.lines[:2]
ax_ways.legend(handles=handles, frameon=False, ncols=2, loc="upper center")
ax_ways.set_title("four ways to give labels")
for letter, ax in zip("ABC", (ax_trial, ax_time, ax_ways), strict=True):
    ax.set_title(letter, loc="left", fontweight="bold")
    if letter != "A":
        ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What came out
# -------------
# A number for "no answer" is learned as a class, and with it the score loses
# its meaning: most steps are of that class and easy to tell, so ``score`` is
# high where the answers are at chance. Where the answer is wanted at every
# step, the score is low although the answers are right: before the test
# stimulus they cannot be. With masked labels the score is about the answers.
# One label per trial does as well here, since a trial ends with its response;
# masked labels also say from when on the answer must stand, and serve where
# what is judged lies within a trial. Whether two stimuli agree is an exclusive
# or, on which a network can stay at chance for long: with other seeds there
# are some that do, whichever way the labels are given.
