"""
A circuit whose wiring is known, and whose physiology is learned
================================================================

A connectome says who contacts whom, and with how many synapses; not how strong a synapse is, nor
how excitable a neuron. Beiran and Litwin-Kumar [1]_ learn these from the activity of a few neurons,
in a network of the given wiring, and ask what the rest of it then does. Here the answer is known,
since the circuit is **synthetic**: a teacher of given gains and biases is recorded, and students
that know its wiring, its input and some of its units are to find the others.
"""

# %%
# The teacher
# -----------
# Forty units of three types, a fifth of all synapses, Poisson counts of them. Strengths are
# fractions of a unit's input times a gain per pair of types: the rule of [2]_. Every unit has its
# bias, and a third of them sees the input.

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
    wiring = Connectome(counts, names=names, signs=SIGNS, types=list(TYPE_OF_UNIT))
    W0 = ConnectomeInitializer().fit(wiring).sample()
    gains = pd.DataFrame(1.5 * rng.lognormal(0, 0.5, (3, 3)), index=TYPES, columns=TYPES)
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
# They start from the wiring with gains of 1 and biases of 0. One learns nine gains and the biases;
# the other all synapses that exist, with their signs, and the biases. The read-out is the identity
# of the units that are recorded, and stays so, as the input weights do.


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
        max_iter=160,
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
            student = make_student(plasticity, W0, teacher.W_in_, recorded, seed)
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
                row["gain off by factor"] = np.exp(np.median(abs(log_ratio)))
                found_gains.append((n_recorded, gains.to_numpy().ravel(), found.ravel()))
            rows.append(row)
table = pd.DataFrame(rows)

# %%
# What they find
# --------------
# New input, never seen in training: medians over units, then mean and 95 % interval (t) over five
# circuits, each with its wiring, its gains and its choice of units.

from scipy import stats


def with_interval(values):
    values = values.dropna()
    if values.empty:
        return ""
    half = stats.t.ppf(0.975, len(values) - 1) * values.sem()
    return f"{values.mean():.2f} +- {half:.2f}"


measures = ["R2 recorded", "R2 hidden", "gain off by factor"]
grouped = table.groupby(["learns", "recorded"], sort=False)
print(grouped[measures].agg(with_interval).to_string())
print("\nfree numbers:", table.groupby("learns")["free numbers"].mean().round().to_dict())

# %%
# Both students reproduce the units that they are given, few or many, on new input as well: that
# says nothing of how they do it. Units that nobody recorded tell. Where nine gains and the biases
# are all that is free, eight recorded units of forty say most of what the others do, and with 24
# of them half of the gains come out within about 5 %. Where all synapses are free, the same
# recordings leave more open at every number of units, and a perfect fit is no evidence for the
# weights.

mean = table.pivot_table(index="recorded", columns="learns", values="R2 hidden")
assert (mean["type_gains"] > mean["synapses"]).all() and mean.loc[24, "type_gains"] > 0.9
assert (table["R2 recorded"] > 0.9).all()

import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4), layout="constrained")
for plasticity, colour in (("type_gains", "#0072B2"), ("synapses", "#D55E00")):
    own = table[table["learns"] == plasticity]
    for measure, style in (("R2 recorded", ":"), ("R2 hidden", "-")):
        by_count = own.groupby("recorded")[measure]
        half = stats.t.ppf(0.975, len(SEEDS) - 1) * by_count.sem()
        label = f"{plasticity}, {measure.split()[1]} units"
        left.errorbar(
            by_count.mean().index,
            by_count.mean(),
            half,
            color=colour,
            linestyle=style,
            marker="o",
            capsize=3,
            label=label,
        )
left.set(xscale="log", xlabel="recorded units, of 40", ylabel="R2 on new input", ylim=(-1.5, 1.1))
left.set_xticks(RECORDED, RECORDED)
left.minorticks_off()
left.axhline(0, color="0.7", linewidth=1)
left.legend(fontsize=8, loc="lower right")
for n_recorded, colour in zip(RECORDED, ("#CCCCCC", "#56B4E9", "#0072B2"), strict=True):
    pairs = [(true, found) for n, true, found in found_gains if n == n_recorded]
    true, found = np.concatenate(pairs, axis=1)
    right.plot(
        true, np.maximum(found, 1e-1), "o", color=colour, label=f"{n_recorded} recorded units"
    )
right.plot([0.4, 5], [0.4, 5], color="0.7", linewidth=1)
right.set(xscale="log", yscale="log", xlabel="gain of the teacher", ylabel="gain that was learned")
right.set_xticks([0.5, 1, 2, 4], [0.5, 1, 2, 4])
right.set_yticks([0.1, 0.5, 1, 2, 4], [0.1, 0.5, 1, 2, 4])
right.minorticks_off()
right.legend(fontsize=8)
plt.show()

# %%
# Honest limits: the student knows the class of its teacher, its time constant, its input and all
# of its wiring, and nothing is noisy. A real connectome is of another animal, a recording is noisy,
# and input is known in part: what then can be read off is less, never more.
#
# .. rubric:: References
#
# .. [1] M. Beiran, A. Litwin-Kumar, "Prediction of neural activity in connectome-constrained
#    recurrent networks", Nature Neuroscience, 2025 (preprint: doi:10.1101/2024.02.22.581667).
# .. [2] J. K. Lappalainen et al., "Connectome-constrained networks predict neural activity across
#    the fly visual system", Nature, 2024. doi:10.1038/s41586-024-07939-3
