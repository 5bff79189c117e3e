"""What containers say of themselves: names of features and outputs, which axis is time."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris, load_linnerud, make_regression
from sklearn.pipeline import make_pipeline

from sk_biornn import CellTypeRNNRegressor, DaleRNNClassifier, DaleRNNRegressor
from sk_biornn._axes import column_names, time_axis
from sk_biornn.biology.populations import excitatory_inhibitory_populations
from sk_biornn.datasets import make_flip_flop, make_population_traces, make_wave_reconstruction
from sk_biornn.preprocessing import TrialFlattener, TrialScaler

RNG = np.random.default_rng(0)
N_TRIALS, N_STEPS = 12, 6
X = RNG.standard_normal((N_TRIALS, N_STEPS, 3))
Y = RNG.standard_normal((N_TRIALS, N_STEPS, 2))
LABELS = np.arange(N_TRIALS) % 2
RECORDING = np.cumsum(RNG.standard_normal((300, 3)), axis=0)


def regressor(**parameters):
    return DaleRNNRegressor(**{"n_units": 5, "max_iter": 1, "random_state": 0, **parameters})


def classifier(**parameters):
    return DaleRNNClassifier(**{"n_units": 5, "max_iter": 1, "random_state": 0, **parameters})


def in_objects(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def frames(values, names):
    return [pd.DataFrame(trial, columns=names) for trial in values]


def labelled(values, names):
    xarray = pytest.importorskip("xarray")
    return xarray.DataArray(
        values, dims=("trial", "time", "neuron"), coords={"neuron": list(names)}
    )


def traces(values, names):
    pynapple = pytest.importorskip("pynapple")
    times = 0.1 * np.arange(values.shape[1])
    return [pynapple.TsdFrame(t=times, d=trial, columns=list(names)) for trial in values]


CONTAINERS = {
    "list": frames,
    "tuple": lambda *given: tuple(frames(*given)),
    "objects": lambda *given: in_objects(frames(*given)),
    "series": lambda *given: pd.Series(frames(*given)),
    "xarray": labelled,
    "pynapple": traces,
}
NAMES = {"text": ["a", "b"], "numbers": [7, 3]}


# ------------------------------------------------------------------------------- names


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_names_of_outputs_and_features_are_those_of_the_fit(container, names):
    swapped = container(Y[..., ::-1], names[::-1])
    fitted = regressor().fit(X, container(Y, names))
    assert fitted.output_names_.tolist() == [str(name) for name in names]
    assert fitted.score(X, container(Y, names)) == fitted.score(X, Y)
    for method in (fitted.score, fitted.partial_fit, fitted.set_params(warm_start=True).fit):
        with pytest.raises(ValueError, match=r"^y must have the outputs of the fit, in the same"):
            method(X, swapped)
    fitted = regressor().fit(container(Y, names), Y)
    fitted.predict(container(Y, names))
    for method in (fitted.predict, fitted.hidden_states):
        with pytest.raises(ValueError, match="the same order"):
            method(swapped)
    with pytest.raises(ValueError, match="the same order"):
        fitted.partial_fit(swapped, Y)


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("name", ["X", "y"])
def test_trials_of_a_list_agree_on_their_names(name, names):
    mixed = frames(Y, names)
    mixed[3] = mixed[3][names[::-1]]
    given = (mixed, Y) if name == "X" else (X, mixed)
    with pytest.raises(ValueError, match=f"^{name} must have the same columns.* in trial 3 and"):
        regressor().fit(*given)
    with pytest.raises(ValueError, match=f"^{name} must have the same columns.* in trial 1 and"):
        regressor().fit(*((frames(Y, names)[:1] + list(Y[1:]), Y)[:: 1 if name == "X" else -1]))


def test_another_order_of_the_numbering_is_no_numbering():
    fitted = regressor().fit(list(X), list(Y))
    fitted.predict(frames(X, [0, 1, 2]))
    with pytest.raises(ValueError, match=r"same order: .'0', '1', '2'., got .'1', '0', '2'."):
        fitted.predict([frame[[1, 0, 2]] for frame in frames(X, [0, 1, 2])])
    with pytest.raises(ValueError, match=r"^y must have the outputs of the fit, in the same order"):
        fitted.score(X, [frame[[1, 0]] for frame in frames(Y, [0, 1])])


def test_other_names_and_no_names():
    fitted = regressor().fit(X, frames(Y, ["u", "v"]))
    with pytest.raises(ValueError, match=r"outputs of the fit: .'u', 'v'., got .'u', 'w'."):
        fitted.score(X, frames(Y, ["u", "w"]))
    assert np.isfinite(fitted.score(X, Y))
    assert not hasattr(fitted.fit(X, Y), "output_names_")  # those of an earlier fit are forgotten
    by_number = regressor().fit(frames(X, [5, 7, 9]), Y)
    with pytest.raises(ValueError, match=r"^X must have the features of the fit"):
        by_number.predict(frames(X, [5, 7, 11]))
    by_number.predict(X)
    assert not hasattr(by_number, "feature_names_in_")  # which are text, to scikit-learn


def test_names_at_the_last_step_and_names_twice():
    table = pd.DataFrame(Y[:, -1], columns=["u", "v"])
    fitted = regressor().fit(X, table)
    with pytest.raises(ValueError, match=r"^y must have the outputs of the fit"):
        fitted.score(X, table[["v", "u"]])
    for name, given in (("X", (frames(Y, ["a", "a"]), Y)), ("y", (X, frames(Y, ["a", "a"])))):
        with pytest.raises(ValueError, match=f"^{name} must name every column once, got 'a' twice"):
            regressor().fit(*given)


def test_populations_see_the_names_of_lists():
    two = excitatory_inhibitory_populations(10, 0.5)
    names = two["population"].tolist()
    network = CellTypeRNNRegressor(populations=two, n_units=10, max_iter=1, random_state=0)
    fitted = network.fit(frames(Y, names), frames(Y, names))
    assert fitted.output_names_.tolist() == names
    with pytest.raises(ValueError, match=r"^y must have its outputs in the order"):
        network.fit(frames(Y, names), frames(Y, names[::-1]))
    with pytest.raises(ValueError, match=r"^X must have its channels in the order"):
        network.fit(frames(Y, names[::-1]), frames(Y, names))


def test_column_names():
    assert column_names(pd.DataFrame(Y[0], columns=["u", 3])) == ["u", "3"]
    assert column_names(pd.DataFrame(Y[0])) is None
    assert column_names(Y) is None
    assert column_names([[1.0, 2.0]]) is None


# -------------------------------------------------------------------------------- axes


@pytest.mark.parametrize("n_axes", [2, 3])
def test_two_axes_after_a_fit_on_three_are_refused(n_axes):
    for est, y in ((regressor(), Y[:, -1]), (classifier(), LABELS)):
        fitted = est.fit(X if n_axes == 3 else X[:, 0], y)
        calls = (
            fitted.predict,
            fitted.hidden_states,
            lambda static, fitted=fitted, y=y: fitted.score(static, y),
            lambda static, fitted=fitted, y=y: fitted.partial_fit(static, y),
        )
        for call in calls:
            if n_axes == 2:
                call(X[:, 0])
                call(X)  # a static stimulus is a trial like any other
                continue
            sentence = r"^X must be .*as in the fit.*\(12, 3\): pass X\[None\] .*X\[:, None\] if it"
            with pytest.raises(ValueError, match=sentence):
                call(X[:, 0])


def test_weights_from_elsewhere_learn_of_the_axes_from_the_first_trials():
    weights = regressor().fit(X, Y[:, -1])
    given = {name: getattr(weights, f"{name}_") for name in ("W_rec", "W_in", "W_out")}
    made = DaleRNNRegressor.from_weights(**given, every_step=False, signs=weights.signs_)
    assert made.predict(X[:, 0]).shape == made.predict(X).shape == (N_TRIALS, 2)
    with pytest.raises(ValueError, match=r"X\[None\]"):
        made.partial_fit(X, Y[:, -1]).predict(X[:, 0])


def test_one_trial_passed_in_the_ways_of_the_sentence():
    fitted = regressor().fit(X, Y)
    np.testing.assert_allclose(fitted.predict(X[0][None]), fitted.predict(X)[:1], atol=1e-12)
    assert fitted.predict(X[0][:, None]).shape == (N_STEPS, 1, 2)


INDICES = {
    "dates": pd.date_range("2024-01-01", periods=300, freq="s"),
    "durations": pd.to_timedelta(np.arange(300), unit="ms"),
    "periods": pd.period_range("2024-01-01", periods=300, freq="h"),
    "name": pd.Index(0.1 * np.arange(300), name="time"),
    "unit": pd.Index(0.1 * np.arange(300), name="Time (s)"),
    "t": pd.Index(np.arange(300), name="t"),
    "frame": pd.Index(np.arange(300), name="frame"),
    "trials": pd.MultiIndex.from_product([range(3), range(100)], names=["trial", "time"]),
    "dates of trials": pd.MultiIndex.from_product(
        [range(3), pd.date_range("2024-01-01", periods=100)]
    ),
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_a_table_with_times_is_a_recording(index):
    table = pd.DataFrame(RECORDING, index=index)
    for est, y in ((classifier(), np.arange(300) % 2), (regressor(), RECORDING[:, 0])):
        with pytest.raises(ValueError, match=r"^X must hold trials.*cut_trials.*n_static_steps"):
            est.fit(table, y)
        est.fit(table.to_numpy()[:, None], y)


@pytest.mark.parametrize("name", ["subject", "sample", "total", "trial", None, 3])
def test_a_table_with_other_rows_is_static(name):
    table = pd.DataFrame(RECORDING, index=pd.Index(np.arange(300), name=name))
    assert classifier().fit(table, np.arange(300) % 2).n_steps_ == 10
    assert time_axis(table) is None


LONG = {number: pd.DataFrame(trial, columns=["a", "b", "c"]) for number, trial in enumerate(X)}


@pytest.mark.parametrize("names", [None, ["trial"]], ids=["no names", "trials named"])
def test_trials_one_below_the_other_are_no_static_stimuli(names):
    long = pd.concat(LONG, names=names)
    labels = np.arange(len(long)) % 2
    static = classifier().fit(long.reset_index(drop=True), labels)
    calls = [lambda X: classifier().fit(X, labels), lambda X: regressor().fit(X, RECORDING[:72])]
    calls += [lambda X: make_pipeline(TrialScaler(), classifier()).fit(X, labels)]
    calls += [static.predict, static.predict_proba, static.decision_function, static.hidden_states]
    calls += [lambda X: static.score(X, labels), lambda X: static.partial_fit(X, labels)]
    calls += [TrialFlattener().fit_transform]
    for call in calls:
        with pytest.raises(ValueError, match=r"^X must hold .*groupby.*reset_index\(drop"):
            call(long)
    assert len(TrialScaler().fit_transform(long)) == len(long)  # which scales recordings, too
    trials = [frame for _, frame in long.groupby(level=0)]  # the way out that the sentence names
    ways = (trials, list(LONG.values()))
    weights = [classifier().fit(way, LABELS).W_rec_ for way in ways]
    np.testing.assert_array_equal(*weights)


def test_rows_of_named_levels_without_time_are_static():
    index = pd.MultiIndex.from_product([range(30), range(10)], names=["subject", "session"])
    table = pd.DataFrame(RECORDING, index=index)
    assert classifier().fit(table, np.arange(300) % 2).n_steps_ == 10


def test_recordings_of_other_libraries_are_not_trials():
    pynapple, xarray = pytest.importorskip("pynapple"), pytest.importorskip("xarray")
    times, labels = 0.1 * np.arange(300), np.arange(300) % 2
    for recording in (
        pynapple.TsdFrame(t=times, d=RECORDING),
        xarray.DataArray(RECORDING, dims=("time", "neuron")),
    ):
        with pytest.raises(ValueError, match=r"^X must hold trials.*cut_trials"):
            classifier().fit(recording, labels)
    trials = labelled(X, "abc")
    for dims, axis in ((("time", "trial", "neuron"), 0), (("trial", "neuron", "time"), 2)):
        with pytest.raises(ValueError, match=f"^X must be .* got the time on axis {axis} of shape"):
            regressor().fit(trials.transpose(*dims), Y)
    with pytest.raises(ValueError, match=r"^y must be .*n_outputs.*time on axis 2"):
        regressor().fit(X, labelled(Y, "uv").transpose("trial", "neuron", "time"))
    with pytest.raises(ValueError, match=r"^y must be .* of which the last is time.*y\[..., None"):
        regressor().fit(X, labelled(Y, "uv")[..., 0])
    with pytest.raises(
        ValueError, match=r"^X must have the steps .* columns of trial 0.*transpose"
    ):
        regressor().fit([trial.T for trial in trials], Y)
    with pytest.raises(ValueError, match=r"^X must be .*time on axis 0"):
        regressor().fit(pynapple.TsdTensor(t=times[:N_TRIALS], d=X), Y)


def test_targets_may_be_dated_by_trial():
    table = pd.DataFrame(Y[:, 0], index=pd.date_range("2024-01-01", periods=N_TRIALS))
    assert regressor().fit(X, table).predict(X).shape == (N_TRIALS, 2)


NOISE = RNG.standard_normal((300, 3))
RECORDINGS = {
    "next step": (RECORDING[:-1], RECORDING[1:]),
    "of noise": (NOISE[:-1], NOISE[1:]),
    "five steps on": (NOISE[:-5], NOISE[5:]),
    "with a gap": (NOISE[:-1], np.where(np.arange(299) == 7, np.nan, NOISE[1:].T).T),
    "smooth": (RECORDING, np.cumsum(RNG.standard_normal((300, 2)), axis=0)),
    "smooth, one output": (RECORDING, np.sin(np.arange(300) / 10)[:, None]),
}


@pytest.mark.parametrize("recording", RECORDINGS.values(), ids=RECORDINGS)
def test_rows_that_look_like_steps_are_refused(recording):
    steps, targets = recording
    with pytest.raises(ValueError, match=r"^X must hold trials.*cut_trials.*X\[:, None\].*repeat"):
        regressor().fit(steps, targets)
    held = regressor().fit(np.repeat(steps[:, None], 5, axis=1), targets)
    assert held.n_steps_ == 5


def test_tables_of_samples_stay_static():
    """Data sets of scikit-learn, noise of any shape, and a number per sample in any order."""
    iris, digits, body = load_iris(), load_digits(), load_linnerud()
    order = np.argsort(NOISE[:, 0])
    numbers = [
        (load_diabetes().data, load_diabetes().target / 100),
        (body.data / 100, body.target / 100),
        (digits.data[:, 20:30], digits.data[:, 30:40]),
        (NOISE, NOISE[:, :2] ** 2),
        (np.linspace(0, 1, 300)[:, None], np.sin(np.linspace(0, 9, 300))),
        (NOISE[order], NOISE[order, 0]),
        (NOISE, np.zeros((300, 3))),
        (NOISE, NOISE),  # to be repeated
        make_regression(500, 5, n_targets=3, random_state=0),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x, y in numbers:
            assert regressor(n_static_steps=2).fit(x, y).n_steps_ == 2
        for x, y in ((iris.data, iris.target), (digits.data, digits.target)):
            assert classifier(n_static_steps=2).fit(x, y).n_steps_ == 2


# -------------------------------------------------------------- outputs at the last step


def test_as_many_outputs_as_steps_are_told():
    y = RNG.standard_normal((N_TRIALS, N_STEPS))
    with pytest.warns(UserWarning, match=r"y\[..., None\].*every step, y\[:, None, :\]"):
        outputs = regressor().fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        every_step = regressor().fit(X, y[..., None])
        said = regressor().fit(X, y[:, None, :])
        regressor().fit(X, y[:, :-1])
        regressor(n_static_steps=N_STEPS).fit(X[:, 0], y)
        regressor().fit(X[:, :1], y[:, :1])
        said.partial_fit(X, y), outputs.partial_fit(X, y)
    assert every_step.predict(X).shape == (N_TRIALS, N_STEPS, 1)
    assert said.predict(X).shape == (N_TRIALS, N_STEPS)
    np.testing.assert_array_equal(said.W_rec_, outputs.W_rec_)
    assert said.score(X, y[:, None, :]) == outputs.score(X, y)


# ------------------------------------------------------------------------------- scales


@pytest.mark.parametrize("n_units", [8, 100])
@pytest.mark.parametrize("shift", [100, -100])
def test_targets_far_from_zero_are_told(shift, n_units):
    trials, targets = make_flip_flop(20, n_steps=10, random_state=0)
    with pytest.warns(UserWarning, match=r"mean of .*TransformedTargetRegressor.*TrialScaler"):
        fitted = regressor(n_units=n_units).fit(trials, targets + shift)
    assert fitted.score(trials, targets + shift) < -1000


def test_a_warm_start_is_told_where_it_goes_on():
    """A first fit that makes arrays, which are replaced at once, starts nowhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = regressor(warm_start=True).fit(X, Y + 100)
        network.b_out_ = (Y + 100).mean(axis=(0, 1)).astype(network.b_out_.dtype)
        network.fit(X, Y + 100)
    with pytest.warns(UserWarning, match="y has a mean of -"):
        network.fit(X, Y - 1000)


def test_the_output_that_is_far_is_named():
    with pytest.warns(UserWarning, match="y has a mean of 50 in output 1"):
        regressor().fit(X, Y - Y.mean(axis=(0, 1)) + [0, 50])


def test_what_can_be_learnt_is_not_told():
    tasks = [
        make_flip_flop(20, random_state=0),
        make_wave_reconstruction(4, random_state=0),
        make_population_traces(20, random_state=0),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n_units in (2, 100):
            for trials, targets in tasks:
                regressor(n_units=n_units).fit(trials, targets)
            regressor(n_units=n_units).fit(X, Y + 1)
            regressor(n_units=n_units).fit(X, 1000 * Y)  # a scale, which is no shift
        regressor().fit(X, np.full((N_TRIALS, 1), 100.0))  # there is nothing to explain
        long_training = regressor(learning_rate_init=1.0, max_iter=30, solver="adam")
        long_training.fit(X[:2], Y[:2] + 10)  # thirty steps of 1 go as far as 10
