"""The text that the docstrings of regressors share: what is observed, and forecasts."""

from __future__ import annotations

import textwrap

from sk_biornn.core.observations import OBSERVATIONS

REGRESSION_PARAMETERS = """
output_activation : {"identity", "tanh"}, default="identity"
    Function of the read-out that is compared with y.
observation : <observations>, default="gaussian"
    What y is: the loss, of the read-out x and its mean m, is

<rows of observations>

    The scale of an output is the mean of its y in the data of the fit over log 2, and the read-out
    starts at that mean; the other parameters are learned, see `observation_`. `predict` returns m,
    `score` the deviance explained, and `sample_y` draws data. Networks that are not "gaussian"
    learn alone, not in a stack of `fit_many`.
calcium_tau : float, array-like of shape (n_outputs,), "learned" or None, default=None
    Time constant in ms of an indicator, through which the read-out is seen: with d =
    exp(-dt / calcium_tau), y follows c_t = d c_{t-1} + (1 - d) x_t from c_{-1} = x_0, so that the
    units are as fast as the circuit and not as slow as its fluorescence. "learned": one per output,
    from half a step to some 3,000 of them. It needs `dt`, and no `tau`, without which a = 1.
"""
REGRESSION_PARAMETERS = REGRESSION_PARAMETERS.replace("<observations>", OBSERVATIONS.choices)
REGRESSION_PARAMETERS = REGRESSION_PARAMETERS.replace(
    "<rows of observations>", textwrap.indent(OBSERVATIONS.bullets(88), "    ")
)

OBSERVED_PARAMETERS = """
observed : array-like of int or str of shape (n_outputs,), dict, "names" or None, default=None
    The unit that each output is, by its number or its name; a dict or Series has names of outputs.
    "names": the unit that is called as the output is. All other units are hidden: of them only the
    wiring and the signs are known. What is read of output k, z_k or r_k as `readout_from` says, is
    multiplied by its gain, and `b_out_` is added, from 0 on. None: every output reads all units.

    With ``input_mask="observed"`` the column of X that output k continues (see `feedback`), or that
    has the name of its unit, reaches this unit alone, with a weight that is never negative; all
    other columns reach every unit. A recorded unit that sees its own column starts with a weight of
    1 from it, and of 0 from those of other recorded units that a mask of one's own may allow.
readout_gain : {"identity", "positive"}, default="identity"
    Gains of `observed` units: 1, or learned and never negative.
"""

FORECAST_PARAMETERS = """
predict_increments : bool, default=False
    Whether the read-out is what is added to the present input, y_t = x_t + read-out_t, for targets
    at every step that are the next inputs. Outputs, `predict` and scores are still y. Read-out
    weights start at 0 and biases at the mean change, unless they are `frozen`: training starts at
    persistence, and with ``readout_skip="diagonal"`` further on.
readout_skip : {"diagonal", "present"} or None, default=None
    Way of the own past of every output around the network. "present": of the input that it
    continues, y_t = read-out_t + w_0 x_t. "diagonal": and of its running means m_k over 2, 4, 8 and
    16 steps, + sum_k w_k (m_k,t - x_t). The weights, `w_skip_`, are learned from their ridge
    regression on, in closed form, so that an AR(1) is where training starts; how many means are
    used at first, and how much they are shrunk, is chosen by free runs over training trials. With
    "diagonal", a read-out without signs starts at the ridge regression of what is left on the
    activity of the network as it begins (an echo state network: Jaeger, 2001, GMD Report 148). How
    much it is shrunk, to 0 or less, is chosen by runs of `horizon` steps over trials that it has
    not seen, by the geometric mean of errors over steps ahead; with fewer than 5 trials, or some
    thousands of units, it starts at 0. `early_stopping` then keeps the start if no epoch has
    bettered its score.
burn_in : int, default=0
    First steps of every trial that are not judged: neither by the loss, nor by `score`, nor by
    `early_stopping`. With `horizon` they are given as they were measured.
horizon : int, default=1
    How many steps of training the network goes on by itself: measured inputs are given every
    `horizon` steps only, and in between outputs are fed back as the inputs that they continue. The
    gradient goes through what is fed back. Held-out trials of `early_stopping` are run alike;
    `predict` and `score` are given all inputs, and `forecast` goes on by itself.
teacher_forcing : float or object, default=1.0
    Share of the measured input where it is given, every `horizon` steps; the rest is what was
    predicted (generalised teacher forcing: Hess et al., 2023, arXiv:2306.04406). An object needs a
    method ``share(epoch)``, counted from 0 over all fits that go on; `early_stopping` compares all
    epochs at one share, that of the last of the `max_iter` epochs of a fit.
feedback : array-like of shape (n_outputs,) or None, default=None
    Column of X that each output continues, by name or number. None: that of the same name, or,
    without names, of the same number where X has as many columns as y.
"""

FORECAST_ATTRIBUTES = """
w_skip_ : ndarray of shape (n_terms, n_outputs)
    Weights of the own past, with `readout_skip`: of the present input, and with "diagonal" of the
    differences of four running means from it.
"""

REGRESSION_ATTRIBUTES = """
observation_ : DataFrame of shape (n_parameters, n_outputs), or None
    What the distribution has beside its mean, a row for each parameter; None where there is none.
calcium_tau_ : ndarray of shape (n_outputs,), or None
    Time constants of the indicator in ms, given or learned; None without.
"""
