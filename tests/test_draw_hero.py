"""The picture of the front page can be drawn anew, and says what is so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sk_biornn.inspection import make_known_circuit

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def hero():
    pytest.importorskip("matplotlib").use("agg")
    sys.path.insert(0, str(DOCS))
    import draw_hero

    sys.path.remove(str(DOCS))
    return draw_hero


def test_what_is_shown_is_what_was_fitted(hero):
    circuit = make_known_circuit(hero.N_UNITS, observed_fraction=2 / 3, random_state=0)
    network = hero.fitted(circuit, n_trials=32, max_iter=2)
    _, _, r = hero.predicted(circuit, network)
    figure = hero.hero(circuit, network)
    known, learned, predicted = figure.axes[:3]
    texts = [text.get_text() for text in figure.texts]
    assert "Learned: weights, 0 of the wrong sign" in texts
    assert len(known.patches) == (circuit.connectome != 0).sum()
    shown = learned.images[0].get_array()
    assert (shown.mask == (circuit.connectome == 0)).all()
    assert (shown.filled(0) == network.W_rec_).all()
    assert f"{sorted(r)[len(r) // 2]:.2f}" in predicted.texts[-1].get_text()
    hero.plt.close(figure)


def test_the_picture_is_there():
    assert (DOCS / "_static" / "hero.svg").stat().st_size < 300_000
