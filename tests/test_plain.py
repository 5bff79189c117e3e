"""Numbers so large that their squares are not finite."""

from __future__ import annotations

import numpy as np
import pytest

from sk_biornn._plain import moderate


@pytest.mark.parametrize(("dtype", "huge"), [(np.float32, 1e30), (np.float64, 1e200)])
def test_huge_values_keep_their_ratios_and_have_squares(dtype, huge):
    values = np.array([huge, -huge / 4, 0.0], dtype=dtype)
    smaller = moderate(values)
    assert smaller.dtype == dtype
    assert np.isfinite(np.square(smaller).sum())
    assert smaller[0] / smaller[1] == values[0] / values[1]
    ordinary = np.array([1.0, 1e6, -3.0], dtype=dtype)
    assert np.array_equal(moderate(ordinary), ordinary)
