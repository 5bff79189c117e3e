"""Settings that hold for every test; the environment is set before anything imports NumPy."""

from __future__ import annotations

import os
import signal
from pathlib import Path

# Without it scikit-learn's array-API check is skipped, and it is read when scipy is imported.
os.environ["SCIPY_ARRAY_API"] = "1"
os.environ.setdefault("MPLBACKEND", "Agg")
# One thread per process: the workers share the cores, and small products gain nothing from more.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# A shell that runs the tests in the background has interruptions ignored, which some of them send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest
from hypothesis import HealthCheck, settings

# "repeatable": the same examples in every run, so that a red build is red for everybody.
# "explore": new examples each time; HYPOTHESIS_PROFILE=explore python -m pytest.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", max_examples=25, derandomize=True, **_COMMON)
settings.register_profile("explore", max_examples=200, print_blob=True, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

DEFAULT_DATA_DIR = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the measured data sets (SK_BIORNN_TEST_DATA); the test is skipped without it."""
    folder = Path(os.environ.get("SK_BIORNN_TEST_DATA", DEFAULT_DATA_DIR))
    if not folder.is_dir():
        pytest.skip(f"no measured data at {folder}; set SK_BIORNN_TEST_DATA to their folder")
    return folder
