"""Tables that a study writes come back with the same numbers, whatever the version of pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sk_biornn._csv import read_csv
from sk_biornn.studies._files import read_table, write_csv

BEYOND = [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, np.finfo(float).max]


def test_numbers_come_back_with_every_digit(tmp_path):
    rng = np.random.default_rng(0)
    wide = rng.standard_normal(500) * 10.0 ** rng.integers(-300, 300, 500)
    numbers = np.concatenate([wide, rng.random(500), BEYOND])
    table = pd.DataFrame({"run": np.arange(len(numbers)), "score": numbers})
    write_csv(tmp_path / "t.csv", table)
    for found in (read_csv(tmp_path / "t.csv"), read_table(tmp_path / "t.csv", ["score"])):
        np.testing.assert_array_equal(found["score"], numbers)
        assert (np.signbit(found["score"]) == np.signbit(numbers))[np.isfinite(numbers)].all()


@pytest.mark.parametrize(
    "content", [b"", b'run,score\n"1,2\n', b"\xff\xfe\n", b"run,score\n1,2\n1,2,3\n"]
)
def test_what_is_no_table_is_named(content, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"t\.csv' is damaged, it is not a table"):
        read_table(path, ["run"])
