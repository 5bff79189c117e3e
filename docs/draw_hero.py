"""The picture of the front page: what is known, what is learned, what it predicts.

    python docs/draw_hero.py [FILE]     writes docs/_static/hero.svg, or another file, in seconds

A circuit of which everything is known is simulated, and two thirds of its units are recorded. A
network is told the wiring, the signs and the cell types; from the recording it learns how strong
the synapses of each pair of types are. It is then asked for the units that were not recorded.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve

from sk_biornn import DaleRNNRegressor
from sk_biornn.inspection import KnownCircuit, make_known_circuit
from sk_biornn.metrics import dale_violations

EXCITATORY, INHIBITORY, INK, GREY = "#D55E00", "#0072B2", "#222222", "#8C8C8C"
N_UNITS, N_TRIALS, N_STEPS = 28, 320, 40


def fitted(circuit: KnownCircuit, n_trials: int = N_TRIALS, max_iter: int = 100) -> Any:
    """Learn the strengths of known synapses, type by type, from the recorded units."""
    recording = circuit.record(n_trials, N_STEPS, random_state=1)
    middle = float(np.exp(np.log(np.unique(circuit.tau)).mean()))
    return DaleRNNRegressor(
        n_units=circuit.n_units, signs=circuit.signs, mask=circuit.connectome != 0,
        recurrent_init=circuit.connectome, plasticity="type_gains", autapses=False,
        blocks=np.unique(circuit.types.astype(str), return_inverse=True)[1], learn_tau="type",
        tau=np.full(circuit.n_units, middle), dt=circuit.dt, observed=circuit.observed,
        readout_from="rate", max_iter=max_iter, batch_size=32, learning_rate_init=1e-2,
        learning_rate="cosine", random_state=0,
    ).fit(recording.X, recording.y)  # fmt: skip


def predicted(circuit: KnownCircuit, network: Any) -> tuple[Any, Any, Any]:
    """Return rates of new trials, what the network says of them, and r of every hidden unit."""
    new = circuit.record(40, N_STEPS, random_state=2)
    guess = network.hidden_states(new.X, kind="rate")
    pairs = [(new.rates[..., unit].ravel(), guess[..., unit].ravel()) for unit in circuit.hidden]
    return new.rates, guess, np.array([np.corrcoef(*pair)[0, 1] for pair in pairs])


def draw_wiring(ax: Any, circuit: KnownCircuit) -> None:
    """Units on a circle, type by type; a curve per synapse in the colour of its sign."""
    groups = np.unique(circuit.types.astype(str), return_inverse=True)[1]
    steps = np.arange(circuit.n_units) + 0.9 * np.r_[0, np.cumsum(np.diff(groups) != 0)]
    angles = np.pi / 2 - 2 * np.pi * steps / (steps[-1] + 1.9)
    at = np.c_[np.cos(angles), np.sin(angles)]
    colours = np.where(circuit.signs > 0, EXCITATORY, INHIBITORY)
    strongest = np.abs(circuit.connectome).max()
    for post, pre in np.argwhere(circuit.connectome):
        curve = Curve([at[pre], 0.25 * (at[pre] + at[post]), at[post]], [1, 3, 3])
        width = 0.3 + 1.1 * abs(circuit.connectome[post, pre]) / strongest
        ax.add_patch(PathPatch(curve, fill=False, lw=width, ec=colours[pre], alpha=0.35))
    recorded = np.isin(np.arange(circuit.n_units), circuit.observed)
    for known, face in ((recorded, colours), (~recorded, np.full(len(colours), "white"))):
        ax.scatter(*at[known].T, s=58, c=face[known], ec=colours[known], lw=1.6, zorder=3)
    for name in dict.fromkeys(circuit.types):
        angle = angles[circuit.types == name].mean()
        ax.text(1.28 * np.cos(angle), 1.22 * np.sin(angle), name, ha="center", va="center")
    ax.set(xlim=(-1.32, 1.42), ylim=(-1.12, 1.12), aspect="equal", anchor="N")
    ax.axis("off")
    excitatory, inhibitory = (EXCITATORY, EXCITATORY), (INHIBITORY, INHIBITORY)
    key = {"excitatory": excitatory, "recorded": (INK, INK),
           "inhibitory": inhibitory, "not recorded": ("white", INK)}  # fmt: skip
    for place, (text, (face, edge)) in enumerate(key.items()):
        x, y = (-1.05, 0.25)[place % 2], (-1.3, -1.52)[place // 2]
        ax.scatter(x, y, s=40, c=face, ec=edge, lw=1.3, clip_on=False)
        ax.text(x + 0.13, y, text, va="center", fontsize=9)


def draw_weights(ax: Any, circuit: KnownCircuit, network: Any) -> None:
    """W[post, pre]: columns of one sign, grey where there is no synapse."""
    weights = np.ma.masked_where(~network.mask_, network.W_rec_)
    limit = np.quantile(np.abs(network.W_rec_[network.mask_]), 0.98)
    ends = [INHIBITORY, "#FFFFFF", EXCITATORY]
    colours = LinearSegmentedColormap.from_list("signs", ends).with_extremes(bad="#E4E4E4")
    image = ax.imshow(weights, cmap=colours, vmin=-limit, vmax=limit, interpolation="nearest")
    edges = np.flatnonzero(circuit.types[1:] != circuit.types[:-1]) + 0.5
    for edge in edges:
        ax.axhline(edge, color="white", lw=1.6)
        ax.axvline(edge, color="white", lw=1.6)
    bounds = np.r_[-0.5, edges, circuit.n_units - 0.5]
    places, names = (bounds[1:] + bounds[:-1]) / 2, list(dict.fromkeys(circuit.types))
    ax.set_xticks(places, names)
    ax.set_yticks(places, names, rotation=90, va="center")
    ax.tick_params(length=0)
    ax.set(xlabel="presynaptic", ylabel="postsynaptic")
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_anchor("N")
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.04, 0.12, 0.035, 0.76)), extend="both")
    bar.set_label("weight")
    bar.outline.set_visible(False)


def draw_prediction(ax: Any, circuit: KnownCircuit, network: Any) -> None:
    """Three hidden units on three new trials: those at the quartiles of r, from the best down."""
    rates, guess, r = predicted(circuit, network)
    n_trials, order = 3, np.argsort(r)[::-1]
    chosen = [order[round(share * (len(order) - 1))] for share in (0.25, 0.5, 0.75)]
    time = np.arange(N_STEPS) * circuit.dt / 1000
    for row, place in enumerate(chosen):
        unit = circuit.hidden[place]
        true, said = rates[:n_trials, :, unit], guess[:n_trials, :, unit]
        base, height = -1.25 * row, max(true.max(), said.max())
        for trial in range(n_trials):
            x = time + trial * (time[-1] + 0.12)
            first = row == trial == 0
            ax.plot(x, base + true[trial] / height, color=INK, lw=1.4, label="true" * first)
            said_of = base + said[trial] / height
            ax.plot(x, said_of, color="#009E73", lw=2, alpha=0.9, label="predicted" * first)
        ax.text(-0.06, base + 0.45, circuit.types[unit], ha="right", va="center")
        ax.text(x[-1] + 0.06, base + 0.45, f"r = {r[place]:.2f}", va="center")
    ax.plot([0, 0.2], [base - 0.13] * 2, color=INK, lw=2, clip_on=False)
    ax.text(0.1, base - 0.19, "0.2 s", ha="center", va="top", fontsize=9)
    told = f"rates on new trials; median r of all {len(r)} such neurons {np.median(r):.2f}"
    ax.text(x[-1], base - 0.36, told, ha="right", va="top", fontsize=9)
    ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.97), ncols=2, frameon=False, fontsize=9)
    ax.set(xlim=(-0.02, x[-1] + 0.02), ylim=(base - 0.15, 1.12))
    ax.axis("off")


def hero(circuit: KnownCircuit, network: Any) -> Any:
    """Return the figure with its three panels."""
    violations = dale_violations(network.W_rec_, circuit.signs)
    titles = (
        "Known: wiring and signs",
        f"Learned: weights, {violations:.0f} of the wrong sign",
        "Predicted: neurons that were not recorded",
    )
    with plt.rc_context({"font.size": 10, "font.family": "DejaVu Sans", "svg.hashsalt": "hero"}):
        figure = plt.figure(figsize=(13, 4.1))
        lefts, widths = (0.012, 0.315, 0.652), (0.235, 0.235, 0.295)
        axes = [
            figure.add_axes((x, 0.125, width, 0.745))
            for x, width in zip(lefts, widths, strict=True)
        ]
        for x, letter, title in zip((0.012, 0.3, 0.622), "abc", titles, strict=True):
            figure.text(x, 0.94, letter, fontsize=13, weight="bold")
            figure.text(x + 0.018, 0.94, title, fontsize=12)
        draw_wiring(axes[0], circuit)
        draw_weights(axes[1], circuit, network)
        draw_prediction(axes[2], circuit, network)
    return figure


def main() -> None:
    """Simulate, learn, draw and write."""
    parser = argparse.ArgumentParser(prog="draw_hero.py", description=__doc__.splitlines()[0])
    default = Path(__file__).parent / "_static" / "hero.svg"
    parser.add_argument("file", nargs="?", type=Path, default=default, help=".svg, .png or .pdf")
    file = parser.parse_args().file
    file.parent.mkdir(parents=True, exist_ok=True)
    # Of the circuits 0 to 4 the one whose hidden units are predicted as well as the median.
    circuit = make_known_circuit(N_UNITS, observed_fraction=2 / 3, random_state=1)
    figure = hero(circuit, fitted(circuit))
    dated = {"metadata": {"Date": None}} if file.suffix == ".svg" else {}
    figure.savefig(file, dpi=160, **dated)


if __name__ == "__main__":
    main()
