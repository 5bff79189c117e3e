"""Recurrent networks of cell types: populations, their connections, channels and read-outs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from sk_biornn.core import Epochs, History
from sk_biornn.estimators._classifier import RNNClassifier
from sk_biornn.estimators._documentation import documented
from sk_biornn.estimators._loss import Tally
from sk_biornn.estimators._population_network import PopulationRNN
from sk_biornn.estimators._regressor import RNNRegressor
from sk_biornn.estimators._state import FitState


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class CellTypeRNNRegressor(PopulationRNN, RNNRegressor):
    r"""Recurrent network of cell types that predicts numbers, such as the activity of each type.

    .. math::
        z_t = f(W_{in} x_t + b + W r_{t-1}), \quad r_t = (1 - a) r_{t-1} + a \max(z_t, 0),
        \quad y_{k,t} = \sum_{i \in P_k} w_{ki} z_{i,t} + b_k

    Population k, units :math:`P_k`, sees channel k of X and makes output k; what one population
    knows of another passes through W[post, pre]. Every column of W has the sign of its population,
    exactly. With `pruning`, the network is trained densely, its blocks are pruned to the
    connection probabilities, and it is trained again under the mask.

    Parameters
    ----------
    {parameters}
    {regression_parameters}
    {forecast_parameters}
    {population_parameters}

    Attributes
    ----------
    {attributes}
    {regression_attributes}
    {forecast_attributes}
    populations_ : DataFrame
        The table of populations, checked.
    loss_per_population_ : ndarray of shape (n_epochs, n_populations) or None
        Mean squared error of each output in each epoch, over the batches as they were drawn;
        None when outputs are not populations, or with another `observation` than "gaussian".

    Raises
    ------
    ValueError
        By `fit`, if an argument does not fit.

    See Also
    --------
    CellTypeRNNClassifier : The same network for decisions.
    sk_biornn.biology.cortical_populations : Tables of cortical populations.

    Notes
    -----
    The read-out starts uniform in +-1/sqrt(number of units that it reads), and stays so unless
    ``freeze_readout=False``: what is learnt is the circuit, not how it is read.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> from sk_biornn import CellTypeRNNRegressor
    >>> from sk_biornn.biology import (
    ...     BALWANI2025_BETWEEN_AREAS, cortical_populations,
    ... )
    >>> from sk_biornn.datasets import (
    ...     load_connection_probabilities, make_population_traces,
    ... )
    >>> X, y = make_population_traces(100, random_state=0)
    >>> reg = CellTypeRNNRegressor(
    ...     populations=cortical_populations(scaling=1), pruning="top-prob",
    ...     connection_probabilities=load_connection_probabilities(),
    ...     between_areas=BALWANI2025_BETWEEN_AREAS, max_iter=5, finetune_iter=5,
    ...     random_state=0,
    ... )
    >>> reg = reg.fit(X, y)
    >>> reg.populations_[["population", "n_units", "sign"]].head(3)
      population  n_units  sign
    0  V1_L4_pyr       12     1
    1  V1_L4_sst        2    -1
    2  V1_L4_vip        1    -1
    >>> # share of synapses after pruning, from the first three to the first three
    >>> reg.achieved_density_[:3, :3].round(2)
    array([[0.11, 0.21, 0.  ],
           [0.04, 0.  , 0.  ],
           [0.  , 0.  , 0.  ]])
    >>> # 12 weights onto each of 2 units
    >>> reg.recurrent_frame().loc["V1_L23_sst", "V1_L4_pyr"].shape
    (2, 12)
    """

    def _fit_or_raise(self, *arguments: Any, resume: bool, **options: Any) -> Epochs[Self]:
        earlier = getattr(self, "loss_per_population_", None) if resume else None
        self._epochs: list[np.ndarray] = [] if earlier is None else list(earlier)
        yield from super()._fit_or_raise(*arguments, resume=resume, **options)
        del self._epochs
        return self

    def _tally(self, n_outputs: int) -> Tally | None:
        if self.populations is None or n_outputs != len(self.populations_):
            return None
        if self.observation != "gaussian":
            return None
        return _squares_and_weights

    def _after_epoch(
        self, history: History, state: Callable[[], FitState], tallied: np.ndarray | None
    ) -> bool:
        if tallied is not None:
            squares, weights = tallied
            with np.errstate(invalid="ignore"):  # NaN for an output without any target
                self._epochs.append(squares / weights)
        return super()._after_epoch(history, state, tallied)

    def _show(self, state: FitState) -> None:
        super()._show(state)
        epochs = getattr(self, "_epochs", None)  # there are none in weights from elsewhere
        self.loss_per_population_ = np.array(epochs) if epochs else None


def _squares_and_weights(outputs: Tensor, values: Tensor, weights: Tensor, n_lead: int) -> Tensor:
    """Return the sums of squared errors and of weights per output."""
    axes = tuple(range(n_lead, outputs.ndim - 1))
    squares = (outputs - values).square() * weights
    return torch.stack([squares.sum(axes), weights.sum(axes)], dim=-2).double()


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class CellTypeRNNClassifier(PopulationRNN, RNNClassifier):
    r"""Recurrent network of cell types that decides between classes.

    The network of `CellTypeRNNRegressor`, where every class reads every unit by default.

    Parameters
    ----------
    {parameters}
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss.
    two_classes : {"log-odds", "softmax"}, default="log-odds"
        Read-outs of a network for two classes: one, the log-odds of the second; or one for each,
        with a softmax, as in Keras. The same probabilities can be said by both, but their
        gradients differ, and so does what is learned.
    {population_parameters}

    Attributes
    ----------
    {attributes}
    populations_ : DataFrame
        The table of populations, checked.
    classes_ : ndarray of shape (n_classes,)
        Labels.

    Raises
    ------
    ValueError
        By `fit`, if an argument does not fit.

    See Also
    --------
    CellTypeRNNRegressor : The same network for numeric targets.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn import CellTypeRNNClassifier
    >>> from sk_biornn.biology import cortical_populations
    >>> from sk_biornn.datasets import make_population_traces
    >>> traces = [make_population_traces(100, condition=name, random_state=0)[0]
    ...           for name in ("familiar_omission", "familiar_change")]
    >>> X, y = np.concatenate(traces), np.repeat(["omission", "change"], 100)
    >>> clf = CellTypeRNNClassifier(
    ...     populations=cortical_populations(scaling=1), max_iter=40,
    ...     learning_rate_init=5e-3, learning_rate="cosine", random_state=0,
    ... )
    >>> clf.fit(X, y).predict(X[[0, 50, 100, 150]])
    array(['omission', 'omission', 'change', 'change'], dtype='<U8')
    >>> round(clf.score(X, y), 1)
    1.0
    """

    readout: str = "dense"
