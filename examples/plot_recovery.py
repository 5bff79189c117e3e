"""
What can be recovered from how much data?
=========================================

A network that predicts a recording well need not have found the circuit behind
it. To know what can be read off, one needs circuits of which the truth is
known: here they are simulated, partly recorded, and fitted with what one may
know of them (signs, wiring, contacts). Then: what a network finds of a circuit
that has no synapse at all, and how to notice.
"""

# %%
# A circuit of which everything is known
# --------------------------------------
# Half of the units are recorded, with noise, while known input is given.
# Weights are numbers of contacts times the gain of the two cell types.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sk_biornn import DaleRNNRegressor
from sk_biornn.ensemble import SeedEnsemble
from sk_biornn.inspection import (
    compare,
    identifiability,
    make_known_circuit,
    recovery_benchmark,
)

circuit = make_known_circuit(24, random_state=0)
recording = circuit.record(n_trials=80, random_state=1)
n_recorded = recording.y.shape[2]
print(f"{n_recorded} of {circuit.n_units} units recorded; gains of contacts:")
print(circuit.gains.round(2).to_string())

# %%
# Settings, amounts of data, and readings
# ---------------------------------------
# ``recovery_benchmark`` fits such circuits in every setting, and compares with
# the truth. With 0 trials the network is as it began: a reading that is as
# good there owes nothing to data. Here is a small run; the numbers of the
# figure are those of five circuits, measured once by ``python plot_recovery.py
# full``.

SMALL = {"n_units": 12, "n_trials": (5, 40), "n_seeds": 2, "n_updates": 250}
results, summary = recovery_benchmark(
    ["free", "Dale", "wiring", "physiology"], **SMALL
)
table = summary.pivot_table(
    index=["reading", "setting"], columns="n_trials", values="mean", sort=False
)
some = ["prediction", "signs", "strengths", "hidden rates"]
print(table.loc[some].round(2).to_string())


def measured():
    """Return the summary of the full run; without its file, of the small."""
    # The gallery runs a script in its folder and does not tell its name.
    here = Path(globals().get("__file__", "plot_recovery.py")).resolve()
    path = here.parent.parent / "docs" / "recovery.csv"
    if "full" in sys.argv[1:]:
        tables = [
            recovery_benchmark(n_units=24).summary,
            recovery_benchmark(
                n_units=(12, 48), n_trials=(20, 320), n_seeds=3
            ).summary,
            recovery_benchmark(
                ["free", "Dale", "wiring"],
                n_units=24,
                n_trials=(20, 320),
                observed_fraction=1.0,
            ).summary,
        ]
        pd.concat(tables).round(4).to_csv(path, index=False)
    return pd.read_csv(path) if path.is_file() else summary


# %%
# By amount of data: means over five circuits of 24 units, and 95 % bootstrap
# intervals. Where a setting is told the answer its line is dotted.

PANELS = {
    "prediction": "prediction of recorded units (R2)",
    "signs": "signs (balanced accuracy)",
    "recorded pairs": "weights among recorded units (r)",
    "strengths": "strengths of true synapses (r)",
    "synapses": "who is connected (area under ROC)",
    "interactions": "mean |w| between types (r)",
    "gains": "gains between types (r)",
    "hidden rates": "rates of hidden units (r)",
}
LOOKS = {  # Okabe and Ito's colours, and a mark of its own for each
    "free": ("#000000", "o"),
    "Dale": ("#E69F00", "s"),
    "densities": ("#56B4E9", "^"),
    "wiring": ("#009E73", "D"),
    "connectome": ("#0072B2", "v"),
    "physiology": ("#D55E00", "P"),
}


def draw(summary):
    """Draw a panel per reading, a line per setting."""
    size = 24 if (summary["n_units"] == 24).any() else summary["n_units"].min()
    in_part = summary["observed_fraction"] < 1
    summary = summary[(summary["n_units"] == size) & in_part]
    amounts = sorted(summary["n_trials"].unique())
    figure, axes = plt.subplots(
        2, 4, figsize=(12.5, 6), sharex=True, layout="constrained"
    )
    for ax, (reading, title) in zip(axes.flat, PANELS.items(), strict=True):
        for setting, (colour, mark) in LOOKS.items():
            rows = summary[summary["reading"] == reading]
            rows = rows[rows["setting"] == setting]
            if not len(rows):
                continue
            rows = rows.set_index("n_trials").loc[amounts]
            shift = 0.05 * (list(LOOKS).index(setting) - 2.5)
            x = np.arange(len(amounts)) + shift
            line = ":" if rows["given"].all() else "-"
            errors = [rows["mean"] - rows["low"], rows["high"] - rows["mean"]]
            look = {"color": colour, "ms": 5, "lw": 1.5, "elinewidth": 0.8}
            look |= {"fmt": mark + line, "label": setting}
            ax.errorbar(x, rows["mean"], errors, **look)
        ax.set_title(title, fontsize=10, loc="left")
        lowest = 0.5 if reading == "prediction" else -0.3
        ax.set_ylim(lowest, 1.05)
        if reading in ("signs", "synapses"):
            ax.set_ylim(0.25, 1.03)
            ax.axhline(0.5, color="0.7", lw=0.8, zorder=0)
        else:
            ax.axhline(0, color="0.7", lw=0.8, zorder=0)
        ax.set_xticks(np.arange(len(amounts)), amounts)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[1]:
        ax.set_xlabel("trials")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=len(labels),
        frameon=False,
    )
    return figure


draw(measured())
plt.show()

# %%
# A difference without a circuit
# ------------------------------
# These units have no synapse. They follow their input, which is twice as large
# in one condition as in the other. Five networks are fitted to each, under
# Dale's law, with the true signs.

apart = make_known_circuit(16, spectral_radius=0.0, random_state=0)
X = apart.record(60, random_state=1).X
rng = np.random.default_rng(2)


def train(X):
    rates = apart.rates(X)[..., apart.observed]
    y = rates + 0.1 * rng.standard_normal(rates.shape)
    network = DaleRNNRegressor(
        n_units=16,
        signs=apart.signs,
        autapses=False,
        readout_from="rate",
        readout_mask=np.eye(16, dtype=bool)[apart.observed],
        readout_signs=np.ones(16),  # a positive gain for each recorded unit
        dt=apart.dt,
        tau=apart.tau,
        batch_size=20,
        max_iter=100,
        learning_rate_init=0.02,
        learning_rate="cosine",
    )
    ensemble = SeedEnsemble(
        network, n_seeds=5, random_state=0, strategy="joblib"
    )
    return ensemble.fit(X, y), y


(weak, y), (strong, _) = train(X), train(2 * X)
differences = compare(
    strong, weak, labels=apart.types, paired=True, test="welch"
)
differences = differences.set_index(
    differences["post"] + " <- " + differences["pre"]
)
told = differences[["mean_a", "mean_b", "p_value"]]

# %%
# Every block has come to have synapses, and some differ between the
# conditions. What would have told? ``identifiability`` asks how much each
# block could change if everything else made up for it.

table = identifiability(weak.estimators_[0], X, y, labels=apart.types)
columns = ["increase", "error", "shift", "advice"]
print(told.join(table[columns]).round(3).to_string())

# %%
# A change of one block alone by 10 % would raise the loss by the share
# ``increase``; with all else free to make up for it, the mean strengths are
# known to the relative ``error``, and the advice says what that means. Where a
# circuit has synapses, more is determined:

network = DaleRNNRegressor(
    n_units=24,
    signs=circuit.signs,
    mask=circuit.connectome != 0,
    readout_from="rate",
    readout_mask=np.eye(24, dtype=bool)[circuit.observed],
    readout_signs=np.ones(24),
    dt=circuit.dt,
    tau=circuit.tau,
    batch_size=40,
    max_iter=200,
    learning_rate_init=0.02,
    learning_rate="cosine",
    random_state=0,
).fit(recording.X, recording.y)
table = identifiability(
    network, recording.X, recording.y, labels=circuit.types
)
print(table[["mean", *columns]].round(3).to_string())

# %%
# :doc:`/recovery` has the numbers, and what they mean for the interactions
# between populations.
