"""The constructor arguments of every estimator, written once, and the table of allowed values."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator

from sk_biornn._checks import is_integer, refusal
from sk_biornn._plain import real_array, short
from sk_biornn._strategy import Strategy, changed_member
from sk_biornn.biology.constraints import LAWS
from sk_biornn.biology.prior import column_signs
from sk_biornn.biology.pruning import PRUNERS
from sk_biornn.biology.regularizers import PENALTIES
from sk_biornn.core.activations import ACTIVATIONS
from sk_biornn.estimators._circuit import Units
from sk_biornn.estimators._penalties import refuse_idle_strengths
from sk_biornn.estimators._portable import packed, unpacked
from sk_biornn.estimators._rules import (
    Choice,
    Flag,
    FlagOr,
    Number,
    Optional,
    Rule,
    WordOr,
    binds,
    check_rules,
)
from sk_biornn.estimators._wiring import refuse_other_size, signs_of_wiring
from sk_biornn.initializers._feedforward import FEEDFORWARD_INITS
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.order import UnitOrder

# Arguments that may name the units, those first whose order counts; which of their axes are units.
OF_UNITS = {
    "mask": (0, 1),
    "connectome": (0, 1),
    "recurrent_init": (0, 1),
    "signs": (0,),
    "coordinates": (0,),
    "tau": (0,),
    "blocks": (0,),
    "input_mask": (0,),
    "readout_mask": (1,),
    "readout_signs": (0,),
}


@dataclass(kw_only=True, eq=False, repr=False)
class RNNParameters(BaseEstimator):
    """Holds the arguments; the generated ``__init__`` stores them and does nothing else.

    A field per argument: `get_params`, `clone` and the grid search read them from the signature.
    """

    _connectome_is_wiring = True  # where no penalty reads it; a family may keep it for penalties

    # size and signs
    n_units: int = 128
    signs: Any = None
    excitatory_fraction: float = 0.8
    dale: Any = "projection"
    # wiring
    mask: Any = None
    autapses: bool = True
    sparse: bool | str = "auto"
    input_mask: Any = None
    readout_mask: Any = None
    input_signs: Any = None
    readout_signs: Any = None
    frozen: Any = ()
    plasticity: str = "synapses"
    # initial weights
    recurrent_init: Any = "auto"
    spectral_radius: float | None = None
    feedforward_init: str = "uniform"
    coordinates: Any = None
    unit_cube: bool = True
    connectome: Any = None
    # penalties
    regularizer: Any = None
    regu_strength: float = 0.3
    emd_strength: float = 0.1
    distance_power: float = 1.0
    rate_penalty: float = 0.0
    # pruning
    pruning: Any = None
    density: Any = None
    blocks: Any = None
    pruning_schedule: str = "one-shot"
    finetune_iter: int = 50
    # dynamics
    activation: str = "tanh"
    rectify: bool = True
    recurrent_bias: bool | str = True
    readout_from: str = "state"
    dt: float | None = None
    tau: Any = None
    noise_level: float = 0.0
    recurrent_noise: float = 0.0
    n_static_steps: int = 10
    # physiology that is learned
    learn_tau: bool | str = False
    tau_max: float | None = None
    learn_slope: bool = False
    initial_state: str = "zero"
    # training
    solver: Any = "adam"
    max_iter: int = 100
    batch_size: Any = "auto"
    learning_rate_init: float = 1e-3
    learning_rate: Any = "constant"
    epsilon: float = 1e-8
    max_grad_norm: float | None = None
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 10
    tol: float = 1e-4
    shuffle: bool = True
    warm_start: bool = False
    random_state: Any = None
    device: str = "cpu"
    on_epoch: Any = None
    verbose: int = 0

    def set_params(self, **params: Any) -> Self:
        """Set arguments, and the parameters of the objects among them.

        Parameters
        ----------
        **params : dict
            Values by name; ``regularizer__strength`` is the strength of the penalty that the
            argument `regularizer` holds. A constraint, penalty or pruner is not changed, since
            other networks may have it too: a changed copy takes its place.

        Returns
        -------
        estimator
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no such parameter, or an object refuses its value.
        """
        super().set_params(**{name: params[name] for name in params if "__" not in name})
        inner: dict[str, dict[str, Any]] = {}
        for name, value in params.items():
            head, is_inner, rest = name.partition("__")
            if is_inner:
                inner.setdefault(head, {})[rest] = value
        for head, values in inner.items():
            held = getattr(self, head, None)
            if head in self.get_params(deep=False) and not _sets_its_own(held):
                setattr(self, head, changed_member(head, held, values))
            else:
                super().set_params(**{f"{head}__{rest}": value for rest, value in values.items()})
        return self

    def __getstate__(self) -> dict[str, Any]:
        return packed(super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(unpacked(state))

    def _units(self, earlier: UnitOrder | None = None) -> Units:
        """Return the units as the arguments describe them; a family may have other words."""
        refuse_other_size(self)
        order, given = self._unit_order(earlier), self.signs
        if given is None and isinstance(self.mask, Connectome) and self.mask.signs is not None:
            given = self.mask
        given = signs_of_wiring(self) if given is None else given
        signs = order.arranged(given, "signs", (0,))
        signs = column_signs(self.n_units, signs, self.excitatory_fraction)
        return Units(signs, given is not None, order=order)

    def _unit_order(self, earlier: UnitOrder | None = None) -> UnitOrder:
        """Return the order in which arguments that name the units have them.

        A fit that goes on has that of the earlier one, whose weights lie in it.
        """
        arguments = self._unit_arguments()
        if earlier is not None and earlier.names is not None:
            before = pd.Series(0.0, index=pd.Index(list(earlier.names), tupleize_cols=False))
            return UnitOrder.of({"the earlier fit": (before, (0,)), **arguments})
        order = UnitOrder.of(arguments)
        features = getattr(self, "feature_names_in_", None)
        if order.names is None or features is None or set(features) != set(order.names):
            return order
        # Units are channels of X: whoever says "unit k sees channel k" means the order of X.
        return UnitOrder.of({"X": (pd.Series(0.0, index=list(features)), (0,)), **arguments})

    def _unit_arguments(self) -> dict[str, tuple[Any, tuple[int, ...]]]:
        """Return the arguments that may name units, and which of their axes are units."""
        arguments = {name: (getattr(self, name), axes) for name, axes in OF_UNITS.items()}
        names = getattr(self.recurrent_init, "unit_names_", None)
        if names is not None:  # of an initialiser that was fitted to labelled matrices
            arguments["recurrent_init"] = (pd.Series(0.0, index=list(names)), (0,))
        return arguments

    def _time_constants(self, populations: Any = None) -> Any:
        """Return tau, which a family may have in a table of populations."""
        return self.tau

    def _has_time_constants(self) -> bool:
        return self.tau is not None

    def _uses_dt(self) -> bool:
        """Whether `dt` has a meaning without `tau`; a leaf may have one."""
        return False

    def _check_run(self) -> None:
        """Check what is read anew at every run: it may have been set after the fit."""
        check_rules(self, {name: RULES[name] for name in _OF_EVERY_RUN})
        if not isinstance(self.device, (str, torch.device)):
            raise TypeError(
                f"device must be 'cpu', 'auto' or a device of torch, got {short(self.device)}."
            )
        if self._uses_dt() and self.dt is not None:
            return
        if (self.dt is None) == self._has_time_constants():
            raise ValueError(
                "dt and tau must be given together (both in ms) or both be None, got "
                f"dt={short(self.dt)} and tau={short(self.tau)}."
            )

    def _check_parameters(self) -> None:
        """Raise a ValueError or TypeError that names the first argument that does not fit."""
        check_rules(self, RULES)
        is_auto = isinstance(self.batch_size, str) and self.batch_size == "auto"
        if not is_auto and not _is_positive_int(self.batch_size):
            is_size = isinstance(self.batch_size, str) or is_integer(self.batch_size)
            expected = "'auto' or an integer of at least 1"
            raise refusal("batch_size", expected, self.batch_size, right_type=is_size)
        if self.on_epoch is not None and not callable(self.on_epoch):
            raise TypeError(f"on_epoch must be None or a callable, got {short(self.on_epoch)}.")
        refuse_idle_strengths(self)
        self._check_solver()
        if not _is_rate(self.learning_rate):
            raise refusal(
                "learning_rate",
                "one of ['constant', 'cosine'] or an object with a method rate(epoch, initial)",
                self.learning_rate,
                right_type=isinstance(self.learning_rate, str),
            )
        self._check_run()

    def _check_solver(self) -> None:
        if isinstance(self.solver, str) and self.solver in ("adam", "sgd"):
            return
        if isinstance(self.solver, type) or not callable(getattr(self.solver, "optimiser", None)):
            raise refusal(
                "solver",
                "one of ['adam', 'sgd'] or an object with a method "
                "optimiser(parameters, learning_rate)",
                self.solver,
                right_type=isinstance(self.solver, str),
            )
        if self.epsilon != 1e-8:
            raise ValueError(
                "epsilon must be left at 1e-8 when solver is an object, which has its own, got "
                f"epsilon={short(self.epsilon)} and solver={short(self.solver)}."
            )


def _sets_its_own(value: Any) -> bool:
    """Whether an object among the arguments is changed by its own `set_params`."""
    return hasattr(value, "set_params") and not isinstance(value, (type, Strategy))


def _is_penalty(value: Any) -> bool:
    """Whether a value is what `regularizer` may be beside a name."""
    if isinstance(value, list):
        return all(item in PENALTIES if isinstance(item, str) else binds(item, 1) for item in value)
    return value is None or binds(value, 1)


def _is_pruner(value: Any) -> bool:
    return value is None or (hasattr(value, "prune") and not isinstance(value, type))


def _is_rate(value: Any) -> bool:
    if isinstance(value, str):
        return value in ("constant", "cosine")
    return hasattr(value, "rate") and not isinstance(value, type)


def _is_positive_int(value: Any) -> bool:
    return Number(Integral, 1).accepts(value)


def leak_of(dt: float | None, tau: Any, n_units: int) -> np.ndarray | float:
    """Return a = dt / tau, a number or one per unit, in (0, 1]; 1 when neither is given."""
    if dt is None:
        return 1.0
    tau = real_array(tau, "tau", "a number or an array")
    if tau.ndim > 1 or (tau.ndim == 1 and tau.shape != (n_units,)):
        raise ValueError(
            f"tau must be a number or have one value per unit, shape ({n_units},), "
            f"got shape {tau.shape}."
        )
    if not (np.isfinite(tau).all() and (tau >= dt).all()):
        raise ValueError(
            f"tau must be at least dt={dt} ms and finite, got values from "
            f"{tau.min()} to {tau.max()}."
        )
    leak = dt / tau
    if (leak < _LEAST_LEAK).any():
        raise ValueError(
            f"dt must be at least {_LEAST_LEAK:g} of tau, so that a rate moves at all, got "
            f"dt={dt} and tau={tau.max()}."
        )
    return float(leak) if leak.ndim == 0 else leak


_LEAST_LEAK = 1e-30  # dt / tau; far below it the single precision of a network has only zero
_OF_EVERY_RUN = ("activation", "rectify", "readout_from", "dt", "recurrent_noise")

_positive_int = Number(Integral, 1)
_at_least_zero = Number(Real, 0.0)
_positive = Number(Real, 0.0, low_included=False)

RULES: dict[str, Rule] = {
    "n_units": _positive_int,
    "dale": WordOr(
        LAWS,
        "None or a constraint object with a method bind(signs, mask)",
        lambda value: value is None or binds(value, 2),
    ),
    "excitatory_fraction": Number(Real, 0.0, 1.0, low_included=False),
    "autapses": Flag(),
    "plasticity": Choice(("synapses", "type_gains", "unit_gains", "none")),
    "sparse": FlagOr(("auto",)),
    "spectral_radius": Optional(_positive),
    "feedforward_init": Choice(FEEDFORWARD_INITS),
    "unit_cube": Flag(),
    "regularizer": WordOr(
        PENALTIES,
        "None, an object with a method bind(facts) or a list of these",
        _is_penalty,
    ),
    "regu_strength": _at_least_zero,
    "emd_strength": _at_least_zero,
    "distance_power": _positive,
    "rate_penalty": _at_least_zero,
    "pruning": WordOr(
        PRUNERS, "None or an object with a method prune(W, density, ...)", _is_pruner
    ),
    "pruning_schedule": Choice(("one-shot", "cubic")),
    "finetune_iter": Number(Integral, 0),
    "activation": Choice(tuple(ACTIVATIONS)),
    "rectify": Flag(),
    "recurrent_bias": FlagOr(("double",)),
    "readout_from": Choice(("state", "rate")),
    "dt": Optional(_positive),
    "noise_level": _at_least_zero,
    "recurrent_noise": _at_least_zero,
    "n_static_steps": _positive_int,
    "learn_tau": FlagOr(("type",)),
    "tau_max": Optional(_positive),
    "learn_slope": Flag(),
    "initial_state": Choice(("zero", "learned", "per trial")),
    "max_iter": _positive_int,
    "learning_rate_init": _positive,
    "epsilon": _positive,
    "max_grad_norm": Optional(_positive),
    "early_stopping": Flag(),
    "validation_fraction": Number(Real, 0.0, 1.0, low_included=False, high_included=False),
    "n_iter_no_change": _positive_int,
    "tol": _at_least_zero,
    "shuffle": Flag(),
    "warm_start": Flag(),
    "verbose": Number(Integral, 0, bool_allowed=True),
}
