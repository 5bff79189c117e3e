"""The table of populations of a network that was described by the signs of its units."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from sk_biornn.biology.populations import check_populations

_NAMES = {1: "excitatory", -1: "inhibitory", 0: "free"}


def table_of_signs(signs: np.ndarray) -> pd.DataFrame:
    """Return one population per run of units of equal sign; "excitatory", "excitatory_2", ..."""
    starts = np.flatnonzero(np.r_[True, np.diff(signs) != 0])
    seen: Counter[str] = Counter()
    rows = []
    for start, n_units in zip(starts, np.diff(np.r_[starts, len(signs)]), strict=True):
        sign = int(signs[start])
        seen[name := _NAMES[sign]] += 1
        number = f"_{seen[name]}" if seen[name] > 1 else ""
        rows.append({"population": name + number, "n_units": int(n_units), "sign": sign})
    return check_populations(pd.DataFrame(rows))
