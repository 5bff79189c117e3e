"""Other instruction sets give other bits, within what docs/engine.rst states."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch
from networks import draw, make_params

from sk_biornn.core import Dynamics, run
from sk_biornn.core.activations import ACTIVATIONS

SETTINGS = (
    {},
    {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
    {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    {"MKL_CBWR": "COMPATIBLE"},
)
# Largest difference relative to the largest entry.
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-13}


@cache
def outputs_and_gradients():
    """Return what 50 steps of 128 units give in both precisions."""
    found = []
    for dtype in TOLERANCE:
        for activation in ACTIVATIONS:
            params = make_params(128, 3, 2, dtype=dtype)
            params = params._replace(w_rec=(params.w_rec * 0.5).detach().requires_grad_())
            x = draw(100, 50, 3, dtype=dtype)
            outputs, _, _ = run(params, x, Dynamics(activation))
            gradients = torch.autograd.grad(outputs.square().mean(), params)
            found.append([outputs.detach().clone(), *gradients])
    return found


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: "-".join(s.values()) or "as here")
def test_other_processors_agree_within_the_stated_tolerance(setting, tmp_path):
    file = tmp_path / "found.pt"
    code = (
        "import torch, test_other_processors as t; "
        f"torch.save(t.outputs_and_gradients(), {str(file)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **setting},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    there = torch.load(file)
    for one, other in zip(outputs_and_gradients(), there, strict=True):
        for a, b in zip(one, other, strict=True):
            assert (a - b).abs().max() <= TOLERANCE[a.dtype] * a.abs().max()
