"""Which processor computes: what the choice between libraries needs to know of it."""

from __future__ import annotations

import platform
from functools import cache

import torch


@cache
def vendor() -> str:
    """Return "amd", "intel" or "other", as the processor itself says."""
    name = _vendor_name().lower()
    if "authenticamd" in name or "hygongenuine" in name:
        return "amd"
    return "intel" if "genuineintel" in name else "other"


def _vendor_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            found = (line for line in lines if line.startswith("vendor_id"))
            return next(found, "")
    except OSError:
        return platform.processor()  # on Windows: family, model, stepping, vendor


def has_wide_vectors() -> bool:
    """Whether torch's own loops use vectors of 256 bits or more (AVX2, AVX-512)."""
    return torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
