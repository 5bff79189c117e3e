"""A fitted network as an ONNX file, which runtimes of other languages and of devices execute."""

from __future__ import annotations

import importlib
import inspect
import os
import tempfile
import threading
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sk_biornn._atomic import write_bytes
from sk_biornn.io import _container
from sk_biornn.io._torch_module import RateNetwork, to_torch

_OPERATORS = 17  # version of ONNX's set of operators
_one_at_a_time = threading.Lock()  # torch fails where two threads export


def to_onnx(est: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted network to an ONNX file, in single precision.

    The file has one input, "X" (n_trials, n_steps, n_features), or (n_trials, n_features) of a
    network that was fitted to static stimuli, of any number of trials and steps; and one output,
    "y": what the module of `to_torch` returns, so of a classifier the scores from which it decides.

    Parameters
    ----------
    est : estimator
        A fitted network, as for `to_torch`.
    path : path
        The file, ".onnx" by custom; an existing one is replaced, whole or not at all.

    Raises
    ------
    ImportError
        If the package onnx is missing.
    TypeError
        If `est` is not a network of this package.
    ValueError
        If `path` does not fit, or sparse weights are too many for a matrix.
    NotFittedError
        If the network has not been fitted.
    RuntimeError
        If scripts of torch are turned off.

    See Also
    --------
    to_torch : The network as a module, in the precision of its weights.

    Notes
    -----
    Single precision, because runtimes lack functions in double precision. Steps are a loop in the
    file. Trials of unequal length are not in it: cut them, or ask one by one.

    Examples
    --------
    >>> import sk_biornn
    >>> sk_biornn.to_onnx(reg, "network.onnx")  # doctest: +SKIP
    >>> import onnxruntime  # doctest: +SKIP
    >>> session = onnxruntime.InferenceSession("network.onnx")  # doctest: +SKIP
    >>> (y,) = session.run(None, {"X": X.astype("float32")})  # doctest: +SKIP
    """
    path = _container.checked_path(path)
    _container.refuse_no_file(path)
    module = to_torch(est)
    try:
        importlib.import_module("onnx")
    except ImportError:
        raise ImportError(
            'to_onnx needs the package onnx: pip install "sk-biornn[onnx]".'
        ) from None
    write_bytes(path, _exported(module.float()))


class _WholeTrials(nn.Module):
    """A network without the argument that says how long trials are."""

    def __init__(self, network: RateNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of trials."""
        return self.network(x)


def _exported(network: RateNetwork) -> bytes:
    """Return the content of the file: of a script, which keeps the steps as a loop."""
    is_static = network.n_static_steps > 0
    n_features = network.w_in.shape[1]
    shape = (2, n_features) if is_static else (2, 3, n_features)
    x = torch.zeros(shape, dtype=torch.float32, device="cpu")  # whatever torch's defaults are
    free = {0: "n_trials"} if is_static else {0: "n_trials", 1: "n_steps"}
    # Newer versions have a second way, which unrolls the steps.
    newer = "dynamo" in inspect.signature(torch.onnx.export).parameters
    options: dict[str, Any] = {"dynamo": False} if newer else {}
    with _one_at_a_time, warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "network.onnx")
        warnings.simplefilter("ignore")  # torch announces that this way will end one day
        script = torch.jit.script(_WholeTrials(network).eval())
        if not isinstance(script, torch.jit.ScriptModule):
            raise RuntimeError("to_onnx needs scripts of torch, which PYTORCH_JIT=0 turns off.")
        torch.onnx.export(
            script,
            (x,),
            str(file),
            input_names=["X"],
            output_names=["y"],
            dynamic_axes={"X": free, "y": free if network.every_step else {0: "n_trials"}},
            opset_version=_OPERATORS,
            **options,
        )
        return file.read_bytes()
