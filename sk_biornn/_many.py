"""Many networks in one training: those that can learn side by side do, in stacks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sk_biornn.core import Epoch, Epochs, Stack
from sk_biornn.estimators._stackable import stack_of


@dataclass
class Member:
    """One training among many, and what became of it."""

    epochs: Epochs[Any]
    epoch: Epoch | None = None  # the next to be computed; None when it has ended
    result: Any = None
    error: Exception | None = None
    largest_stack: int = 1  # with how many others it ever went together, itself included
    reason: str | None = None  # why it went alone

    def start(self) -> None:
        """Begin, up to the first epoch."""
        self._go_on(lambda: next(self.epochs))

    def take(self, loss: float) -> None:
        """Note the loss of an epoch, and go on to the next one."""
        self._go_on(lambda: self.epochs.send(loss))

    def meet(self, error: BaseException) -> None:
        """Have the training deal with an error in its epoch."""
        self._go_on(lambda: self.epochs.throw(error))

    def _go_on(self, step: Callable[[], Epoch]) -> None:
        try:
            self.epoch = step()
        except StopIteration as end:
            self.epoch, self.result = None, end.value
        except Exception as error:  # its own; the others go on
            self.epoch, self.error = None, error


@dataclass
class Stacks:
    """Computes the epochs of trainings, side by side where they have the same key."""

    most: Callable[[Epoch], int]  # networks in a stack
    _kept: dict[Hashable, list[Stack]] = field(default_factory=dict)

    def run(self, members: Sequence[Member]) -> None:
        """Carry all trainings to their ends; the error of one is no matter of the others.

        Raises
        ------
        KeyboardInterrupt
            If it comes; every training that has finished an epoch keeps what that left.
        """
        for member in members:
            member.start()
        while living := [member for member in members if member.epoch is not None]:
            for group in self._groups(living):
                try:
                    self._compute(group)
                except KeyboardInterrupt as interrupt:
                    for member in living:
                        if member.epoch is not None:
                            member.meet(interrupt)
                    raise

    def _groups(self, living: Sequence[Member]) -> list[list[Member]]:
        """Return the members that go together, in their order."""
        groups: dict[Hashable, list[Member]] = {}
        for member in living:
            epoch = _next(member)
            member.reason = epoch.recipe.reason_alone()
            key = id(member) if member.reason else epoch.recipe.key(epoch)
            groups.setdefault(key, []).append(member)
        cut = []
        for group in groups.values():
            most = max(1, self.most(_next(group[0])))
            cut += [group[low : low + most] for low in range(0, len(group), most)]
        return cut

    def _compute(self, group: Sequence[Member]) -> None:
        epochs = [_next(member) for member in group]
        if len(epochs) == 1:
            try:
                loss = epochs[0].compute()
            except Exception as error:
                group[0].meet(error)
            else:
                group[0].take(loss)
            return
        losses = self._stack(epochs).compute(epochs)
        for member, loss in zip(group, losses, strict=True):
            member.largest_stack = max(member.largest_stack, len(group))
            member.take(loss)

    def _stack(self, epochs: Sequence[Epoch]) -> Stack:
        """Return the stack that computed the epochs before these, or a new one."""
        name = id(epochs[0].theta)
        kept = self._kept.get(name)
        if kept is not None and kept[0].holds(epochs):
            return kept[0]
        stack = stack_of(epochs)
        self._kept[name] = [stack]
        return stack


def _next(member: Member) -> Epoch:
    assert member.epoch is not None  # it lives
    return member.epoch
