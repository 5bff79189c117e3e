"""Who is asked for forecasts: networks, and baselines that are fitted on training trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sk_biornn._plain import found, is_several, short

BASELINES = ("persistence", "mean", "AR", "VAR", "masked VAR")


def by_name(est: Any) -> dict[str, Any]:
    """Return regressors that forecast, by name; one alone has that of its class."""
    networks = dict(est) if isinstance(est, Mapping) else {type(est).__name__: est}
    if not networks:
        raise ValueError("est must be a fitted regressor, or some by name, got none.")
    _require_forecasts(networks, "est")
    return networks


def fitted_baselines(
    baselines: Any,
    networks: Mapping[str, Any],
    train: Any,
    mask: Any,
    feedback: Any,
    test: tuple[Any, Any],
) -> dict[str, Any]:
    """Return the baselines that are asked for by name, fitted on the training trials."""
    asked = _asked(baselines, mask, feedback)
    doubled = [name for name in asked if name in networks]
    if doubled:
        raise ValueError(
            f"baselines must have other names than est, got {short(doubled[0])} in both."
        )
    _require_forecasts(asked, "baselines")
    return _fitted(asked, train, test)


def _require_forecasts(models: Mapping[str, Any], argument: str) -> None:
    for name, model in models.items():
        if isinstance(model, type) or not hasattr(model, "forecast"):
            raise TypeError(
                f"{argument} must be regressors that have forecast(X, n_steps), got "
                f"{found(model)} ({short(name)}); of a search, pass its best_estimator_."
            )


def _asked(baselines: Any, mask: Any, feedback: Any) -> dict[str, Any]:
    """Return baselines by name, those that are known by name not yet fitted."""
    known = _by_name(mask, feedback)
    if isinstance(baselines, Mapping):
        return dict(baselines)
    if not is_several(baselines):
        raise TypeError(
            f"baselines must be names among {list(BASELINES)}, pairs (name, regressor) or a dict of"
            f" regressors, got {found(baselines)}."
        )
    asked: dict[str, Any] = {}
    left_out = "masked VAR" if mask is None and tuple(baselines) == BASELINES else None
    for item in baselines:
        is_pair = isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)
        name, model = item if is_pair else (item, None)
        if model is None and (not isinstance(name, str) or name not in known):
            raise ValueError(
                f"baselines must be names among {list(BASELINES)}, or pairs (name, regressor), got "
                f"{short(item)}."
            )
        if name == left_out:
            continue
        if model is None and name == "masked VAR" and mask is None:
            raise ValueError(
                "mask must say which inputs may act on which output, [post, pre], for the baseline "
                "'masked VAR', got None."
            )
        asked[name] = known[name] if model is None else model
    return asked


def _by_name(mask: Any, feedback: Any) -> dict[str, Any]:
    from sk_biornn.baselines import ARBaseline, MeanBaseline, Persistence, RidgeVAR

    models = (
        Persistence(feedback=feedback),
        MeanBaseline(),
        ARBaseline(feedback=feedback),
        RidgeVAR(alpha="auto", feedback=feedback),
        RidgeVAR(alpha="auto", mask=mask, feedback=feedback),
    )
    return dict(zip(BASELINES, models, strict=True))


def persistence(feedback: Any, test: tuple[Any, Any]) -> Any:
    """Return persistence, which learns nothing of the trials but what their columns are called."""
    return _by_name(None, feedback)["persistence"].fit(*test)


def _fitted(asked: dict[str, Any], train: Any, test: tuple[Any, Any]) -> dict[str, Any]:
    from sk_biornn.baselines import Persistence

    fitted = {}
    for name, model in asked.items():
        if _is_fitted(model):
            fitted[name] = model
        elif isinstance(model, Persistence):
            fitted[name] = clone(model).fit(*test)
        else:
            fitted[name] = clone(model).fit(*_training_data(train, name))
    return fitted


def _training_data(train: Any, name: str) -> tuple[Any, Any]:
    if not isinstance(train, (tuple, list)) or len(train) != 2:
        raise ValueError(
            f"train must be (X, y), the trials on which the baseline {short(name)} is fitted, got "
            f"{'None' if train is None else found(train)}; or pass fitted baselines by name, or "
            "baselines=('persistence',), which learns nothing."
        )
    return train[0], train[1]


def _is_fitted(model: Any) -> bool:
    try:
        check_is_fitted(model)
    except NotFittedError:
        return False
    return True
