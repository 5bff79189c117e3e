"""Initializers whose clones keep what was fitted: a search may not lose facts about an animal."""

from __future__ import annotations

from typing import Any, ClassVar


class KeepsFacts:
    """Has a clone keep what was fitted; stands before the base of scikit-learn."""

    _fitted: ClassVar[tuple[str, ...]]  # names of the attributes

    def __sklearn_clone__(self) -> Any:
        twin = super().__sklearn_clone__()  # type: ignore[misc]
        for name in self._fitted:
            if hasattr(self, name):
                setattr(twin, name, getattr(self, name))
        return twin

    def _forget(self) -> None:
        """Have nothing of an earlier fit outlive it."""
        for name in self._fitted:
            if hasattr(self, name):
                delattr(self, name)
