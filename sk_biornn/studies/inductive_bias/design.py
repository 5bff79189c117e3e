"""What is compared: eleven variants, a row each, the contrasts between them, and three tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class InductiveBiasVariant:
    """What a network is told about a cortical circuit.

    Parameters
    ----------
    name : str
        Name of the original study: ``W`` weights, ``D`` distance, ``C`` communicability; a star
        says that it is measured, an exclamation mark that it is measured and permuted.
    weights : {"random", "functional", "permuted"}
        Initial recurrent weights. Functional ones come from measured activity; permuted ones are
        the same with the neurons in another order.
    space : {"none", "grid", "measured"}
        Where units stand: distances count nothing, are those of a grid, or those of the neurons.
    penalty : {"weight", "spatial", "communicability", "communicability_emd"}
        What the loss charges, see `sk_biornn.biology`.

    Examples
    --------
    >>> from sk_biornn.studies import INDUCTIVE_BIAS_VARIANTS
    >>> [
    ...     each.name
    ...     for each in INDUCTIVE_BIAS_VARIANTS
    ...     if each.weights == "permuted"
    ... ]
    ['W!D*C', 'W!D*C*']
    """

    name: str
    weights: str
    space: str
    penalty: str


#: The eleven variants: initial weights, distances and penalty of each.
VARIANTS = tuple(
    InductiveBiasVariant(*row)
    for row in (
        # name    initial weights  distances   penalty
        ("W", "random", "none", "weight"),
        ("WD", "random", "grid", "spatial"),
        ("WD*", "random", "measured", "spatial"),
        ("WDC", "random", "grid", "communicability"),
        ("WD*C", "random", "measured", "communicability"),
        ("WD*C*", "random", "measured", "communicability_emd"),
        ("W*D*C", "functional", "measured", "communicability"),
        ("W*DC*", "functional", "grid", "communicability_emd"),
        ("W*D*C*", "functional", "measured", "communicability_emd"),
        ("W!D*C", "permuted", "measured", "communicability"),
        ("W!D*C*", "permuted", "measured", "communicability_emd"),
    )
)
BY_NAME = {variant.name: variant for variant in VARIANTS}
BASELINE = "W"


class Contrast(NamedTuple):
    """Two variants that are compared, and what is learnt from it."""

    question: str
    variant: str
    control: str


# One thing differs in each of these pairs; the paper's claims are about these things.
_ONE_FACTOR = (
    Contrast("function, not chance", "W*D*C", "WD*C"),
    Contrast("function, not chance", "W*D*C*", "WD*C*"),
    Contrast("function in its place", "W*D*C", "W!D*C"),
    Contrast("function in its place", "W*D*C*", "W!D*C*"),
    Contrast("measured space", "WD*", "WD"),
    Contrast("measured space", "WD*C", "WDC"),
    Contrast("measured space", "W*D*C*", "W*DC*"),
    Contrast("communicability", "WDC", "WD"),
    Contrast("communicability", "WD*C", "WD*"),
    Contrast("connectome", "WD*C*", "WD*C"),
    Contrast("connectome", "W*D*C*", "W*D*C"),
)
_TO_BASELINE = tuple(
    Contrast("all against none", variant.name, BASELINE)
    for variant in VARIANTS
    if variant.name != BASELINE
)
CONTRASTS = _ONE_FACTOR + _TO_BASELINE


class Task(NamedTuple):
    """One task: its number in the original's files, its generator, and what can be reached."""

    number: int
    make: str  # name in sk_biornn.datasets
    label: str
    chance: float  # best accuracy without a memory
    ceiling: float


TASKS = {
    # Without the goal, which only memory has, the two offered directions leave 5 of 8 mazes right.
    "one-choice-inference": Task(1, "make_one_choice_inference", "one-choice inference", 0.625, 1),
    "go-nogo": Task(2, "make_go_nogo", "go / no-go", 0.5, 1),
    # A fifth of the trials has coherence 0, which is pure chance.
    "perceptual-decision-making": Task(
        3, "make_perceptual_decision_making", "perceptual decision", 0.5, 0.9
    ),
}
