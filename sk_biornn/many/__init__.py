"""Many networks in one training: those that can learn side by side do, in stacks."""

from __future__ import annotations

from sk_biornn.many._fit_many import FittedNetworks, fit_many

__all__ = ["FittedNetworks", "fit_many"]
