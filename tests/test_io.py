"""Tests of the checkpoints of the published cell-type networks."""

from __future__ import annotations

import io
import os
import pickle
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sk_biornn import CellTypeRNNRegressor, DaleRNNRegressor
from sk_biornn.biology import cortical_populations
from sk_biornn.datasets import make_population_traces
from sk_biornn.inspection import block_density, population_interactions
from sk_biornn.io import (
    load_cell_type_checkpoint,
    load_cell_type_runs,
    save_cell_type_checkpoint,
)

SIZES = (12, 2, 1) * 6  # units of the published populations at scaling 1, in their order
N = sum(SIZES)


def published_state(seed=0, density=0.2, sizes=SIZES, signs=(1, -1, -1) * 6):
    """Weights with the keys, shapes and signs of a published network, drawn at random."""
    n = sum(sizes)
    draw = torch.Generator().manual_seed(seed)
    columns = torch.repeat_interleave(torch.tensor(signs), torch.tensor(sizes))
    kept = torch.rand(n, n, generator=draw) < density
    state = {
        "rnn.weight_ih_l0": torch.randn(n, len(sizes), generator=draw),
        "rnn.weight_hh_l0": torch.rand(n, n, generator=draw) * columns * kept,
    }
    for k, size in enumerate(sizes, start=1):
        state[f"fc{k}.weight"] = torch.randn(1, size, generator=draw)
        state[f"fc{k}.bias"] = torch.randn(1, generator=draw)
    return state


def published_forward(state, x, sizes=SIZES):
    """The published forward pass, step by step with torch's own layers: (n_trials, n_steps, K).

    tanh of input and rectified rates; the read-outs see the states before they are rectified.
    """
    n, biased = sum(sizes), "rnn.bias_hh_l0" in state
    rnn = torch.nn.RNN(len(sizes), n, bias=biased, batch_first=True, dtype=x.dtype)
    layers = [torch.nn.Linear(size, 1, dtype=x.dtype) for size in sizes]
    rnn.load_state_dict({k[4:]: v for k, v in state.items() if k.startswith("rnn.")})
    for k, layer in enumerate(layers, start=1):
        layer.load_state_dict({name: state[f"fc{k}.{name}"] for name in ("weight", "bias")})
    rates, outputs = torch.zeros(1, len(x), n, dtype=x.dtype), []
    with torch.no_grad():
        for step in x.unbind(dim=1):
            states, _ = rnn(step[:, None], rates)
            parts = states[:, 0].split(sizes, dim=1)
            outputs.append(torch.cat([f(z) for f, z in zip(layers, parts, strict=True)], dim=1))
            rates = (states * (states > 0)).transpose(0, 1).contiguous()
    return torch.stack(outputs, dim=1).numpy()


def saved(state, folder, name="network.pt", **options):
    torch.save(state, folder / name, **options)
    return folder / name


def trials(n_trials=7, seed=0, dtype=np.float64):
    x = 0.3 * np.random.default_rng(seed).standard_normal((n_trials, 6, 18))
    return x.astype(dtype)


# ---------------------------------------------------------------- from the published files


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_prediction_is_that_of_the_published_forward_pass(tmp_path, dtype):
    state = {key: torch.from_numpy(t.numpy().astype(dtype)) for key, t in published_state().items()}
    x = trials(dtype=dtype)
    reg = load_cell_type_checkpoint(saved(state, tmp_path))
    expected = published_forward(state, torch.from_numpy(x))
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    assert expected.std() > 0.5  # something to compare
    assert_allclose(reg.predict(x), expected, rtol=tolerance, atol=tolerance)
    assert reg.predict(x).dtype == dtype


def test_attributes_are_numpy_and_what_the_file_holds(tmp_path):
    state = published_state()
    reg = load_cell_type_checkpoint(saved(state, tmp_path))
    W = state["rnn.weight_hh_l0"].numpy()
    assert_array_equal(reg.W_rec_, W)
    assert_array_equal(reg.W_in_, state["rnn.weight_ih_l0"].numpy())
    assert_array_equal(reg.b_rec_, np.zeros(N))
    edges = np.cumsum((0, *SIZES))
    for k in range(18):
        row = np.zeros(N)
        row[edges[k] : edges[k + 1]] = state[f"fc{k + 1}.weight"].numpy()[0]
        assert_array_equal(reg.W_out_[k], row)
        assert reg.b_out_[k] == state[f"fc{k + 1}.bias"].item()
    for name in ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_"):
        assert type(getattr(reg, name)) is np.ndarray and getattr(reg, name).dtype == np.float32
    assert_array_equal(reg.mask_, W != 0)
    assert_array_equal(reg.signs_, np.repeat((1, -1, -1) * 6, SIZES))
    assert reg.populations_["population"].tolist()[::17] == ["V1_L4_pyr", "LM_L5_vip"]
    assert reg.n_features_in_ == 18 and reg.n_iter_ == 0 and reg.loss_curve_ == []
    seen = []

    class Watcher(pickle.Pickler):
        def reducer_override(self, thing):
            seen.append(thing if isinstance(thing, type) else type(thing))
            return NotImplemented

    Watcher(io.BytesIO()).dump(reg)
    assert not [kind for kind in seen if kind.__module__.startswith("torch")]


def test_the_number_of_units_says_the_scaling(tmp_path):
    state = published_state(sizes=tuple(3 * size for size in SIZES))
    reg = load_cell_type_checkpoint(saved(state, tmp_path))
    pd.testing.assert_frame_equal(reg.populations_, cortical_populations(scaling=3))


def test_other_populations(tmp_path):
    table = pd.DataFrame({"population": ["E", "I"], "n_units": [8, 3], "sign": [1, -1]})
    state = published_state(sizes=(8, 3), signs=(1, -1))
    reg = load_cell_type_checkpoint(saved(state, tmp_path), table)
    x = trials()[..., :2]
    expected = published_forward(state, torch.from_numpy(x.astype(np.float32)), (8, 3))
    assert_allclose(reg.predict(x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["parameters", "old format", "float16"])
def test_other_ways_to_save_the_same(tmp_path, kind):
    state, options = published_state(), {}
    if kind == "parameters":
        state = {key: torch.nn.Parameter(value) for key, value in state.items()}
    elif kind == "old format":
        options = {"_use_new_zipfile_serialization": False}
    else:
        state = {key: value.half() for key, value in state.items()}
    reg = load_cell_type_checkpoint(saved(state, tmp_path, **options))
    assert_array_equal(reg.W_rec_, state["rnn.weight_hh_l0"].detach().float().numpy())
    assert reg.W_rec_.dtype == np.float32


def test_inspection_takes_what_was_loaded(tmp_path):
    state = published_state()
    state["rnn.weight_hh_l0"][:12, 12:14] = 0
    reg = load_cell_type_checkpoint(saved(state, tmp_path))
    density = block_density(reg).set_index(["post", "pre"])["density"]
    assert density["V1_L4_pyr", "V1_L4_sst"] == 0 < density["V1_L4_sst", "V1_L4_pyr"]
    means = population_interactions(reg, absolute=False).set_index(["post", "pre"])["mean"]
    block = state["rnn.weight_hh_l0"][12:14, :12].mean().item()
    assert means["V1_L4_sst", "V1_L4_pyr"] == pytest.approx(block, rel=1e-6)


# ---------------------------------------------------------------- training goes on


@pytest.mark.parametrize("pruned", [True, False])
def test_training_goes_on_from_the_file(tmp_path, pruned):
    X, y = make_population_traces(40, random_state=0)
    state = published_state(density=0.3)
    state = {key: 0.3 * value for key, value in state.items()}
    path = saved(state, tmp_path)
    reg, again = (
        load_cell_type_checkpoint(path, pruned=pruned, random_state=1).set_params(
            warm_start=True, max_iter=20, batch_size=20
        )
        for _ in range(2)
    )
    before = np.square(reg.predict(X) - y).mean()
    reg.fit(X, y)
    assert np.square(reg.predict(X) - y).mean() < 0.5 * before
    assert reg.n_iter_ == 20 and reg.loss_per_population_.shape == (20, 18)
    absent = state["rnn.weight_hh_l0"].numpy() == 0
    assert bool(reg.W_rec_[absent].any()) is not pruned
    assert (reg.W_rec_ * reg.signs_ >= 0).all()
    read_out = load_cell_type_checkpoint(path)
    assert_array_equal(reg.W_out_, read_out.W_out_)  # frozen
    assert not reg.b_rec_.any()  # the published network has none
    assert_array_equal(again.fit(X, y).W_rec_, reg.W_rec_)
    assert again.partial_fit(X, y).n_iter_ == 21


def test_networks_without_dales_law(tmp_path):
    state = published_state()
    state["rnn.weight_hh_l0"][:3, 0] = -1.0
    path = saved(state, tmp_path)
    with pytest.raises(ValueError, match=r"got 3 weights of the other sign; dale=None reads"):
        load_cell_type_checkpoint(path)
    reg = load_cell_type_checkpoint(path, dale=None)
    assert (reg.W_rec_[:3, 0] == -1).all()
    X, y = make_population_traces(8, random_state=0)
    assert (reg.partial_fit(X, y).W_rec_[:3, 0] < 0).all()


# ---------------------------------------------------------------- the way back


def fitted(**options):
    X, y = make_population_traces(30, random_state=0)
    arguments = {
        "populations": cortical_populations(scaling=1),
        "input_mask": None,
        "pruning": "random",
        "density": 0.2,
        "max_iter": 3,
        "finetune_iter": 2,
        "random_state": 0,
    }
    return CellTypeRNNRegressor(**{**arguments, **options}).fit(X, y), X


@pytest.mark.parametrize("options", [{}, {"input_mask": "population"}, {"dale": None}])
def test_round_trip(tmp_path, options):
    reg, X = fitted(**options)
    path = tmp_path / "network.pt"
    save_cell_type_checkpoint(reg, path)
    loaded = load_cell_type_checkpoint(path, dale=options.get("dale", "projection"))
    for name in ("W_rec_", "W_in_", "b_rec_", "W_out_", "b_out_", "signs_"):
        assert_array_equal(getattr(loaded, name), getattr(reg, name), err_msg=name)
    assert_array_equal(loaded.mask_, reg.W_rec_ != 0)
    assert_array_equal(loaded.predict(X), reg.predict(X))
    assert os.listdir(tmp_path) == ["network.pt"]


def test_what_is_saved_runs_in_the_published_network(tmp_path):
    reg, X = fitted()
    save_cell_type_checkpoint(reg, tmp_path / "network.pt")
    state = torch.load(tmp_path / "network.pt", weights_only=True)
    assert {"rnn.bias_ih_l0", "rnn.bias_hh_l0"} <= set(state)  # a bias was learnt
    assert_allclose(
        published_forward(state, torch.from_numpy(X)), reg.predict(X), rtol=1e-5, atol=1e-6
    )
    reg.b_rec_ = np.zeros_like(reg.b_rec_)
    save_cell_type_checkpoint(reg, tmp_path / "network.pt")
    state = torch.load(tmp_path / "network.pt", weights_only=True)
    assert set(state) == set(published_state())
    assert {key: value.shape for key, value in state.items()} == {
        key: value.shape for key, value in published_state().items()
    }


def test_what_is_loaded_is_saved_unchanged(tmp_path):
    state = published_state()
    path = saved(state, tmp_path)
    save_cell_type_checkpoint(load_cell_type_checkpoint(path), path)
    again = torch.load(path, weights_only=True)
    assert set(again) == set(state)
    for key, value in state.items():
        assert torch.equal(again[key], value), key


@pytest.mark.parametrize(
    "options",
    [{"activation": "relu"}, {"rectify": False}, {"readout_from": "rate"}, {"readout": "dense"},
     {"output_activation": "tanh"}, {"dt": 10.0, "tau": 20.0}],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_networks_that_the_format_cannot_describe(tmp_path, options):
    reg, _ = fitted(**options)
    name = next(iter(options))
    with pytest.raises(ValueError, match=rf"^{name} must be .* got {options[name]!r}\.$"):
        save_cell_type_checkpoint(reg, tmp_path / "network.pt")
    assert os.listdir(tmp_path) == []


@pytest.mark.filterwarnings("ignore:y is X one step later")
def test_outputs_that_are_no_numbers_with_noise_of_one_size(tmp_path):
    reg = fitted()[0].set_params(observation="poisson")
    with pytest.raises(ValueError, match=r"^observation must be 'gaussian'.* got 'poisson'\.$"):
        save_cell_type_checkpoint(reg, tmp_path / "network.pt")


def test_estimators_of_another_kind(tmp_path):
    expected = "must be a CellTypeRNNRegressor with populations, got"
    for estimator, found in (
        (DaleRNNRegressor(), "DaleRNNRegressor."),
        (CellTypeRNNRegressor(), "CellTypeRNNRegressor without."),
    ):
        with pytest.raises(ValueError, match=f"{expected} {found}"):
            save_cell_type_checkpoint(estimator, tmp_path / "network.pt")
    unfitted = CellTypeRNNRegressor(populations=cortical_populations(scaling=1))
    with pytest.raises(ValueError, match="not fitted"):
        save_cell_type_checkpoint(unfitted, tmp_path / "network.pt")


# ---------------------------------------------------------------- folders of runs


def folder_of_runs(root, runs=(0, 1, 2), name="Novel-No-Change-Sparse-Frozen", scaling=1):
    """Write the published layout, with another seed for every run and stage."""
    sizes = tuple(scaling * size for size in SIZES)
    for run in runs:
        folder = root / name / f"celltype-dale-pruning-latent-{scaling}-{run}" / f"pts-{run}"
        folder.mkdir(parents=True)
        for number, stage in enumerate(("initial", "dense", "sparse")):
            density = 0.2 if number == 2 else 1.0
            state = published_state(seed=10 * run + number, density=density, sizes=sizes)
            saved(state, folder, f"celltypeRNN-dale-{stage}-{scaling}.pt")
    return root


def first_weight(seed):
    return published_state(seed)["rnn.weight_ih_l0"][0, 0].item()


def test_runs_are_read_in_order(tmp_path):
    root = folder_of_runs(tmp_path, runs=(10, 0, 2))
    for condition in ("novel_no_change", "Novel-No-Change"):
        found = load_cell_type_runs(root, condition, "dense")
        assert [reg.W_in_[0, 0] for reg in found] == [first_weight(s) for s in (1, 21, 101)]
        assert all(reg.mask_.all() for reg in found)
    found = load_cell_type_runs(root, "novel_no_change", runs=(run for run in (2, 0)))
    assert [reg.W_in_[0, 0] for reg in found] == [first_weight(22), first_weight(2)]
    assert all(0.1 < reg.mask_.mean() < 0.3 for reg in found)
    assert len(population_interactions(found)) == 2 * 18**2


def test_runs_of_several_scalings_are_not_mixed(tmp_path):
    folder_of_runs(tmp_path, runs=(0, 1))
    folder_of_runs(tmp_path, runs=(0,), scaling=2)
    expected = r"scaling must say which runs to read, since .* holds runs of the scalings 1, 2\.$"
    for runs in (None, [0]):
        with pytest.raises(ValueError, match=expected):
            load_cell_type_runs(tmp_path, "novel_no_change", runs=runs)
    for scaling, n_units in ((1, [90, 90]), (2, [180])):
        found = load_cell_type_runs(tmp_path, "novel_no_change", scaling=scaling)
        assert [len(reg.W_rec_) for reg in found] == n_units
    with pytest.raises(FileNotFoundError, match=r"must hold run 1 in a folder .*-latent-2-1, got"):
        load_cell_type_runs(tmp_path, "novel_no_change", runs=[1], scaling=2)
    with pytest.raises(FileNotFoundError, match=r"must hold a run in a folder .*-latent-16-{run}"):
        load_cell_type_runs(tmp_path, "novel_no_change", scaling=16)


def test_vanilla_runs(tmp_path):
    folder_of_runs(tmp_path, runs=(0,), name="Familiar-Change-Sparse-Frozen-Vanilla")
    (reg,) = load_cell_type_runs(tmp_path, "familiar_change", vanilla=True)
    assert reg.dale is None
    with pytest.raises(FileNotFoundError, match="Familiar-Change-Sparse-Frozen; the published"):
        load_cell_type_runs(tmp_path, "familiar_change")


def test_runs_train_on_reproducibly_and_differently(tmp_path):
    root = folder_of_runs(tmp_path, runs=(0, 1))
    X, y = make_population_traces(8, random_state=0)
    first, second = (
        [
            reg.set_params(batch_size=2).partial_fit(X, y)
            for reg in load_cell_type_runs(root, "novel_no_change", random_state=3)
        ]
        for _ in range(2)
    )
    for one, other in zip(first, second, strict=True):
        assert_array_equal(one.W_rec_, other.W_rec_)
    orders = [reg._state.generator.bit_generator.state["state"]["state"] for reg in first]
    assert orders[0] != orders[1]


def test_missing_runs(tmp_path):
    root = folder_of_runs(tmp_path, runs=(0, 1))
    name = "Novel-No-Change-Sparse-Frozen"
    with pytest.raises(FileNotFoundError, match=rf"{name} must hold run 4 in a folder .*-4, got"):
        load_cell_type_runs(root, "novel_no_change", runs=[0, 4])
    with pytest.raises(FileNotFoundError, match=r"no folder of trained networks at .*Novel-Change"):
        load_cell_type_runs(root, "novel_change")
    (root / "Novel-Omission-Sparse-Frozen").mkdir()
    with pytest.raises(FileNotFoundError, match="must hold a run in a folder"):
        load_cell_type_runs(root, "novel_omission")
    with pytest.raises(ValueError, match=r"stage must be one of .* got 'final'"):
        load_cell_type_runs(root, "novel_no_change", "final")
    next(root.rglob("*pts-1/*sparse*")).unlink()
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*dale-sparse-1\.pt"):
        load_cell_type_runs(root, "novel_no_change")


# ---------------------------------------------------------------- files that are something else


def without(key):
    state = published_state()
    del state[key]
    return state


def changed(**by_key):
    return {**published_state(), **{key.replace("__", "."): v for key, v in by_key.items()}}


NAN = torch.full((1, 1), torch.nan)
WRONG = {
    r"must hold the 38 tensors .*, got no fc7\.bias\.$": without("fc7.bias"),
    r"must hold the 38 tensors .*, got no rnn\.weight_hh_l0\.$": without("rnn.weight_hh_l0"),
    r"must hold the 38 tensors .*, got also fc19\.bias\.$": changed(fc19__bias=torch.ones(1)),
    r"^fc3\.weight in .* must have shape \(1, 1\) .*, got \(1, 12\)\.$": changed(
        fc3__weight=torch.ones(1, 12)
    ),
    r"^rnn\.weight_ih_l0 in .* must have shape \(90, 18\) .*, got \(90, 17\)\.$": changed(
        rnn__weight_ih_l0=torch.ones(90, 17)
    ),
    r"^rnn\.weight_hh_l0 in .* must have shape \(90, 90\) .*, got \(90, 89\)\.$": changed(
        rnn__weight_hh_l0=torch.ones(90, 89)
    ),
    r"^rnn\.weight_hh_l0 in .* must have a multiple of 90 units .*, got shape \(91, 91\);": changed(
        rnn__weight_hh_l0=torch.ones(91, 91)
    ),
    r"^fc3\.weight in .* must be finite, got NaN or infinity in 1 entries\.$": changed(
        fc3__weight=NAN
    ),
    r"^fc3\.bias in .* must be a dense tensor of floats, got torch.int64\.$": changed(
        fc3__bias=torch.ones(1, dtype=torch.int64)
    ),
    r"^fc3\.bias in .* must be a dense tensor of floats, got float\.$": changed(fc3__bias=0.5),
    r"must hold tensors by name \(a state dict\), got list\.$": list(published_state().values()),
    r"must hold tensors by name \(a state dict\), got Tensor\.$": torch.ones(3),
}


@pytest.mark.parametrize("message", WRONG)
def test_checkpoints_of_something_else(tmp_path, message):
    path = saved(WRONG[message], tmp_path)
    with pytest.raises(ValueError, match=message) as caught:
        load_cell_type_checkpoint(path)
    assert str(path) in str(caught.value)


def test_populations_that_do_not_fit_the_file(tmp_path):
    path = saved(published_state(), tmp_path)
    with pytest.raises(ValueError, match=r"weight_ih_l0 .* have shape \(180, 18\) .* \(90, 18"):
        load_cell_type_checkpoint(path, cortical_populations(scaling=2))
    with pytest.raises(ValueError, match=r"must hold the 20 tensors .* got also fc10\.weight"):
        load_cell_type_checkpoint(path, cortical_populations(["V1"], scaling=2))
    with pytest.raises(TypeError, match="populations must be a DataFrame, got list"):
        load_cell_type_checkpoint(path, list(SIZES))


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def trapped(kind, trap):
    if kind == "plain pickle":
        return pickle.dumps(Trap(trap))
    buffer = io.BytesIO()
    torch.save(
        {**published_state(), "fc1.bias": Trap(trap)},
        buffer,
        _use_new_zipfile_serialization=kind == "zip",
    )
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["zip", "old format", "plain pickle"])
def test_code_in_a_file_is_never_run(tmp_path, kind):
    path, trap = tmp_path / "network.pt", tmp_path / "trap"
    path.write_bytes(trapped(kind, str(trap)))
    with pytest.raises(ValueError, match="could run code and were not loaded") as caught:
        load_cell_type_checkpoint(path)
    assert not trap.exists()
    assert re.fullmatch(rf"{re.escape(str(path))} must hold [^.]*\.", str(caught.value))
    if kind == "plain pickle":
        pickle.loads(path.read_bytes())
    else:
        torch.load(path, weights_only=False)
    assert trap.exists()  # it is a trap


def test_a_whole_module_is_refused(tmp_path):
    path = saved(torch.nn.Linear(2, 2), tmp_path)
    with pytest.raises(ValueError, match="got other Python objects"):
        load_cell_type_checkpoint(path)


def half_a_checkpoint():
    buffer = io.BytesIO()
    torch.save(published_state(), buffer)
    return buffer.getvalue()[: buffer.tell() // 2]


@pytest.mark.parametrize(
    "content", [b"", b"hello world\n", b"PK\x03\x04", half_a_checkpoint()],
    ids=["empty", "text", "zip", "half"],
)  # fmt: skip
def test_files_that_are_no_checkpoints(tmp_path, content):
    path = tmp_path / "network.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a checkpoint of torch, or it is damaged"):
        load_cell_type_checkpoint(path)


def test_missing_file(tmp_path):
    for path in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(FileNotFoundError, match=r"^no checkpoint at .*README where they are"):
            load_cell_type_checkpoint(path)


def kilobyte_of_gigabytes(folder):
    """One number, seen 900 million times."""
    state = published_state()
    state["rnn.weight_hh_l0"] = torch.zeros(1).expand(30_000, 30_000)
    return saved(state, folder, "views.pt")


def packed(folder):
    """The parts of a good file, compressed."""
    path, packed_path = saved(published_state(), folder, "plain.pt"), folder / "packed.pt"
    with (
        zipfile.ZipFile(path) as plain,
        zipfile.ZipFile(packed_path, "w", zipfile.ZIP_DEFLATED) as file,
    ):
        for name in plain.namelist():
            file.writestr(name, plain.read(name))
    return packed_path


def on_no_device(folder):
    """A tensor of a shape without values."""
    return saved(
        {**published_state(), "rnn.weight_hh_l0": torch.zeros(90, 90, device="meta")},
        folder,
        "meta.pt",
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            kilobyte_of_gigabytes,
            r"must hold all values of its tensors, got \d+ bytes for 36\d+ byt",
        ),
        (packed, "is not a checkpoint as torch saves them, its parts are compressed"),
        (
            on_no_device,
            r"rnn.weight_hh_l0 in .* must be a dense tensor of floats, got torch.float32",
        ),
    ],
)
def test_a_small_file_does_not_become_large(make, sentence, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "contiguous", None)  # nothing may be unfolded
    with pytest.raises(ValueError, match=sentence):
        load_cell_type_checkpoint(make(tmp_path))
