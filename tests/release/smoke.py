"""Ask an installed package whether it is whole: run by `python -I`, far from any checkout.

    python -I smoke.py [--without-torch]

It needs nothing but the package and what that requires; no extra is installed where it runs.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pickle
import pkgutil
import sys
from pathlib import Path

ROOMS_WITHOUT_TORCH = ("activity", "datasets", "metrics", "plots", "preprocessing", "units")


def names_resolve(only: tuple[str, ...] = ()) -> int:
    """Import the public modules (those of the rooms asked for) and every name they offer."""
    package = importlib.import_module("sk_biornn")
    modules = [info.name for info in pkgutil.iter_modules(package.__path__, "sk_biornn.")]
    count = 0
    for name in modules:
        room = name.split(".")[1]
        if room.startswith("_") or (only and room not in only):
            continue
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", ()):
            getattr(module, public)
            count += 1
    assert count > (60 if only else 150), f"only {count} public names"
    return count


def is_light_and_typed() -> None:
    """`import sk_biornn` loads no torch; the version is the installed one; there are types."""
    import sk_biornn

    assert "torch" not in sys.modules, "importing the package loads torch"
    assert sk_biornn.__version__ == importlib.metadata.version("sk-biornn")
    home = Path(sk_biornn.__file__).parent
    assert "site-packages" in home.parts, f"this is a checkout: {home}"
    assert (home / "py.typed").is_file(), "py.typed is missing"


def networks_learn() -> float:
    """Fit, predict, pickle and search; the signs are exact. Return the test accuracy."""
    from sklearn.model_selection import GridSearchCV, train_test_split

    from sk_biornn import DaleRNNClassifier
    from sk_biornn.datasets import load_sequential_digits
    from sk_biornn.metrics import dale_violations

    X, y = load_sequential_digits()
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    clf = DaleRNNClassifier(n_units=32, max_iter=8, learning_rate_init=5e-3, random_state=0)
    clf.fit(X_train, y_train)
    assert dale_violations(clf.W_rec_, clf.signs_) == 0
    again = pickle.loads(pickle.dumps(clf))
    assert (again.predict(X_test) == clf.predict(X_test)).all()
    clf.set_params(max_iter=1)
    GridSearchCV(clf, {"n_units": [8, 16]}, cv=2).fit(X_train[:200], y_train[:200])
    return float(again.score(X_test, y_test))


def main() -> None:
    is_light_and_typed()
    if "--without-torch" in sys.argv[1:]:
        print(f"whole, without torch: {names_resolve(ROOMS_WITHOUT_TORCH)} public names")
        return
    count, accuracy = names_resolve(), networks_learn()
    assert accuracy > 0.5, f"accuracy on held-out digits is {accuracy:.2f}"
    print(f"whole: {count} public names; held-out accuracy {accuracy:.2f}, no weight of wrong sign")


if __name__ == "__main__":
    main()
