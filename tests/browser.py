"""A headless browser that looks at pages of a local server, and at nothing else."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")


def visit(server: object, folder: Path, seconds: float) -> list[str]:
    """Open /visit of a server until it has its report; return what the browser's console said.

    The server has ``reported``, an event, which the page sets off by what it sends back. No other
    host can be reached.
    """
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with (folder / "log").open("w") as log:
        browser = subprocess.Popen(
            [
                CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", f"--user-data-dir={folder / 'profile'}",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--enable-logging=stderr", "--remote-debugging-port=0",
                f"http://127.0.0.1:{server.server_port}/visit",
            ],
            stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
        came = server.reported.wait(seconds)
        browser.terminate()
        browser.wait(30)
    server.shutdown()
    said = (folder / "log").read_text(encoding="utf-8", errors="replace")
    assert came, said[-2000:]
    return [line for line in said.splitlines() if "CONSOLE" in line]
