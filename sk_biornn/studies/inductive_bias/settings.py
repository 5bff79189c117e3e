"""All settings of the study, in the words of the original, and the presets."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sk_biornn._checks import check_choice
from sk_biornn.studies._checks import checked_int, checked_number
from sk_biornn.studies.inductive_bias.design import BY_NAME, TASKS
from sk_biornn.units.grid import GRID_ORDERS, check_grid

INITIALIZATIONS = ("orthogonal", "he_normal", "he_uniform", "glorot_normal")
ACTIVATIONS = ("relu", "tanh", "softplus")
NULLS = ("erdos-renyi", "published", "degree-preserving")


@dataclass(frozen=True, kw_only=True)
class InductiveBiasSettings:
    """What the numbers of the study depend on.

    The same settings give the same files. Where the original study has a setting, the name and
    the default are its own.

    Parameters
    ----------
    preset : str, default="fair"
        Name of the preset that these settings started from.
    tasks : tuple of str
        Names of tasks.
    variants : tuple of str
        Names of variants.
    simulations : int, default=10
        Networks per task and variant. Simulation i has the same trials, batches, input weights and
        synthetic field in all variants.
    random_state : int, default=0
        Seed of the study.
    field : str, default="synthetic"
        "synthetic", or session, scan and field of a MICrONS recording, as in "6_6_2".
    number_of_nodes : int or None, default=312
        Number of units of a synthetic field. A measured field has its own number, and then this is
        None or that number.
    network_grid : tuple of three ints or None, default=None
        Grid of the variants without measured positions; None: that of the field.
    field_per_simulation : bool, default=True
        Synthetic fields only: a new circuit for every simulation, so that conclusions are about
        such circuits and not about one.
    use_only_sttc : bool, default=False
        Functional weights from the spike time tiling coefficient alone.
    use_precision_matrix : bool, default=False
        Functional weights from precision and STTC instead of correlation and STTC.
    random_network_initialization : str, default="orthogonal"
        Initial weights of the variants without functional ones: "orthogonal", "he_normal",
        "he_uniform" or "glorot_normal".
    truncated_normal : bool, default=False
        Whether "he_normal" and "glorot_normal" have no weights beyond two standard deviations.
        True, as published: Keras draws them so.
    sign_constraint : bool, default=False
        Whether recurrent weights stay at 0 or above.
    rescale_nonnegative : bool, default=True
        With the sign constraint: random initial weights are made positive and get the spectral
        radius of functional ones, 0.95. False, as published: negative ones become 0, and the rest
        is so strong that activity explodes.
    noise_level : float, default=0.05
        Sd of the noise of the inputs while training.
    regu_strength : tuple of float, default=(0.3,)
        Strength of the penalty. Of several, each network takes the one that gives the best
        validation accuracy, the strongest among equals.
    weight_strength : float or None, default=None
        Strength of the variant W. None: `regu_strength`; 1.0, as published by mistake.
    emd_strength : float, default=0.1
        Strength of the distance to the communicability of the connectome.
    unit_cube_grid : bool, default=True
        Whether the grid is scaled to the unit cube like measured positions. False, as published:
        wires on the grid are some ten times longer.
    grid_order : {"xyz", "yxz"}, default="xyz"
        The axes of the grid in the order in which neurons are counted, the last changing first.
        "yxz", as published, gives functional weights other neighbours.
    activation_function : str, default="relu"
        Transfer function: "relu", "tanh" or "softplus".
    epochs : int, default=10
        Passes through the training trials.
    batch_size : int, default=128
        Trials per step.
    learning_rate : float, default=1e-3
        Of Adam.
    epsilon : float, default=1e-7
        Of Adam; this is the default of Keras.
    keras_training : bool, default=False
        Whether networks train as in Keras: epsilon stands where Keras has it, two classes have two
        outputs and a softmax, and the sign constraint leaves Adam its momentum. True, as published.
    n_train, n_validation, n_test : int, default=5120, 2560, 2560
        Trials.
    small_world_null : str, default="erdos-renyi"
        Random graphs of the small-worldness: "erdos-renyi" of the network's density; "published",
        of density 0.18 whatever the network; or "degree-preserving".
    metrics_every_epoch : bool, default=False
        Compute the network metrics after every epoch and not only at the end.
    save_weights : bool, default=False
        Keep the weights of every run; otherwise those of simulation 0 alone.
    as_published : bool, default=False
        Write the files of the original to the letter: the order of its variants, its settings in
        its spelling, the accuracy while training for that after it, a mean over failed runs
        missing, a zip without a top folder. The other files and the networks stay the same.

    Examples
    --------
    >>> from sk_biornn.studies import INDUCTIVE_BIAS_PRESETS
    >>> INDUCTIVE_BIAS_PRESETS["paper"].unit_cube_grid
    False
    """

    preset: str = "fair"
    tasks: tuple[str, ...] = tuple(TASKS)
    variants: tuple[str, ...] = tuple(BY_NAME)
    simulations: int = 10
    random_state: int = 0
    field: str = "synthetic"
    number_of_nodes: int | None = 312
    network_grid: tuple[int, int, int] | None = None
    field_per_simulation: bool = True
    use_only_sttc: bool = False
    use_precision_matrix: bool = False
    random_network_initialization: str = "orthogonal"
    truncated_normal: bool = False
    sign_constraint: bool = False
    rescale_nonnegative: bool = True
    noise_level: float = 0.05
    regu_strength: tuple[float, ...] = (0.3,)
    weight_strength: float | None = None
    emd_strength: float = 0.1
    unit_cube_grid: bool = True
    grid_order: str = "xyz"
    activation_function: str = "relu"
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 1e-3
    epsilon: float = 1e-7
    keras_training: bool = False
    n_train: int = 5120
    n_validation: int = 2560
    n_test: int = 2560
    small_world_null: str = "erdos-renyi"
    metrics_every_epoch: bool = False
    save_weights: bool = False
    as_published: bool = False

    def __post_init__(self) -> None:
        """Refuse what does not fit, in one sentence that names the setting."""
        _check_kinds(self)
        _check_together(self)

    @property
    def matrices(self) -> tuple[str, ...]:
        """Names of the matrices that functional weights are made of."""
        if self.use_only_sttc:
            return ("sttc",)
        return ("precision" if self.use_precision_matrix else "correlation", "sttc")

    def describe(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them.

        Returns
        -------
        dict
            Every setting by name, and the name of the study.

        Examples
        --------
        >>> from sk_biornn.studies import INDUCTIVE_BIAS_PRESETS
        >>> INDUCTIVE_BIAS_PRESETS["quick"].describe()["study"]
        'inductive-bias'
        """
        return {"study": "inductive-bias", **dataclasses.asdict(self)}


_FIELDS = {field.name: field for field in dataclasses.fields(InductiveBiasSettings)}
_INTS = {"simulations": 1, "epochs": 1, "batch_size": 1, "n_train": 4, "n_validation": 1}
_INTS |= {"n_test": 1, "random_state": 0}
_CHOICES = {
    "random_network_initialization": INITIALIZATIONS,
    "activation_function": ACTIVATIONS,
    "small_world_null": NULLS,
    "grid_order": GRID_ORDERS,
}
_NUMBERS = {"noise_level": 0.0, "emd_strength": 0.0, "learning_rate": None, "epsilon": None}


def _check_kinds(settings: InductiveBiasSettings) -> None:
    for name, minimum in _INTS.items():
        checked_int(name, getattr(settings, name), minimum)
    for name, choices in _CHOICES.items():
        check_choice(name, getattr(settings, name), choices)
    for name, low in _NUMBERS.items():
        checked_number(name, getattr(settings, name), low)
    for name, field in _FIELDS.items():
        if field.type == "bool" and not isinstance(getattr(settings, name), bool):
            raise TypeError(f"{name} must be True or False, got {getattr(settings, name)!r}.")
    _check_names("tasks", settings.tasks, TASKS)
    _check_names("variants", settings.variants, BY_NAME)
    if not isinstance(settings.regu_strength, tuple) or not settings.regu_strength:
        raise TypeError(
            f"regu_strength must be a number or several, got {settings.regu_strength!r}."
        )
    for strength in settings.regu_strength:
        checked_number("regu_strength", strength, 0.0)
    if settings.weight_strength is not None:
        checked_number("weight_strength", settings.weight_strength, 0.0)


def _check_together(settings: InductiveBiasSettings) -> None:
    if settings.use_only_sttc and settings.use_precision_matrix:
        raise ValueError("use_only_sttc and use_precision_matrix must not both be True.")
    if settings.field == "synthetic":
        checked_int("number_of_nodes", settings.number_of_nodes, 4)
    elif not isinstance(settings.field, str) or not re.fullmatch(r"\d+_\d+_\d+", settings.field):
        raise ValueError(
            "field must be 'synthetic' or session_scan_field of a MICrONS recording, as in "
            f"'6_6_2', got {settings.field!r}."
        )
    elif settings.number_of_nodes is not None:
        checked_int("number_of_nodes", settings.number_of_nodes, 4)
    if settings.network_grid is not None and settings.number_of_nodes is not None:
        check_grid(settings.network_grid, settings.number_of_nodes, name="network_grid")


def _check_names(argument: str, names: Any, allowed: Iterable[str]) -> None:
    allowed = list(allowed)
    if not isinstance(names, tuple) or not names:
        raise ValueError(f"{argument} must be names among {allowed}, got {names!r}.")
    for name in names:
        check_choice(argument, name, allowed)
    if len(set(names)) < len(names):
        raise ValueError(f"{argument} must not name one twice, got {list(names)}.")


QUICK = InductiveBiasSettings(
    preset="quick",
    simulations=3,
    number_of_nodes=96,
    n_train=2560,
    n_validation=640,
    n_test=1280,
)
PAPER = InductiveBiasSettings(
    preset="paper",
    simulations=20,
    network_grid=(12, 13, 2),
    field_per_simulation=False,
    truncated_normal=True,
    keras_training=True,
    rescale_nonnegative=False,
    weight_strength=1.0,
    unit_cube_grid=False,
    grid_order="yxz",
    small_world_null="published",
    as_published=True,
)
FAIR = InductiveBiasSettings(preset="fair")
TUNED = dataclasses.replace(FAIR, preset="tuned", regu_strength=(0.3, 0.03, 0.003, 0.0003))
#: The presets of the study of inductive biases by name: `quick`, `paper`, `fair`, `tuned`.
PRESETS = {preset.preset: preset for preset in (QUICK, PAPER, FAIR, TUNED)}
