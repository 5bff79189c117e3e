"""The runs of a study that several runners do, none of them twice."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sk_biornn.studies._claims import Claims
from sk_biornn.studies._folder import StudyFolder

Record = dict[str, Any]
Keep = Callable[[str, Record], None]
Portion = Callable[[int], int]  # half of a runner's share of what is left -> how many it claims
LOOK_AGAIN = 1.0  # s, while all that is left is being done by others


def carry_with_others(
    folder: StudyFolder,
    todo: Iterable[str],
    carry: Callable[[Iterator[str]], None],
    take_up: Keep,
    portion: Portion | None,
) -> None:
    """Have runs carried out that nobody else has claimed, until all are there.

    Parameters
    ----------
    folder : StudyFolder
        Where others may work, too.
    todo : iterable of str
        Names of runs that have no record, or one that does not count: a failed one.
    carry : callable
        Carries out runs whose names it takes from an iterator, and saves their records. A name
        that is taken is claimed.
    take_up : callable
        (name, record) -> None: told of runs that others have finished.
    portion : callable or None
        How many runs are claimed before `carry` begins with them. None: it asks for each when it
        can begin.
    """
    assert folder.claims is not None
    work = _Work(folder, folder.claims, todo, take_up)
    while work.todo:
        n_before = len(work.todo)
        carry(work.names(None if portion is None else portion(_half_share(work))))
        if work.todo and len(work.todo) == n_before:
            time.sleep(LOOK_AGAIN)


def _half_share(work: _Work) -> int:
    """Return half of this runner's share: large at first, and those that are slower do less."""
    return math.ceil(len(work.todo) / (2 * work.claims.n_living()))


class _Work:
    """What is left to do."""

    def __init__(
        self, folder: StudyFolder, claims: Claims, todo: Iterable[str], take_up: Keep
    ) -> None:
        self.folder, self.claims, self._take_up = folder, claims, take_up
        self.todo = list(todo)
        # Records that were there, and do not count, unless somebody who is here has left them.
        self._again = {
            name: content
            for name in self.todo
            if (content := folder.content_of(name)) is not None and not claims.is_taken(name)
        }

    def names(self, most: int | None) -> Iterator[str]:
        """Yield names of runs that are now claimed, and learn which others have finished."""
        for name in list(self.todo):
            if most is not None and most <= 0:
                return
            if self._claim(name):
                most = None if most is None else most - 1
                yield name

    def _claim(self, name: str) -> bool:
        """Whether a run is now to be done by this runner."""
        if not self._is_to_be_repeated(name) and self._is_finished(name):
            return False
        if not self.claims.take(name):
            return False
        # Since we looked, another one may have done it, and gone.
        if self._is_to_be_repeated(name):
            self.folder.discard(name)
        elif self._is_finished(name):
            return False
        self.todo.remove(name)
        return True

    def _is_to_be_repeated(self, name: str) -> bool:
        """Whether there is the record that was there when we came, and does not count."""
        return name in self._again and self.folder.content_of(name) == self._again[name]

    def _is_finished(self, name: str) -> bool:
        record = self.folder.record_of(name)
        if record is None:
            return False
        self.todo.remove(name)
        self._take_up(name, record)
        return True
