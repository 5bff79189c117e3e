"""Pictures of sparse weights: those of the dense ones, or a pixel for many pairs."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse as sp

from sk_biornn import _sparse
from sk_biornn.plots import WeightMatrixDisplay, _pixels
from sk_biornn.units import Connectome

W = np.random.default_rng(0).standard_normal((7, 7)) * (np.arange(49).reshape(7, 7) % 3 == 0)
SIGNS = np.array([1, 1, 1, -1, -1, 0, 1])


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("kind", [sp.csr_array, sp.coo_matrix])
@pytest.mark.parametrize("sort", [False, True])
def test_a_small_sparse_matrix_is_drawn_as_the_dense_one(kind, sort):
    one, other = (
        WeightMatrixDisplay.from_weights(weights, signs=SIGNS, sort=sort)
        for weights in (W, kind(W))
    )
    assert one.weights.tolist() == other.weights.tolist()
    named = WeightMatrixDisplay.from_weights(Connectome(kind(W), list("abcdefg")), sort=sort)
    assert sorted(named.names[0]) == list("abcdefg")
    assert one.plot().image_.get_extent() == [-0.5, 6.5, 6.5, -0.5]


@pytest.mark.parametrize("sort", [False, True])
def test_a_pixel_is_the_mean_of_its_pairs(monkeypatch, sort):
    whole = WeightMatrixDisplay.from_weights(W, signs=SIGNS, sort=sort)
    monkeypatch.setattr(_sparse, "SMALL", 5)
    monkeypatch.setattr(_pixels, "MOST_PIXELS", 3)
    network = SimpleNamespace(W_rec_=sp.csr_array(W), signs_=SIGNS, unit_names_=tuple("abcdefg"))
    display = WeightMatrixDisplay.from_estimator(network, sort=sort)
    parts = [slice(0, 3), slice(3, 6), slice(6, 7)]
    expected = [[whole.weights[rows, columns].mean() for columns in parts] for rows in parts]
    assert display.weights == pytest.approx(np.array(expected))
    assert display.signs == pytest.approx([whole.signs[part].mean() for part in parts])
    drawn = display.plot()
    assert drawn.image_.get_extent() == [-0.5, 8.5, 8.5, -0.5]  # units, three to a pixel
    assert drawn.image_.colorbar.ax.get_ylabel() == "mean weight of 3 x 3 pairs"


def test_a_whole_brain_is_drawn_with_the_memory_of_its_connections():
    n_units = 139_255
    ring = sp.coo_array(
        (np.ones(n_units), (np.roll(np.arange(n_units), 1), np.arange(n_units))),
        shape=(n_units, n_units),
    )
    tracemalloc.start()
    display = WeightMatrixDisplay.from_weights(ring, signs=np.ones(n_units), sort=True).plot()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert display.step == 272 and display.weights.shape == (512, 512)
    assert peak < 2**27  # dense: 155 GB


def test_a_large_sparse_matrix_must_be_finite():
    broken = sp.coo_array(([np.nan], ([0], [1])), shape=(3000, 3000))
    with pytest.raises(ValueError, match="W must be a finite matrix"):
        WeightMatrixDisplay.from_weights(broken)
