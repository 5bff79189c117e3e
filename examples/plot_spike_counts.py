"""
Spikes are counted: Poisson against squared error
=================================================

A network is fitted to the spikes of 20 neurons, of a circuit whose rates are
known. Once by the squared error, which takes counts for numbers with noise of
one size, and once by their likelihood (``observation="poisson"``). Which of
the two finds the rates? The circuit is **synthetic**; five of them are drawn,
in which a neuron fires at 1.4, 7 or 29 spikes per second.
"""

# %%
# A circuit, and its spikes
# -------------------------
# 32 excitatory and 8 inhibitory neurons under Dale's law, driven by three slow
# inputs. Bins are 20 ms wide, time constants 60 ms. The rate of a neuron is
# its activity above threshold, times a factor, plus a few spontaneous spikes.
# This is the link of neither network.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats

from sk_biornn import DaleRNNRegressor

N_UNITS, N_RECORDED, N_STEPS, N_TRAINING, N_TEST = 40, 20, 50, 60, 60
DYNAMICS = {"dt": 20.0, "tau": 60.0, "readout_from": "rate"}
# Spikes per bin of a unit at its maximum:
HIGHEST = {"1.4 Hz": 0.1, "7 Hz": 0.5, "29 Hz": 2.0}


def known_circuit(rng):
    signs = np.repeat([1, -1], [32, 8])
    W = np.abs(rng.standard_normal((N_UNITS, N_UNITS)))
    W *= rng.random((N_UNITS, N_UNITS)) < 0.3
    W *= np.where(signs > 0, 1.0, -4.0)
    W *= 1.4 / np.abs(np.linalg.eigvals(W)).max()
    return DaleRNNRegressor.from_weights(
        W_rec=W, W_in=rng.standard_normal((N_UNITS, 3)), W_out=np.eye(N_UNITS),
        b_rec=rng.normal(-0.2, 0.3, N_UNITS), signs=signs, **DYNAMICS,
    )  # fmt: skip


def slow_inputs(n_trials, rng):
    X = np.empty((n_trials, N_STEPS, 3))
    now = rng.standard_normal((n_trials, 3))
    for step in range(N_STEPS):
        now = 0.9 * now + np.sqrt(1 - 0.9**2) * rng.standard_normal(now.shape)
        X[:, step] = now
    return X.astype(np.float32)


def recording(highest, seed):
    """Inputs, rates in spikes per bin, and spikes of the recorded neurons."""
    rng = np.random.default_rng(seed)
    circuit = known_circuit(rng)
    X = slow_inputs(N_TRAINING + N_TEST, rng)
    activity = circuit.predict(X)[..., :N_RECORDED]
    rates = highest * (0.01 + np.maximum(activity, 0))
    return X, rates, rng.poisson(rates)


# %%
# Two fits, three questions
# -------------------------
# Both networks are as large as the circuit, have its time constants, know
# nothing of its weights, and stop early by a tenth of the trials. On 60 new
# trials we ask
#
# * how much of what can be known of the spikes is known: the log-likelihood of
#   the counts beyond that of each neuron's mean rate, as a share of what the
#   true rates have. A rate of the squared error may be negative, of which no
#   likelihood knows; it is cut at a hundredth of the mean.
# * how much of the variance of the true rates is explained, the median over
#   neurons;
# * how far a rate is off, as a factor: the root mean square of the difference
#   of logarithms.


def fitted(observation, X, counts, seed):
    network = DaleRNNRegressor(
        n_units=N_UNITS,
        observation=observation,
        early_stopping=True,
        n_iter_no_change=10,
        max_iter=40,
        batch_size=20,
        learning_rate_init=8e-3,
        random_state=seed,
        **DYNAMICS,
    )
    return network.fit(X, counts)


def log_likelihood(counts, rates):
    return (counts * np.log(rates) - rates).sum()


def judged(predicted, rates, counts, mean):
    cut = np.maximum(predicted, mean / 100 + 1e-6)
    floor = log_likelihood(counts, np.broadcast_to(mean + 1e-6, counts.shape))
    known = log_likelihood(counts, cut) - floor
    off = ((predicted - rates) ** 2).sum(axis=(0, 1))
    spread = ((rates - rates.mean(axis=(0, 1))) ** 2).sum(axis=(0, 1))
    knowable = log_likelihood(counts, rates) - floor
    factor = np.sqrt(np.mean(np.log(cut / rates) ** 2))
    return {
        "share of the information": known / knowable,
        "R2 of the rates": np.median(1 - off / spread),
        "off by a factor of": np.exp(factor),
        "negative rates": np.mean(predicted < 0),
    }


rows, shown = [], {}
new = slice(N_TRAINING, None)
for level, highest in HIGHEST.items():
    for seed in range(5):
        X, rates, counts = recording(highest, seed)
        mean = counts[:N_TRAINING].mean(axis=(0, 1))
        for observation in ("gaussian", "poisson"):
            network = fitted(
                observation, X[:N_TRAINING], counts[:N_TRAINING], seed
            )
            predicted = network.predict(X[new])
            scores = judged(predicted, rates[new], counts[new], mean)
            scores["mean rate in Hz"] = rates.mean() * 1000 / DYNAMICS["dt"]
            row = {"level": level, "seed": seed, "observation": observation}
            rows.append(row | scores)
            if seed == 0:
                shown[level, observation] = predicted
        if seed == 0:
            shown[level, "true"] = rates[new]
            shown[level, "spikes"] = counts[new]

table = pd.DataFrame(rows)
levels = list(HIGHEST)
for score in list(rows[0])[3:]:
    means = table.groupby(["level", "observation"])[score].mean()
    means = means.unstack().loc[levels]
    print(means.round(3).rename_axis(columns=score), end="\n\n")

# %%
# Five circuits give an interval of the difference, circuit by circuit (95 %,
# Student's t):


def with_interval(values):
    values = np.asarray(values)
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return values.mean(), half


pairs = table.pivot(index=["level", "seed"], columns="observation")
print("Poisson minus squared error:")
for score in list(rows[0])[3:6]:
    for level in levels:
        both = pairs.loc[level, score]
        middle, half = with_interval(both["poisson"] - both["gaussian"])
        print(f"{score:24s} {level:6s} {middle:+.3f} +- {half:.3f}")

# %%
# What it looks like
# ------------------
# A: a neuron in one of the new trials. B: the information that is found in
# circuits of low, medium and high rates, a ring per circuit and lines through
# the means. C: what is predicted where the true rate is so and so high
# (medians and quartiles): the squared error does not care whether a rate of a
# third of a spike per second is called one or none, or less than none.

COLOURS = {"gaussian": "#D55E00", "poisson": "#0072B2"}
NAMES = {"gaussian": "squared error", "poisson": "Poisson"}
figure, axes = plt.subplots(
    1, 3, figsize=(11, 3.4), width_ratios=(1.3, 0.9, 1), layout="constrained"
)

per_second = 1000 / DYNAMICS["dt"]
level = levels[1]
true, spikes = shown[level, "true"], shown[level, "spikes"]
trial, neuron = np.unravel_index(
    np.argmax(np.abs(np.diff(true, axis=1)).sum(axis=1)), (N_TEST, N_RECORDED)
)
seconds = np.arange(N_STEPS) / per_second
rate = per_second * true[trial, :, neuron]
axes[0].plot(seconds, rate, color="0.7", lw=4, label="true rate")
for observation, colour in COLOURS.items():
    predicted = per_second * shown[level, observation][trial, :, neuron]
    axes[0].plot(seconds, predicted, color=colour, label=NAMES[observation])
fired = np.repeat(seconds, spikes[trial, :, neuron])
axes[0].plot(fired, np.full(len(fired), -4.0), "|", color="k", ms=7)
axes[0].axhline(0, color="0.8", lw=0.8, zorder=0)
axes[0].set(xlabel="time (s)", ylabel="spikes per second")
axes[0].set_title("one neuron, a new trial")
axes[0].set_ylim(top=1.35 * axes[0].get_ylim()[1])
tight = {"columnspacing": 1, "handlelength": 1.2}
axes[0].legend(frameon=False, ncols=3, loc="upper center", **tight)

places = np.arange(len(levels))
for observation, colour in COLOURS.items():
    own = table[table["observation"] == observation]
    found = own.pivot(
        index="level", columns="seed", values="share of the information"
    ).loc[levels]
    axes[1].plot(places, found, "o", color=colour, ms=4, mfc="none")
    axes[1].plot(places, found.mean(axis=1), color=colour, lw=1.8)
axes[1].set_xticks(places, levels)
axes[1].set(xlabel="mean rate", ylabel="share of the information")
axes[1].set_title("new spikes")

edges = np.geomspace(0.3, 30, 10)
for observation, colour in COLOURS.items():
    truth = per_second * shown[level, "true"].ravel()
    values = per_second * shown[level, observation].ravel()
    numbers = np.digitize(truth, edges)
    some = np.flatnonzero(np.bincount(numbers, minlength=len(edges)) > 20)
    groups = [numbers == number for number in some if number < len(edges)]
    at = [np.median(truth[group]) for group in groups]
    low, middle, high = np.transpose(
        [np.percentile(values[group], (25, 50, 75)) for group in groups]
    )
    axes[2].plot(at, middle, color=colour, marker="o", ms=4)
    axes[2].fill_between(at, low, high, color=colour, alpha=0.25, lw=0)
axes[2].plot([0.2, 40], [0.2, 40], color="0.6", lw=1, zorder=0)
axes[2].axhline(0, color="0.8", lw=0.8, zorder=0)
axes[2].set_xscale("log")
axes[2].set_yscale("symlog", linthresh=0.3)
axes[2].set(xlabel="true rate (Hz)", ylabel="predicted rate (Hz)")
axes[2].set_title("rate by rate")
for axis, letter in zip(axes, "ABC", strict=True):
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(letter, loc="left", fontweight="bold")
plt.show()

# %%
# What to take from it
# --------------------
# Where spikes are few, the likelihood finds more: of the spikes to come, and
# of the rates. Where they are many, both networks find about the same, and the
# squared error is a little better by the measure that is its own, R2 of the
# rates in their unit: the likelihood asks for the same *relative* precision of
# high rates as of low ones. At all levels it is low rates that the squared
# error gets wrong, a sixth of all rates by their sign. For an experiment that
# reads off rates, or compares models by the information of held-out spikes,
# ``observation="poisson"`` is the one to use; for counts that vary more than
# Poisson's, ``"negative_binomial"``.
