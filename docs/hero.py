"""The picture of the front page: `_static/hero.*` where there is one, else one drawn here.

python docs/hero.py FILE        draw it: a wiring, the weights fitted under it, a prediction
"""

from __future__ import annotations

import sys
from pathlib import Path

ALT = (
    "Three panels: a circuit of excitatory and inhibitory units and its synapses; the fitted "
    "recurrent weights, every column of one sign and nothing off the wiring; a held-out target "
    "and what the network says."
)
FIGURE = ".. image:: /{path}\n   :alt: {alt}\n   :class: hero\n   :width: 100%\n"


def write_hero(static: Path, drawn: Path) -> None:
    """Write hero.inc beside `drawn`: the picture that there is, drawn first if there is none."""
    found = sorted(static.glob("hero.*"), key=lambda path: path.suffix != ".svg")
    text = static / "hero.txt"
    pictures = [path for path in found if path.suffix in (".svg", ".png", ".webp")]
    if not pictures and not drawn.exists():
        drawn.parent.mkdir(parents=True, exist_ok=True)
        draw(drawn)
    picture = pictures[0] if pictures else drawn
    alt = " ".join(text.read_text(encoding="utf-8").split()) if text.exists() else ALT
    path = picture.relative_to(Path(__file__).parent).as_posix()
    drawn.with_name("hero.inc").write_text(FIGURE.format(path=path, alt=alt), encoding="utf-8")


def draw(path: Path) -> None:
    """Fit a network of 24 units with a known wiring, and draw its three sides."""
    import numpy as np
    from matplotlib.figure import Figure

    from sk_biornn import DaleRNNRegressor
    from sk_biornn.datasets import make_flip_flop

    X, y = make_flip_flop(300, n_steps=40, random_state=0)
    mask = np.random.default_rng(1).random((24, 24)) < 0.2
    reg = DaleRNNRegressor(
        n_units=24, mask=mask, autapses=False, max_iter=60, batch_size=20,
        learning_rate_init=5e-3, random_state=0,
    ).fit(X[:250], y[:250])  # fmt: skip

    figure = Figure(figsize=(10, 3.1), layout="constrained")
    wiring, weights, answer = figure.subplots(1, 3, width_ratios=[1, 1.1, 1.6])
    draw_wiring(wiring, reg.signs_, reg.mask_)
    draw_weights(weights, reg.W_rec_)
    trial = 250 + np.argmax((np.diff(y[250:, :, 0]) != 0).sum(axis=1))
    answer.plot(y[trial, :, 0], color="black", drawstyle="steps-mid", label="target")
    answer.plot(reg.predict(X[trial : trial + 1])[0, :, 0], color="#0072B2", label="network")
    answer.set(title="a trial it has not seen", xlabel="step", ylim=(-1.4, 1.8))
    answer.legend(frameon=False, ncols=2, loc="upper right")
    answer.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=200)


def draw_wiring(axes, signs, mask) -> None:
    """Draw the units on a circle, and their synapses in the colour of the sign."""
    import numpy as np

    angle = 2 * np.pi * np.arange(len(signs)) / len(signs)
    place = np.column_stack([np.cos(angle), np.sin(angle)])
    colour = np.where(signs > 0, "#D55E00", "#0072B2")
    for post, pre in zip(*np.nonzero(mask), strict=True):
        axes.annotate(
            "", place[post], place[pre],
            arrowprops={"arrowstyle": "->", "color": colour[pre], "alpha": 0.35, "lw": 0.6},
        )  # fmt: skip
    axes.scatter(*place.T, c=colour, s=26, zorder=3)
    axes.set(title="wiring and signs", aspect="equal")
    axes.axis("off")


def draw_weights(axes, weights) -> None:
    """Draw the weights [post, pre]; an absent synapse is grey."""
    import numpy as np

    shown = np.where(weights == 0, np.nan, weights)
    limit = np.abs(weights).max()
    axes.set_facecolor("0.9")
    image = axes.imshow(shown, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set(title="fitted weights", xlabel="presynaptic", ylabel="postsynaptic")
    axes.set(xticks=[], yticks=[])
    axes.figure.colorbar(image, ax=axes, shrink=0.8)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
