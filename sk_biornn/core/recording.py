"""A sequence of operations on a GPU, recorded once and replayed without the processor.

The operations of one training step of a small network take the GPU less time than the processor
needs to ask for them. Recorded as a CUDA graph they are asked for at once.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


class Recording:
    """Calls a function of a tensor of indices, and replays it from its second call of a shape on.

    The first call of a shape runs as it is, by which libraries make themselves ready and buffers
    come to be. Nothing but what lies in memory may differ from call to call: what the function does
    in Python happens at the second call for the last time.

    Parameters
    ----------
    generators : sequence of torch.Generator
        Sources of random numbers that it draws from.
    graph : callable
        () -> object that records: `torch.cuda.CUDAGraph`, or what stands for it.
    """

    def __init__(
        self,
        generators: Sequence[torch.Generator] = (),
        graph: Callable[[], Any] | None = None,
    ) -> None:
        self._generators = generators
        self._make_graph = graph or torch.cuda.CUDAGraph
        self._seen: set[torch.Size] = set()
        self._recorded: dict[torch.Size, tuple[Any, Tensor]] = {}
        self._pool: Any = None  # of memory, which graphs of several shapes share
        self.gave_up: str | None = None  # why it cannot be recorded

    def __call__(self, function: Callable[[Tensor], None], indices: Tensor) -> None:
        """Do what the function does.

        Parameters
        ----------
        function : callable
            (indices) -> None, the same at every call; works on tensors that stay where they are. It
            is not kept: its owner may own this recording.
        indices : Tensor
            What it is called with.
        """
        shape = indices.shape
        if self.gave_up is not None or shape not in self._seen:
            self._seen.add(shape)
            function(indices)
            return
        if shape not in self._recorded and not self._record(function, indices):
            function(indices)
            return
        graph, place = self._recorded[shape]
        place.copy_(indices)
        graph.replay()

    def _record(self, function: Callable[[Tensor], None], indices: Tensor) -> bool:
        """Record the function for indices of this shape; nothing is computed."""
        place, graph = indices.clone(), self._make_graph()
        try:
            for generator in self._generators:
                graph.register_generator_state(generator)
            with _no_garbage_collected(), _recorded_by(graph, self._pool):
                function(place)
        except (RuntimeError, AttributeError) as error:
            self.gave_up = str(error).strip().splitlines()[0] if str(error).strip() else "unknown"
            warnings.warn(
                "A training step could not be recorded as a CUDA graph, so every operation is "
                f"launched by itself: slower, with the same results ({self.gave_up}).",
                RuntimeWarning,
                stacklevel=2,
            )
            return False
        self._recorded[place.shape] = graph, place
        self._pool = graph.pool()
        return True


@contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """Have no graph or generator of an earlier fit freed in the middle, which ends a recording."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _recorded_by(graph: Any, pool: Any) -> Any:
    # Other threads may go on using the GPU in the meantime: what they do is not recorded.
    if isinstance(graph, torch.cuda.CUDAGraph):
        return torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local")
    return graph.recording(pool)
