"""`python -m sk_biornn.cli`, where the command is not on the path."""

from __future__ import annotations

import sys

from sk_biornn.cli import main

if __name__ == "__main__":
    sys.exit(main())
