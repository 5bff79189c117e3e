"""The command line: `sk-biornn study ...` and `sk-biornn report`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor

import sk_biornn
from sk_biornn.cli._commands import (
    EXIT_FAILED_RUNS,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    Parser,
    UsageError,
    add_report,
    add_study,
)

__all__ = ["main"]

_GO_ON = "; --resume takes up the finished runs."


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments. None: those of the process.

    Returns
    -------
    int
        0: done. 1: runs failed, or the study had to stop. 2: the arguments do not fit.
        130: interrupted.

    Examples
    --------
    >>> from sk_biornn.cli import main
    >>> main(["report", "no-such-folder"])
    2
    """
    try:
        arguments = _parser().parse_args(argv)
        return arguments.command(arguments)
    except SystemExit as exit_:  # --help and --version
        return int(exit_.code or 0)
    except (UsageError, ValueError, TypeError, FileNotFoundError) as error:
        print(f"sk-biornn: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (OSError, BrokenExecutor) as error:
        print(f"sk-biornn: stopped: {error or type(error).__name__}{_GO_ON}", file=sys.stderr)
        return EXIT_FAILED_RUNS
    except KeyboardInterrupt:
        print(f"\nsk-biornn: interrupted{_GO_ON}", file=sys.stderr)
        return EXIT_INTERRUPTED


def _parser() -> Parser:
    parser = Parser(prog="sk-biornn", description=sk_biornn.__doc__)
    parser.add_argument("--version", action="version", version=sk_biornn.__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    add_study(commands)
    add_report(commands)
    return parser
