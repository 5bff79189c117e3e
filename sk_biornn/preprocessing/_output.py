"""What a transformer hands over: arrays, or frames where the user has asked for them."""

from __future__ import annotations

from typing import Any, Self

import pandas as pd
from sklearn import get_config

from sk_biornn._checks import check_choice


class ChoosesOutput:
    """Adds `set_output`: scikit-learn's own knows tables only, and here trials come too."""

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what `transform` returns.

        Parameters
        ----------
        transform : {"default", "pandas"} or None, default=None
            "pandas": tables (n_trials, n_features) become data frames, and lists of trials lists
            of data frames; an array (n_trials, n_steps, n_features) stays one, as no frame has
            three axes. "default": what came in. None: as it was chosen before.

        Returns
        -------
        self : object
            The transformer.

        Raises
        ------
        ValueError
            If it is another word.
        """
        check_choice("transform", transform, ("default", "pandas", None))
        if transform is not None:
            # The attribute that `sklearn.clone` copies.
            self._sklearn_output_config = {"transform": transform}
        return self

    def _wants_frames(self) -> bool:
        own = getattr(self, "_sklearn_output_config", {}).get("transform")
        return (own or get_config()["transform_output"]) == "pandas"

    def _handed_over(self, values: Any, names: Any) -> Any:
        """Return tables as frames, where they are wanted and are none."""
        if not self._wants_frames():
            return values
        if isinstance(values, list):
            return [self._handed_over(item, names) for item in values]
        if isinstance(values, pd.DataFrame) or values.ndim != 2:
            return values
        return pd.DataFrame(values, columns=list(names))
