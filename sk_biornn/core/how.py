"""All that a recurrent scan needs to know beside tensors with a gradient."""

from __future__ import annotations

from typing import NamedTuple

from sk_biornn.core.dynamics import Dynamics
from sk_biornn.core.layout import Layout, Places
from sk_biornn.core.noise import Noise
from sk_biornn.core.sparse import Support
from sk_biornn.core.workspace import Workspace


class How(NamedTuple):
    """Of one run: how the network moves, where steps lie, what is read, and where it is kept."""

    dynamics: Dynamics
    layout: Layout
    places: Places | None  # None where all trials are as long
    every_step: bool
    noise: Noise | None
    workspace: Workspace
    support: Support | None
