"""The log of the package: one logger, silent until the user's program asks for it."""

from __future__ import annotations

import logging

#: Its name is that of the package: ``logging.getLogger("sk_biornn").setLevel("INFO")``.
logger = logging.getLogger("sk_biornn")
logger.addHandler(logging.NullHandler())


def is_read() -> bool:
    """Whether somebody reads what is of interest: what costs to find out is asked only then."""
    return logger.isEnabledFor(logging.INFO)
