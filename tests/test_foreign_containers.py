"""What other libraries hand over: converted to the same bits, or refused by the argument's name."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from sk_biornn import CellTypeRNNRegressor, DaleRNNClassifier, DaleRNNRegressor, metrics
from sk_biornn.biology import (
    block_probabilities,
    check_populations,
    excitatory_inhibitory_populations,
)
from sk_biornn.initializers import dale_spectral_weights
from sk_biornn.inspection import current_decomposition, prediction_skill, silencing_effect

N_TRIALS, N_STEPS, N_FEATURES, N_UNITS = 12, 4, 2, 6
SMALL = {"n_units": N_UNITS, "max_iter": 2, "random_state": 0}
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N_TRIALS, N_STEPS, N_FEATURES)).astype(np.float32)
X = np.asarray(torch.tensor(X).bfloat16().float())  # values that bfloat16 holds exactly
LABELS = np.arange(N_TRIALS) % 3
PER_STEP = RNG.integers(3, size=(N_TRIALS, N_STEPS))
NUMBERS = np.asarray(torch.tensor(RNG.standard_normal((N_TRIALS, 2))).bfloat16().double())
SERIES = RNG.standard_normal((N_TRIALS, N_STEPS, 2))


class PolarsLike:
    """As little of a polars frame as is used: names, columns as lists, an array."""

    def __init__(self, frame):
        self._frame = frame
        self.columns = list(frame.columns)
        self.shape = frame.shape

    def __len__(self):
        return len(self._frame)

    def get_column(self, name):
        return SimpleNamespace(to_list=self._frame[name].tolist)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._frame.to_numpy(dtype=object), dtype=dtype)


def classifier(**options):
    return DaleRNNClassifier(**{**SMALL, **options})


def regressor(**options):
    return DaleRNNRegressor(**{**SMALL, **options})


def assert_same(one, other):
    np.testing.assert_array_equal(one.W_rec_, other.W_rec_)
    np.testing.assert_array_equal(one.W_out_, other.W_out_)


# ------------------------------------------------------------------- tensors and series


def trials_as(kind):
    arrays = list(X)
    return {
        "a tensor": torch.tensor(X),
        "a tensor with a gradient": torch.tensor(X, requires_grad=True),
        "a tensor in bfloat16": torch.tensor(X).bfloat16(),
        "a list of tensors": [torch.tensor(trial, requires_grad=True) for trial in X],
        "a series of arrays": pd.Series(arrays, index=np.arange(N_TRIALS) + 5),
        "a series of tensors": pd.Series([torch.tensor(trial) for trial in X], dtype=object),
        "a series of lists": pd.Series([trial.tolist() for trial in X]),
    }[kind]


KINDS = [
    "a tensor",
    "a tensor with a gradient",
    "a tensor in bfloat16",
    "a list of tensors",
    "a series of arrays",
    "a series of tensors",
    "a series of lists",
]


@pytest.mark.parametrize("kind", KINDS)
def test_trials_in_other_containers_are_the_arrays(kind):
    given = trials_as(kind)
    expected = classifier().fit(X.astype(float) if kind == "a series of lists" else X, LABELS)
    fitted = classifier().fit(given, LABELS)
    assert_same(fitted, expected)
    x = X.astype(float) if kind == "a series of lists" else X
    np.testing.assert_array_equal(fitted.predict_proba(given), expected.predict_proba(x))
    states = np.array([*fitted.hidden_states(given)])
    np.testing.assert_array_equal(states, expected.hidden_states(x))
    assert fitted.score(given, LABELS) == expected.score(x, LABELS)
    assert_same(fitted.partial_fit(given, LABELS), expected.partial_fit(x, LABELS))


@pytest.mark.parametrize(
    "given",
    [
        torch.tensor(NUMBERS, requires_grad=True),
        torch.tensor(NUMBERS).bfloat16(),
        pd.Series(list(NUMBERS)),
        [torch.tensor(row) for row in NUMBERS],
    ],
)
def test_numbers_in_other_containers_are_the_arrays(given):
    expected, fitted = regressor().fit(X, NUMBERS), regressor().fit(X, given)
    assert_same(fitted, expected)
    assert fitted.score(X, given) == expected.score(X, NUMBERS)


@pytest.mark.parametrize(
    "given",
    [
        torch.tensor(PER_STEP),
        pd.Series(list(PER_STEP)),
        pd.Series([torch.tensor(row) for row in PER_STEP], dtype=object),
    ],
)
def test_labels_in_other_containers_are_the_arrays(given):
    expected, fitted = classifier().fit(X, PER_STEP), classifier().fit(X, given)
    assert_same(fitted, expected)
    assert fitted.score(X, given) == expected.score(X, PER_STEP)


def test_weights_of_trials_and_matrices_may_be_tensors():
    weights = torch.arange(1.0, N_TRIALS + 1, requires_grad=True)
    as_array = np.arange(1.0, N_TRIALS + 1)
    assert_same(classifier().fit(X, LABELS, weights), classifier().fit(X, LABELS, as_array))
    W = torch.eye(3, requires_grad=True)
    assert metrics.density(W) == pytest.approx(1 / 3)
    assert metrics.dale_violations(-W, torch.ones(3)) == 3


def test_inspection_reads_tensors_and_leaves_out_what_is_masked():
    hidden = RNG.random(SERIES.shape) < 0.2
    missing = np.where(hidden, np.nan, SERIES)
    expected = prediction_skill(missing, SERIES + 1, SERIES)
    tensors = [torch.tensor(SERIES + 1, requires_grad=True), torch.tensor(SERIES)]
    found = prediction_skill(np.ma.masked_array(np.where(hidden, 1e9, SERIES), hidden), *tensors)
    pd.testing.assert_frame_equal(found, expected)
    fitted, words = classifier().fit(X, LABELS), excitatory_inhibitory_populations(N_UNITS)
    given = torch.tensor(X, requires_grad=True)
    one, other = (current_decomposition(fitted, x, labels=words) for x in (given, X))
    np.testing.assert_array_equal(one.total, other.total)
    effects = [
        silencing_effect(fitted, x, y, labels=words)
        for x, y in ((given, torch.tensor(LABELS)), (X, LABELS))
    ]
    pd.testing.assert_frame_equal(*effects)


def test_a_tensor_that_numpy_cannot_hold_is_refused_by_name():
    for call, name in (
        (lambda t: classifier().fit(t, LABELS), "X"),
        (lambda t: regressor().fit(X, t), "y"),
        (lambda t: metrics.density(t), "W"),
    ):
        with pytest.raises(TypeError, match=f"^{name} must be an array or a tensor"):
            call(torch.empty((N_TRIALS, 2), device="meta"))


# ------------------------------------------------------------------- a column of labels

WORDS = np.array(["left", "right", "stay"])[LABELS]


@pytest.mark.parametrize(
    "column",
    [
        WORDS.astype(object)[:, None],
        pd.DataFrame({"choice": WORDS}),
        pd.DataFrame({"choice": pd.Series(WORDS, dtype="category")}),
        pd.DataFrame({"choice": pd.Series(WORDS, dtype="string[python]")}),
        PolarsLike(pd.DataFrame({"choice": WORDS})),
        [[word] for word in WORDS],
    ],
    ids=["objects", "frame", "categories", "nullable", "polars", "lists"],
)
def test_a_column_of_words_is_a_label_per_trial(column):
    expected = classifier().fit(X, WORDS)
    with pytest.warns(UserWarning, match="column-vector y"):
        fitted = classifier().fit(X, column)
    assert_same(fitted, expected)
    assert fitted.predict(X).tolist() == expected.predict(X).tolist()
    with pytest.warns(UserWarning, match="column-vector y"):
        assert fitted.score(X, column) == expected.score(X, WORDS)


# ------------------------------------------------------------------- missing labels


def test_a_missing_label_is_not_judged_however_it_is_missing():
    """The same bits as a weight of zero, for whole trials and for steps."""
    hidden = np.arange(N_TRIALS) == 4
    weights = 1.0 - hidden
    expected = classifier().fit(X, LABELS, weights)
    nullable = pd.Series(LABELS, dtype="Int64").mask(pd.Series(hidden))
    for y in (
        np.ma.masked_array(LABELS, hidden),
        np.where(hidden, None, LABELS),
        np.where(hidden, None, LABELS).tolist(),
        nullable,
        nullable.astype(object),
    ):
        fitted = classifier(batch_size=N_TRIALS).fit(X, y)
        np.testing.assert_allclose(fitted.W_rec_, expected.W_rec_, rtol=0, atol=1e-6)
        assert fitted.classes_.tolist() == [0, 1, 2]
        assert fitted.score(X, y) == fitted.score(X, LABELS, weights)


@pytest.mark.parametrize("dtype", ["str", "string[python]", "category"])
def test_a_missing_word_is_not_judged(dtype):
    words = pd.Series(WORDS, dtype=dtype)
    words[4] = None
    fitted = classifier().fit(X, words)
    assert fitted.classes_.tolist() == ["left", "right", "stay"]
    assert_same(fitted, classifier().fit(X, words.astype(object).where(words.notna(), None)))
    assert fitted.score(X, words) == fitted.score(X, WORDS, np.arange(N_TRIALS) != 4)


def test_hidden_labels_of_steps_are_never_read():
    hidden = RNG.random(PER_STEP.shape) < 0.3
    missing = classifier().fit(X, np.where(hidden, None, PER_STEP))
    nonsense = np.where(hidden, 77, PER_STEP)
    for y in (
        np.ma.masked_array(nonsense, hidden),
        [np.ma.masked_array(*row) for row in zip(nonsense, hidden, strict=True)],
    ):
        fitted = classifier().fit(X, y)
        assert_same(fitted, missing)
        assert fitted.classes_.tolist() == [0, 1, 2]
        assert fitted.score(X, y) == missing.score(X, np.where(hidden, None, PER_STEP))


def test_hidden_numbers_of_a_list_of_trials_are_never_read():
    hidden = RNG.random(SERIES.shape) < 0.3
    missing = np.where(hidden, np.nan, SERIES)
    masked = [np.ma.masked_array(*row) for row in zip(SERIES, hidden, strict=True)]
    expected, fitted = regressor().fit(X, missing), regressor().fit(X, masked)
    assert_same(fitted, expected)
    assert fitted.score(X, masked) == expected.score(X, missing)


MASKED = np.ma.masked_array(np.ones((N_UNITS, N_UNITS)), np.eye(N_UNITS) > 0)


@pytest.mark.parametrize(
    "name, call",
    [
        ("X", lambda: classifier().fit(list(np.ma.masked_array(X, X > 1)), LABELS)),
        ("sample_weight", lambda: classifier().fit(X, LABELS, np.ma.masked_less(LABELS, 1))),
        ("sample_weight", lambda: regressor().fit(X, NUMBERS, np.ma.masked_less(LABELS, 1))),
        ("classes", lambda: classifier().partial_fit(X, LABELS, np.ma.masked_equal([0, 1, 2], 1))),
        ("signs", lambda: classifier(signs=np.ma.masked_equal([1] * 5 + [-1], -1)).fit(X, LABELS)),
        ("mask", lambda: classifier(mask=MASKED).fit(X, LABELS)),
        (
            "coordinates",
            lambda: classifier(coordinates=MASKED, regularizer="spatial").fit(X, LABELS),
        ),
        ("recurrent_init", lambda: classifier(recurrent_init=MASKED).fit(X, LABELS)),
        ("density", lambda: classifier(pruning="random", density=MASKED).fit(X, LABELS)),
        ("W", lambda: metrics.density(MASKED)),
        ("W", lambda: metrics.modularity(MASKED)),
        ("signs", lambda: metrics.dale_violations(np.eye(2), np.ma.masked_equal([1, -1], 1))),
        ("signs", lambda: dale_spectral_weights(np.ma.masked_equal([1, -1], 1))),
    ],
)
def test_hidden_values_are_refused_where_nothing_may_be_missing(name, call):
    with pytest.raises(ValueError, match=f"^{name} must .*masked array"):
        call()


def test_a_mask_that_hides_nothing_is_a_plain_array():
    plain = np.ma.masked_array(X, np.zeros(X.shape, dtype=bool))
    assert_same(classifier().fit(plain, np.ma.masked_array(LABELS)), classifier().fit(X, LABELS))


# ------------------------------------------------------------------- what is no number


@pytest.mark.parametrize(
    "y",
    [
        pd.Series(pd.date_range("2024-01-01", periods=N_TRIALS)).where(LABELS != 1),
        np.full(N_TRIALS, np.timedelta64("NaT")),
        np.array([pd.NaT] * N_TRIALS, dtype=object),
        [pd.Timestamp("2024-01-01")] * N_TRIALS,
        pd.DataFrame({"day": pd.date_range("2024-01-01", periods=N_TRIALS), "n": NUMBERS[:, 0]}),
    ],
)
def test_dates_are_no_targets(y):
    with pytest.raises(ValueError, match=r"^y must hold numbers, got dates or durations\.$"):
        regressor().fit(X, y)
    fitted = regressor().fit(X, NUMBERS)
    with pytest.raises(ValueError, match=r"^y must hold numbers, got dates"):
        fitted.score(X, y)


def test_dates_are_no_trials_and_no_weights():
    dates = np.full(X.shape, np.datetime64("2024-01-01"))
    for x in (dates, list(dates), dates[:, 0]):
        with pytest.raises(ValueError, match=r"^X must hold numbers, got dates"):
            classifier().fit(x, LABELS)
    with pytest.raises(ValueError, match=r"^sample_weight must"):
        classifier().fit(X, LABELS, dates[:, 0, 0])


@pytest.mark.parametrize("signs", [[True] * 5 + [False], np.arange(6) < 5, [1, 1, 1, True, -1, -1]])
def test_truth_values_are_no_signs(signs):
    """True would be excitatory and False free: inhibitory units that obey nothing."""
    with pytest.raises(ValueError, match=r"^signs must be an array of -1, 0 and 1"):
        classifier(signs=signs).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"^signs must be an array of -1, 0 and 1"):
        dale_spectral_weights(signs)
    with pytest.raises(ValueError, match=r"^signs must be an array of -1, 0 and 1"):
        metrics.dale_violations(np.eye(6), signs)


@pytest.mark.parametrize("signs", [np.ones(6) + 0j, ["1"] * 6, np.array(["1"] * 6, dtype=object)])
def test_complex_numbers_and_text_are_no_signs(signs):
    with pytest.raises(ValueError, match=r"^signs must be an array of -1, 0 and 1"):
        classifier(signs=signs).fit(X, LABELS)


@pytest.mark.parametrize(
    "classes",
    [[0, 1, np.nan], [0, 1, None], [[0, 1, 2]], [], 3, ["a", 1], [0, 1, pd.NA], {"a": 1}],
)
def test_classes_are_labels(classes):
    with pytest.raises(ValueError, match=r"^classes must be a list of labels"):
        classifier().partial_fit(X, LABELS, classes=classes)
    with pytest.raises(ValueError, match=r"^classes must be a list of labels"):
        classifier().partial_fit(X, LABELS).partial_fit(X, LABELS, classes=classes)


@pytest.mark.parametrize(
    "y, words",
    [
        ([None] * N_TRIALS, r"^y must have at least one label that is not missing"),
        (np.full((N_TRIALS, N_STEPS), None), "^y must have at least one label"),
        (np.ma.masked_all(N_TRIALS, dtype=int), "^y must have at least one label"),
        ([*WORDS[:-1], 3], "^y must have labels of one kind"),
        ([*WORDS[:-1], np.nan], "y contains NaN"),
        (np.array([*WORDS[:-1], np.nan], dtype=object), "y contains NaN"),
    ],
)
def test_labels_that_are_none(y, words):
    with pytest.raises(ValueError, match=words):
        classifier().fit(X, y)


# ------------------------------------------------------------------- nothing to be scored


def test_nothing_scored_among_the_held_out_trials():
    stopping = {"early_stopping": True, "validation_fraction": 0.1}
    fixation = np.zeros((N_TRIALS, N_STEPS), dtype=int)
    fixation[0] = [1, 2, 1, 2]  # of all trials this one alone is judged
    weights = {0: 0.0, 1: 1.0, 2: 1.0}
    unjudged = np.where(np.arange(N_TRIALS)[:, None] == 0, fixation, None)
    seeds = range(20)
    refusals = []
    for y, options in ((fixation, {"class_weight": weights}), (unjudged, {})):
        for seed in seeds:
            clf = classifier(**stopping, **options, random_state=seed, max_iter=1)
            try:
                clf.fit(X, y)
            except ValueError as error:
                refusals.append(str(error))
    assert len(refusals) >= len(seeds)
    for text in refusals:
        assert text.startswith("early_stopping needs at least one ")
        assert "validation_fraction=0.1" in text and text.endswith(".")
    assert {"validation trials" in text for text in refusals} == {True, False}


def test_nothing_scored_in_score():
    per_trial, per_step = classifier().fit(X, LABELS), classifier().fit(X, PER_STEP)
    first = np.arange(N_TRIALS) == 0
    for fitted, y in ((per_trial, LABELS.astype(object)), (per_step, PER_STEP.astype(object))):
        y = y.copy()
        y[0] = None
        with pytest.raises(ValueError, match=r"^y must have at least one label to be judged"):
            fitted.score(X, y, first.astype(float))
    numbers = NUMBERS.copy()
    numbers[0] = np.nan
    with pytest.raises(ValueError, match=r"^y must have at least one entry that is not NaN"):
        regressor().fit(X, NUMBERS).score(X, numbers, first.astype(float))


def test_class_weights_of_classes_that_are_not_there():
    clf = classifier(class_weight={0: 0.0, 1: 0.0, 2: 1.0})
    with pytest.raises(ValueError, match=r"^class_weight must be positive for a class of y"):
        clf.partial_fit(X, LABELS % 2, classes=[0, 1, 2])


# ------------------------------------------------------------------- tables

TABLE = excitatory_inhibitory_populations(10, tau=20.0).assign(layer=["L2/3", None])
PAIRS = pd.DataFrame(
    {
        "pre": ["excitatory", "excitatory", "inhibitory", "inhibitory"],
        "post": ["excitatory", "inhibitory"] * 2,
        "probability": [0.1, 0.2, 0.3, 0.4],
    }
)


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_tables_of_any_backend_are_one_table(backend):
    if backend == "pyarrow":
        pytest.importorskip("pyarrow")

    def through_a_file(table):
        text = table.to_csv(index=False)
        return pd.read_csv(io.StringIO(text), dtype_backend=backend)

    expected = check_populations(TABLE)
    pd.testing.assert_frame_equal(check_populations(through_a_file(TABLE)), expected)
    blocks = block_probabilities(through_a_file(TABLE), through_a_file(PAIRS))
    np.testing.assert_array_equal(blocks.density, [[0.1, 0.3], [0.2, 0.4]])
    square = PAIRS.pivot(index="post", columns="pre", values="probability")
    square = square.convert_dtypes(dtype_backend=backend)
    np.testing.assert_array_equal(block_probabilities(TABLE, square).density, blocks.density)


def test_frames_of_another_library_are_tables():
    x, y = X, X
    expected = CellTypeRNNRegressor(
        populations=TABLE, connection_probabilities=PAIRS, dt=5.0, max_iter=1, random_state=0
    ).fit(x, y)
    fitted = CellTypeRNNRegressor(
        populations=PolarsLike(TABLE),
        connection_probabilities=PolarsLike(PAIRS),
        dt=5.0,
        max_iter=1,
        random_state=0,
    ).fit(x, y)
    assert_same(fitted, expected)
    pd.testing.assert_frame_equal(fitted.populations_, expected.populations_)


def test_polars_frames_are_tables():
    polars = pytest.importorskip("polars")
    frame, pairs = (polars.DataFrame(t.to_dict("list")) for t in (TABLE, PAIRS))
    pd.testing.assert_frame_equal(check_populations(frame), check_populations(TABLE))
    np.testing.assert_array_equal(
        block_probabilities(frame, pairs).density, block_probabilities(TABLE, PAIRS).density
    )
    with pytest.warns(UserWarning, match="column-vector y"):
        fitted = classifier().fit(X, polars.DataFrame({"choice": WORDS.tolist()}))
    assert_same(fitted, classifier().fit(X, WORDS))
