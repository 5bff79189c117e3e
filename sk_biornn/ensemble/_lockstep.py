"""Trainings that go on epoch by epoch, those with the same key side by side.

Between epochs they may ask what networks answer: that is found out for all before any of them takes
another epoch, so that those that ask stay in step with those that do not.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sk_biornn._plain import short
from sk_biornn.core import Epoch, Epochs, EpochsTogether
from sk_biornn.ensemble._by_epochs import Question, SeenTrials, answer_together
from sk_biornn.ensemble._sizes import most_together
from sk_biornn.estimators._boundary import sharing
from sk_biornn.estimators._stackable import stack_of


@dataclass(eq=False)
class Member:
    """One training among many, and what became of it."""

    epochs: Epochs[Any]
    epoch: Epoch | Question | None = None  # the next to be computed; None when it has ended
    result: Any = None
    error: BaseException | None = None
    largest_stack: int = 0  # of how many networks, itself included; 0 before the first epoch
    reason: str | None = None  # why it went alone
    loss: float = float("nan")  # of its last epoch
    failed_together: bool = False  # whether an epoch with others ended with an error

    def start(self) -> None:
        """Begin, up to the first epoch."""
        self._go_on(lambda: next(self.epochs))

    def take(self, loss: float, n_together: int) -> None:
        """Note the loss of an epoch, and go on to the next one."""
        self.loss, self.largest_stack = loss, max(self.largest_stack, n_together)
        self._go_on(lambda: self.epochs.send(loss))

    def hear(self, answer: Any) -> None:
        """Take the answer to a question, and go on."""
        self._go_on(lambda: self.epochs.send(answer))

    def meet(self, error: BaseException) -> None:
        """Have the training deal with an error in its epoch, or with an interruption."""
        self._go_on(lambda: self.epochs.throw(error))

    @property
    def is_interrupted(self) -> bool:
        """Whether the keyboard ended it, in its own code or in an epoch."""
        state = getattr(self.result, "_state", None)
        return isinstance(self.error, KeyboardInterrupt) or bool(
            self.epoch is None and getattr(state, "interrupted", False)
        )

    @property
    def next_epoch(self) -> Epoch:
        """The next epoch, of a training that has not ended and asks nothing."""
        assert isinstance(self.epoch, Epoch)
        return self.epoch

    def _go_on(self, step: Callable[[], Any]) -> None:
        try:
            found = step()
            while not isinstance(found, (Epoch, Question)):
                found = self._computed_here(found)
            self.epoch = found
        except StopIteration as end:
            self.epoch, self.result = None, end.value
        except (Exception, KeyboardInterrupt) as error:  # its own; the others go on
            self.epoch, self.error = None, error

    def _computed_here(self, step: Any) -> Any:
        """Go on from what is no matter of others, or is nothing that can be computed."""
        try:
            if not hasattr(step, "compute"):
                raise TypeError(
                    f"a training must yield what has a method compute, got {short(step)}."
                )
            value = step.compute()
        except Exception as error:
            return self.epochs.throw(error)
        return self.epochs.send(value)


def carry(
    members: Sequence[Member],
    *,
    always: bool,
    watch: Callable[[Sequence[Member]], None],
    never: str = "",
    max_memory: float | None = None,
) -> KeyboardInterrupt | None:
    """Carry trainings to their ends, in stacks where these pay, or wherever they can be.

    Parameters
    ----------
    members : sequence of Member
        The trainings.
    always : bool
        Whether networks are stacked also where it does not pay.
    watch : callable
        See `Lockstep`.
    never : str, default=""
        Why no two networks are to be stacked; empty: they may be.
    max_memory : float or None, default=None
        Bytes that a stack may take; None: half of what is free.

    Returns
    -------
    KeyboardInterrupt or None
        The interruption that has ended them.
    """
    lockstep = Lockstep(
        lambda epoch: (1, never) if never else most_together(epoch, max_memory, always), watch
    )
    with sharing():
        lockstep.run(members)
    return lockstep.interrupted


@dataclass(eq=False)
class Lockstep:
    """Carries trainings to their ends.

    Parameters
    ----------
    most : callable
        Epoch -> (how many networks such as this may learn side by side, why not more).
    watch : callable
        Called with the members after every round, in which each of them took one epoch.
    """

    most: Callable[[Epoch], tuple[int, str]]
    watch: Callable[[Sequence[Member]], None]
    interrupted: KeyboardInterrupt | None = None
    _seen: SeenTrials = field(default_factory=SeenTrials)
    _kept: dict[Member, EpochsTogether] = field(default_factory=dict)  # by the first member of each

    def run(self, members: Sequence[Member]) -> None:
        """Carry all trainings to their ends; the error of one is no matter of the others.

        An interruption from the keyboard ends all: each keeps what its last finished epoch left.
        """
        waiting: dict[Hashable, list[Member]] = {}
        for member in members:
            if self.interrupted is not None:
                member.error = self.interrupted
                continue
            self._start(member)
            if member.epoch is None:
                continue
            epoch = member.next_epoch
            member.reason = epoch.recipe.reason_alone()
            key = member if member.reason else epoch.recipe.key(epoch)
            wave = waiting.setdefault(key, [])
            wave.append(member)
            # Not more than go together are begun at a time: each holds its trials.
            if member.reason or len(wave) >= self.most(epoch)[0]:
                self._run_wave(waiting.pop(key))
        for wave in waiting.values():
            if self.interrupted is not None:
                for member in wave:
                    member.meet(self.interrupted)
            self._run_wave(wave)

    def _start(self, member: Member) -> None:
        """Begin a training, up to its first epoch."""
        member.start()
        try:
            _end_all_with([member])
            self._answer([member])
        except KeyboardInterrupt as interrupt:
            self.interrupted = interrupt
            if member.epoch is not None:
                member.meet(interrupt)

    def _run_wave(self, wave: Sequence[Member]) -> None:
        while living := [member for member in wave if member.epoch is not None]:
            try:
                self._answer(living)
                groups = self._groups([m for m in living if m.epoch is not None])
                for group in groups:
                    self._compute(group)
                    _end_all_with(group)
                self._keep_only([group[0] for group in groups])
                self.watch(wave)
            except KeyboardInterrupt as interrupt:
                self.interrupted = interrupt
                for member in living:
                    if member.epoch is not None:
                        member.meet(interrupt)
        for member in wave:
            self._kept.pop(member, None)

    def _answer(self, members: Sequence[Member]) -> None:
        """Answer what members ask, until each of them comes to an epoch or to its end."""
        while asking := [member for member in members if isinstance(member.epoch, Question)]:
            groups: dict[Hashable, list[Member]] = {}
            for member in asking:
                try:
                    key = _question_of(member).key()
                except Exception as error:  # of a network that has not been fitted
                    member.meet(error)
                else:
                    groups.setdefault(key, []).append(member)
            for group in groups.values():
                self._answer_group(group)
                _end_all_with(group)

    def _answer_group(self, group: Sequence[Member]) -> None:
        try:
            answers = answer_together([_question_of(member) for member in group], self._seen)
        except Exception as error:
            if len(group) == 1:
                group[0].meet(error)
                return
            for member in group:  # it is the error of one of them
                self._answer_group([member])
            return
        for member, answer in zip(group, answers, strict=True):
            member.hear(answer)

    def _groups(self, living: Sequence[Member]) -> list[list[Member]]:
        """Return the members that go together, in their order."""
        groups: dict[Hashable, list[Member]] = {}
        for member in living:
            epoch = member.next_epoch
            member.reason = epoch.recipe.reason_alone()
            key = member if member.reason else epoch.recipe.key(epoch)
            if member.failed_together:
                key, member.reason = member, "an error where it was computed with others"
            groups.setdefault(key, []).append(member)
        return [part for group in groups.values() for part in self._parts(group)]

    def _parts(self, group: list[Member]) -> list[list[Member]]:
        """Cut a group into stacks of equal size, as few as may be."""
        most, why = self.most(group[0].next_epoch)
        if most <= 1 and not group[0].reason:
            for member in group:
                member.reason = why
        n_parts = -(-len(group) // max(1, most))
        size = -(-len(group) // n_parts)
        return [group[low : low + size] for low in range(0, len(group), size)]

    def _compute(self, group: Sequence[Member]) -> None:
        epochs = [member.next_epoch for member in group]
        if len(epochs) > 1:
            marks = [epoch.recipe.mark() for epoch in epochs]
            try:
                losses = self._stack(group, epochs).compute(epochs)
            except Exception:  # of one of them; alone, each begins the epoch anew and tells whose
                self._kept.pop(group[0], None)
                for epoch, mark in zip(epochs, marks, strict=True):
                    epoch.recipe.back_to(mark)
                for member in group:
                    member.failed_together = True
                    self._compute([member])
                return
            for member, loss in zip(group, losses, strict=True):
                member.take(loss, len(group))
            return
        self._kept.pop(group[0], None)
        try:
            loss = epochs[0].compute()
        except Exception as error:
            group[0].meet(error)
        else:
            group[0].take(loss, 1)

    def _keep_only(self, firsts: Sequence[Member]) -> None:
        """Let go of stacks that took no part in a round: their members have gone other ways."""
        self._kept = {first: self._kept[first] for first in firsts if first in self._kept}

    def _stack(self, group: Sequence[Member], epochs: Sequence[Epoch]) -> EpochsTogether:
        """Return the stack that computed the epochs before these, or a new one."""
        kept = self._kept.get(group[0])
        if kept is None or not kept.holds(epochs):
            kept = self._kept[group[0]] = stack_of(epochs)
        return kept


def _question_of(member: Member) -> Question:
    assert isinstance(member.epoch, Question)
    return member.epoch


def _end_all_with(group: Sequence[Member]) -> None:
    """Raise where the keyboard has ended one of these."""
    if any(member.is_interrupted for member in group):
        raise KeyboardInterrupt
