"""Column signs and masks from constructor arguments."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sk_biornn.biology.prior import column_signs, matrix_mask, synapse_mask


@given(st.integers(1, 400), st.integers(1, 100))
def test_share_of_excitatory_units_in_percent_is_exact(n_units, percent):
    signs = column_signs(n_units, excitatory_fraction=percent / 100)
    n_excitatory = max(1, int(Fraction(percent, 100) * n_units))  # floor, in exact arithmetic
    assert_array_equal(signs, [1.0] * n_excitatory + [-1.0] * (n_units - n_excitatory))


def test_default_is_four_fifths_excitatory():
    assert column_signs(128).sum() == 102 - 26


def test_given_signs_are_kept_and_copied():
    given_signs = np.array([1, 0, -1])
    signs = column_signs(3, given_signs, excitatory_fraction=0.1)
    assert signs.dtype == np.float64
    assert_array_equal(signs, [1, 0, -1])
    floats = np.array([1.0, 0.0, -1.0])
    column_signs(3, floats)[0] = 7
    assert floats[0] == 1.0


@pytest.mark.parametrize(
    ("signs", "message"),
    [
        ([1, -1], r"signs must have one value per unit, shape \(3,\), got shape \(2,\)\."),
        ([[1, 1, -1]], r"shape \(3,\), got shape \(1, 3\)\."),
        (1, r"shape \(3,\), got shape \(\)\."),
        ([1, 2, -1], r"signs must contain only -1, 0 and 1, got the values \[2\.0\]\."),
        ([1, 0.5, -0.5], r"got the values \[-0\.5, 0\.5\]\."),
        ([1, np.nan, -1], r"signs must contain only -1, 0 and 1, got the values \[nan\]\."),
        (["E", "E", "I"], r"signs must be an array of -1, 0 and 1, got the texts 'E', 'I'; give"),
        ([1, [1, 2], 3], r"signs must be an array of -1, 0 and 1, got list\."),
    ],
)
def test_bad_signs_are_refused(signs, message):
    with pytest.raises(ValueError, match=message):
        column_signs(3, signs)


@pytest.mark.parametrize("autapses", [True, False])
@pytest.mark.parametrize("dtype", [bool, int, float])
def test_mask_is_read_from_bools_and_from_zeros_and_ones(dtype, autapses):
    pattern = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]]).astype(dtype)
    before = pattern.copy()
    mask = synapse_mask(3, pattern, autapses)
    assert mask.dtype == bool
    expected = pattern.astype(bool) & (autapses | ~np.eye(3, dtype=bool))
    assert_array_equal(mask, expected)
    mask[:] = False
    assert_array_equal(pattern, before)


def test_without_a_mask_all_synapses_may_exist():
    assert synapse_mask(3).all()
    assert_array_equal(synapse_mask(3, autapses=False), ~np.eye(3, dtype=bool))
    assert matrix_mask("mask", None, (2, 3)) is None


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((2, 3)), r"mask must have shape \(2, 2\), got shape \(2, 3\)\."),
        (np.ones(2), r"mask must have shape \(2, 2\), got shape \(2,\)\."),
        (np.full((2, 2), 0.5), r"mask must be an array of bool \(or of 0 and 1\), got "),
        (np.full((2, 2), np.nan), r"mask must be an array of bool \(or of 0 and 1\), got "),
        (np.full((2, 2), -1), r"mask must be an array of bool \(or of 0 and 1\), got "),
        (np.full((2, 2), "yes"), r"mask must be an array of bool \(or of 0 and 1\), got "),
        (np.full((2, 2), None), r"mask must be an array of bool \(or of 0 and 1\), got "),
        ([[1], [1, 0]], r"mask must "),
    ],
)
def test_bad_masks_are_refused(mask, message):
    with pytest.raises(ValueError, match=message):
        synapse_mask(2, mask)


def test_refusal_names_the_argument():
    with pytest.raises(ValueError, match=r"^input_mask must have shape \(2, 3\)"):
        matrix_mask("input_mask", np.ones((3, 2)), (2, 3))
