"""A fitted network as a module of torch: the same outputs, in plain operations of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn
from torch.nn import functional

from sk_biornn._sparse import dense
from sk_biornn.core.observation_model import Observation
from sk_biornn.core.observations import OBSERVATIONS
from sk_biornn.core.own_past import TIME_CONSTANTS
from sk_biornn.estimators import _boundary as boundary
from sk_biornn.estimators._physiology import are_rates
from sk_biornn.io._classes import require_network
from sk_biornn.units.order import UnitOrder


def to_torch(est: Any) -> RateNetwork:
    """Return a fitted network as a module of torch that has the same outputs.

    Parameters
    ----------
    est : estimator
        A fitted network, with any law, dynamics, learned physiology and observation.

    Returns
    -------
    RateNetwork
        A `torch.nn.Module` in the precision of the weights, on the CPU. ``module(x)`` takes trials
        (n_trials, n_steps, n_features), or (n_trials, n_features) of a network that was fitted to
        static stimuli, and returns what `predict` returns; of a classifier the scores from which
        it decides: logits of the classes, or the log-odds of the second of two. A tensor `lengths`
        (n_trials,) says how many steps each trial has, if they differ; outputs are NaN after the
        end. ``torch.jit.script`` takes the module.

    Raises
    ------
    TypeError
        If `est` is not a network of this package.
    ValueError
        If its sparse weights are too many for a matrix.
    NotFittedError
        If it has not been fitted.

    See Also
    --------
    save : Files from which training goes on.

    Notes
    -----
    `w_in`, `w_rec`, `b_rec`, `w_out` and `b_out` are parameters and can be trained; no law keeps
    them from changing their signs then. Slopes that were learned are in the weights. As `predict`,
    the module is without noise. In double precision outputs are those of `predict` to 1e-12, in
    single precision within rounding: to about 1e-6 of tanh, and of functions without bounds to
    about 1e-6 of the largest activity. Both are rounded then, each in its own way; `predict` has
    several, by the processor and the number of trials, and is no nearer to double precision.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> import sk_biornn
    >>> X = np.random.default_rng(0).standard_normal((20, 10, 3))
    >>> reg = sk_biornn.DaleRNNRegressor(
    ...     n_units=8, max_iter=5, random_state=0
    ... ).fit(X, X)
    >>> module = sk_biornn.to_torch(reg)
    >>> with torch.no_grad():
    ...     outputs = module(torch.from_numpy(X)).numpy()
    >>> float(abs(outputs - reg.predict(X)).max().round(5))
    0.0
    >>> [name for name, _ in module.named_parameters()]
    ['w_in', 'w_rec', 'b_rec', 'w_out', 'b_out']
    """
    require_network(est)
    check_is_fitted(est, "W_rec_")
    est._check_run()
    est._refuse_other_dt()
    return RateNetwork(_weights(est), _how(est), _constants(est))


class _How(NamedTuple):
    """What the module does, in numbers and words."""

    activation: str
    rectify: bool
    from_state: bool
    n_static_steps: int  # 0: trials have steps
    every_step: bool
    squeeze: bool  # whether outputs have no axis of outputs
    increments: bool
    starts_are_rates: bool
    squash: bool
    link: str  # "identity", "softplus" or "sigmoid"


class RateNetwork(nn.Module):
    """A fitted network; `to_torch` makes one.

    z_t = f(w_in x_t + b_rec + w_rec r_{t-1}),   r_t = (1 - a) r_{t-1} + a g(z_t),
    y_t = w_out z_t + b_out   (or w_out r_t + b_out), and what is observed of it.
    """

    if TYPE_CHECKING:  # scripts of torch infer the types from what is there
        w_in: Tensor
        w_rec: Tensor
        b_rec: Tensor
        w_out: Tensor
        b_out: Tensor
        leak: Tensor
        initial: Tensor
        start_map: Tensor | None
        own: Tensor | None
        w_skip: Tensor | None
        past_decays: Tensor
        decay: Tensor | None
        scale: Tensor | None

    def __init__(
        self, weights: dict[str, Tensor], how: _How, constants: dict[str, Tensor | None]
    ) -> None:
        super().__init__()
        for name, tensor in weights.items():
            self.register_parameter(name, nn.Parameter(tensor))
        for name, constant in constants.items():
            self.register_buffer(name, constant)
        self.activation = how.activation
        self.rectify = how.rectify
        self.from_state = how.from_state
        self.n_static_steps = how.n_static_steps
        self.every_step = how.every_step
        self.squeeze = how.squeeze
        self.increments = how.increments
        self.starts_are_rates = how.starts_are_rates
        self.squash = how.squash
        self.link = how.link

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the outputs of trials; those after the end of a trial are NaN."""
        x = x.to(self.w_rec.dtype)
        if self.n_static_steps > 0:
            if x.dim() != 2:
                raise ValueError("x must have two axes: (n_trials, n_features).")
            x = x.unsqueeze(1).expand(-1, self.n_static_steps, -1)
        elif x.dim() != 3:
            raise ValueError("x must have three axes: (n_trials, n_steps, n_features).")
        if lengths is not None:
            lengths = lengths.to(x.device, torch.int64)
            is_right = (lengths >= 1) & (lengths <= x.shape[1])
            if lengths.shape != x.shape[:1] or not bool(is_right.all()):
                raise ValueError("lengths must be (n_trials,), from 1 to the number of steps.")
        outputs = self.read_out(x, lengths)
        if self.squash:
            outputs = torch.tanh(outputs)
        if self.scale is not None:
            outputs = self.scale * functional.softplus(outputs, 1.0, 40.0)
        elif self.link == "sigmoid":
            outputs = torch.sigmoid(outputs)
        if not self.every_step:
            if lengths is None:
                outputs = outputs[:, -1]
            else:
                trials = torch.arange(x.shape[0], device=x.device)
                outputs = outputs[trials, lengths - 1]
        elif lengths is not None:
            steps = torch.arange(x.shape[1], device=x.device)
            is_over = steps.unsqueeze(0) >= lengths.unsqueeze(1)
            outputs = outputs.masked_fill(is_over.unsqueeze(2), float("nan"))
        return outputs.squeeze(-1) if self.squeeze else outputs

    def read_out(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Return outputs before any link (n_trials, n_steps, n_outputs)."""
        drive = functional.linear(x, self.w_in, self.b_rec)
        rates = self.starts(x, lengths)
        steps: list[Tensor] = []
        for t in range(x.shape[1]):
            states = drive[:, t] + functional.linear(rates, self.w_rec)
            if self.activation == "tanh":
                states = torch.tanh(states)
            elif self.activation == "relu":
                states = torch.relu(states)
            else:
                states = functional.softplus(states)
            passed = torch.relu(states) if self.rectify else states
            rates = torch.lerp(rates, passed, self.leak)
            steps.append(
                functional.linear(states if self.from_state else rates, self.w_out, self.b_out)
            )
        return self.observed(torch.stack(steps, 1), x)

    def starts(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Return the rates before the first step (n_trials, n_units)."""
        if self.start_map is None:
            return self.initial.expand(x.shape[0], -1)
        n_frames: int = (self.start_map.shape[0] - 1) // x.shape[2]
        steps = torch.arange(n_frames, device=x.device).expand(x.shape[0], -1)
        steps = steps.clamp(max=x.shape[1] - 1)
        if lengths is not None:
            steps = torch.minimum(steps, lengths.unsqueeze(1) - 1)
        frames = torch.gather(x, 1, steps.unsqueeze(2).expand(-1, -1, x.shape[2])).flatten(1)
        ones = torch.ones_like(frames[:, :1])
        rates = torch.cat([frames, ones], 1).to(self.start_map.dtype) @ self.start_map
        rates = rates.to(x.dtype)
        return torch.relu(rates) if self.starts_are_rates else rates

    def observed(self, read: Tensor, x: Tensor) -> Tensor:
        """Return outputs of what is read: with own inputs, or as calcium shows it."""
        if self.decay is not None:
            return self.filtered(read, self.decay)
        if self.own is None:
            return read
        present = x.index_select(2, self.own)
        if self.increments:
            read = read + present
        if self.w_skip is not None:
            read = read + self.w_skip[0] * present
            for k in range(1, self.w_skip.shape[0]):
                mean = self.filtered(present, self.past_decays[k - 1])
                read = read + self.w_skip[k] * (mean - present)
        return read

    def filtered(self, values: Tensor, decay: Tensor) -> Tensor:
        """Return running means, which begin as the first step is."""
        mean = values[:, 0]
        steps: list[Tensor] = []
        for t in range(values.shape[1]):
            mean = torch.lerp(values[:, t], mean, decay)
            steps.append(mean)
        return torch.stack(steps, 1)


def _weights(est: Any) -> dict[str, Tensor]:
    """Return the five weights, with the slopes of the units in them."""
    arrays = est._weight_arrays()
    arrays["w_rec"] = dense(arrays["w_rec"], "W_rec_ of a module of torch")
    slope = arrays.get("slope")
    if slope is not None:
        arrays["w_in"] = arrays["w_in"] * slope[:, None]
        arrays["w_rec"] = arrays["w_rec"] * slope[:, None]
        arrays["b_rec"] = arrays["b_rec"] * slope
    names = ("w_in", "w_rec", "b_rec", "w_out", "b_out")
    return {name: _tensor(arrays[name]) for name in names}


def _tensor(array: NDArray[Any]) -> Tensor:
    return boundary.to_tensor(array, torch.device("cpu"))


def _how(est: Any) -> _How:
    if is_classifier(est):
        every_step, squeeze = est._every_step, len(est.W_out_) == 1
    else:
        every_step, _, squeeze = est._target_shape
    observing = est._observing()
    link = "identity"
    if not is_classifier(est):
        link = _link(est)
    return _How(
        activation=est.activation,
        rectify=bool(est.rectify),
        from_state=est.readout_from == "state",
        n_static_steps=est.n_static_steps if getattr(est, "_n_axes", 3) == 2 else 0,
        every_step=bool(every_step),
        squeeze=bool(squeeze) and (is_classifier(est) or not every_step),
        increments=observing is not None and observing.increments,
        starts_are_rates=are_rates(est.activation, est.rectify),
        squash=getattr(est, "output_activation", "identity") == "tanh",
        link=link,
    )


def _link(est: Any) -> str:
    model = est._model()
    if model is OBSERVATIONS["gaussian"]:
        return "identity"
    if model is OBSERVATIONS["bernoulli"]:
        return "sigmoid"
    assert type(model).mean is Observation.mean
    return "softplus"


def _constants(est: Any) -> dict[str, Tensor | None]:
    """Return what of the network is not trained here; None for what it does not have."""
    arrays = est._weight_arrays()
    dtype = arrays["w_rec"].dtype
    observing, n_units = est._observing(), arrays["w_rec"].shape[0]
    own = None if observing is None else observing.own
    scale = arrays["observation"][0] if "observation" in arrays else None
    initial = arrays.get("initial", np.zeros(n_units, dtype))
    start_map = getattr(est, "initial_map_", None)
    w_skip = arrays.get("w_skip")
    decays = None
    if w_skip is not None:
        decays = np.exp(-1 / np.array(TIME_CONSTANTS[: len(w_skip) - 1])).astype(dtype)
    found = {
        "leak": _leak(est, arrays, dtype),
        "initial": initial if initial.ndim == 1 else np.zeros(n_units, dtype),
        "start_map": start_map,
        "own": None if own is None else np.asarray(own, dtype=np.int64),
        "w_skip": w_skip,
        "past_decays": decays,
        "decay": arrays.get("decay"),
        "scale": scale,
    }
    return {name: None if array is None else _tensor(array) for name, array in found.items()}


def _leak(est: Any, arrays: dict[str, NDArray[Any]], dtype: Any) -> NDArray[Any]:
    """Return a = dt / tau of every unit."""
    n_units = arrays["w_rec"].shape[0]
    if "leak" in arrays:
        return arrays["leak"]
    populations = getattr(est, "populations_", None)
    order = UnitOrder(est.unit_names_, "the fitted network")
    device, kind = torch.device("cpu"), boundary.torch_dtype(dtype)
    leak = est._dynamics(device, kind, n_units, populations, order).leak
    return np.broadcast_to(np.asarray(leak, dtype=dtype), n_units)
