"""Wiring diagrams in the files, tables and graphs in which they come."""

from __future__ import annotations

from sk_biornn.datasets.connectomes._read import read_connectome

__all__ = ["read_connectome"]
