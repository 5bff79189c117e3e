"""Names of this package's scorers, which scikit-learn does not know as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sk_biornn._plain import short

_PREFIX = "step_"  # of the scorers in sk_biornn.metrics, and of none of scikit-learn


def refuse_names_of_steps(scoring: Any) -> None:
    """Refuse a step scorer by its name, of which scikit-learn would show its own list.

    Parameters
    ----------
    scoring : object
        The argument of a search.

    Raises
    ------
    ValueError
        If it is such a name, or has one.
    """
    several = isinstance(scoring, (Mapping, list, tuple, set))
    names = scoring.values() if isinstance(scoring, Mapping) else scoring if several else [scoring]
    for name in names:
        if isinstance(name, str) and name.startswith(_PREFIX):
            raise ValueError(
                "scoring must have names of scikit-learn or scorers, got the text "
                f"{short(name)}: scorers of steps are objects, {name} of sk_biornn.metrics, or "
                f"bio_scoring({short(name)}), a dictionary, for one or several."
            )
