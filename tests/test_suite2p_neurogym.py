"""Folders as suite2p writes them, and environments as NeuroGym makes them.

NeuroGym is not installed here: the environments below follow its documented class TrialEnv
(`new_trial`, `ob`, `gt`, `seed`, `unwrapped`), and a wrapper that passes nothing on, as those of
gymnasium since 1.0.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sk_biornn import DaleRNNClassifier
from sk_biornn.datasets import cut_trials, from_neurogym, load_suite2p

RNG = np.random.default_rng(0)
F = RNG.uniform(100, 200, size=(5, 40)).astype(np.float32)
FNEU = RNG.uniform(50, 80, size=(5, 40)).astype(np.float32)
SPKS = RNG.exponential(size=(5, 40)).astype(np.float32)
ISCELL = np.array([[1, 0.9], [0, 0.3], [1, 0.8], [1, 0.7], [0, 0.1]], dtype=np.float32)


@pytest.fixture
def plane(tmp_path):
    """A folder with the files and types of suite2p, cells first, and its two pickles."""
    folder = tmp_path / "suite2p" / "plane0"
    folder.mkdir(parents=True)
    for name, array in (("F", F), ("Fneu", FNEU), ("spks", SPKS), ("iscell", ISCELL)):
        np.save(folder / f"{name}.npy", array)
    np.save(folder / "ops.npy", np.array({"fs": 30.0}, dtype=object), allow_pickle=True)
    return folder


def test_a_plane_is_read_with_steps_first(plane):
    traces = load_suite2p(plane)
    assert traces.shape == (40, 3) and set(traces.dtypes) == {np.dtype(np.float32)}
    assert list(traces.columns) == ["roi0", "roi2", "roi3"]
    assert_allclose(traces, (F - 0.7 * FNEU)[[0, 2, 3]].T, rtol=1e-5)
    assert_array_equal(load_suite2p(str(plane), iscell=False, neuropil=0), F.T)
    assert_array_equal(load_suite2p(plane, kind="spks", iscell=False), SPKS.T)
    assert_allclose(load_suite2p(plane, neuropil=1, iscell=False), (F - FNEU).T, rtol=1e-5)
    trials = cut_trials(traces, length=10, rate=30.0)
    assert list(trials.X[0].columns) == list(traces.columns) and len(trials.X) == 4
    traces.iloc[:] = 0  # the file stays as it is
    assert_array_equal(np.load(plane / "F.npy"), F)


def test_files_that_are_not_needed_may_be_missing(plane):
    for name in ("spks", "iscell", "Fneu", "ops"):
        (plane / f"{name}.npy").unlink()
    assert load_suite2p(plane, iscell=False, neuropil=0.0).shape == (40, 5)


def test_files_that_are_missing_are_named(plane, tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"holds the folders \['plane0'\], pass one of them"
    ):
        load_suite2p(plane.parent)
    with pytest.raises(FileNotFoundError, match=r"^no folder of suite2p at .*elsewhere\.$"):
        load_suite2p(tmp_path / "elsewhere")
    with pytest.raises(
        FileNotFoundError, match=r"must hold F\.npy, as suite2p writes it, got none\.$"
    ):
        load_suite2p(tmp_path)
    for name, kind in (("iscell", "F"), ("Fneu", "F"), ("spks", "spks")):
        (plane / f"{name}.npy").rename(plane / "away.npy")
        with pytest.raises(FileNotFoundError, match=rf"must hold {name}\.npy, as suite2p writes"):
            load_suite2p(plane, kind=kind)
        (plane / "away.npy").rename(plane / f"{name}.npy")


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("F", np.array([Bomb()], dtype=object), "is not a plain npy file: it holds pickled Python"),
        ("F", np.zeros(3), r"must hold numbers of shape \(cells, frames\), got float64 of shape"),
        ("F", np.array([["a"]]), r"must hold numbers of shape \(cells, frames\), got <U1"),
        ("Fneu", FNEU[:4], r"must have the shape of F.npy, \(5, 40\), got \(4, 40\)"),
        ("iscell", ISCELL[:4], r"must have one row per region of interest \(5\), got 4"),
        ("iscell", ISCELL * 0, r"must mark at least one region .* iscell=False reads all of them"),
    ],
)
def test_files_that_do_not_fit_are_named(plane, name, array, message):
    np.save(plane / f"{name}.npy", array, allow_pickle=True)
    with pytest.raises(ValueError, match=message) as caught:
        load_suite2p(plane)
    assert f"{name}.npy" in str(caught.value)


def test_a_damaged_file_is_named(plane):
    (plane / "F.npy").write_bytes((plane / "F.npy").read_bytes()[:300])
    with pytest.raises(ValueError, match=r"F\.npy is not a plain npy file"):
        load_suite2p(plane)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"iscell": 0.5}, TypeError, "iscell must be True or False"),
        ({"neuropil": -1}, ValueError, "neuropil must be a number of at least 0"),
        ({"kind": "dff"}, ValueError, r"kind must be one of \['F', 'spks'\]"),
    ],
)
def test_arguments_are_checked(plane, arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        load_suite2p(plane, **arguments)


def test_a_real_folder(data_dir):
    folder = data_dir / "suite2p_crop"
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}")
    raw, around = (np.load(folder / f"{name}.npy") for name in ("F", "Fneu"))
    with pytest.raises(ValueError, match="at least one region as a cell, got none of 40; iscell=F"):
        load_suite2p(folder)  # its crop has none
    traces = load_suite2p(folder, iscell=False)
    assert traces.shape == (600, 40)
    assert_allclose(traces, (raw - 0.7 * around).T, rtol=1e-4, atol=1e-2)
    trials = cut_trials(traces, length=100, rate=30.0)
    assert len(trials.X) == 6 and trials.X[0].shape == (99, 40)
    with pytest.warns(UserWarning, match="one of 40 steps and 600 units; .* pass its transpose"):
        cut_trials(raw, length=2)


# ------------------------------------------------------------------- NeuroGym


class Delay:
    """A task with a variable delay, built as a TrialEnv builds it."""

    dt = 20

    def __init__(self, delays=(2, 5)):
        self.delays, self.rng, self._has_gt = delays, np.random.RandomState(), False
        self.ob = self.gt = None

    @property
    def unwrapped(self):
        return self

    def seed(self, seed=None):
        self.rng = np.random.RandomState(seed)
        return [seed]

    def new_trial(self, **kwargs):
        side, delay = self.rng.randint(2), self.rng.choice(self.delays)
        n_steps = 4 + delay
        self.ob = np.zeros((n_steps, 3), dtype=np.float32)
        self.ob[:-1, 0] = 1.0
        self.ob[1:3, 1 + side] = 1.0
        self.gt = np.zeros(n_steps, dtype=np.int64)
        self.gt[-1] = 1 + side
        self._has_gt = True
        return {"side": side}


class Wrapper:
    """Passes on nothing but the task at its core."""

    def __init__(self, env):
        self.env = env

    @property
    def unwrapped(self):
        return self.env.unwrapped


class Twice(Wrapper):
    """Has trials of its own, as TrialWrapper of NeuroGym."""

    def new_trial(self, **kwargs):
        self.env.new_trial()
        return self.env.new_trial()


def by_hand(env, n_trials, seed):
    env.seed(seed)
    X, y = [], []
    for _ in range(n_trials):
        env.new_trial()
        X.append(env.ob.copy())
        y.append(env.gt.copy())
    return X, y


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one, other)
        assert one.dtype == other.dtype


def test_trials_are_those_of_the_environment():
    X, y = from_neurogym(Delay(), 12, random_state=3)
    expected = by_hand(Delay(), 12, 3)
    assert_same(X, expected[0])
    assert_same(y, expected[1])
    assert {len(x) for x in X} == {6, 9}
    for wrapped in (Wrapper(Delay()), Wrapper(Wrapper(Delay()))):
        assert_same(from_neurogym(wrapped, 12, random_state=3)[0], expected[0])
    twice = from_neurogym(Wrapper(Twice(Delay())), 6, random_state=3)
    assert_same(twice[0], expected[0][1::2])


def test_trials_of_equal_length_are_one_array():
    X, y = from_neurogym(Delay(delays=(3,)), 8, random_state=0)
    assert X.shape == (8, 7, 3) and X.dtype == np.float32 and y.shape == (8, 7)
    assert_array_equal(y[:, -1], 1 + X[:, 1, 2])


def test_seeds():
    one, other = (from_neurogym(Delay(), 5, random_state=s)[1] for s in (1, 1))
    assert_same(one, other)
    env = Delay()
    env.seed(1)
    assert_same(from_neurogym(env, 5)[1], one)  # goes on from where it is
    assert_same(
        from_neurogym(Delay(), 5, random_state=np.random.default_rng(7))[1],
        from_neurogym(Delay(), 5, random_state=np.random.default_rng(7))[1],
    )


class OneBuffer(Delay):
    def __init__(self):
        super().__init__(delays=(3,))
        self.kept = np.zeros((7, 3), dtype=np.float32), np.zeros(7, dtype=np.int64)

    def new_trial(self, **kwargs):
        super().new_trial()
        self.kept[0][:], self.kept[1][:] = self.ob, self.gt
        self.ob, self.gt = self.kept


def test_trials_are_copies():
    found = from_neurogym(OneBuffer(), 8, random_state=0)
    expected = from_neurogym(Delay(delays=(3,)), 8, random_state=0)
    assert_same(found, expected)


def test_a_network_learns_from_them():
    X, y = from_neurogym(Delay(), 20, random_state=0)
    network = DaleRNNClassifier(n_units=8, max_iter=1, random_state=0).fit(X, y)
    assert_array_equal(network.classes_, [0, 1, 2])
    assert [len(labels) for labels in network.predict(X)] == [len(x) for x in X]


class NoTruth(Delay):
    def new_trial(self, **kwargs):
        super().new_trial()
        self._has_gt = False


class Short(Delay):
    def new_trial(self, **kwargs):
        super().new_trial()
        self.gt = self.gt[1:]


class Pictures(Delay):
    def new_trial(self, **kwargs):
        super().new_trial()
        self.ob = np.zeros((len(self.gt), 4, 4))


class Unseeded:
    def new_trial(self):
        self.ob, self.gt = np.zeros((3, 1)), np.zeros(3)


@pytest.mark.parametrize(
    ("env", "n_trials", "error", "message"),
    [
        (object(), 3, TypeError, "env must be an environment of NeuroGym with trials"),
        (Delay(), 0, ValueError, "n_trials must be an integer of at least 1"),
        (
            NoTruth(),
            3,
            ValueError,
            r"env must set the ground truth \(gt\) of every trial, got none",
        ),
        (Short(), 3, ValueError, "env must have one ground truth per step"),
        (Pictures(), 3, ValueError, r"env must observe numbers \(n_steps, n_features\)"),
        (Unseeded(), 3, TypeError, r"env must have seed\(\) when random_state is given"),
    ],
)
def test_mistakes_are_named(env, n_trials, error, message):
    with pytest.raises(error, match=f"^{message}"):
        from_neurogym(env, n_trials, random_state=0)
