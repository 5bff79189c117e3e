"""Trials of a task of NeuroGym, as estimators take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_biornn._checks import check_count, is_integer
from sk_biornn._random import RandomState, make_rng


def from_neurogym(env: Any, n_trials: int, *, random_state: RandomState = None) -> tuple[Any, Any]:
    """Draw trials of an environment of NeuroGym: what is observed, and what is right at each step.

    Parameters
    ----------
    env : neurogym.TrialEnv
        Environment with trials, as ``gymnasium.make("GoNogo-v0", dt=20)`` gives it, wrapped or not:
        ``env.new_trial()`` draws a trial, ``env.ob`` is its observation at every step and
        ``env.gt`` its ground truth.
    n_trials : int
        Number of trials.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Seed of the environment (``env.seed``); an int is the seed itself. None: the environment
        goes on from where it is.

    Returns
    -------
    X : ndarray of shape (n_trials, n_steps, n_features), or list of ndarray
        Observations, in the number type of the environment (float32). A list of (n_steps_i,
        n_features) if trials are of unequal length.
    y : ndarray of shape (n_trials, n_steps), or list of ndarray
        Ground truth at each step: a label per step for a classifier. Of environments with
        continuous actions (n_trials, n_steps, n_actions), for a regressor.

    Raises
    ------
    TypeError
        If `env` has no trials, or `n_trials` is no integer.
    ValueError
        If a trial has no ground truth, or not one per step.

    See Also
    --------
    make_go_nogo : Tasks that need no other package.

    Notes
    -----
    A step is ``env.dt`` ms long; pass it on as ``dt=env.dt`` together with ``tau``. The environment
    is advanced by its own generator. ``reset(seed=...)`` of gymnasium does not seed the generator
    that NeuroGym draws trials from; ``seed`` does, and is what is called here.

    References
    ----------
    Molano-Mazón, Barbosa, Pastor-Ciurana, Fradera, Zhang, Forest, del Pozo Lerida, Ji-An, Cueva,
    de la Rocha, Narain and Yang (2022), NeuroGym: an open resource for developing and sharing
    neuroscience tasks, PsyArXiv, doi:10.31234/osf.io/aqc9n.

    Examples
    --------
    Any object with these four parts will do:

    >>> import numpy as np
    >>> from sk_biornn.datasets import from_neurogym
    >>> class Match:
    ...     dt = 100
    ...     def seed(self, seed=None):
    ...         self.rng = np.random.RandomState(seed)
    ...     def new_trial(self):
    ...         side = self.rng.randint(2)
    ...         self.ob = np.zeros((5, 2), dtype=np.float32)
    ...         self.ob[1:3, side] = 1.0
    ...         self.gt = np.array([0, 0, 0, 0, 1 + side])
    >>> X, y = from_neurogym(Match(), 10, random_state=0)
    >>> X.shape, y.shape, y[0]
    ((10, 5, 2), (10, 5), array([0, 0, 0, 0, 1]))
    """
    n_trials = check_count("n_trials", n_trials)
    top = _with_trials(env)
    if random_state is not None:
        _seed(env, random_state)
    drawn = [_draw(env, top, number) for number in range(n_trials)]
    X, y = [ob for ob, _ in drawn], [gt for _, gt in drawn]
    alike = len({len(ob) for ob in X}) == 1
    return (np.stack(X), np.stack(y)) if alike else (X, y)


def _with_trials(env: Any) -> Any:
    """Return the outermost part of an environment that draws trials."""
    layer = env
    while layer is not None:
        # of the type: wrappers of gymnasium pass on or refuse what they do not have themselves
        if callable(getattr(type(layer), "new_trial", None)):
            return layer
        layer = vars(layer).get("env") if hasattr(layer, "__dict__") else None
    raise TypeError(
        "env must be an environment of NeuroGym with trials, with new_trial(), ob and gt, got "
        f"{type(env).__name__}."
    )


def _seed(env: Any, random_state: RandomState) -> None:
    is_seed = is_integer(random_state)
    rng = make_rng(random_state)
    seed = int(random_state) if is_seed else int(rng.integers(2**31))  # type: ignore[arg-type]
    layer = env
    while not callable(getattr(type(layer), "seed", None)):
        layer = vars(layer).get("env") if hasattr(layer, "__dict__") else None
        if layer is None:
            raise TypeError(
                "env must have seed() when random_state is given, got "
                f"{type(env).__name__} without it."
            )
    layer.seed(seed)


def _draw(env: Any, top: Any, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a trial, and return copies of its observations and its ground truth."""
    top.new_trial()
    task = getattr(env, "unwrapped", env)  # after the draw, which may choose another task
    ob, gt = getattr(task, "ob", None), getattr(task, "gt", None)
    has_truth = getattr(task, "_has_gt", True)  # else that of an earlier trial is still there
    if ob is None or gt is None or not has_truth:
        missing = "observations (ob)" if ob is None else "ground truth (gt)"
        raise ValueError(f"env must set the {missing} of every trial, got none in trial {number}.")
    observed, truth = np.array(ob), np.array(gt)
    if observed.ndim == 1:
        observed = observed[:, np.newaxis]
    if observed.ndim != 2 or observed.dtype.kind not in "fiub":
        raise ValueError(
            "env must observe numbers (n_steps, n_features) in every trial, got "
            f"{observed.dtype} of shape {observed.shape} in trial {number}."
        )
    if truth.ndim not in (1, 2) or len(truth) != len(observed):
        raise ValueError(
            f"env must have one ground truth per step, got shape {truth.shape} for "
            f"{len(observed)} steps in trial {number}."
        )
    if observed.dtype.kind != "f":
        observed = observed.astype(np.float32)
    return observed, truth
