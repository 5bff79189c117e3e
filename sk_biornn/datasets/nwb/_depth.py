"""How deep an imaging plane is, in um, from what a file says of it in numbers or in words."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from sk_biornn._checks import is_number

_UNIT = r"(?P<unit>um|µm|μm|microns?|micromet(?:er|re)s?|mm|millimet(?:er|re)s?)(?![\w/^²³])"
_BARE_UNIT = _UNIT.replace("?P<unit>", "?:")
_NUMBER = r"(?<![\w.,+\-\u2212\u2013\u2014±])(?P<number>\d+(?:\.\d+)?)"
_BARE_NUMBER = r"\d+(?:\.\d+)?"
# "150 to 200 um", "400 x 400 um", "350 um ± 10 um": more than one number, so not the depth.
_SEVERAL = re.compile(
    rf"(?<![\w/.,]){_BARE_NUMBER}\s*(?:{_BARE_UNIT})?\s*(?:[-\u2212\u2013\u2014±x\u00d7,/&]|\+/?-|to\b|and\b|or\b|by\b)\s*"
    rf"{_BARE_NUMBER}\s*{_BARE_UNIT}",
    re.IGNORECASE,
)
_FILLING = (
    r"(?:approx\.|ca\.|(?:of|is|was|at|about|approx|approximately|around|ca|below|beneath|under|"
    r"from|the|cortical|brain|pial?|surface)\b|[\s:=~≈(])*"
)
_DEPTH = r"(?<![a-z])(?<!bit )(?<!bit-)depth"
_SURFACE = r"(?:the\s+)?(?:cortical\s+|brain\s+|pial\s+)?(?:pia|surface|dura)"
_FORMS = [
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_DEPTH}(?![a-z_]){_FILLING}{_NUMBER}\s*{_UNIT}",  # at depth 175 um
        rf"{_DEPTH}[\s_]*(?:in\s+)?[(\[]?{_UNIT}[)\]]?\s*[:=]?\s*{_NUMBER}(?!\s*{_BARE_UNIT}|[.,]?\d)",
        rf"{_NUMBER}\s*{_UNIT}\s*(?:deep|(?:(?:in|cortical|imaging)\s+)?depth)\b",
        rf"{_NUMBER}\s*{_UNIT}\s*(?:below|beneath|under|from)\s+{_SURFACE}",
    )
]
_ALONE = re.compile(rf"\s*{_NUMBER}\s*(?:{_UNIT})?\s*", re.IGNORECASE)
_SHALLOWEST = 10.0  # um; a plain number below it is of another unit


def depth_in_words(text: str) -> float | None:
    """Return the one depth that a description gives with its unit, in um, or None."""
    text = _SEVERAL.sub("#", text)
    found = {_in_um(match) for form in _FORMS for match in form.finditer(text)}
    return found.pop() if len(found) == 1 else None


def depth_in_numbers(value: Any) -> float | None:
    """Return an `imaging_depth` in um, which it is in where it has no unit, or None."""
    if isinstance(value, (str, bytes)):
        match = _ALONE.fullmatch(value.decode() if isinstance(value, bytes) else value)
        if match is None:
            return None
        if match["unit"]:
            return _in_um(match)
        value = float(match["number"])
    if not is_number(value) or not np.isfinite(value) or value < _SHALLOWEST:
        return None
    return float(value)


def _in_um(match: re.Match[str]) -> float:
    is_mm = match["unit"].casefold().startswith(("mm", "milli"))
    return round(float(match["number"]) * (1000 if is_mm else 1), 6)
