"""The whole study of inductive biases on one GPU, and where its time goes.

    python tests/benchmarks/bench_study_gpu.py                       # 660 networks
    python tests/benchmarks/bench_study_gpu.py --simulations 2       # 66, to try it out
    python tests/benchmarks/bench_study_gpu.py --device cpu --epochs 1 --simulations 1 --limit 900

It is ``sk-biornn study inductive-bias --preset paper --strategy stacked --device cuda`` with
network metrics after every epoch. The preset needs no files: its field is synthetic. Metrics are
computed by `--n-jobs` processes while the device trains; what their wait costs in the end is a row
of its own. After `--limit` seconds the study is interrupted, and the table is of what was done.

Measured parts are those of the main process, one after the other: their sum is the whole. Nothing
here waits for the device: an epoch ends with its losses, and an answer with its array.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS: Counter[str] = Counter()
CALLS: Counter[str] = Counter()
_open: list[str] = []


@contextmanager
def part(name: str) -> Iterator[None]:
    """Count the time inside as this part's, and not as that of the part around it."""
    started = time.perf_counter()
    _open.append(name)
    CALLS[name] += 1
    try:
        yield
    finally:
        passed = time.perf_counter() - started
        _open.pop()
        SECONDS[name] += passed
        if _open:
            SECONDS[_open[-1]] -= passed


def watch(owner: Any, attribute: str, name: str) -> None:
    """Have every call of a function or method counted as a part."""
    original: Callable[..., Any] = getattr(owner, attribute)

    def timed(*arguments: Any, **options: Any) -> Any:
        with part(name):
            return original(*arguments, **options)

    setattr(owner, attribute, timed)


def watch_all() -> None:
    """Watch the parts of a study whose runs go on side by side."""
    from sk_biornn.core import DeviceStack, Epoch, Stack
    from sk_biornn.ensemble import _lockstep
    from sk_biornn.ensemble._lockstep import Lockstep, Member
    from sk_biornn.studies import _study, _together
    from sk_biornn.studies._folder import StudyFolder
    from sk_biornn.studies.inductive_bias import job

    watch(_study, "_write", "tables and figures")
    watch(StudyFolder, "save", "records")
    watch(_study, "save_weights", "weights")
    watch(_together._Run, "finish", "waiting for metrics")
    watch(Lockstep, "_start", "beginning: weights, checks")
    watch(job, "make_parts", "data")
    watch(job, "field_of", "data")
    watch(job, "make_network", "initial weights")
    watch(job, "price", "penalties at the end")
    watch(_lockstep, "stack_of", "making stacks")
    for kind in (Stack, DeviceStack, Epoch):
        watch(kind, "compute", "training")
    watch(_lockstep, "answer_together", "answers")
    for method in ("take", "hear"):
        watch(Member, method, "between epochs: to the host, hooks")


def machine() -> str:
    """What the numbers are of."""
    import torch

    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{name}, {os.cpu_count()} cores, torch {torch.__version__}, {platform.machine()}"


def main() -> None:
    """Run the study and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--threads", type=int, default=1, help="as `make bench` passes it")
    parser.add_argument("--strategy", default="stacked")
    parser.add_argument("--n-jobs", type=int, default=os.cpu_count())
    parser.add_argument("--limit", type=int, default=300, help="seconds")
    parser.add_argument("--output", type=Path, help="folder of the study (default: none is kept)")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    arguments = parser.parse_args()

    import torch

    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("no GPU here: nothing to measure")
        return
    started = time.perf_counter()
    from sk_biornn.studies import INDUCTIVE_BIAS_STUDY, run_study

    watch_all()
    print(machine(), flush=True)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(arguments.limit)
    ended = "whole"
    with tempfile.TemporaryDirectory() as folder:
        output = arguments.output or Path(folder)
        try:
            with part("the rest"):
                runs = run_study(
                    INDUCTIVE_BIAS_STUDY,
                    "paper",
                    simulations=arguments.simulations,
                    epochs=arguments.epochs,
                    metrics_every_epoch=True,
                    strategy=arguments.strategy,
                    device=arguments.device,
                    n_jobs=arguments.n_jobs,
                    output=output,
                    overwrite=True,
                    progress=True,
                )
            print(runs.groupby(["task", "variant"], sort=False)["test_accuracy"].mean().unstack(0))
            print(f"failed: {int(runs['error'].notna().sum())} of {len(runs)}")
            print(*runs["error"].dropna().unique()[:3], sep="\n")
        except KeyboardInterrupt:
            ended = f"interrupted after {arguments.limit} s"
        finally:
            if hasattr(signal, "SIGALRM"):
                signal.alarm(0)
        n_records = len(list((output / "runs").glob("*.json")))
    whole = time.perf_counter() - started
    print(f"\n{n_records} networks, {ended}: {whole:.1f} s\n")
    for name, seconds in SECONDS.most_common():
        print(f"{name:40s} {seconds:8.2f} s {CALLS[name]:8d} calls")
    print(f"{'sum':40s} {sum(SECONDS.values()):8.2f} s")
    if "torch" in sys.modules and arguments.device == "cuda":
        print(f"most memory of the device: {_most_memory():.1f} GiB")
    if arguments.json:
        found = {"machine": machine(), "ended": ended, "networks": n_records, "whole": whole}
        arguments.json.write_text(json.dumps({**found, "seconds": SECONDS, "calls": CALLS}))


def _most_memory() -> float:
    import torch

    return torch.cuda.max_memory_allocated() / 2**30


if __name__ == "__main__":
    main()
