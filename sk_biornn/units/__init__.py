"""Who and where the units are: names, signs, grids and positions, tables of who meets whom."""

from __future__ import annotations
