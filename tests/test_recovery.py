"""Known circuits, and what is read off networks that were fitted to them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score

from sk_biornn import DaleRNNRegressor
from sk_biornn.inspection import make_known_circuit, population_interactions, recovery_benchmark
from sk_biornn.inspection._recovery import recovery_summary
from sk_biornn.inspection._recovery_scores import (
    READINGS,
    Truth,
    _tau_reading,
    given_readings,
    hidden_readings,
    readings,
    weight_readings,
)
from sk_biornn.inspection._recovery_settings import SETTINGS, common_arguments


def true_network(circuit, **changes):
    """The estimator that is the circuit."""
    weights = {
        "W_rec": circuit.W,
        "W_in": circuit.W_in,
        "W_out": np.eye(circuit.n_units)[circuit.observed],
        "b_rec": circuit.b,
        **changes,
    }
    arguments = {**common_arguments(circuit), "signs": circuit.signs, "mask": circuit.W != 0}
    return DaleRNNRegressor.from_weights(**weights, **arguments)


@pytest.fixture(scope="module")
def circuit():
    return make_known_circuit(16, random_state=3)


# ------------------------------------------------------------------ the circuit


def test_rates_are_those_of_the_formula_one_number_at_a_time(circuit):
    X = np.random.default_rng(0).standard_normal((2, 4, 4))
    for trial, expected in zip(X, circuit.rates(X), strict=True):
        r = [0.0] * circuit.n_units
        for x, row in zip(trial, expected, strict=True):
            new = []
            for i in range(circuit.n_units):
                p = circuit.b[i] + sum(circuit.W_in[i, k] * x[k] for k in range(4))
                p += sum(circuit.W[i, j] * r[j] for j in range(circuit.n_units))
                a = circuit.dt / circuit.tau[i]
                new.append((1 - a) * r[i] + a * max(np.tanh(p), 0.0))
            r = new
            np.testing.assert_allclose(row, r, rtol=1e-12, atol=1e-14)


def test_rates_are_those_of_the_estimators(circuit):
    X = circuit.record(6, 20, random_state=1).X.astype(np.float64)
    own = true_network(circuit).hidden_states(X, "rate")
    np.testing.assert_allclose(own, circuit.rates(X), rtol=1e-10, atol=1e-12)


def test_noise_in_the_units_is_that_of_an_euler_maruyama_step():
    """Of one unit that is linear where it works: sd of r after one step is sqrt(2 a) * level."""
    circuit = make_known_circuit(
        6, spectral_radius=0, process_noise=1e-3, observation_noise=0, random_state=0
    )
    X = np.zeros((20_000, 1, 4))
    noisy = circuit.rates(X, np.random.default_rng(0))
    slope = 1 - np.tanh(circuit.b) ** 2
    expected = slope * np.sqrt(2 * circuit.dt / circuit.tau) * 1e-3
    active = circuit.b > 0.05
    np.testing.assert_allclose(noisy[:, 0].std(axis=0)[active], expected[active], rtol=0.03)


def test_what_is_recorded_is_the_observed_rates_and_white_noise():
    circuit = make_known_circuit(12, observation_noise=0.3, process_noise=0.1, random_state=0)
    recording = circuit.record(200, 30, random_state=1)
    error = recording.y - recording.rates[..., circuit.observed]
    assert error.std() == pytest.approx(0.3, rel=0.02)
    assert abs(np.corrcoef(error[:, 1:].ravel(), error[:, :-1].ravel())[0, 1]) < 0.02
    assert not np.array_equal(recording.rates, recording.expected)
    np.testing.assert_array_equal(recording.expected, circuit.rates(recording.X))


def test_fewer_trials_are_the_first_of_more(circuit):
    few, many = circuit.record(3, random_state=5), circuit.record(7, random_state=5)
    for own, other in zip(few[:3], many[:3], strict=True):
        np.testing.assert_array_equal(own, other[:3])


def test_input_has_the_variance_and_the_memory_that_it_says(circuit):
    X = circuit.record(300, 40, random_state=0).X
    assert X.std() == pytest.approx(1, rel=0.03)
    assert np.corrcoef(X[:, 1:].ravel(), X[:, :-1].ravel())[0, 1] == pytest.approx(0.8, abs=0.02)
    assert X[:, 0].std() == pytest.approx(X[:, -1].std(), rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_a_circuit_is_what_it_says(seed):
    circuit = make_known_circuit(30, observed_fraction=0.3, spectral_radius=0.7, random_state=seed)
    assert (circuit.W * circuit.signs >= 0).all() and (np.diag(circuit.W) == 0).all()
    assert ((circuit.W != 0) == (circuit.connectome != 0)).all()
    gains = circuit.gains.loc[circuit.types, circuit.types].to_numpy()
    np.testing.assert_allclose(circuit.W, circuit.connectome * gains, rtol=1e-14)
    counts = abs(circuit.connectome[circuit.connectome != 0])
    np.testing.assert_allclose(counts / counts.min(), np.round(counts / counts.min()), rtol=1e-12)
    assert abs(np.linalg.eigvals(circuit.W)).max() == pytest.approx(0.7)
    assert np.log(circuit.gains.to_numpy()).mean() == pytest.approx(0, abs=1e-12)
    assert (circuit.connectome != 0).any(axis=1).all() and ((circuit.W_in != 0).sum(1) == 2).all()
    assert len(circuit.observed) == 9 and set(circuit.types[circuit.observed]) == set(circuit.types)
    assert sorted([*circuit.observed, *circuit.hidden]) == list(range(30))
    density = population_interactions((circuit.W != 0).astype(float), labels=circuit.types).pivot(
        index="post", columns="pre", values="mean"
    )
    pd.testing.assert_frame_equal(
        density.loc[circuit.types[[0, -7, -1]], circuit.types[[0, -7, -1]]],
        circuit.probabilities.loc[circuit.types[[0, -7, -1]], circuit.types[[0, -7, -1]]],
        check_names=False,
    )


def test_own_cell_types_have_their_shares_signs_and_time_constants():
    types = {"E": (1, 3, 40.0), "I": (-1, 1, 20.0)}
    circuit = make_known_circuit(20, cell_types=types, gain_sigma=0, random_state=0)
    assert [(circuit.types == name).sum() for name in types] == [15, 5]
    assert set(circuit.tau[circuit.types == "I"]) == {20.0} and (circuit.gains == 1).all(axis=None)
    assert (circuit.signs == np.where(circuit.types == "E", 1, -1)).all()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"n_units": 5}, ValueError, "n_units must be"),
        ({"density": 0.9}, ValueError, "density must be"),
        ({"dt": 30.0}, ValueError, "dt must be at most the shortest tau, 25 ms, got 30"),
        ({"cell_types": {"E": 1}}, TypeError, "cell_types must be a mapping"),
        ({"cell_types": {"E": (2, 1, 10.0)}}, ValueError, "signs of 1 or -1"),
        ({"observed_fraction": 0}, ValueError, "observed_fraction must be"),
        ({"process_noise": "much"}, TypeError, "process_noise must be"),
    ],
)
def test_what_makes_no_circuit_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        make_known_circuit(**arguments)


# ------------------------------------------------------------------ the readings


def test_the_truth_is_recovered_from_itself(circuit):
    truth = Truth(circuit, circuit.record(10, random_state=2))
    found = readings(true_network(circuit), truth)
    assert list(found) != [] and set(found) == set(READINGS)
    assert np.isnan(found.pop("tau"))  # which no argument asked to learn
    assert found == pytest.approx(dict.fromkeys(found, 1.0), abs=1e-5)


def test_weight_readings_are_those_of_other_libraries(circuit):
    rng = np.random.default_rng(0)
    W = rng.standard_normal(circuit.W.shape) * rng.integers(0, 2, circuit.W.shape)
    W[circuit.W != 0] += rng.uniform(0.1, 1, (circuit.W != 0).sum())  # none of these is 0
    found = weight_readings(W, circuit)
    there, different = circuit.W != 0, ~np.eye(16, dtype=bool)
    true, own = circuit.W[there], W[there]
    assert found["signs"] == pytest.approx(balanced_accuracy_score(true > 0, own > 0))
    assert found["weights"] == pytest.approx(np.corrcoef(own, true)[0, 1])
    assert found["strengths"] == pytest.approx(np.corrcoef(abs(own), abs(true))[0, 1])
    assert found["synapses"] == pytest.approx(roc_auc_score(there[different], abs(W[different])))
    means = [
        population_interactions(matrix, labels=circuit.types)["mean"] for matrix in (W, circuit.W)
    ]
    assert found["interactions"] == pytest.approx(np.corrcoef(*means)[0, 1])
    among = np.ix_(circuit.observed, circuit.observed)
    off = ~np.eye(len(circuit.observed), dtype=bool)
    expected = np.corrcoef(W[among][off], circuit.W[among][off])[0, 1]
    assert found["recorded pairs"] == pytest.approx(expected)


def test_a_gain_is_what_the_contacts_are_multiplied_by(circuit):
    names = circuit.gains.index
    other = pd.DataFrame(np.exp(np.random.default_rng(1).normal(size=(3, 3))), names, names)
    W = 7 * circuit.connectome * other.loc[circuit.types, circuit.types].to_numpy()
    there = circuit.probabilities.to_numpy() > 0
    logs = [np.log(table.to_numpy()[there]) for table in (other, circuit.gains)]
    found = weight_readings(W, circuit)["gains"]
    assert found == pytest.approx(np.corrcoef(*logs)[0, 1])


def test_weights_that_are_missing_have_the_wrong_sign(circuit):
    assert weight_readings(0 * circuit.W, circuit)["signs"] == 0
    assert weight_readings(-circuit.W, circuit)["signs"] == 0
    inhibition_missing = np.maximum(circuit.W, 0)
    assert weight_readings(inhibition_missing, circuit)["signs"] == 0.5


def test_hidden_units_in_another_order_are_found_by_matching(circuit):
    truth = Truth(circuit, circuit.record(10, random_state=2))
    rates, order = truth.new.expected.copy(), np.roll(circuit.hidden, 1)
    rates[..., circuit.hidden] = 3 * rates[..., order] + 1
    found = hidden_readings(rates, truth)
    assert found["hidden rates, matched"] == pytest.approx(1)
    assert found["hidden rates"] < 0.9
    rates[..., circuit.hidden[0]] = 0  # a unit that is silent is unlike any other
    n = len(circuit.hidden)
    assert hidden_readings(rates, truth)["hidden rates, matched"] == pytest.approx((n - 1) / n)


def test_prediction_is_the_r2_of_rates_without_noise(circuit):
    truth = Truth(circuit, circuit.record(10, random_state=2))
    network = true_network(circuit, b_rec=circuit.b + 0.1)
    y = truth.new.expected[..., circuit.observed].reshape(-1, len(circuit.observed))
    p = network.predict(truth.new.X).reshape(y.shape)
    assert readings(network, truth)["prediction"] == pytest.approx(r2_score(y, p))


def test_tau_is_scored_by_what_is_gone_of_the_error_of_its_start(circuit):
    start = np.full(circuit.n_units, 40.0)

    def scored(tau_):
        return _tau_reading(SimpleNamespace(learn_tau=True, tau=start, tau_=tau_), circuit)

    assert scored(circuit.tau) == pytest.approx(1) and scored(start) == pytest.approx(0)
    half_way = np.sqrt(start * circuit.tau)  # half of the logarithm: a quarter of the error is left
    assert scored(half_way) == pytest.approx(0.75)
    assert scored(start**2 / circuit.tau) == pytest.approx(-3)


def test_what_the_arguments_say_is_given(circuit):
    X, y = circuit.record(3, random_state=0)[:2]
    expected = {"free": set(), "Dale": {"signs"}, "wiring": {"signs", "synapses"}}
    for name, given in expected.items():
        arguments = {**common_arguments(circuit), **SETTINGS[name].arguments(circuit)}
        network = DaleRNNRegressor(**arguments, max_iter=1, random_state=0).fit(X, y)
        assert given_readings(network, circuit) == given


# ------------------------------------------------------------------ the benchmark


@pytest.fixture(scope="module")
def small():
    return recovery_benchmark(
        n_units=[12], n_trials=[20, 6], n_seeds=2, n_updates=8, n_new_trials=6, n_steps=10
    )


def test_there_is_a_row_for_every_circuit_setting_amount_and_reading(small):
    results, summary = small
    keys = ["n_units", "observed_fraction", "seed", "setting", "n_trials", "reading"]
    assert not results.duplicated(keys).any() and np.isfinite(results["value"]).all()
    assert list(results["setting"].unique()) == list(SETTINGS)
    assert list(results["n_trials"].unique()) == [0, 6, 20]
    assert set(results["reading"]) == set(READINGS)
    learn_tau = results.query("reading == 'tau'")["setting"].nunique()
    assert 1 <= learn_tau < len(SETTINGS)
    assert len(results) == 2 * 3 * (len(SETTINGS) * (len(READINGS) - 1) + learn_tau)
    assert len(summary) == len(results) / 2


def test_settings_share_circuits_and_the_untrained_network(small):
    results, _ = small
    at_0 = results[results["n_trials"] == 0]
    values = at_0.pivot_table(index=["seed", "reading"], columns="setting", values="value")
    of_weights = values.loc[(slice(None), ["signs", "weights", "gains", "synapses"]), :]
    pd.testing.assert_series_equal(  # which begin with the same contacts
        of_weights["connectome"], of_weights["physiology"], check_names=False
    )
    signs = values.xs("signs", level="reading")
    assert (signs[["connectome", "physiology"]] == 1).all(axis=None)
    same = values["wiring"] - values["wiring, not tau"]  # but for their time constants
    assert (same.xs("signs", level="reading") == 0).all()


def test_jobs_and_number_of_seeds_change_no_number():
    options = {"n_units": 12, "n_trials": 5, "n_updates": 4, "n_new_trials": 4, "n_steps": 8}
    two = recovery_benchmark(["free", "wiring"], n_seeds=2, **options).results
    with parallel_config("threading"):
        one = recovery_benchmark(["wiring"], n_seeds=1, n_jobs=2, **options).results
    own = two.query("setting == 'wiring' and seed == 0").reset_index(drop=True)
    pd.testing.assert_frame_equal(own, one)


def test_the_summary_is_means_of_pairs_and_percentiles():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((4, 2))
    results = pd.DataFrame(
        [
            {
                "n_units": 12,
                "observed_fraction": 0.5,
                "seed": seed,
                "setting": "free",
                "n_trials": amount,
                "reading": "signs",
                "value": values[seed, k],
                "given": False,
            }
            for seed in range(4)
            for k, amount in enumerate((0, 5))
        ]
    )
    row = recovery_summary(results, n_bootstrap=4000).set_index("n_trials").loc[5]
    assert row["mean"] == pytest.approx(values[:, 1].mean()) and row["n"] == 4
    assert row["gain"] == pytest.approx((values[:, 1] - values[:, 0]).mean())
    every = np.stack(np.meshgrid(*[np.arange(4)] * 4), axis=-1).reshape(-1, 4)  # all resamples
    exact = np.quantile(values[:, 1][every].mean(axis=1), [0.025, 0.975])
    np.testing.assert_allclose(row[["low", "high"]].astype(float), exact, atol=0.06)
    at_0 = recovery_summary(results).set_index("n_trials").loc[0]
    assert at_0["gain"] == at_0["gain_low"] == at_0["gain_high"] == 0


def test_own_settings_and_networks_take_part():
    told = []

    def mine(circuit):
        told.append(circuit)
        return {"signs": circuit.signs, "regularizer": "weight"}

    results, _ = recovery_benchmark(
        {"sparse": mine},
        n_units=12,
        n_trials=3,
        n_seeds=1,
        n_new_trials=3,
        n_updates=2,
        circuit={"spectral_radius": 0.0},
        estimator=DaleRNNRegressor(batch_size=2),
    )
    assert set(results["setting"]) == {"sparse"} and (told[0].W == 0).all()
    assert "signs" not in set(results["reading"])  # of a circuit without synapses


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"settings": "magic"}, ValueError, r"settings must be among \['free', 'Dale'"),
        ({"settings": []}, ValueError, "settings must have at least one"),
        ({"settings": {"mine": 1}}, TypeError, "settings must map names to functions"),
        ({"n_trials": []}, ValueError, "n_trials must have at least one number"),
        ({"n_trials": 0}, ValueError, "n_trials must be"),
        ({"n_units": 2.5}, TypeError, "n_units must be"),
        ({"observed_fraction": 1.5}, ValueError, "observed_fraction must be"),
        ({"circuit": 3}, TypeError, "circuit must be a mapping"),
        ({"confidence": 1.0}, ValueError, "confidence must be"),
    ],
)
def test_what_is_no_benchmark_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        recovery_benchmark(**arguments)


# ------------------------------------------------------------------ the page


PAGE = Path(__file__).parents[1] / "docs" / "recovery.rst"


@pytest.fixture(scope="module")
def numbers():
    """What was measured, as (setting, reading, trials) -> row, of half and of all units."""
    table = pd.read_csv(PAGE.with_name("recovery.csv")).query("n_units == 24")
    keys = ["setting", "reading", "n_trials"]
    return tuple(
        table[(table["observed_fraction"] == share)].set_index(keys) for share in (0.5, 1.0)
    )


def test_the_page_says_what_was_measured(numbers):
    half, whole = numbers
    said = " ".join(PAGE.read_text(encoding="utf-8").split())

    def mean(setting, reading, n_trials=320, of=half):
        return f"{of.loc[(setting, reading, n_trials), 'mean']:.2f}"

    def share(setting, reading, n_trials=320, of=half):
        return f"{100 * of.loc[(setting, reading, n_trials), 'mean']:.0f} %"

    def added(setting):
        row = half.loc[(setting, "interactions", 320)]
        return f"{row['gain']:.2f} [{row['gain_low']:.2f}, {row['gain_high']:.2f}]"

    predictions = sorted(mean(setting, "prediction") for setting in SETTINGS)
    recorded, hidden = "recorded pairs", "hidden rates"
    for sentence in (
        f"(R2 of {predictions[0]} to {predictions[-1]}). Free networks do, too, and have "
        f"{share('free', 'signs')} of the signs right",
        f"see *all* units have {share('free', 'signs', of=whole)} of the signs right, and their "
        f"strengths correlate with the true ones by {mean('free', 'strengths', of=whole)}, "
        f"against {mean('free', 'strengths')} where",
        f"even then: {mean('free', recorded)} free, {mean('wiring', recorded)} with",
        f"by {mean('Dale', 'interactions')} with 320 trials, and by "
        f"{mean('Dale', 'interactions', 0)} before any training; what the data add is "
        f"{added('Dale')}. Free networks reach {mean('free', 'interactions')}, of which the data "
        f"add {added('free')}. With the wiring it is {mean('wiring', 'interactions')}, with "
        "contacts and gains "
        f"{mean('physiology', 'interactions')}.",
        f"by their place in the wiring ({mean('wiring', hidden)}), best with the physiology alone "
        f"to learn ({mean('physiology', hidden)}); else not at all ({mean('free', hidden)} free, "
        f"{mean('Dale', hidden)} under",
        f"one can gives {mean('Dale', f'{hidden}, matched')} under Dale's law, and "
        f"{mean('Dale', f'{hidden}, matched', 0)} before",
        f"from five trials {share('wiring, not tau', 'tau', 5)} of the squared error",
        f"ROC curve is {mean('densities', 'synapses')}.",
        f"{mean('wiring', recorded, 20)} against {mean('Dale', recorded)} (Dale) for weights among "
        f"recorded units, {mean('wiring', hidden, 20)} against {mean('Dale', hidden)} for hidden",
    ):
        assert sentence in said, sentence


def test_tables_of_the_page_are_made_of_the_measured_numbers(monkeypatch, tmp_path, numbers):
    monkeypatch.syspath_prepend(str(PAGE.parent))
    import recovery_tables

    recovery_tables.write_tables(tmp_path)
    included = [line.split("/")[-1] for line in PAGE.read_text().splitlines() if ".inc" in line]
    assert sorted(included) == sorted(path.name for path in tmp_path.iterdir())
    row = numbers[0].loc[("wiring", "gains", 320)]
    cell = f"{row['mean']:.2f} ({row['low']:.2f}, {row['high']:.2f})"
    assert f"     - {cell}\n" in (tmp_path / "trials_320.inc").read_text()
    assert list(SETTINGS) == recovery_tables.SETTINGS


def test_measured_numbers_are_those_that_the_benchmark_finds(numbers):
    """Of the network before any data, which costs nothing: the mean over the same circuits."""
    summary = recovery_benchmark("wiring", n_units=24, n_trials=5, n_updates=50).summary
    found = summary[summary["n_trials"] == 0].set_index("reading")["mean"]
    for reading, value in found.items():
        stored = numbers[0].loc[("wiring", reading, 0), "mean"]
        assert value == pytest.approx(stored, abs=2e-3), reading
