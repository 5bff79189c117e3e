"""Every constraint, exactly: signs, mask, nearest points, and how weights move inside the set."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.testing import assert_allclose, assert_array_equal
from problems import CONSTRAINTS, DALE_METHODS
from scipy.optimize import minimize, nnls

from sk_biornn.biology.constraints import (
    Constraint,
    Dale,
    FixedMask,
    NonNegative,
    project,
    sign_bounds,
)

CLIPPING = [Dale("projection"), NonNegative(), FixedMask()]
constraints = st.sampled_from([*CONSTRAINTS.values()])
every_constraint = pytest.mark.parametrize("constraint", CONSTRAINTS.values(), ids=CONSTRAINTS)


def effective_signs(constraint, signs):
    """Return the signs that the constraint asks for: NonNegative and FixedMask read none."""
    if not hasattr(constraint, "signs_in_force"):
        return signs
    return torch.from_numpy(constraint.signs_in_force(signs.numpy()))


def assert_obeys(weights, signs, mask):
    """Check every synapse by itself: the sign of its column, and the mask; not by 1e-300."""
    assert torch.isfinite(weights).all()
    n_units = len(signs)
    for post, pre in product(range(n_units), range(n_units)):
        value = weights[post, pre].item()
        assert value == 0 or mask[post, pre], f"weight {value} off the mask"
        assert value * signs[pre].item() >= 0, f"weight {value} of the wrong sign"


# Zeros of both signs, tiny and huge numbers belong to the values drawn.
VALUES = st.one_of(
    st.sampled_from([0.0, -0.0, 1e-30, -1e-30, 1e6, -1e6]), st.floats(-3, 3, width=32)
)


@st.composite
def problems(draw, n_matrices=1):
    """Signs, a mask and matrices of one size."""
    n_units = draw(st.integers(1, 5))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    signs = draw(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=n_units, max_size=n_units))
    shape = (n_units, n_units)
    mask = draw(arrays.arrays(bool, shape))
    matrices = [draw(arrays.arrays(np.float64, shape, elements=VALUES)) for _ in range(n_matrices)]
    return (
        torch.tensor(signs, dtype=dtype),
        torch.from_numpy(mask),
        [torch.from_numpy(matrix).to(dtype) for matrix in matrices],
    )


def same_bits(a, b):
    return a.numpy().tobytes() == b.numpy().tobytes()


def step(space, theta, displacement):
    """Move theta as `train` does, by a displacement instead of an optimiser."""
    before = theta.clone() if space.needs_before else None
    theta.add_(displacement)
    return space.retract(theta, before)


# What holds for every constraint


@given(constraints, problems(n_matrices=6))
def test_weights_obey_after_encoding_and_after_every_step(constraint, problem):
    signs, mask, (start, *displacements) = problem
    space = constraint.bind(signs, mask)
    asked = effective_signs(constraint, signs)
    theta = space.encode(start).clone()
    assert_obeys(space.decode(theta), asked, mask)
    for displacement in displacements:
        step(space, theta, displacement)
        weights = space.decode(theta)
        assert weights.dtype == start.dtype
        assert_obeys(weights, asked, mask)


@given(constraints, problems(n_matrices=2))
def test_decoding_obeys_whatever_theta_is(constraint, problem):
    signs, mask, (start, theta) = problem
    space = constraint.bind(signs, mask)
    if isinstance(constraint, Dale) and constraint.method in ("abs", "square"):
        assert_obeys(space.decode(theta), signs, mask)
    else:  # theta is the weights themselves, and `encode` and `retract` keep its signs
        assert torch.equal(space.decode(theta), theta * mask)
        theta = space.encode(start)
        assert torch.equal(space.decode(theta), theta)


@given(constraints, problems())
def test_encoding_gives_the_nearest_allowed_weights(constraint, problem):
    signs, mask, (start,) = problem
    space = constraint.bind(signs, mask)
    decoded = space.decode(space.encode(start))
    asked = effective_signs(constraint, signs)
    # Per synapse there are two candidates, the weight itself and 0.
    allowed = mask & (start * asked >= 0)
    expected = torch.where(allowed, start, torch.zeros_like(start))
    if constraint == Dale("square"):  # a root and its square, each rounded once
        free = (signs == 0).expand_as(start)
        resolution = torch.finfo(start.dtype).eps
        assert_allclose(decoded, expected, rtol=3 * resolution, atol=0)
        assert torch.equal(decoded[free], expected[free])
    else:
        assert torch.equal(decoded, expected)


@given(constraints, problems(n_matrices=2))
def test_encoding_does_not_change_its_argument(constraint, problem):
    signs, mask, (start, displacement) = problem
    space = constraint.bind(signs, mask)
    copies = [tensor.clone() for tensor in (signs, mask, start)]
    theta = space.encode(start).clone()
    step(space, theta, displacement)
    for tensor, copy in zip((signs, mask, start), copies, strict=True):
        assert same_bits(tensor, copy)


@given(constraints, problems(n_matrices=2))
def test_parameters_come_back_from_their_weights_bit_for_bit(constraint, problem):
    # So that a warm start moves nothing, also where theta is a root: sqrt(fl(y^2)) = |y|.
    signs, mask, (start, displacement) = problem
    space = constraint.bind(signs, mask)
    theta = space.encode(start).clone()
    step(space, theta, displacement)
    weights = space.decode(theta)
    again = space.encode(weights)
    assert torch.equal(again[mask], theta[mask])
    assert torch.equal(space.decode(again), weights)


@given(st.sampled_from(CLIPPING), problems())
def test_projections_are_idempotent_bit_for_bit(constraint, problem):
    signs, mask, (start,) = problem
    space = constraint.bind(signs, mask)
    once = space.encode(start)
    assert same_bits(space.encode(once), once)
    retracted = start.clone()
    space.retract(retracted, None)
    assert torch.equal(retracted, once)
    again = retracted.clone()
    space.retract(again, None)
    assert same_bits(again, retracted)


@every_constraint
def test_models_side_by_side_are_constrained_like_single_ones(constraint):
    generator = torch.Generator().manual_seed(0)
    signs = torch.tensor([1.0, -1.0, 0.0, 1.0])
    mask = torch.rand(4, 4, generator=generator) > 0.3
    start, displacement = torch.randn(2, 3, 4, 4, generator=generator)
    space = constraint.bind(signs, mask)
    theta = space.encode(start).clone()
    singles = [space.encode(one).clone() for one in start]
    step(space, theta, displacement)
    for m, single in enumerate(singles):
        step(space, single, displacement[m])
        assert torch.equal(space.decode(theta)[m], space.decode(single))


@given(constraints, problems(n_matrices=2))
def test_synapses_that_do_not_exist_have_no_gradient(constraint, problem):
    signs, mask, (start, slopes) = problem
    space = constraint.bind(signs, mask)
    theta = space.encode(start).clone().requires_grad_()
    (gradient,) = torch.autograd.grad((space.decode(theta) * slopes).sum(), theta)
    assert (gradient[~mask] == 0).all()
    additive = (signs == 0).expand_as(mask) & mask  # a step of a free unit is that of its weight
    assert torch.equal(gradient[additive], slopes[additive])


@every_constraint
def test_gradient_off_the_mask_does_not_move_weights(constraint):
    signs, mask = torch.tensor([1.0, -1.0, 0.0]), ~torch.eye(3, dtype=torch.bool)
    space = constraint.bind(signs, mask)
    theta = space.encode(signs.expand(3, 3) + 0.5).clone().requires_grad_()
    optimiser = torch.optim.Adam([theta], lr=0.1)
    for _ in range(5):
        before = theta.detach().clone()
        (space.decode(theta) * torch.ones(3, 3)).sum().backward()
        optimiser.step()
        with torch.no_grad():
            space.retract(theta, before)
    assert (space.decode(theta).detach().diagonal() == 0).all()


# The projection


@given(problems())
def test_bounds_are_those_of_every_single_synapse(problem):
    signs, mask, _ = problem
    lower, upper = sign_bounds(signs, mask)
    for post, pre in product(range(len(signs)), range(len(signs))):
        sign, there = signs[pre].item(), mask[post, pre].item()
        assert lower[post, pre].item() == (-np.inf if there and sign <= 0 else 0.0)
        assert upper[post, pre].item() == (np.inf if there and sign >= 0 else 0.0)


@given(problems(n_matrices=2))
def test_no_allowed_point_is_nearer_than_the_projection(problem):
    signs, mask, (weights, other) = problem
    weights, other = weights.double(), other.double()
    lower, upper = sign_bounds(signs.double(), mask)
    nearest, rival = project(weights, lower, upper), project(other, lower, upper)
    assert (weights - nearest).square().sum() <= (weights - rival).square().sum()
    # The variational inequality of a projection on a convex set.
    assert ((weights - nearest) * (rival - nearest)).sum() <= 1e-9


def test_projection_equals_a_numerical_minimisation():
    rng = np.random.default_rng(0)
    signs = torch.tensor([1.0, -1.0, 0.0, 1.0], dtype=torch.float64)
    mask, weights = torch.from_numpy(rng.random((4, 4)) < 0.7), rng.normal(size=(4, 4))
    metric = rng.uniform(0.2, 3, size=(4, 4))  # any diagonal norm has the same nearest point
    lower, upper = sign_bounds(signs, mask)
    found = minimize(
        lambda point: (metric.ravel() * (point - weights.ravel()) ** 2).sum(),
        np.zeros(16),
        jac=lambda point: 2 * metric.ravel() * (point - weights.ravel()),
        bounds=list(zip(lower.numpy().ravel(), upper.numpy().ravel(), strict=True)),
        method="L-BFGS-B",
    )
    projected = project(torch.from_numpy(weights), lower, upper).numpy()
    assert_allclose(projected.ravel(), found.x, atol=1e-5)


def test_non_negative_weights_are_the_non_negative_least_squares():
    weights = np.random.default_rng(1).normal(size=(4, 4))
    space = NonNegative().bind(-torch.ones(4), torch.ones(4, 4, dtype=torch.bool))
    expected, _ = nnls(np.eye(16), weights.ravel())
    assert_allclose(space.encode(torch.from_numpy(weights)).numpy().ravel(), expected, atol=1e-15)


def test_free_weights_on_a_full_mask_are_left_alone():
    for constraint in (Dale(), FixedMask()):
        space = constraint.bind(torch.zeros(3), torch.ones(3, 3, dtype=torch.bool))
        weights = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
        assert space.encode(weights) is weights
        assert step(space, weights.clone(), weights) is None  # all momentum is kept


# How weights move


def one_synapse(method, sign=1.0):
    return Dale(method).bind(torch.tensor([sign]), torch.ones(1, 1, dtype=torch.bool))


def descend(space, weight, slope, n_steps=3, rate=0.1):
    """Return the weight after SGD on loss = slope * W."""
    theta = space.encode(torch.tensor([[weight]], dtype=torch.float64)).clone().requires_grad_()
    for _ in range(n_steps):
        (gradient,) = torch.autograd.grad(slope * space.decode(theta).sum(), theta)
        with torch.no_grad():
            before = theta.clone()
            theta.sub_(rate * gradient)
            space.retract(theta, before)
    return space.decode(theta).item()


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("method", "revives"),
    [("projection", True), ("abs", True), ("square", False), ("exponentiated", False)],
)
def test_synapse_of_exactly_zero(method, revives, sign):
    space = one_synapse(method, sign)
    assert Dale(method).freezes_zeros is not revives
    grown = descend(space, 0.0, slope=-sign)  # the loss falls as the synapse grows
    assert grown == pytest.approx(0.3 * sign if revives else 0.0, abs=1e-15)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("slope", [0.5, -0.5])
def test_steps_have_their_closed_form(sign, slope):
    weight, d = 0.8 * sign, 0.1 * slope
    assert descend(one_synapse("projection", sign), weight, slope) == pytest.approx(weight - 3 * d)
    assert descend(one_synapse("abs", sign), weight, slope) == pytest.approx(weight - 3 * d)
    # W = s theta^2: theta <- theta - rate * slope * s * 2 theta.
    assert descend(one_synapse("square", sign), weight, slope) == pytest.approx(
        weight * (1 - 2 * sign * d) ** 6
    )
    assert descend(one_synapse("exponentiated", sign), weight, slope) == pytest.approx(
        weight * np.exp(-3 * sign * d)
    )


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_step_across_zero(sign):
    # A step of 1 from 0.3 towards the forbidden side.
    after = {
        method: descend(one_synapse(method, sign), 0.3 * sign, slope=sign, n_steps=1, rate=1.0)
        for method in ("projection", "abs", "exponentiated")
    }
    assert after["projection"] == 0.0
    assert after["abs"] == pytest.approx(0.7 * sign)  # reflected
    assert after["exponentiated"] == pytest.approx(0.3 * sign * np.exp(-1))


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_multiplicative_step_is_at_most_a_factor_e_squared(direction):
    after = descend(one_synapse("exponentiated"), 0.5, slope=direction, n_steps=1, rate=1e3)
    assert after == pytest.approx(0.5 * np.exp(-2 * direction))


@given(problems(n_matrices=4))
def test_multiplicative_steps_keep_the_signs_and_the_zeros(problem):
    signs, mask, (start, *displacements) = problem
    space = Dale("exponentiated").bind(signs, mask)
    theta = space.encode(start).clone()
    bound = (signs != 0).expand_as(theta)
    before = torch.sign(theta)
    for displacement in displacements:
        step(space, theta, displacement)
    assert_array_equal(torch.sign(theta)[bound], before[bound])


# Exponentiated steps that keep pace with plain ones


def in_pace(weight, step, scale):
    """The law for one synapse, in words of one number: `step` is what would be added."""
    size, outwards = abs(weight), step * np.sign(weight)
    change = size * np.expm1(np.clip(outwards / scale, -2, 2))
    size = max(size + np.clip(change, -abs(step), abs(step)), min(size, scale / 1000))
    return np.sign(weight) * size


@given(problems(n_matrices=2), st.sampled_from([1e-3, 0.02, 1.0]))
def test_steps_in_pace_are_those_of_every_single_synapse(problem, scale):
    signs, mask, (start, displacement) = problem
    signs, start, displacement = signs.double(), start.double(), displacement.double()
    space = Dale("exponentiated", scale).bind(signs, mask)
    before = space.encode(start).clone()
    theta, proposed = before.clone(), before + displacement
    step(space, theta, displacement)
    for post, pre in product(range(len(signs)), range(len(signs))):
        if signs[pre] != 0 and mask[post, pre]:
            moved = proposed[post, pre].item() - before[post, pre].item()
            expected = in_pace(before[post, pre].item(), moved, scale)
            assert theta[post, pre].item() == pytest.approx(expected, rel=1e-12, abs=0)


@given(problems(n_matrices=4), st.sampled_from([1e-3, 0.02, 1.0]))
def test_steps_in_pace_keep_signs_and_zeros_and_are_no_longer_than_plain_ones(problem, scale):
    signs, mask, (start, *displacements) = problem
    space = Dale("exponentiated", scale).bind(signs, mask)
    theta = space.encode(start).clone()
    bound = (signs != 0).expand_as(theta)
    at_first = torch.sign(theta)
    for displacement in displacements:
        before = theta.clone()
        plain = ((before + displacement) - before).abs()
        step(space, theta, displacement)
        assert_array_equal(torch.sign(theta)[bound], at_first[bound])
        rounding = 4 * torch.finfo(theta.dtype).eps * (theta.abs() + before.abs())
        assert ((theta - before).abs() <= plain + rounding)[bound].all()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_step_in_pace_is_multiplicative_below_the_scale_and_plain_above(sign):
    space = Dale("exponentiated", 0.01).bind(torch.tensor([sign]), torch.ones(1, 1).bool())
    d = 1e-3
    for size, expected in (
        (1e-4, 1e-4 * np.exp(0.1)),  # a tenth of the scale is added to the logarithm
        (0.5, 0.5 + d),
        (0.009, 0.009 * np.exp(0.1)),
        (0.011, 0.011 + d),
    ):
        weight = torch.tensor([[sign * size]], dtype=torch.float64)
        step(space, weight, sign * d)
        assert weight.item() == pytest.approx(sign * expected, rel=1e-12)


def test_weight_in_pace_comes_back_however_long_it_was_pressed_down():
    space = Dale("exponentiated", 0.01).bind(torch.ones(1), torch.ones(1, 1).bool())
    weight = torch.tensor([[0.5]])
    for _ in range(10_000):
        step(space, weight, -1e-3)
    assert weight.item() == pytest.approx(1e-5)  # a thousandth of the scale
    for _ in range(70):  # log(1000) / 0.1 is 69.1
        step(space, weight, 1e-3)
    assert weight.item() > 0.01


def test_weight_that_starts_below_the_depth_stays_there_until_it_grows():
    space = Dale("exponentiated", 0.01).bind(torch.ones(1), torch.ones(1, 1).bool())
    weight = torch.tensor([[1e-12]])
    step(space, weight, -1e-3)
    assert weight.item() == pytest.approx(1e-12)
    step(space, weight, 1e-3)
    assert weight.item() == pytest.approx(1e-12 * np.exp(0.1))


def test_scale_of_a_law_in_its_circuit_is_one_over_the_synapses_per_unit():
    mask = torch.zeros(6, 6, dtype=torch.bool)
    mask[:4, :3] = True
    mask[0, 3] = mask[1, 4] = True  # 14 synapses, of 4 units; two units have none
    assert Dale("exponentiated").in_circuit(mask) == Dale("exponentiated", scale=4 / 14)
    assert Dale("exponentiated", 0.1).in_circuit(mask) == Dale("exponentiated", 0.1)
    for method in ("projection", "abs", "square"):
        assert Dale(method).in_circuit(mask) == Dale(method)
    nowhere = torch.zeros(3, 3, dtype=torch.bool)
    assert Dale("exponentiated").in_circuit(nowhere) == Dale("exponentiated")


@pytest.mark.parametrize("method", DALE_METHODS)
def test_free_units_take_plain_additive_steps(method):
    generator = torch.Generator().manual_seed(0)
    signs = torch.tensor([1.0, 0.0, -1.0, 0.0], dtype=torch.float64)
    free, mask = signs == 0, torch.rand(4, 4, generator=generator) > 0.25
    space = Dale(method).bind(signs, mask)
    start = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    theta = space.encode(start).clone().requires_grad_()
    slopes = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    for _ in range(20):  # far enough to cross zero
        (gradient,) = torch.autograd.grad((slopes * space.decode(theta)).sum(), theta)
        with torch.no_grad():
            before = theta.clone()
            theta.sub_(0.2 * gradient)
            space.retract(theta, before)
    weights, expected = space.decode(theta).detach(), (start - 20 * 0.2 * slopes) * mask
    assert_allclose(weights[:, free], expected[:, free], rtol=0, atol=1e-13)
    assert (torch.sign(expected) != torch.sign(start))[mask & free].any()


@pytest.mark.parametrize("method", ["abs", "square"])
def test_decoding_has_the_gradient_of_its_formula(method):
    signs, mask = torch.tensor([1.0, -1.0, 0.0], dtype=torch.float64), torch.ones(3, 3).bool()
    mask[0] = False
    space = Dale(method).bind(signs, mask)
    theta = torch.linspace(-1, 1, 9, dtype=torch.float64).reshape(3, 3) + 0.05
    assert torch.autograd.gradcheck(space.decode, theta.requires_grad_())


# What is left of the momentum after a step


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("method", "factor"), [("projection", 0.0), ("abs", -1.0), ("square", -1.0)]
)
def test_momentum_of_weights_that_reach_the_wall(method, factor, sign):
    space = Dale(method).bind(torch.full((2,), sign), torch.ones(2, 2, dtype=torch.bool))
    start = torch.full((2, 2), 0.25 * sign)
    theta = space.encode(start).clone()
    across = -2 * theta * torch.tensor([[1.0, 0.0], [0.0, 1.0]])  # the diagonal crosses zero
    left = step(space, theta, across)
    if space.stops_at_zero:
        assert left is None
        left = (theta != 0).float()
    assert torch.equal(left * torch.ones(2, 2), torch.tensor([[factor, 1.0], [1.0, factor]]))
    weights = space.decode(theta)
    assert weights[0, 1] == weights[1, 0] == 0.25 * sign
    assert (weights.diagonal() == (0.0 if method == "projection" else 0.25 * sign)).all()


@pytest.mark.parametrize("method", ["abs", "square"])
def test_reflection_does_not_change_the_path_of_the_weights(method):
    # Adam on theta without reflection, W = s |theta| or s theta^2, is the same descent.
    generator = torch.Generator().manual_seed(0)
    signs = torch.tensor([1.0, -1.0, 0.0, 1.0], dtype=torch.float64)
    space = Dale(method).bind(signs, torch.ones(4, 4, dtype=torch.bool))
    start = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    goal = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    paths = []
    for reflecting in (True, False):
        theta = space.encode(start).clone().requires_grad_()
        optimiser, path = torch.optim.Adam([theta], lr=0.05), []
        for _ in range(60):
            weights = space.decode(theta)
            path.append(weights.detach())
            (theta.grad,) = torch.autograd.grad((weights - goal).square().sum(), theta)
            optimiser.step()
            if reflecting:
                with torch.no_grad():
                    optimiser.state[theta]["exp_avg"].mul_(space.retract(theta, None))
        paths.append(torch.stack(path))
        assert bool((theta < 0)[:, signs != 0].any()) is not reflecting
    assert_allclose(*paths, rtol=1e-10, atol=1e-12)


# Descriptions


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match=r"method must be one of \['projection'.*got 'relu'\."):
        Dale("relu")
    with pytest.raises(ValueError, match="method must be one of"):
        Dale("nonnegative")  # all weights: another object


@pytest.mark.parametrize("scale", [0, -0.1, np.nan, np.inf])
def test_scale_that_is_not_positive_is_refused(scale):
    with pytest.raises(ValueError, match="scale must be a number greater than 0, got"):
        Dale("exponentiated", scale)


@pytest.mark.parametrize("scale", ["0.1", True, [0.1]])
def test_scale_that_is_not_a_number_is_refused(scale):
    with pytest.raises(TypeError, match="scale must be a number greater than 0, got"):
        Dale("exponentiated", scale)


def test_scale_of_another_method_is_refused():
    with pytest.raises(ValueError, match="scale must be None unless method='exponentiated'"):
        Dale("projection", 0.1)


def test_constraints_are_values_and_follow_the_protocol():
    assert Dale("abs") == Dale("abs") != Dale("square")
    assert all(isinstance(constraint, Constraint) for constraint in CONSTRAINTS.values())
    assert not isinstance(object(), Constraint)
