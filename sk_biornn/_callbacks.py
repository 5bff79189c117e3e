"""Callbacks of scikit-learn, which has them from 1.9 on: how estimators support them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import sklearn

try:  # their interface is declared experimental: without one of these names there are none
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:
    CallbackSupportMixin = None

# What scikit-learn keeps in an estimator, set or during a fit: no part of what a fit leaves.
ATTRIBUTES = (
    "_skl_callbacks",
    "_parent_callback_ctx",
    "_callback_fit_ctx",
    "_skl_callbacks_to_teardown",
)
_Attributes = Callable[[], Mapping[str, Any]]


class _Without:
    """What stands in for callbacks before scikit-learn 1.9."""

    def set_callbacks(self, *callbacks: Any) -> Any:
        """Refuse callbacks."""
        raise ImportError(
            "set_callbacks needs scikit-learn >= 1.9, which has callbacks, and installed is "
            f"{sklearn.__version__}; on_epoch is called after every epoch with any version."
        )


_Base: Any = _Without if CallbackSupportMixin is None else CallbackSupportMixin


class WithCallbacks(_Base):
    """Adds `set_callbacks` to an estimator."""

    def set_callbacks(self, *callbacks: Any) -> Self:
        """Set callbacks of scikit-learn, such as `sklearn.callback.ProgressBar`.

        They see a fit as a task, and as tasks within it the epochs of a network, the seeds of a
        `SeedEnsemble`; when one asks for the end, the fit ends as it does for `on_epoch`. Clones
        have the same callbacks, files none. The interface is scikit-learn's, and experimental there
        (:doc:`/watching`).

        Parameters
        ----------
        *callbacks : objects
            Callbacks, in place of those that were set before; none: no callbacks.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ImportError
            If scikit-learn is older than 1.9.
        TypeError
            If an object is no callback.
        """
        return super().set_callbacks(*callbacks)


class Task:
    """A task that callbacks see: a fit, or what it is made of.

    Parameters
    ----------
    estimator : estimator
        Whose task it is.
    context : CallbackContext
        What scikit-learn knows it by.
    given : dict
        `X`, `y` and `metadata` of the fit.
    """

    def __init__(self, estimator: Any, context: Any, given: Mapping[str, Any]) -> None:
        self._estimator, self._context, self._given = estimator, context, given

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs to tell of it: trials go there another way, once."""
        return {**self.__dict__, "_given": dict.fromkeys(self._given)}

    def begin(self, attributes: _Attributes | None = None) -> Self:
        """Tell that it begins; `attributes` are those of an estimator fitted so far."""
        self._context.call_on_fit_task_begin(
            estimator=self._estimator, reconstruction_attributes=attributes, **self._given
        )
        return self

    def end(self, attributes: _Attributes | None = None) -> bool:
        """Tell that it ended; return whether a callback wants no other after it."""
        return self._context.call_on_fit_task_end(
            estimator=self._estimator, reconstruction_attributes=attributes, **self._given
        )

    def part(self, name: str, **options: Any) -> Task:
        """Return a task within it."""
        context = self._context.subcontext(task_name=name, **options)
        return Task(self._estimator, context, self._given)

    @contextmanager
    def handed_to(self, inner: Any) -> Iterator[None]:
        """Have the fit of another estimator be this task, and callbacks that want to see it."""
        with self._context.propagate_callback_context(inner):
            self.begin()
            yield
        self.end()


def task_of_fit(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    n_parts: int = 0,
    in_order: bool = True,
) -> Task | None:
    """Return the task that a fit is, which has begun; None where no callback is set.

    Parameters
    ----------
    estimator : estimator
        One that is `WithCallbacks`; its fit is inside `callbacks_ended`.
    X, y, sample_weight : object
        What its fit was given.
    n_parts : int, default=0
        Of how many tasks it is made, at most.
    in_order : bool, default=True
        Whether these go one after the other.

    Returns
    -------
    Task or None
        The task.
    """
    if not estimator.__dict__.get("_skl_callbacks"):
        return None
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    context = estimator._init_callback_context(max_subtasks=n_parts, sequential_subtasks=in_order)
    return Task(estimator, context, {"X": X, "y": y, "metadata": metadata}).begin()


def tell_of_no_fit(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> None:
    """Tell callbacks of a fit that was done before, and has nothing left to do."""
    with callbacks_ended(estimator):
        task = task_of_fit(estimator, X, y, sample_weight)
        if task is not None:
            task.end()


def take_over(estimator: Any, fitted: Any) -> None:
    """Have an estimator become what a copy of it has become, with callbacks of its own."""
    attributes = fitted.__dict__.items()
    estimator.__dict__.update({name: value for name, value in attributes if name not in ATTRIBUTES})


@contextmanager
def callbacks_ended(estimator: Any) -> Iterator[None]:
    """Have callbacks end with a fit, however it ends.

    Yields
    ------
    None
        Nothing.
    """
    try:
        yield
    finally:
        if "_callback_fit_ctx" in estimator.__dict__:
            _end(estimator)


def _nothing(estimator: Any) -> None:
    """Do nothing."""


# Around a method scikit-learn ends what the method began; there is no other door to that.
_end = _nothing if CallbackSupportMixin is None else with_callbacks(_nothing)


@contextmanager
def all_handed_to(tasks: Sequence[Task | None], estimators: Sequence[Any]) -> Iterator[None]:
    """Have the fits of several estimators be these tasks, where there are any.

    Yields
    ------
    None
        Nothing.
    """
    with ExitStack() as stack:
        for task, estimator in zip(tasks, estimators, strict=True):
            if task is not None:
                stack.enter_context(task.handed_to(estimator))
        yield
