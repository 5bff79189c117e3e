"""Recurrent networks under Dale's law."""

from __future__ import annotations

from sk_biornn.estimators._classifier import RNNClassifier
from sk_biornn.estimators._documentation import documented
from sk_biornn.estimators._regressor import RNNRegressor


@documented
class DaleRNNClassifier(RNNClassifier):
    r"""Recurrent network under Dale's law that decides between classes.

    .. math::
        z_t = f(W_{in} x_t + b + W r_{t-1}), \quad r_t = (1 - a) r_{t-1} + a \max(z_t, 0),
        \quad y_t = W_{out} z_t + b_{out}

    with r_0 = 0. Every column of W[post, pre] has one sign, exactly, after every step of training.
    The loss is the cross-entropy of y at the last step, or at every step when y has a label per
    step; two classes have one read-out (log-odds), more have one each (softmax).

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
    DaleRNNRegressor : The same network for numeric targets.

    Notes
    -----
    Input and read-out weights and all biases start uniform in +-1/sqrt(n_units). The default
    initial recurrent weights, "dale_orthogonal", obey the signs and have all singular values near
    1: the loss of accuracy that is seen under Dale's law comes almost wholly from the initial
    spectrum, see the user guide.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> from sk_biornn import DaleRNNClassifier
    >>> from sk_biornn.datasets import load_sequential_digits
    >>> X, y = load_sequential_digits()
    >>> clf = DaleRNNClassifier(
    ...     n_units=32, max_iter=20, learning_rate_init=5e-3, random_state=0
    ... )
    >>> clf = clf.fit(X[:1000], y[:1000])
    >>> clf.predict(X[1001:1004]), y[1001:1004]  # digits that it has not seen
    (array([4, 0, 5]), array([4, 0, 5]))
    >>> excitatory = clf.W_rec_[:, clf.signs_ > 0]  # W[post, pre]
    >>> inhibitory = clf.W_rec_[:, clf.signs_ < 0]
    >>> excitatory.shape, int((excitatory < 0).sum())
    ((32, 25), 0)
    >>> inhibitory.shape, int((inhibitory > 0).sum())
    ((32, 7), 0)
    """


@documented
class DaleRNNRegressor(RNNRegressor):
    r"""Recurrent network under Dale's law that predicts numbers.

    .. math::
        z_t = f(W_{in} x_t + b + W r_{t-1}), \quad r_t = (1 - a) r_{t-1} + a \max(z_t, 0),
        \quad y_t = W_{out} z_t + b_{out}

    with r_0 = 0. Every column of W[post, pre] has one sign, exactly, after every step of training.
    The loss is the mean squared error at the last step, or at every step when y has a step axis;
    entries of y that are NaN are not scored.

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
    DaleRNNClassifier : The same network for decisions.

    References
    ----------
    .. [1] A. Balwani, A. Q. Wang, F. Najafi, H. Choi, "Constructing biologically constrained RNNs
       via Dale's backpropagation and topologically informed pruning", Science Advances, 2025.
       doi:10.1126/sciadv.adw4970

    Examples
    --------
    >>> from sk_biornn import DaleRNNRegressor
    >>> from sk_biornn.datasets import make_flip_flop
    >>> X, y = make_flip_flop(200, n_steps=20, random_state=0)
    >>> reg = DaleRNNRegressor(
    ...     n_units=32, max_iter=60, learning_rate_init=5e-3, random_state=0
    ... )
    >>> X[0, :8, 0].astype(int)  # a pulse
    array([0, 0, 0, 1, 0, 0, 0, 0])
    >>> y[0, :8, 0].astype(int)  # its sign, to be held
    array([0, 0, 0, 1, 1, 1, 1, 1])
    >>> (reg.fit(X, y).predict(X[:1])[0, :8, 0] > 0.5).astype(int)
    array([0, 0, 0, 1, 1, 1, 1, 1])
    """
