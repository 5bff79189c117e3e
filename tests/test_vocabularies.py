"""One table per vocabulary: what is added to it as a row is known everywhere.

The package is copied, and a law, a penalty, a pruner and a transfer function are added to the copy,
each as one class (or function) in one file and one row. The copy is asked whether it knows them:
what arguments may be, what documentation lists, README and guide, the cases of the tests, and fits.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from problems import ACTIVATIONS, CONSTRAINTS, LAW_NAMES, PENALTY_NAMES, PLAIN, PRUNER_NAMES

import sk_biornn
from sk_biornn._vocabulary import Vocabulary, Word, filled
from sk_biornn.biology.constraints import LAWS, WAYS, Dale
from sk_biornn.biology.pruning import PRUNERS
from sk_biornn.biology.regularizers import PENALTIES
from sk_biornn.core.activations import ACTIVATIONS as TRANSFERS

REPOSITORY = Path(__file__).parents[1]
TABLES = {"dale": LAWS, "regularizer": PENALTIES, "pruning": PRUNERS, "activation": TRANSFERS}
every_table = pytest.mark.parametrize("argument", TABLES)
NEEDS = {"pruning": {"density": 0.5, "finetune_iter": 1}}


def small_network(**options):
    arguments = {"n_units": 6, "max_iter": 2, "random_state": 0, "coordinates": "grid"}
    return sk_biornn.DaleRNNRegressor(**arguments, connectome=np.ones((6, 6)), **options)


def data():
    X = np.random.default_rng(0).standard_normal((8, 4, 2))
    return X, X.cumsum(axis=1)


# ------------------------------------------------------------------ the tables as they are


@every_table
@pytest.mark.filterwarnings("ignore::sk_biornn.estimators.DensityWarning")
def test_every_word_is_taken_and_others_are_told_of_all(argument):
    X, y = data()
    needs = NEEDS.get(argument, {})
    for name in TABLES[argument]:
        small_network(**{argument: name}, **needs).fit(X, y)
    message = rf"^{argument} must be one of {re.escape(str([*TABLES[argument]]))}.* got 'none'\.$"
    with pytest.raises(ValueError, match=message):
        small_network(**{argument: "none"}, **needs).fit(X, y)


@every_table
def test_every_row_is_in_the_docstring_of_every_estimator(argument):
    for name in sk_biornn.__all__:
        if "RNN" not in name:
            continue
        text = " ".join(getattr(sk_biornn, name).__doc__.split())
        assert f"{argument} : {TABLES[argument].choices}" in text
        for row in TABLES[argument].values():
            assert f'- "{row.name}": ``{row.formula}``; {row.meaning}.' in text


def test_the_docstring_of_dales_law_has_its_ways():
    text = " ".join(Dale.__doc__.split())
    assert f"method : {WAYS.choices}" in text
    assert all(f"``{way.formula}``; {way.meaning}." in text for way in WAYS.values())


def test_words_stand_for_objects_that_are_made_of_what_they_take():
    words = Vocabulary(Word("law", Dale, "f", "a law"))
    made = words["law"].make_of({"method": "abs", "strength": 3})
    assert made == Dale("abs") and words["law"].takes == ("method", "scale", "momentum")
    assert [*words] == ["law"] and "law" in words and "other" not in words
    with pytest.raises(AssertionError, match="one thing"):
        Vocabulary(*words.values(), *words.values())


def test_texts_of_several_lines_are_indented_as_their_place_is():
    @filled(rows="- a\n- b", word="c")
    class Some:
        """One.

        {rows}
            {word}: {rows}
        """

    # Cleaned, as Python 3.13 does it before a decorator sees the text.
    lines = inspect.cleandoc(Some.__doc__).splitlines()
    assert lines[2:6] == ["- a", "- b", "    c: - a", "    - b"]


def test_the_readme_has_the_table_of_laws():
    sys.path.insert(0, str(REPOSITORY / "docs"))
    try:
        from word_tables import README, with_table
    finally:
        sys.path.remove(str(REPOSITORY / "docs"))
    text = README.read_text(encoding="utf-8")
    assert with_table(text) == text, "python docs/word_tables.py writes the table of the README"


def test_functions_are_what_they_are_called():
    """The formulas of the tables, by another library."""
    p = np.linspace(-5, 5, 41)
    expected = {"tanh": np.tanh(p), "relu": np.maximum(p, 0), "softplus": np.logaddexp(p, 0)}
    for name, values in expected.items():
        np.testing.assert_allclose(PLAIN[name](torch.from_numpy(p)), values, rtol=1e-12)


def test_the_shared_cases_have_every_word():
    assert LAW_NAMES == [*LAWS] and {*LAWS} <= {*CONSTRAINTS}
    assert PENALTY_NAMES == [*PENALTIES] and PRUNER_NAMES == [*PRUNERS]
    assert ACTIVATIONS == [*TRANSFERS] == [*PLAIN]


# ------------------------------------------------------------------ one row more in each

LAW = '''
from dataclasses import dataclass

from sk_biornn._strategy import Strategy
from sk_biornn.biology._spaces import clipping_space, sign_bounds


@dataclass(frozen=True)
class Sluggish(Strategy):
    """Dale's law by projection, in steps that are half as long."""

    by_synapse = True

    def bind(self, signs, mask):
        space = clipping_space(*sign_bounds(signs, mask))

        def retract(proposed, before):
            proposed.lerp_(before, 0.5)
            return space.retract(proposed, before)

        return space._replace(retract=retract, needs_before=True)
'''
PENALTY = '''
from dataclasses import dataclass

from sk_biornn.biology._prices import OfWeights, Price


@dataclass(frozen=True)
class SquareCost(Price):
    """Price of squared weights."""

    strength: float = 0.3

    def bind(self, facts):
        return OfWeights(lambda weights: self.strength * weights.square().sum())
'''
PRUNER = '''
from dataclasses import dataclass

import numpy as np

from sk_biornn.biology._blockwise import BlockwisePruner


@dataclass(frozen=True)
class WeakestPruning(BlockwisePruner):
    """Keep the smallest weights."""

    def _keep(self, strengths, density, rng):
        n_kept = int(density * strengths.size)
        sizes = np.where(strengths > 0, strengths, np.inf).ravel()
        kept = np.zeros(strengths.size, dtype=bool)
        kept[np.argsort(sizes, kind="stable")[:n_kept]] = True
        return kept.reshape(strengths.shape)
'''
ACTIVATION = '''
import torch
from torch.nn.functional import leaky_relu

from sk_biornn.core.transfer_functions import Activation


def plain(p):
    return leaky_relu(p, 0.1)


def leaky(by_vectors):
    """Return max(p, p / 10)."""

    def backward(grad, z, out):
        out.copy_(torch.where(z > 0, grad, 0.1 * grad))

    return Activation(1.0, lambda p, out: torch.maximum(p, 0.1 * p, out=out), backward, False)
'''
# file of the class: its text; file of the table, its name, what it imports, the row
ADDITIONS = [
    ("biology/sluggish.py", LAW, "biology/constraints.py", "LAWS",
     "from sk_biornn.biology.sluggish import Sluggish",
     'Word("sluggish", Sluggish, "W <- s max(s (W - d / 2), 0)", "half steps"),'),
    ("biology/square_cost.py", PENALTY, "biology/regularizers.py", "PENALTIES",
     "from sk_biornn.biology.square_cost import SquareCost",
     'Word("squares", SquareCost, "lambda sum W^2", "the price of squares"),'),
    ("biology/weakest.py", PRUNER, "biology/pruning.py", "PRUNERS",
     "from sk_biornn.biology.weakest import WeakestPruning",
     'Word("weakest", WeakestPruning, "the d n smallest |W|", "the weakest stay"),'),
    ("core/leaky.py", ACTIVATION, "core/activations.py", "ACTIVATIONS",
     "from sk_biornn.core.leaky import leaky, plain",
     'Transfer("leaky", leaky, plain, "max(p, p / 10)", "a leaky rectifier"),'),
]  # fmt: skip
WORDS = {"dale": "sluggish", "regularizer": "squares", "pruning": "weakest", "activation": "leaky"}
QUESTIONS = """
from pathlib import Path
import numpy as np
import sk_biornn
import problems, word_tables
from campaign import sensible
from test_vocabularies import TABLES, WORDS, data, small_network

def test_a_word_is_known_everywhere():
    assert Path(sk_biornn.__file__).parents[1] == Path.cwd(), sk_biornn.__file__
    word_tables.README.write_text(word_tables.with_table(word_tables.README.read_text()))
    row = '| `"sluggish"` | `W <- s max(s (W - d / 2), 0)` | half steps |'
    assert row in word_tables.README.read_text()
    X, y = data()
    plain = small_network().fit(X, y)
    for argument, word in WORDS.items():
        assert word in TABLES[argument], argument
        assert f'`"{word}"`' in "".join(word_tables.TABLES.values()), argument
        for cls in problems.ESTIMATORS:
            assert f'- "{word}": ``' in cls.__doc__, (argument, cls)
        assert any(word == value for value in sensible(np.random.default_rng(0))[argument])
        more = {"density": 0.1, "finetune_iter": 1} if argument == "pruning" else {}
        fitted = small_network(**{argument: word}, **more).fit(X, y)
        assert (fitted.W_rec_ != plain.W_rec_).any(), argument
    free, priced = (small_network(regularizer="squares", regu_strength=s) for s in (0, 1))
    # The arguments fill the fields.
    assert (free.fit(X, y).W_rec_ != priced.fit(X, y).W_rec_).any()
    assert small_network(dale="sluggish")._constraint() == problems.CONSTRAINTS["sluggish"]
"""
# Tests that must have a case of each word, and pass on it.
CASES = {
    "test_biology_regularizers.py::test_gradients_equal_finite_differences": "squares",
    "test_core_scan.py::test_activation_and_its_derivative": "leaky",
    "test_estimators_dale.py::test_a_warm_start_obeys_the_arguments_as_they_are_now": "sluggish",
    "test_estimators_pruning.py::test_every_estimator_prunes": "weakest",
    "test_strategies.py::test_a_clone_is_an_equal_copy": "sluggish",
    "test_biology_constraints.py::test_gradient_off_the_mask_does_not_move_weights": "sluggish",
}


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """Copy the repository and add one word to each table; return the folder."""
    copy = tmp_path_factory.mktemp("grown")
    # What is compiled is taken along, but no file that a process beside this one is writing.
    ignored = shutil.ignore_patterns("*.pyc.*", "generated", "_build", "gallery")
    for folder in ("sk_biornn", "tests", "docs"):
        shutil.copytree(REPOSITORY / folder, copy / folder, ignore=ignored)
    for name in ("README.md", "pyproject.toml", "setup.cfg"):
        shutil.copy(REPOSITORY / name, copy / name)
    for file, text, table_file, table, import_line, row in ADDITIONS:
        (copy / "sk_biornn" / file).write_text(f'"""One word more."""\n{text}', encoding="utf-8")
        path = copy / "sk_biornn" / table_file
        lines = path.read_text(encoding="utf-8")
        opening, future = f"{table} = Vocabulary(\n", "from __future__ import annotations\n"
        assert lines.count(opening) == lines.count(future) == 1
        lines = lines.replace(opening, f"{opening}    {row}\n")
        path.write_text(lines.replace(future, f"{future}{import_line}\n"), encoding="utf-8")
    (copy / "tests" / "test_questions.py").write_text(QUESTIONS, encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def report(grown, pytestconfig):
    """What pytest says in the copy, of its own tests and of the questions: one start for both."""
    path = os.pathsep.join(str(grown / name) for name in (".", "tests", "docs"))
    words = " or ".join(sorted({"known_everywhere", *CASES.values()}))
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "-q", "-rA", "-k", words]
    if not pytestconfig.getini("filterwarnings"):  # warnings are no errors here, as `make lowest`
        options += ["-o", "filterwarnings="]
    files = ["tests/test_questions.py", *(f"tests/{case}" for case in CASES)]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *files],
        cwd=grown, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-3000:]
    return run.stdout


def test_a_word_is_one_class_in_one_file_and_one_row(report):
    assert "PASSED tests/test_questions.py::test_a_word_is_known_everywhere" in report, report


def test_the_tests_have_a_case_of_every_new_word_and_pass(report):
    for case, word in CASES.items():
        passed = re.findall(rf"PASSED tests/{re.escape(case)}\[[^\]]*\b{word}\b[^\]]*\]", report)
        assert passed, f"no case of {word} in {case}"
    assert not re.search(r"\b(failed|errors?) in |^(FAILED|ERROR) ", report, re.MULTILINE), report
