"""Which runner of a shared study does which run, on files alone: no locks, no clocks of others.

A runner has a file that it writes anew every few seconds, with one number more each time. Whoever
has watched this file for long enough without seeing it change takes its owner for ended; the time
is that of the watcher alone, so that clocks of machines may differ. A runner that ends as it should
takes its file away.

A claim is a file that names a runner, made so that only one can have made it. Claims are never
taken away from under anybody: that of a runner which has ended is followed by one with the next
number, and the last one counts.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from time import monotonic

from sk_biornn._atomic import create_text, is_half, write_text
from sk_biornn._process import this_process
from sk_biornn._records import LOCK, as_text, owner_of, refuse_unless_ended

FOLDER = ".claims"
BEAT = 5.0  # s between two signs of life
SILENCE = 60.0  # s without any, after which a runner has ended


class Claims:
    """The claims in the folder of a study, for one of its runners."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FOLDER
        self.us = uuid.uuid4().hex[:16]
        self._seen: dict[Path, tuple[bytes, float]] = {}  # content, and since when it is so

    # ------------------------------------------------------------------ runners

    @contextmanager
    def as_runner(self) -> Iterator[None]:
        """Be known as a runner, and show that it lives."""
        self.path.mkdir(parents=True, exist_ok=True)
        file, done = self._runner(self.us), threading.Event()
        write_text(file, self._sign(0))
        thread = threading.Thread(target=self._beat, args=(file, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            file.unlink(missing_ok=True)

    def _beat(self, file: Path, done: threading.Event) -> None:
        n_beats = 0
        while not done.wait(BEAT):
            n_beats += 1
            with suppress(OSError):
                self._show(file, self._sign(n_beats))

    def _show(self, file: Path, sign: str) -> None:
        """Write a sign of life in place, whatever of it a reader sees.

        A network file system shows what is in a file that is opened anew.
        """
        try:
            with open(file, "r+", encoding="utf-8") as signs:
                signs.write(sign)
        except FileNotFoundError:  # somebody took its owner for ended
            write_text(file, sign)

    def _sign(self, n_beats: int) -> str:
        return f"{as_text(this_process())}{n_beats:012d}\n"

    def since(self) -> float:
        """Return when this runner last showed that it lives, by the clock of the file system."""
        return self._runner(self.us).stat().st_mtime

    def lives(self, runner: str) -> bool:
        """Whether a runner works, as far as can be known by now."""
        return runner == self.us or not self._is_silent(self._runner(runner))

    def _is_silent(self, file: Path) -> bool:
        """Whether a file is not there, or has not changed for long while this process looked."""
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            return True
        now = monotonic()
        before, since = self._seen.get(file, (None, now))
        if before != content:
            self._seen[file] = (content, now)
            return False
        return now - since > SILENCE

    def n_living(self) -> int:
        """Return how many runners are at work, this one included."""
        return sum(self.lives(file.stem) for file in self.path.glob("*.runner"))

    def _runner(self, runner: str) -> Path:
        return self.path / f"{runner}.runner"

    # ------------------------------------------------------------------ runs

    def number(self, run: str) -> int:
        """Return the number of the next claim to a run: one more than that of the last."""
        return max(self._numbers(run), default=-1) + 1

    def is_taken(self, run: str) -> bool:
        """Whether a living runner has the last claim to a run."""
        number = self.number(run)
        return number > 0 and self._holds(self._claim(run, number - 1))

    def take(self, run: str) -> bool:
        """Claim a run that nobody has, or whose runner has ended; False if another one has it."""
        number = self.number(run)
        if number > 0 and self._holds(self._claim(run, number - 1)):
            return False
        claim = self._claim(run, number)
        create_text(claim, self.us)
        return _text_of(claim) == self.us

    def forget(self, run: str) -> None:
        """Remove the claims to a run that is finished, and needs none any more."""
        for number in sorted(self._numbers(run), reverse=True):
            self._claim(run, number).unlink(missing_ok=True)

    def _numbers(self, run: str) -> list[int]:
        """Return the numbers of all claims to a run, in no order; some may have been taken away."""
        ends = (path.name.removeprefix(f"{run}.") for path in self.path.glob(f"{escape(run)}.*"))
        return [int(end) for end in ends if end.isascii() and end.isdigit()]

    def _holds(self, claim: Path) -> bool:
        runner = _text_of(claim)
        if runner is None:
            return False
        # Without a name it is being written, where links are unknown: it counts while it is new.
        return self.lives(runner) if runner else not self._is_silent(claim)

    def _claim(self, run: str, number: int) -> Path:
        return self.path / f"{run}.{number}"


def _text_of(claim: Path) -> str | None:
    """Return what a claim says; None if it was forgotten in the meantime."""
    try:
        return claim.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def refuse_runners(folder: Path) -> None:
    """Refuse a folder that somebody shares, and remove what runners have left that ended."""
    path = folder / FOLDER
    ways = "join it (join=True, --join), wait for it, or choose another output"
    for file in path.glob("*.runner"):
        owner = owner_of(file)
        if owner is not None:
            refuse_unless_ended(file, owner, f"output {str(folder)!r}", "shared study", ways)
        elif _is_new(file, folder):
            raise ValueError(
                f"output {str(folder)!r} belongs to a shared study whose runner cannot be told by "
                f"now: {ways} (if it has ended, remove {file})."
            )
    for file in path.glob("*"):
        # What is about to become the sign of a runner is let be: it will see who is here.
        if not (is_half(file) and _is_new(file, folder)):
            file.unlink(missing_ok=True)
    with suppress(OSError):
        path.rmdir()


def _is_new(file: Path, folder: Path) -> bool:
    """Whether a file was written shortly before the lock of the folder, which is of this moment.

    Both times are of the clock of the file system.
    """
    try:
        return file.stat().st_mtime > (folder / LOCK).stat().st_mtime - SILENCE
    except FileNotFoundError:
        return False
