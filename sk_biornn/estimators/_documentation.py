"""The text that the estimators' docstrings share, written once."""

from __future__ import annotations

import re
import textwrap
from dataclasses import fields
from typing import Any, TypeVar

from sk_biornn._vocabulary import Vocabulary
from sk_biornn.biology.constraints import LAWS
from sk_biornn.biology.pruning import PRUNERS
from sk_biornn.biology.regularizers import PENALTIES
from sk_biornn.core.activations import ACTIVATIONS
from sk_biornn.estimators._documentation_of_regressors import (
    FORECAST_ATTRIBUTES,
    FORECAST_PARAMETERS,
    OBSERVED_PARAMETERS,
    REGRESSION_ATTRIBUTES,
    REGRESSION_PARAMETERS,
)

PARAMETERS = """
n_units : int, default=128
    Number of recurrent units.
signs : array-like of shape (n_units,) or None, default=None
    Sign of each unit's outgoing weights: +1 excitatory, -1 inhibitory, 0 not constrained. This and
    whatever else is said of units may come with their names, as a Series, DataFrame, dict or
    `Connectome`: all are then put in the order of `unit_names_`. Without names, entries are
    taken as they lie, a matrix [post, pre].
excitatory_fraction : float, default=0.8
    When `signs` is None: share of excitatory units, in (0, 1]; they come first. A warning tells
    where neurons of a wiring that have names get their signs in this way.
dale : <laws>, object or None, default="projection"
    How the recurrent weights keep their signs, with s the sign of the column; None: they are free,
    and where that is the default (networks in space), a warning tells of `signs` that are given.
    An object needs a method ``bind(signs, mask)``; see `sk_biornn.biology.Dale`.

<rows of laws>
mask : array-like of bool or sparse matrix of shape (n_units, n_units), Connectome or None, \
default=None
    Allowed synapses [post, pre]; all others are exactly 0. A frame whose axes are named "pre" and
    "post" may lie either way. A `Connectome`: the synapses that it has, and its signs where `signs`
    is None; a graph of networkx likewise, whose edges lead from pre to post.
autapses : bool, default=True
    Whether a unit may contact itself.
sparse : bool or "auto", default="auto"
    Whether only the synapses of `mask` are stored, and nothing of size n_units x n_units: weights,
    gradients and the optimiser's memory are then one number per synapse, `W_rec_` and `mask_` are
    sparse arrays of SciPy, and training runs on a CPU. What needs a matrix is refused: a mask that
    allows all synapses, penalties of communicability, `recurrent_init="dale_gaussian"` and
    initialisers that are objects, `connection_probabilities` and `between_areas`, published
    formulas of pruning, and laws, penalties and pruners of one's own that do not say that they
    treat synapses one by one. "auto": for a `mask` that is a sparse matrix or a sparse
    `Connectome`, of at least 4096 units and a density of at most 0.2, unless something needs a
    matrix.
input_mask : array-like of bool of shape (n_units, n_features) or None, default=None
    Allowed input weights.
readout_mask : array-like of bool of shape (n_outputs, n_units) or None, default=None
    Allowed read-out weights (n_outputs is 1 for two classes, unless they have a softmax).
input_signs : "excitatory", array-like of shape (n_features,) or None, default=None
    Sign of the input weights of each feature: +1 or -1, exactly, or 0 for free. "excitatory": all
    are +1. They are held by projection.
readout_signs : "excitatory", "dale", array-like of shape (n_units,) or None, default=None
    Sign of the read-out weights of each unit, likewise. "excitatory": outputs read excitatory units
    alone, with weights of at least 0, as long-range projections of cortex do. "dale": every unit is
    read with its own sign.
frozen : tuple of str, default=()
    Which of "W_in", "W_rec", "b_rec", "W_out" and "b_out" stay as they are drawn (but for masks and
    signs).
plasticity : {"synapses", "type_gains", "unit_gains", "none"}, default="synapses"
    What of the recurrent weights learns. "synapses": each. "type_gains": W = W0 g[type(post),
    type(pre)], one gain of at least 0 per pair of types (Lappalainen et al., 2024,
    doi:10.1038/s41586-024-07939-3). "unit_gains": W = diag(g_post) W0 diag(g_pre). "none": nothing.
    W0 is what the fit starts from: `recurrent_init`, or `connectome` as counts times signs, scaled
    to `spectral_radius`; gains start at 1, and W has the signs and the zeros of W0 for ever. Types
    are `blocks`, `populations`, or those that a `Connectome` knows. Penalties see W. With gains
    `dale` says which signs W0 must obey, and pruning leaves out synapses of W0.
recurrent_init : str, array-like of shape (n_units, n_units) or object, default="auto"
    Initial recurrent weights: "dale_orthogonal" ("auto" under Dale's law), "dale_gaussian",
    "balanced", "uniform", "orthogonal" ("auto" without it), "glorot_normal", "he_normal" (these two
    also with "_truncated", as Keras draws them), "he_uniform", an array or sparse matrix that obeys
    signs and mask, or an object with a method ``sample``. With a `plasticity` of gains or none, a
    `Connectome` is counts times signs, and "auto" takes `connectome` where there is one. Where
    only synapses are stored, both
    "orthogonal" ones are a permutation inside the mask, as large as it allows, and weak synapses
    beside it.
spectral_radius : float or None, default=None
    Rescale the initial recurrent weights to this spectral radius. None: they stay as they are; a
    warning tells of a radius beyond 2 where `plasticity` is not "synapses".
feedforward_init : {"uniform", "glorot_uniform"}, default="uniform"
    Initial input and read-out weights and biases: uniform in +-1 / sqrt(n_units), as torch's
    layers; or those of Keras, weights uniform in +-sqrt(6 / (n_in + n_out)) and zero biases.
coordinates : array-like of shape (n_units, n_dimensions), Connectome, tuple of three ints, \
"grid" or None, default=None
    Positions of the units; the shape of a grid on which they stand; or "grid": the most compact.
unit_cube : bool, default=True
    Scale every axis of the coordinates to [0, 1], so that grids and measured positions compare.
connectome : array-like of shape (n_units, n_units), Connectome or None, default=None
    Measured weights or counts of synapses [post, pre], read by "communicability_emd". Otherwise the
    wiring: mask, and signs where nothing else says these; with `plasticity` other than "synapses"
    also the weights. A `mask` beside it holds, too. Networks in space do not take it as the wiring
    with plasticity="synapses", nor does any network with a penalty of one's own, which may
    read it.
regularizer : <penalties>, object, list or None, default=None
    Penalty on weights or activity, see `sk_biornn.biology`. An object needs a method
    ``bind(facts)``; the penalties of a list add up.

<rows of penalties>
regu_strength : float, default=0.3
    Strength of the penalty that `regularizer` names; an object has its own.
emd_strength : float, default=0.1
    Strength of the distance to the connectome's communicability in "communicability_emd".
distance_power : float, default=1.0
    Exponent of the distances in the penalty that `regularizer` names.
rate_penalty : float, default=0.0
    Weight in the loss of the mean squared rate, r_t^2 over trials, steps and units: the strength
    of a `sk_biornn.biology.RateCost` beside what `regularizer` asks for.
pruning : <pruners>, object or None, default=None
    Which synapses stay after training, of n entries of a matrix or block at density d; see
    `sk_biornn.biology`. An object needs a method ``prune``.

<rows of pruners>
density : float, array-like of shape (n_blocks, n_blocks) or None, default=None
    Share of all entries of the recurrent matrix, or of each block [post, pre], to which `pruning`
    goes; a `DensityWarning` tells where far fewer weights than that are not 0 before.
blocks : array-like of int of shape (n_units,) or None, default=None
    Block of each unit, when `density` is a matrix. None with a 2 x 2 matrix: excitatory units are
    block 0 and inhibitory ones block 1. With plasticity="type_gains" or learn_tau="type": type
    of each unit, which may be a text, too.
pruning_schedule : {"one-shot", "cubic"}, default="one-shot"
    Prune once, after `max_iter` epochs, or after each of them to a density that falls along a
    cubic curve and reaches `density` at the last.
finetune_iter : int, default=50
    Number of epochs under the pruned mask, with a fresh optimiser.
activation : <activations>, default="tanh"
    Transfer function f:

<rows of activations>
rectify : bool, default=True
    Feed back max(z, 0) rather than z.
recurrent_bias : bool or "double", default=True
    Whether the units have biases; if not, `b_rec_` is 0. "double": two biases per unit, one with
    the input and one with the recurrent product, as `torch.nn.RNN` has them; both have the same
    gradient, so that their sum, `b_rec_`, moves twice as far per step, and it starts as the sum of
    two draws.
readout_from : {"state", "rate"}, default="state"
    Whether the read-out reads z_t or r_t.
dt, tau : float (tau also array-like of shape (n_units,)) or None, default=None
    Step and time constant in ms; a = dt / tau. None: a = 1.
noise_level : float, default=0.0
    Standard deviation of the noise added to the inputs while training, in their unit.
recurrent_noise : float, default=0.0
    Noise of the units while training; the standard deviation in the rate is sqrt(2 a) times this.
n_static_steps : int, default=10
    Number of steps for which the stimulus of a 2-D X is held.
learn_tau : bool or "type", default=False
    Whether `tau` is where learning of time constants starts: of every unit, or "type": of every
    population or block, whose units then have one `tau`. They stay between `dt` and `tau_max`,
    exactly; see `tau_`. False in a fit that goes on: what was learned stays as it is.
tau_max : float or None, default=None
    Largest time constant in ms that may be learned; None: no bound.
learn_slope : bool, default=False
    Whether every unit learns the slope s of its transfer function, f(s p), which starts at 1 and is
    never negative; see `slope_`.
initial_state : {"zero", "learned", "per trial"}, default="zero"
    Rates r_0 before the first step: 0; learned, one for all trials; or learned for each trial of
    training, and inferred for new ones from their first frames by a ridge regression.
solver : {"adam", "sgd"} or object, default="adam"
    Optimiser. An object needs a method ``optimiser(parameters, learning_rate)`` that returns one of
    torch, such as `sk_biornn.estimators.Adam`.
max_iter : int, default=100
    Number of epochs. Without early stopping all of them are run.
batch_size : int or "auto", default="auto"
    Trials per step; "auto" is min(200, n_trials).
learning_rate_init : float, default=1e-3
    Learning rate at the start.
learning_rate : {"constant", "cosine"} or object, default="constant"
    "cosine" falls to 0 over `max_iter` epochs. An object needs a method ``rate(epoch, initial)``,
    such as `sk_biornn.estimators.CosineCycles`. With pruning it starts again for `finetune_iter`.
epsilon : float, default=1e-8
    Added to the denominator of Adam's step, when `solver` is "adam".
max_grad_norm : float or None, default=None
    Gradients whose norm (over all weights) is larger are scaled down to it.
early_stopping : bool, default=False
    Hold out validation trials, stop when their score stops improving, and keep the best weights.
validation_fraction : float, default=0.1
    Share of trials held out by `early_stopping`; of groups where `fit` is given
    `validation_groups`.
n_iter_no_change : int, default=10
    Epochs without an improvement by `tol` after which `early_stopping` stops.
tol : float, default=1e-4
    Improvement of the validation score that counts.
shuffle : bool, default=True
    Draw the batches in a new order in each epoch.
warm_start : bool, default=False
    Go on from the weights of the earlier `fit`.
random_state : int, RandomState, Generator or None, default=None
    Seed of weights, batches and noise. Global generators are neither read nor advanced.
device : str, default="cpu"
    "cpu", "cuda", or "auto": CUDA where there is one.
on_epoch : callable or None, default=None
    Called with the estimator after every epoch, when its fitted attributes are those of that
    epoch; training stops when it returns True (with pruning: the phase, before or after it).
verbose : int, default=0
    What is shown on the standard error. 1: a bar of epochs with the losses and the time left, or
    about ten lines where no bar can be drawn (a file, a worker of joblib). 2: a line per epoch.
"""
_VOCABULARIES: dict[str, Vocabulary[Any]] = {
    "laws": LAWS,
    "penalties": PENALTIES,
    "pruners": PRUNERS,
    "activations": ACTIVATIONS,
}
for _name, _words in _VOCABULARIES.items():
    _rows = textwrap.indent(_words.bullets(88), "    ")
    PARAMETERS = PARAMETERS.replace(f"<{_name}>", _words.choices)
    PARAMETERS = PARAMETERS.replace(f"<rows of {_name}>", _rows)

POPULATION_PARAMETERS = """
populations : DataFrame or None, default=None
    One row per population, in the order of the units: `population`, `n_units`, `sign` and
    optionally `area`, `layer`, `cell_type`, `tau` (ms, used when `dt` is given); see
    `sk_biornn.biology.cortical_populations` and `check_populations`. It takes the place of
    `n_units`, `signs` and `excitatory_fraction`, which must agree with it or be left out. None: an
    excitatory and an inhibitory population of them, and every unit sees every channel and is read
    by every output.
connection_probabilities : DataFrame or None, default=None
    Density of each block: square [post, pre], or long with columns `pre`, `post`, `probability`,
    by names of populations or by (layer, cell type). With `pruning` it is the target `density`
    within areas; without it, synapses are drawn at random before training.
between_areas : list of BetweenAreas or None, default=None
    Which populations reach which in another area, with what probability; these synapses are drawn
    once per fit, and all of them are kept, whatever `density` says. Given this or
    `connection_probabilities`, pairs of populations in different areas without a rule or a
    probability have none.
readout : {"population", "dense"}, default="population"
    Whether output k reads the units of population k only, or every output reads every unit.
freeze_readout : bool, default=True
    Whether read-out weights and biases stay as they were drawn. Both are passed over where
    `observed` is given, of regressors.
"""

INPUT_MASK_OF_POPULATIONS = """
input_mask : "population", array-like of bool of shape (n_units, n_features) or None, \
default="population"
    "population": population k sees channel k of X only; channels that have names of populations
    must have those of the table, in its order. None: every unit sees every channel.
"""

ATTRIBUTES = """
W_rec_ : ndarray of shape (n_units, n_units), or scipy.sparse.csr_array
    Recurrent weights W[post, pre]; they obey `signs_` and `mask_` exactly. Sparse where only
    synapses are stored, with an entry per synapse that may exist, weights of 0 included.
W_in_ : ndarray of shape (n_units, n_features)
    Input weights.
b_rec_ : ndarray of shape (n_units,)
    Biases of the units.
W_out_ : ndarray of shape (n_outputs, n_units)
    Read-out weights.
b_out_ : ndarray of shape (n_outputs,)
    Biases of the read-out.
signs_ : ndarray of shape (n_units,)
    Sign of each column of `W_rec_`; 0 where it is free.
mask_ : bool ndarray of shape (n_units, n_units), or scipy.sparse.csr_array
    Allowed synapses; after pruning those that were kept. Sparse where `W_rec_` is.
gains_ : DataFrame or None
    Gains of the wiring, when `plasticity` is "type_gains" (types post x types pre) or "unit_gains"
    (one row per unit, columns `post` and `pre`; only their products are determined); NaN where
    there is no synapse to scale.
W0_ : ndarray of shape (n_units, n_units), csr_array or None
    The wiring [post, pre] that `gains_` scale; None without.
n_parameters_ : int
    How many numbers training moves: not those that are frozen or off their masks; a gain is one.
unit_names_ : tuple of length n_units, or None
    Names of the units, in the order of the first of `mask`, `connectome`, `recurrent_init`,
    `signs`, `coordinates`, `tau`, `blocks`, the other masks and signs that names them, or in that
    of the columns of X where these have the same names; None where no argument has names.
tau_ : ndarray of shape (n_units,)
    Time constants in ms, where `dt` and `tau` are given.
slope_ : ndarray of shape (n_units,)
    Slopes of the transfer functions, with `learn_slope`.
initial_state_ : ndarray of shape (n_units,) or (n_trials, n_units)
    Rates before the first step, where they are learned; of training trials.
initial_map_ : ndarray of shape (n_frames * n_features + 1, n_units)
    With ``initial_state="per trial"``, the ridge regression of rates on the first frames of a trial
    (5 at most) in a row and a 1: ``frames @ initial_map_`` is where new trials start; 0 in place
    of what is negative, where rates never are.
W_dense_ : ndarray of shape (n_units, n_units), csr_array or None
    Recurrent weights before the (last) pruning; None without.
achieved_density_ : float, ndarray of shape (n_blocks, n_blocks) or None
    Share of kept entries, NaN for blocks without entries; None without pruning.
n_iter_dense_ : int or None
    Number of epochs before the (last) pruning; None without.
n_iter_ : int
    Number of epochs run.
loss_curve_ : list of float
    Training loss of each epoch.
best_loss_ : float
    Least training loss.
validation_scores_ : list of float or None
    Score of each epoch on the validation trials, with `early_stopping`.
validation_loss_curve_ : list of float or None
    Loss on the validation trials of each epoch with `early_stopping`, without penalties and noise.
n_features_in_ : int
    Number of features: the last axis of X.
feature_names_in_ : ndarray of str
    Names of the features, when X was a data frame, or a list of them.
output_names_ : ndarray of str
    Names of the outputs of a regressor, when y was a data frame, or a list of them.
n_steps_ : int
    Number of steps of the longest training trial.
"""


C = TypeVar("C", bound=type)


def documented(cls: C) -> C:
    """Fill the placeholders of a class docstring with the shared text and the class's defaults."""
    assert cls.__doc__ is not None
    parameters, of_populations = PARAMETERS, POPULATION_PARAMETERS
    of_regressors, of_forecasts = REGRESSION_PARAMETERS, FORECAST_PARAMETERS
    if any(field.name == "observed" for field in fields(cls)):
        parameters += OBSERVED_PARAMETERS.lstrip()
    if "{population_parameters}" in cls.__doc__:
        parameters = re.sub(
            r"^input_mask : .*\n(?: {4}.*\n)+",
            lambda _: INPUT_MASK_OF_POPULATIONS.lstrip(),
            parameters,
            flags=re.MULTILINE,
        )
    for field in fields(cls):
        parameters = _with_default(parameters, field.name, field.default)
        of_populations = _with_default(of_populations, field.name, field.default)
        of_regressors = _with_default(of_regressors, field.name, field.default)
        of_forecasts = _with_default(of_forecasts, field.name, field.default)
    for name, text in (
        ("{parameters}", parameters),
        ("{population_parameters}", of_populations),
        ("{regression_parameters}", of_regressors),
        ("{forecast_parameters}", of_forecasts),
        ("{attributes}", ATTRIBUTES),
        ("{regression_attributes}", REGRESSION_ATTRIBUTES),
        ("{forecast_attributes}", FORECAST_ATTRIBUTES),
    ):
        cls.__doc__ = _in_place_of(name, text.strip(), cls.__doc__)
    return cls


def _in_place_of(name: str, text: str, doc: str) -> str:
    """Put a text in place of a name, as far in as that stands: from Python 3.13 on, not at all."""
    found = re.search(rf"^( *){re.escape(name)}", doc, flags=re.MULTILINE)
    return doc if found is None else doc.replace(name, text.replace("\n", "\n" + found[1]))


def _with_default(text: str, name: str, default: Any) -> str:
    """State the default of a parameter as the class has it."""
    shown = f'"{default}"' if isinstance(default, str) else repr(default)
    pattern = rf"^({name} : [^\n]*(?:\n)?default=)[^\n]*$"
    return re.sub(pattern, lambda match: match[1] + shown, text, flags=re.MULTILINE)
