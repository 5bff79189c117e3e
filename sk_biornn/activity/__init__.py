"""What recorded neurons do together: correlation, precision, tiling of spikes."""

from __future__ import annotations
