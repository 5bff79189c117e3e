"""How far something has come: a bar in a terminal, now and then a line elsewhere.

All of it goes to the standard error, line by line: what a program prints stays its own.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from sk_biornn._log import logger

_N_LINES = 10  # besides the first, of what has no bar
# What counts fits into 80 columns: the numbers, the time, and how the last one went.
_BAR = "{unit} {n_fmt}/{total_fmt} |{bar:10}| {elapsed}<{remaining}{postfix}"
# Raised by a stream that is closed, full, or only half a stream; no fit ends for what is shown.
_CANNOT = (AttributeError, OSError, ValueError)


def say(line: str) -> None:
    """Write a line to the standard error, above the bars that are there."""
    if sys.stderr is None:  # a program without a console
        return
    tqdm = getattr(sys.modules.get("tqdm"), "tqdm", None)
    with suppress(*_CANNOT):
        if tqdm is None:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        else:
            tqdm.write(line, file=sys.stderr)


def tell(line: str, *, shown: bool) -> None:
    """Write a line to the log, and to the standard error if it is to be shown."""
    logger.info(line)
    if shown:
        say(line)


def can_redraw() -> bool:
    """Whether a line on the standard error can be drawn again, and nobody else writes there.

    So it is in a terminal and in a notebook, not in a file; and not in the workers of joblib, which
    share the terminal of the process that began them.
    """
    stream = sys.stderr
    is_notebook = type(stream).__module__.partition(".")[0] == "ipykernel"
    if stream is None or not (is_notebook or _is_terminal(stream)):
        return False
    if not is_notebook and _has_no_width(stream):
        return False
    is_main = multiprocessing.current_process().name == "MainProcess"
    return is_main and threading.current_thread() is threading.main_thread()


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except _CANNOT:
        return False


def _has_no_width(stream: Any) -> bool:
    """Whether a terminal says that it has no columns, as those of some containers do."""
    try:
        return os.get_terminal_size(stream.fileno()).columns == 0
    except _CANNOT:  # it does not say
        return False


def _bar(total: int, done: int, unit: str) -> Any:
    from tqdm import tqdm

    return tqdm(
        total=total,
        initial=done,
        unit=unit,
        bar_format=_BAR,
        file=sys.stderr,
        dynamic_ncols=True,
    )


class Progress:
    """Shows how many of a number of things are done, how the last went, and the time left.

    Parameters
    ----------
    total : int
        Number of things.
    unit : str
        What one is called.
    name : str, default=""
        What they are part of, in front of lines; a bar has no room for it.
    done : int, default=0
        How many were done before.
    verbose : int, default=1
        0: nothing is shown; 1: a bar where one can be drawn, otherwise about ten lines; from 2 on a
        line for each.
    may_draw : bool, default=True
        Whether there may be a bar.
    """

    def __init__(
        self,
        total: int,
        unit: str,
        *,
        name: str = "",
        done: int = 0,
        verbose: int = 1,
        may_draw: bool = True,
    ) -> None:
        self.verbose, self._total, self._done, self._unit = int(verbose), total, done, unit
        self._before, self._name = done, f"{name}: " if name else ""
        self._every = 1 if self.verbose > 1 else max(1, -(-total // _N_LINES))
        self._began = time.monotonic()
        self._bar: Any = None
        if self.verbose == 1 and may_draw and can_redraw():
            with suppress(*_CANNOT):
                self._bar = _bar(total, done, unit)

    def step(self, said: str = "") -> None:
        """Count one more; `said` is how it went."""
        self._done += 1
        if self._bar is not None:
            try:
                self._bar.set_postfix_str(said, refresh=False)
                self._bar.update()
            except _CANNOT:
                self._give_up()
        elif self.verbose and self._is_time():
            parts = [f"{self._unit} {self._done}/{self._total}", said, self._time_left()]
            self.say(", ".join(part for part in parts if part))

    def say(self, line: str) -> None:
        """Write a line, if anything is shown."""
        if self.verbose:
            say(self._name + line)

    def close(self, *, failed: bool = False) -> None:
        """End it; a bar of what failed is taken away, so that its error stands alone."""
        if self._bar is not None:
            self._bar.leave = not failed
            try:
                self._bar.close()
            except _CANNOT:
                self._give_up()

    def _give_up(self) -> None:
        """Leave the bar as it is; what comes after it is lines."""
        self._bar.disable, self._bar = True, None  # or it would be closed once more in the end

    def _is_time(self) -> bool:
        is_first = self._done == self._before + 1
        return is_first or self._done % self._every == 0 or self._done == self._total

    def _time_left(self) -> str:
        n_left = self._total - self._done
        if n_left <= 0:
            return ""
        per_one = (time.monotonic() - self._began) / (self._done - self._before)
        minutes, seconds = divmod(round(per_one * n_left), 60)
        hours, minutes = divmod(minutes, 60)
        text = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
        return f"{text} left"
