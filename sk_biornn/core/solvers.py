"""Optimisers as arguments: small frozen objects that make one of torch's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from sk_biornn._checks import check_number
from sk_biornn._plain import short
from sk_biornn.core.optimisers import FusedAdam, Optimiser

PLACEMENTS = ("torch", "keras")


class Solver(Protocol):
    """Anything that makes an optimiser."""

    def optimiser(self, parameters: list[Tensor], learning_rate: float) -> Optimiser:
        """Return an optimiser of these parameters; its learning rate is set in every epoch."""
        ...


@dataclass(frozen=True)
class Adam:
    r"""Adam, with a say in where epsilon stands.

    With the moving averages m of the gradient and v of its square, in step t,

    .. math::
        \Delta\theta = -\eta \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}
        \quad\text{("torch")}, \qquad
        \Delta\theta = -\eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}
        \frac{m}{\sqrt{v} + \epsilon} \quad\text{("keras")}

    with :math:`\beta_1 = 0.9` and :math:`\beta_2 = 0.999`. The second is the first with an epsilon
    that is :math:`1 / \sqrt{1 - \beta_2^t}` times larger, 32 times in the first step: small
    gradients then move weights less at first.

    Parameters
    ----------
    epsilon : float, default=1e-8
        Added to the denominator; Keras' default is 1e-7.
    epsilon_placement : {"torch", "keras"}, default="torch"
        Whether epsilon is added to the root that is corrected for its start at zero, as in the
        algorithm of the publication, or to the uncorrected one, as in its remark on efficiency.

    Raises
    ------
    TypeError
        If `epsilon` is not a number.
    ValueError
        If `epsilon` is not positive, or the placement is unknown.

    References
    ----------
    .. [1] D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR, 2015, algorithm
       1 and the remark at the end of section 2. doi:10.48550/arXiv.1412.6980

    Examples
    --------
    >>> from sk_biornn import SpatialRNNClassifier
    >>> from sk_biornn.estimators import Adam
    >>> clf = SpatialRNNClassifier(
    ...     solver=Adam(epsilon=1e-7, epsilon_placement="keras")
    ... )
    """

    epsilon: float = 1e-8
    epsilon_placement: str = "torch"

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        check_number("epsilon", self.epsilon, low=0.0, open_low=True)
        if not isinstance(self.epsilon_placement, str) or self.epsilon_placement not in PLACEMENTS:
            raise ValueError(
                f"epsilon_placement must be one of {list(PLACEMENTS)}, got "
                f"{short(self.epsilon_placement)}."
            )

    def optimiser(self, parameters: list[Tensor], learning_rate: float) -> Optimiser:
        """Return the optimiser.

        Parameters
        ----------
        parameters : list of Tensor
            What moves.
        learning_rate : float
            Learning rate at the start.

        Returns
        -------
        Optimiser
            Fused into one kernel, with the numbers of `torch.optim.Adam`.
        """
        return FusedAdam(parameters, learning_rate, self.epsilon, self.epsilon_placement == "keras")


def is_known(solver: str | Solver) -> bool:
    """Whether a solver is one whose steps are known here, not one of the user's own."""
    return isinstance(solver, str) or type(solver) is Adam


def resolved(solver: str | Solver, epsilon: float) -> Solver | None:
    """Return the solver that the argument `solver` means; None for plain descent, "sgd"."""
    if isinstance(solver, str):
        return None if solver == "sgd" else Adam(epsilon)
    return solver
