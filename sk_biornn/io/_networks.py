"""Files of networks: what an estimator is, in numbers and text, and the way back."""

from __future__ import annotations

import inspect
import os
import re
import warnings
from collections.abc import Collection
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator

from sk_biornn._plain import short
from sk_biornn._records import versions
from sk_biornn.estimators._values import NotNumbers, Reader, Writer
from sk_biornn.io import _container
from sk_biornn.io._classes import OF_SCIKIT_LEARN, class_of, name_of
from sk_biornn.units.names import listed

# What scikit-learn keeps in an estimator besides: its name here, None for what ends with the fit.
_HOOKS = {
    "_skl_callbacks": "callbacks",
    "_metadata_request": "metadata_request",
    "_callback_fit_ctx": None,
    "_parent_callback_ctx": None,
    "_skl_callbacks_to_teardown": None,
}


def save(est: Any, path: str | os.PathLike[str], *, without: Collection[str] = ()) -> None:
    """Write an estimator to a file that holds numbers and text, and nothing that could be run.

    The file holds all that the estimator is: arguments, objects of this package among them, fitted
    attributes, the circuit, names, and the state of the optimiser and of the generator. What is
    loaded predicts the same numbers, and its training goes on as if it had never been stored.

    Parameters
    ----------
    est : estimator
        A network, a `SeedEnsemble`, or any other estimator of this package, fitted or not; or a
        `Pipeline` of such.
    path : path
        The file, ".npz" by custom; an existing one is replaced, whole or not at all.
    without : collection of str, default=()
        Arguments that are left out, since no file can hold them: functions (`on_epoch`), objects of
        classes of your own. "callbacks" and "metadata_request" are those that scikit-learn's
        methods have set. They are as by default in what is loaded, and `load` says so.

    Raises
    ------
    TypeError
        If `est` is not an estimator of this package, or an argument is of no plain form.
    ValueError
        If `path` or `without` does not fit.

    See Also
    --------
    load : The way back.
    sk_biornn.io.save_cell_type_checkpoint : Files for the published code of cell-type networks.

    Notes
    -----
    The format is described in the guide, :doc:`/files`. Arrays are named by where they stand:
    ``numpy.load(path)["W_rec_"]`` reads weights without this package. Every format that was ever
    released can be loaded.

    Tensors come back as arrays, and so do arrays on disk. Numbers are the same to the last bit with
    the same versions on the same machine; others agree within rounding.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> import sk_biornn
    >>> X = np.random.default_rng(0).standard_normal((20, 10, 3))
    >>> reg = sk_biornn.DaleRNNRegressor(
    ...     n_units=8, max_iter=5, random_state=0
    ... ).fit(X, X)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "network.npz"
    >>> sk_biornn.save(reg, path)
    >>> again = sk_biornn.load(path)
    >>> float(abs(again.predict(X) - reg.predict(X)).max())
    0.0

    Training goes on where it was:

    >>> on = [
    ...     network.partial_fit(X, X).loss_curve_[-1] for network in (reg, again)
    ... ]
    >>> on[0] - on[1], again.n_iter_
    (0.0, 6)

    Others read the weights with NumPy:

    >>> int((np.load(path)["W_rec_"] > 0).sum(axis=0)[-1])  # inhibitory
    0

    What is no number or text is refused by name:

    >>> sk_biornn.save(reg.set_params(on_epoch=print), path)
    Traceback (most recent call last):
        ...
    TypeError: on_epoch must be numbers, text or an object of sk_biornn to be saved, got <built-in \
function print>; without=['on_epoch'] leaves it out.
    """
    path, left_out = _container.checked_path(path), _checked_names(without)
    if name_of(type(est)) is None or not isinstance(est, BaseEstimator):
        expected = "an estimator of sk_biornn or a Pipeline of such"
        raise TypeError(f"est must be {expected}, got {short(est)}{_way_out(est)}.")
    writer = _NetworkWriter(left_out)
    try:
        network = writer.value(est)
    except NotNumbers as found:
        raise _refusal(found, writer.arguments) from None
    except RecursionError:
        raise ValueError("est must not hold lists or dicts that hold themselves.") from None
    unknown = [name for name in left_out if name not in writer.arguments]
    if unknown:
        raise ValueError(
            f"without must name arguments of {type(est).__name__} that have a default, got "
            f"{listed(unknown)}."
        )
    header = {"versions": versions(), "without": left_out, "network": network}
    _container.write(path, header, writer.arrays)


def load(path: str | os.PathLike[str]) -> Any:
    """Read an estimator that `save` has written; nothing that the file contains is ever run.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    estimator
        As it was when it was saved.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, of another kind or of a newer format.

    Warns
    -----
    UserWarning
        If arguments were left out when it was saved.

    See Also
    --------
    save : Writes it.

    Examples
    --------
    See `save`. To train on:

    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> import sk_biornn
    >>> X = np.random.default_rng(0).standard_normal((20, 10, 3))
    >>> reg = sk_biornn.DaleRNNRegressor(
    ...     n_units=8, max_iter=5, random_state=0
    ... ).fit(X, X)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "network.npz"
    >>> sk_biornn.save(reg, path)
    >>> again = sk_biornn.load(path).set_params(warm_start=True, max_iter=10)
    >>> again.fit(X, X).n_iter_
    15
    """
    path = _container.checked_path(path)
    header, arrays = _container.read(path)
    try:
        est = _NetworkReader(arrays).value(header["network"])
        left_out = [str(name) for name in header["without"]]
    except _Unknown as what:
        raise ValueError(
            f"{str(path)!r} holds {what}, which this version of sk_biornn has not: install "
            f"sk_biornn {header['versions']['sk_biornn']}."
        ) from None
    except MemoryError:
        raise
    except Exception as error:  # of what another hand has written
        raise ValueError(
            f"{str(path)!r} was changed after it was saved: its header is not that of a network "
            f"({type(error).__name__})."
        ) from None
    if left_out:
        warnings.warn(
            f"{listed(left_out)} of {str(path)!r} was left out when it was saved, and is as by "
            "default: set it again before training goes on.",
            UserWarning,
            stacklevel=2,
        )
    return est


def _checked_names(without: Any) -> list[str]:
    is_several = not isinstance(without, str) and isinstance(without, Collection)
    if not is_several or not all(isinstance(name, str) for name in without):
        raise TypeError(f"without must be names of arguments, got {short(without)}.")
    return sorted(set(without))


def _way_out(est: Any) -> str:
    if isinstance(est, type):
        return ", a class and no estimator"
    if hasattr(est, "refit"):
        return "; save its best_estimator_"
    return ""


def _refusal(found: NotNumbers, arguments: set[str]) -> TypeError:
    """Return the sentence for what has no plain form, by the argument that holds it."""
    parts = [_HOOKS.get(part) or part for part in re.split(r"([.\[])", found.place)]
    # Of estimators in estimators the inner one says which argument it is.
    named = [part for part in parts if part in arguments]
    way_out = f"; without=[{named[-1]!r}] leaves it out" if named else ""
    return TypeError(
        f"{''.join(parts)} must be numbers, text or an object of sk_biornn to be saved, got "
        f"{short(found.value)}{way_out}."
    )


class _NetworkWriter(Writer):
    def __init__(self, left_out: list[str]) -> None:
        super().__init__()
        self._left_out = left_out
        self.arguments = {name for name in _HOOKS.values() if name}  # of all that was written

    def named(self, place: str) -> str:
        """Name an array by where it stands, so that others find it."""
        name = wanted = re.sub(r"[^\w.\[\]]", "_", place.lstrip("."), flags=re.ASCII)[:100]
        number = 1
        while name in self.arrays or name in ("", _container.HEADER):
            number += 1
            name = f"{wanted}~{number}"
        return name

    def object(self, value: Any, place: str) -> dict[str, Any]:
        if isinstance(value, torch.device):
            return {"device": str(value)}
        if isinstance(value, torch.Tensor) and value.layout == torch.strided:
            return self.value(value.detach().cpu().resolve_conj().numpy(), place)
        name = name_of(type(value))
        if name is None:
            return super().object(value, place)
        if isinstance(value, BaseEstimator):
            return {"estimator": name, "state": self._state(value, place)}
        named = {
            each.name: self.value(getattr(value, each.name), f"{place}.{each.name}")
            for each in fields(value)
            if each.init
        }
        return {"object": name, "fields": named}

    def _state(self, estimator: Any, place: str) -> dict[str, Any]:
        arguments = estimator.get_params(deep=False)
        self.arguments |= set(_defaults(type(estimator)))
        attributes: dict[str, Any] = estimator.__getstate__()
        names = {name: _HOOKS.get(name, name) for name in attributes}
        kept = {name for name in attributes if names[name] not in (None, *self._left_out)}
        kept.discard("_sklearn_version")  # which scikit-learn's own have, and the header, too
        ordered = [*(n for n in arguments if n in kept), *(n for n in attributes if n in kept)]
        start = f"{place}." if place else ""
        return {name: self.value(attributes[name], start + name) for name in dict.fromkeys(ordered)}


class _Unknown(Exception):
    """Something that a later version has."""


class _NetworkReader(Reader):
    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        super().__init__(arrays)
        self.kinds |= {
            "device": lambda form: torch.device(form["device"]),
            "object": self._object,
            "estimator": self._estimator,
        }

    def value(self, form: Any) -> Any:
        """Return the value of a plain form."""
        if isinstance(form, dict) and next(iter(form)) not in self.kinds:
            raise _Unknown(f"a value of kind {next(iter(form))!r}")
        return super().value(form)

    def _object(self, form: dict[str, Any]) -> Any:
        cls = _known(form["object"])
        named = {name: self.value(item) for name, item in form["fields"].items()}
        _refuse_unknown(cls, set(named), {each.name for each in fields(cls) if each.init})
        return cls(**named)

    def _estimator(self, form: dict[str, Any]) -> Any:
        cls = _known(form["estimator"])
        estimator: Any = object.__new__(cls)
        # What was left out, and what came with a later version, is as it was before it came.
        state = _defaults(cls)
        state |= {name: self.value(item) for name, item in form["state"].items()}
        arguments = {name for name in state if not name.endswith("_") and name[0] != "_"}
        _refuse_unknown(cls, arguments, set(inspect.signature(cls).parameters))
        if cls in OF_SCIKIT_LEARN.values():  # would tell of another version
            estimator.__dict__.update(state)
        else:
            estimator.__setstate__(state)
        return estimator


def _defaults(cls: type) -> dict[str, Any]:
    arguments = inspect.signature(cls).parameters.items()
    return {name: each.default for name, each in arguments if each.default is not each.empty}


def _known(name: str) -> Any:
    cls = class_of(name)
    if cls is None:
        raise _Unknown(f"an object {short(name)}")
    return cls


def _refuse_unknown(cls: type, given: set[str], known: set[str]) -> None:
    unknown = sorted(given - known)
    if unknown:
        raise _Unknown(f"the argument {listed(unknown)} of {cls.__name__}")
