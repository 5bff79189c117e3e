"""
A circuit whose wiring is known, and whose physiology is learned
================================================================

A connectome says who contacts whom, and with how many synapses; not how strong
a synapse is, nor how excitable a neuron. Beiran and Litwin-Kumar [1]_ learn
these from the activity of a few neurons, in a network of the given wiring, and
ask what the rest of it then does. Here the answer is known, since the circuit
is **synthetic**: a teacher of given gains and biases is recorded, and students
that know its wiring, its input and some of its units are to find the others.
"""

# %%
# The teacher
# -----------
# Forty units of three types, a fifth of all synapses, Poisson counts of them.
# Strengths are fractions of a unit's input times a gain per pair of types: the
# rule of [2]_. Every unit has its bias, and a third of them sees the input.

import numpy as np
import pandas as pd

from sk_biornn import DaleRNNRegressor
from sk_biornn.initializers import ConnectomeInitializer
from sk_biornn.units import Connectome

SIZES = {"E1": 16, "E2": 14, "I": 10}
TYPES, N = list(SIZES), sum(SIZES.values())
TYPE_OF_UNIT = np.repeat(TYPES, list(SIZES.values()))
SIGNS = np.where(TYPE_OF_UNIT == "I", -1, 1)
DYNAMICS = {"signs": SIGNS, "dt": 10.0, "tau": 50.0, "readout_from": "rate"}
SEEDS, RECORDED, N_HIDDEN, N_TRAINING = range(5), (2, 8, 24), 14, 40


def make_circuit(rng):
    """Return the wiring, the gains and a teacher that has both."""
    counts = (1 + rng.poisson(4, (N, N))) * (rng.random((N, N)) < 0.2)
    np.fill_diagonal(counts, 0)
    names = [f"unit {k}" for k in range(N)]
    wiring = Connectome(
        counts, names=names, signs=SIGNS, types=list(TYPE_OF_UNIT)
    )
    W0 = ConnectomeInitializer().fit(wiring).sample()
    gains = pd.DataFrame(
        1.5 * rng.lognormal(0, 0.5, (3, 3)), index=TYPES, columns=TYPES
    )
    W_in = rng.standard_normal((N, 3)) * (rng.random((N, 3)) < 0.3)
    teacher = DaleRNNRegressor.from_weights(
        W_rec=W0 * gains.loc[TYPE_OF_UNIT, TYPE_OF_UNIT].to_numpy(),
        W_in=W_in,
        W_out=np.eye(N),
        b_rec=rng.normal(0.2, 0.2, N),
        **DYNAMICS,
    )
    return W0, gains, teacher


# %%
# The students
# ------------
# They start from the wiring with gains of 1 and biases of 0. One learns nine
# gains and the biases; the other all synapses that exist, with their signs,
# and the biases. The read-out is the identity of the units that are recorded,
# and stays so, as the input weights do.


def make_student(plasticity, W0, W_in, recorded, seed):
    return DaleRNNRegressor.from_weights(
        W_rec=W0,
        W_in=W_in,
        W_out=np.eye(N)[recorded],
        mask=W0 != 0,
        plasticity=plasticity,
        blocks=TYPE_OF_UNIT if plasticity == "type_gains" else None,
        frozen=("W_in", "W_out", "b_out"),
        warm_start=True,  # fit from these weights
        batch_size=10,
        learning_rate_init=0.04,
        learning_rate="cosine",
        max_iter=110,
        random_state=seed,
        **DYNAMICS,
    )


def r2(true, found):
    """Return the median R2 over units, over the trials and steps of each."""
    error = ((true - found) ** 2).sum(axis=(0, 1))
    spread = ((true - true.mean(axis=(0, 1))) ** 2).sum(axis=(0, 1))
    return np.median(1 - error / spread)


rows, found_gains = [], []
for seed in SEEDS:
    rng = np.random.default_rng(seed)
    W0, gains, teacher = make_circuit(rng)
    X = rng.standard_normal((60, 6, 3)).repeat(3, axis=1).astype(np.float32)
    rates = teacher.hidden_states(X, kind="rate")
    # Nobody can predict, or learn from, a unit that never fires.
    active = np.flatnonzero(rates.std(axis=(0, 1)) > 0.02)
    order = rng.permutation(active)
    hidden = order[-N_HIDDEN:]  # are recorded by none of the students
    for n_recorded in RECORDED:
        recorded = order[:n_recorded]
        for plasticity in ("type_gains", "synapses"):
            student = make_student(
                plasticity, W0, teacher.W_in_, recorded, seed
            )
            student.fit(X[:N_TRAINING], rates[:N_TRAINING][:, :, recorded])
            new = student.hidden_states(X[N_TRAINING:], kind="rate")
            truth = rates[N_TRAINING:]
            row = {"learns": plasticity, "recorded": n_recorded, "seed": seed}
            row["free numbers"] = student.n_parameters_
            row["R2 recorded"] = r2(truth[..., recorded], new[..., recorded])
            row["R2 hidden"] = r2(truth[..., hidden], new[..., hidden])
            if plasticity == "type_gains":
                found = student.gains_.loc[TYPES, TYPES].to_numpy()
                log_ratio = np.log(np.maximum(found, 1e-3) / gains.to_numpy())
                row["gain off by"] = np.exp(np.median(abs(log_ratio)))
                both = gains.to_numpy().ravel(), found.ravel()
                found_gains.append((n_recorded, *both))
            rows.append(row)
table = pd.DataFrame(rows)

# %%
# What they find
# --------------
# New input, never seen in training: medians over units, then the median and
# the range of five circuits, each with its wiring, its gains and its choice of
# units. The last column is the factor by which half of the gains are off, or
# by less.


def median_and_range(values):
    if values.isna().all():
        return ""
    return f"{values.median():.2f} ({values.min():.2f} to {values.max():.2f})"


grouped = table.groupby(["learns", "recorded"], sort=False)
measures = ["R2 recorded", "R2 hidden", "gain off by"]
print(grouped[measures].agg(median_and_range).to_string())
free_numbers = table.groupby("learns")["free numbers"].mean().round()
print("\nfree numbers:", free_numbers.to_dict())

# %%
# Both students reproduce the units that they are given, few or many, on new
# input as well: that says nothing of how they do it. Units that nobody
# recorded tell. Where nine gains and the biases are all that is free, eight
# recorded units of forty say most of what the others do, and with 24 of them
# most gains are found. Where all synapses are free, the same recordings leave
# more open at every number of units, and a perfect fit is no evidence for the
# weights.

import matplotlib.pyplot as plt

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "0.7"
figure, (left, right) = plt.subplots(
    1, 2, figsize=(9.5, 4.4), layout="constrained"
)
WORDS = {"type_gains": "gains of types", "synapses": "all synapses"}
FLOOR = -1.0  # below it, at it
LOOKS = {
    ("type_gains", "hidden"): {"color": BLUE, "marker": "o"},
    ("synapses", "hidden"): {"color": ORANGE, "marker": "s"},
    ("type_gains", "recorded"): {"color": BLUE, "ls": ":", "marker": "."},
    ("synapses", "recorded"): {"color": ORANGE, "ls": ":", "marker": "."},
}
for (learns, units), look in LOOKS.items():
    own = table[table["learns"] == learns]
    values = own.pivot(index="recorded", columns="seed", values=f"R2 {units}")
    label = f"{WORDS[learns]}, {units} units"
    left.plot(values.median(axis=1), lw=1.8, label=label, **look)
    if units == "hidden":
        dots = {"color": look["color"], "mfc": "none", "ms": 4}
        inside = values.where(values > FLOOR)
        left.plot(inside, look["marker"], **dots)
        below = values.where(values > FLOOR, FLOOR).where(values <= FLOOR)
        left.plot(below, "v", **dots)
left.axhline(0, color=GREY, lw=0.8)
left.set(xscale="log", ylim=(FLOOR - 0.05, 1.08))
left.set(xlabel="recorded units, of 40", ylabel="R2 on new input")
left.set_xticks(RECORDED, RECORDED)
left.minorticks_off()
below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.14), "ncols": 2}
left.legend(frameon=False, fontsize=9, **below)

LEAST = 0.1
right.plot([0.4, 5], [0.4, 5], color=GREY, lw=1)
for n_recorded, colour in zip(RECORDED, ("0.8", "#56B4E9", BLUE), strict=True):
    pairs = [both for n, *both in found_gains if n == n_recorded]
    true, found = np.concatenate(pairs, axis=1)
    label = f"{n_recorded} recorded units"
    shown = np.maximum(found, LEAST)
    right.plot(true, shown, "o", color=colour, ms=5, label=label)
right.set(xscale="log", yscale="log")
right.set(xlabel="gain of the teacher", ylabel="gain that was learned")
right.set_xticks([0.5, 1, 2, 4], [0.5, 1, 2, 4])
right.set_yticks([LEAST, 0.5, 1, 2, 4], ["0.1 or less", 0.5, 1, 2, 4])
right.minorticks_off()
right.legend(frameon=False, loc="lower right")
for axis, letter in zip((left, right), "AB", strict=True):
    axis.set_title(letter, loc="left", fontweight="bold")
    axis.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Honest limits: the student knows the class of its teacher, its time constant,
# its input and all of its wiring, and nothing is noisy. A real connectome is
# of another animal, a recording is noisy, and input is known in part: what
# then can be read off is less, never more.
#
# .. rubric:: References
#
# .. [1] M. Beiran, A. Litwin-Kumar, "Prediction of neural activity in
#    connectome-constrained recurrent networks", Nature Neuroscience, 2025
#    (preprint: doi:10.1101/2024.02.22.581667).
# .. [2] J. K. Lappalainen et al., "Connectome-constrained networks predict
#    neural activity across the fly visual system", Nature, 2024.
#    doi:10.1038/s41586-024-07939-3
