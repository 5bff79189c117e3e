"""Recurrent networks in space: wires cost what they are long and what traffic they carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sk_biornn.estimators._classifier import RNNClassifier
from sk_biornn.estimators._documentation import documented
from sk_biornn.estimators._regressor import RNNRegressor


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class SpatialRNNClassifier(RNNClassifier):
    r"""Recurrent network in space that decides between classes.

    The network of `DaleRNNClassifier` with other defaults: signs are free, the transfer function
    is a rectifier, units stand on a grid, and long connections are penalised,

    .. math::
        \mathrm{loss} + \lambda \sum_{ij} |W_{ij}| D_{ij}

    or another of the penalties in `sk_biornn.biology`.

    Parameters
    ----------
    {parameters}
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss.
    two_classes : {"log-odds", "softmax"}, default="log-odds"
        Read-outs of a network for two classes: one, the log-odds of the second; or one for each,
        with a softmax, as in Keras. The same probabilities can be said by both, but their
        gradients differ, and so does what is learned.

    Attributes
    ----------
    {attributes}
    classes_ : ndarray of shape (n_classes,)
        Labels.

    Raises
    ------
    ValueError
        By `fit`, if an argument does not fit.

    See Also
    --------
    SpatialRNNRegressor : The same network for numeric targets.

    References
    ----------
    .. [1] J. Achterberg, D. Akarca, D. J. Strouse, J. Duncan, D. E. Astle, "Spatially embedded
       recurrent neural networks reveal widespread links between structural and functional
       neuroscience findings", Nature Machine Intelligence, 2023. doi:10.1038/s42256-023-00748-9
    .. [2] Shakiba, Rokni, Mohammadi and Dehghani, "Harnessing cortical geometry, wiring, and
       function as inductive biases for recurrent neural networks", arXiv:2606.14975, 2026.

    Examples
    --------
    >>> from sk_biornn import SpatialRNNClassifier
    >>> from sk_biornn.datasets import make_one_choice_inference
    >>> X, y = make_one_choice_inference(400, random_state=0)
    >>> clf = SpatialRNNClassifier(
    ...     n_units=30, coordinates=(5, 3, 2), regu_strength=1e-3, batch_size=50,
    ...     max_iter=40, learning_rate_init=3e-3, random_state=0,
    ... )
    >>> # chance is 0.25, and 0.625 without memory of the goal
    >>> round(clf.fit(X, y).score(X, y), 1)
    1.0
    """

    dale: Any = None
    coordinates: Any = "grid"
    regularizer: Any = "spatial"
    activation: str = "relu"


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class SpatialRNNRegressor(RNNRegressor):
    r"""Recurrent network in space that predicts numbers.

    The network of `DaleRNNRegressor` with other defaults: signs are free, the transfer function
    is a rectifier, units stand on a grid, and long connections are penalised,

    .. math::
        \mathrm{loss} + \lambda \sum_{ij} |W_{ij}| D_{ij}

    or another of the penalties in `sk_biornn.biology`.

    Parameters
    ----------
    {parameters}
    {regression_parameters}
    {forecast_parameters}

    Attributes
    ----------
    {attributes}
    {regression_attributes}
    {forecast_attributes}

    Raises
    ------
    ValueError
        By `fit`, if an argument does not fit.

    See Also
    --------
    SpatialRNNClassifier : The same network for decisions.

    References
    ----------
    .. [1] J. Achterberg, D. Akarca, D. J. Strouse, J. Duncan, D. E. Astle, "Spatially embedded
       recurrent neural networks reveal widespread links between structural and functional
       neuroscience findings", Nature Machine Intelligence, 2023. doi:10.1038/s42256-023-00748-9

    Examples
    --------
    >>> from sk_biornn import SpatialRNNRegressor
    >>> from sk_biornn.datasets import make_flip_flop
    >>> X, y = make_flip_flop(200, n_steps=20, random_state=0)
    >>> from sk_biornn.metrics import wiring_cost
    >>> def wire(strength):
    ...     reg = SpatialRNNRegressor(
    ...         n_units=30, regu_strength=strength, max_iter=30,
    ...         learning_rate_init=5e-3, random_state=0,
    ...     )
    ...     return wiring_cost(reg.fit(X, y).W_rec_, "grid")
    >>> round(wire(1e-3) / wire(0.0), 1)  # half of the wire
    0.5
    """

    dale: Any = None
    coordinates: Any = "grid"
    regularizer: Any = "spatial"
    activation: str = "relu"
