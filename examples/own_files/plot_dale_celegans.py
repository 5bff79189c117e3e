"""
A real brain, one step ahead
============================

In one freely moving worm (*C. elegans*) the calcium of 98 neurons with names
was recorded [1]_. The synapses between these neurons are known from electron
microscopy of other animals [2]_, and so are their transmitters [3]_. Does a
network that may use these synapses only, each with the sign of its neuron
(Dale's law), predict the next moment better than each neuron's own past?
"""

# %%
# The recording
# -------------
# ``celegans/recorded98.npz`` is looked for in the folder that the environment
# variable ``SK_BIORNN_TEST_DATA`` names, else in ``shared/data`` beside the
# checkout; :doc:`index` says what is in it. Without it nothing is trained
# here, and the results below are those that were measured before.

import os
import sys
from pathlib import Path

import numpy as np

# The gallery runs a script in its folder and does not tell its name.
SCRIPT = globals().get("__file__", "plot_dale_celegans.py")
HERE = Path(SCRIPT).resolve().parent


def load_recording():
    """Return traces, wiring and signs as a dict; None without the file."""
    default = HERE.parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SK_BIORNN_TEST_DATA", default))
    path = folder / "celegans" / "recorded98.npz"
    if not path.is_file():
        print("No recording: nothing is trained, see what was measured below.")
        return None
    with np.load(path) as file:
        return {
            # (n_frames, n_neurons), a frame is 0.6 s
            "trace": file["trace_z"].astype(float),
            "neuron": file["neuron"],
            # The file has [pre, post]; here it is [post, pre], as everywhere.
            "chemical": file["chem"].T > 0,
            "electrical": file["gap"].T > 0,
            # By convention: acetylcholine and glutamate excite, GABA inhibits,
            # others are free.
            "signs": file["sign_nt"].astype(float),
        }


recording = load_recording()

# %%
# Honest splits
# -------------
# The recording drifts, and neighbouring frames are almost copies, so frames
# drawn at random would test nothing. The test sets are whole blocks; 15 s on
# each side of a block are left out of training, and mean and standard
# deviation are those of the training part. All that has to be chosen (how long
# to train, how much to shrink) is chosen on a validation block inside the
# training part; then the model is fitted to all of the training part.

from sk_biornn.model_selection import BlockedTimeSeriesSplit

FRAMES_LEFT_OUT, FRAMES_TO_VALIDATE = 25, 200


def blocked_splits(n_frames, n_blocks=5):
    """Return a test block (start, stop) and the training runs, per block."""
    splitter = BlockedTimeSeriesSplit(n_blocks, gap=FRAMES_LEFT_OUT)
    for training, test in splitter.split(range(n_frames)):
        yield runs_of(test)[0], runs_of(training)


def runs_of(frames):
    """Return the (start, stop) of each run of consecutive frames."""
    parts = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1)
    return [(int(part[0]), int(part[-1]) + 1) for part in parts]


def without(runs, block):
    """Take a block, and the frames near it, out of runs of frames."""
    start, stop = block[0] - FRAMES_LEFT_OUT, block[1] + FRAMES_LEFT_OUT
    parts = [
        part
        for a, b in runs
        for part in ((a, min(b, start)), (max(a, stop), b))
    ]
    return [(a, b) for a, b in parts if b - a > 2 * FRAMES_LEFT_OUT]


def validation_block(runs):
    """Return the last frames of the longest run."""
    stop = max(runs, key=lambda run: run[1] - run[0])[1]
    return stop - FRAMES_TO_VALIDATE, stop


def standardised(trace, runs):
    """Z-score every neuron by its mean and deviation in some runs."""
    part = np.vstack([trace[a:b] for a, b in runs])
    return (trace - part.mean(axis=0)) / part.std(axis=0)


# %%
# What there is to beat
# ---------------------
# The baselines of the package: persistence (the next frame is like this one);
# an AR(1) per neuron, x(t+1) = slope x(t) + c; and a linear network: the AR(1)
# with a ridge-penalised weight from each allowed partner. For scale, the
# AR(5): what four more frames of the own past tell.

from sk_biornn.baselines import ARBaseline, Persistence, RidgeVAR


def one_step(x, runs):
    """Return frames that have a next one in their run, and the next ones."""
    return [x[a : b - 1] for a, b in runs], [x[a + 1 : b] for a, b in runs]


def error(x, block, predictions):
    """Return the mean squared error in a block.

    Row k of the predictions is about frame start + 1 + k.
    """
    return np.mean((x[block[0] + 1 : block[1]] - predictions) ** 2)


def baseline_error(model, x, block, runs):
    """Return the error in a block of a baseline that learns from some runs."""
    model.fit(*one_step(x, runs))
    return error(x, block, from_frames(model.predict, x, block))


def from_frames(predict, x, block):
    """Return the next frame as predicted from each of a block, warmed up."""
    start = max(block[0] - FRAMES_LEFT_OUT, 0)
    return predict(x[None, start : block[1] - 1])[0][block[0] - start :]


# %%
# The network
# -----------
# Unit i *is* neuron i. It is shown the measured activity of neuron i alone
# (``input_mask`` is the identity) and its state predicts neuron i alone
# (``readout_mask`` is the identity). So whatever one neuron knows about
# another must pass through a recurrent weight, and thus through the connectome
# and Dale's law. There are no autapses: the own past enters as in the AR(1).
#
# Signs mean something only if rates are not negative and go up with the
# calcium. So the units are rectified, their input is counted from the floor of
# the recording, and training starts *at the AR(1)*: input weights 1, read-out
# the slopes, no synapse. What training adds is what synapses tell. (Started
# from random input weights, half of the units would stand for the negative of
# their neuron, and the transmitters would mean nothing.)
#
# The network takes two steps of 300 ms per frame and is scored at the second
# one; otherwise a partner's last frame could not arrive in time.

import warnings

from sk_biornn import DaleRNNRegressor
from sk_biornn.initializers import ConditioningWarning

STEPS_PER_FRAME = 2
TRIAL_FRAMES, WARM_UP_FRAMES = 20, 4


def floor_of(x, runs):
    """Return, per neuron, the level from which its activity is counted."""
    return np.vstack([x[a:b] for a, b in runs]).min(axis=0) - 0.2


def held(frames):
    """Show every frame for the steps that the network takes in it."""
    return np.repeat(frames, STEPS_PER_FRAME, axis=1).astype(np.float32)


def make_trials(x, runs, floor):
    """Cut runs into overlapping trials; not scored, NaN, while warming up."""
    stride = TRIAL_FRAMES - WARM_UP_FRAMES
    starts = [s for a, b in runs for s in range(a, b - TRIAL_FRAMES, stride)]
    frames = np.array(starts)[:, None] + np.arange(TRIAL_FRAMES)
    targets = np.full(
        (len(starts), TRIAL_FRAMES, STEPS_PER_FRAME, x.shape[1]), np.nan
    )
    targets[:, WARM_UP_FRAMES:, -1] = x[frames + 1][:, WARM_UP_FRAMES:]
    targets = targets.reshape(len(starts), -1, x.shape[1]).astype(np.float32)
    return held(x[frames] - floor), targets


def start_at_ar1(x, runs, floor, mask, signs, dale, seed):
    """Return a network that predicts what each AR(1) does, and trials."""
    n = x.shape[1]
    network = DaleRNNRegressor(
        n_units=n,
        signs=signs,
        dale=dale,
        mask=mask,
        autapses=False,
        input_mask=np.eye(n, dtype=bool),
        readout_mask=np.eye(n, dtype=bool),
        recurrent_init=np.zeros((n, n)),
        activation="relu",
        learning_rate_init=1e-3,
        batch_size=25,
        max_iter=1,
        warm_start=True,
        random_state=seed,
    )
    trials, targets = make_trials(x, runs, floor)
    with warnings.catch_warnings():
        # No synapse at all, and a bias of 0: both are meant.
        warnings.simplefilter("ignore", ConditioningWarning)
        # Makes the arrays, which warm_start lets us replace.
        network.fit(trials[:1], targets[:1])
    ar1 = ARBaseline().fit(*one_step(x, runs))
    slopes, intercept = ar1.coef_[:, 0], ar1.intercept_
    network.W_rec_, network.b_rec_ = np.zeros((n, n)), np.zeros(n)
    network.W_in_, network.W_out_ = np.eye(n), np.diag(slopes)
    network.b_out_ = intercept + slopes * floor
    for name in ("W_rec_", "b_rec_", "W_in_", "W_out_", "b_out_"):
        setattr(network, name, getattr(network, name).astype(np.float32))
    return network, trials, targets


def network_predictions(network, x, block, floor):
    """Return the next frames as predicted from each frame of a block."""

    def predict(frames):
        steps = network.predict(held(frames - floor))
        return steps[:, STEPS_PER_FRAME - 1 :: STEPS_PER_FRAME]

    return from_frames(predict, x, block)


# %%
# Choosing, then fitting
# ----------------------

EPOCHS = range(0, 101, 20)  # 0: the AR(1) itself may be chosen
RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


def choose_epochs(trace, runs, **prior):
    """Return the number of epochs of least error in the validation block."""
    block = validation_block(runs)
    inner = without(runs, block)
    x = standardised(trace, inner)
    floor, errors = floor_of(x, inner), []
    network, trials, targets = start_at_ar1(x, inner, floor, seed=0, **prior)
    for epochs in EPOCHS:
        if epochs:
            network.set_params(max_iter=EPOCHS.step).fit(trials, targets)
        predictions = network_predictions(network, x, block, floor)
        errors.append(error(x, block, predictions))
    return EPOCHS[int(np.argmin(errors))]


def choose_ridge(trace, runs, mask):
    """Return the ridge penalty of least error in the validation block."""
    block = validation_block(runs)
    inner = without(runs, block)
    x = standardised(trace, inner)
    errors = [
        baseline_error(RidgeVAR(1, ridge, mask), x, block, inner)
        for ridge in RIDGES
    ]
    return RIDGES[int(np.argmin(errors))]


def linear_errors(trace, block, runs, masks):
    """Return the errors of persistence, AR models and linear networks."""
    models = {
        "persistence": Persistence(),
        "AR(1)": ARBaseline(),
        "AR(5)": ARBaseline(order=5),
    }
    for name, mask in masks.items():
        models[name] = RidgeVAR(
            alpha=choose_ridge(trace, runs, mask), mask=mask
        )
    x = standardised(trace, runs)
    return {
        name: baseline_error(model, x, block, runs)
        for name, model in models.items()
    }


def network_fits(trace, block, runs, make_prior, n_seeds):
    """Return per seed the error in the test block, the network, its output."""
    epochs, fits = choose_epochs(trace, runs, **make_prior(0)), []
    x = standardised(trace, runs)
    floor = floor_of(x, runs)
    for seed in range(n_seeds):
        network, *data = start_at_ar1(
            x, runs, floor, seed=seed, **make_prior(seed)
        )
        if epochs:
            network.set_params(max_iter=epochs).fit(*data)
        predictions = network_predictions(network, x, block, floor)
        fits.append((error(x, block, predictions), network, predictions))
    return fits


# %%
# What is compared
# ----------------
# A condition is a mask, signs and how Dale's law is kept, if it is. The
# controls ask what is special about the *worm's* wiring and transmitters: the
# connectome with its neurons renamed at random (the same graph between other
# neurons), and the signs dealt out anew.


def conditions_of(recording):
    """Return, by name, a function seed -> mask, signs, dale."""
    n = len(recording["signs"])
    connectome = recording["chemical"] | recording["electrical"]
    signs = recording["signs"]

    def renamed(array, seed):
        order = np.random.default_rng(seed).permutation(n)
        return array[np.ix_(order, order)] if array.ndim == 2 else array[order]

    def prior(mask, signs=signs, dale="projection"):
        return {"mask": mask, "signs": signs, "dale": dale}

    return {
        "Dale, connectome": lambda seed: prior(connectome),
        "Dale, no mask": lambda seed: prior(None),
        "free signs, connectome": lambda seed: prior(connectome, dale=None),
        "Dale, renamed connectome": lambda seed: prior(
            renamed(connectome, seed)
        ),
        "free signs, no mask": lambda seed: prior(None, dale=None),
        "Dale, renamed signs": lambda seed: prior(
            connectome, renamed(signs, seed)
        ),
        "Dale, chemical synapses": lambda seed: prior(recording["chemical"]),
        "no synapses": lambda seed: prior(np.zeros((n, n), dtype=bool)),
    }


# %%
# The run
# -------
# A short one, of two conditions and one seed. ``python plot_dale_celegans.py
# full`` trains all, three seeds each, and writes their errors to
# ``dale_celegans.csv`` beside this script.

import pandas as pd


def run(recording, n_seeds=1, n_conditions=2, n_blocks=5):
    """Return errors, a row per block, model and seed, and one prediction."""
    trace, rows, shown = recording["trace"], [], None
    connectome = recording["chemical"] | recording["electrical"]
    masks = {
        "linear, connectome": connectome,
        "linear, no mask": np.ones_like(connectome),
    }
    conditions = list(conditions_of(recording).items())[:n_conditions]
    splits = blocked_splits(len(trace), n_blocks)
    for number, (block, runs) in enumerate(splits):
        linear = linear_errors(trace, block, runs, masks)
        rows += [(number, model, 0, value) for model, value in linear.items()]
        for model, make_prior in conditions:
            fits = network_fits(trace, block, runs, make_prior, n_seeds)
            rows += [
                (number, model, seed, fit[0]) for seed, fit in enumerate(fits)
            ]
            if shown is None:
                shown = block, standardised(trace, runs), fits[0][2]
    columns = ["block", "model", "seed", "error"]
    return pd.DataFrame(rows, columns=columns), shown


def skills(table, reference):
    """Return 1 - error / error of the reference, (block, model), in per cent.

    The errors are means over seeds.
    """
    errors = table.groupby(["block", "model"], sort=False)["error"].mean()
    errors = errors.unstack(sort=False)
    return 100 * (1 - errors.div(errors[reference], axis=0))


if recording is not None:
    table, shown = run(recording)
    print("skill against persistence and against AR(1), per cent:")
    names = ("persistence", "AR(1)")
    skill = {name: skills(table, name).mean() for name in names}
    print(pd.DataFrame(skill).round(2).to_string())

# %%
# What it looks like
# ------------------
# Three neurons that the network predicts best beyond their own past, in the
# first test block: by how much their activity changes to the next frame.

import matplotlib.pyplot as plt

BLACK, BLUE, ORANGE, GREY = "#000000", "#0072B2", "#E69F00", "#999999"


def plot_traces(axes, names, block, x, predictions, n_frames=100):
    """Draw measured and predicted changes of a few neurons."""
    training = without([(0, len(x))], block)
    ar1 = ARBaseline().fit(*one_step(x, training))
    now, following = x[block[0] : block[1] - 1], x[block[0] + 1 : block[1]]
    own_past = ar1.predict(now[None])[0]
    gain = (following - own_past) ** 2 - (following - predictions) ** 2
    time = 0.6 * np.arange(n_frames)
    looks = (
        (following, {"color": BLACK, "lw": 1.6, "label": "measured"}),
        (own_past, {"color": ORANGE, "lw": 1.2, "label": "AR(1)"}),
        (predictions, {"color": BLUE, "lw": 1.2, "label": "network"}),
    )
    best = np.argsort(-gain.mean(axis=0))
    for axis, neuron in zip(axes, best, strict=False):
        for values, look in looks:
            axis.plot(time, (values - now)[:n_frames, neuron], **look)
        axis.set_title(names[neuron], loc="left", fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0)
    axes[0].legend(
        frameon=False, ncols=3, loc="lower right", bbox_to_anchor=(1, 0.97)
    )
    axes[len(axes) // 2].set_ylabel("change to the next frame (sd)")
    axes[-1].set_xlabel("time in the test block (s)")


if recording is not None:
    figure, axes = plt.subplots(
        3, 1, figsize=(8, 5), sharex=True, layout="constrained"
    )
    plot_traces(axes, recording["neuron"], *shown)
    plt.show()

# %%
# What was measured
# -----------------
# All conditions, three seeds each, on five test blocks, with the date and the
# processor: mean and 95 % t interval over blocks, of skills and of what the
# network with the worm's wiring and signs is ahead by, paired by block.

from scipy.stats import t as student

RESULTS = HERE / "dale_celegans.csv"


def write_results(table, path=RESULTS):
    """Write errors below a line that says when and where they were found."""
    import datetime
    import platform

    import sk_biornn

    cpuinfo, processor = Path("/proc/cpuinfo"), platform.machine()
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        names = (line for line in lines if line.startswith("model name"))
        processor = next(names, processor).partition(": ")[2] or processor
    today, version = datetime.date.today(), sk_biornn.__version__
    head = f"# measured {today}, {processor}, sk_biornn {version}\n"
    rows = table.round({"error": 6}).to_csv(index=False, lineterminator="\n")
    path.write_text(head + rows, encoding="utf-8")


def read_results(path=RESULTS):
    """Return the errors, and when and where they were measured."""
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} belongs beside this script.")
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(path, comment="#"), file.readline().strip("# \n")


def confidence(values):
    """Return the half-width of the 95 % t-interval of the mean over blocks."""
    t = student.ppf(0.975, len(values) - 1)
    return t * values.std(ddof=1) / np.sqrt(len(values))


def ahead_of(table):
    """Return by how much Dale, connectome is ahead of others, per block."""
    skill = skills(table, "AR(1)")
    others = skill.drop(columns=["Dale, connectome", "persistence", "AR(1)"])
    return -others.sub(skill["Dale, connectome"], axis=0)


def summary_of(table):
    """Return means and intervals over blocks, as text, per model."""
    columns = {
        "over persistence": skills(table, "persistence"),
        "over AR(1)": skills(table, "AR(1)"),
        "connectome ahead by": ahead_of(table),
    }
    return pd.DataFrame(
        {
            name: {
                model: f"{column.mean():.1f} +- {confidence(column):.1f}"
                for model, column in values.items()
            }
            for name, values in columns.items()
        },
        index=columns["over AR(1)"].columns,
    ).fillna("")


if "full" in sys.argv[1:]:
    write_results(run(recording, n_seeds=3, n_conditions=None)[0])
measured, how = read_results()
print(f"{how}: skill in per cent")
print(summary_of(measured).to_string())

# %%
# A: skill against the AR(1). B: what the network with the worm's wiring and
# signs is ahead of the others by. A ring is a test block, a bar the mean and
# its 95 % interval.


def plot_blocks(axis, table, label):
    """Draw values per block and on average, a row per model."""
    for row, (model, values) in enumerate(table.items()):
        colour = BLUE if model == "Dale, connectome" else BLACK
        rows = np.full(len(values), row)
        axis.plot(values, rows, "o", ms=4, mfc="none", color=GREY)
        axis.errorbar(
            values.mean(),
            row + 0.25,
            xerr=confidence(values),
            fmt="|",
            color=colour,
        )
    axis.axvline(0, color=BLACK, lw=0.7)
    axis.set_xlabel(label)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(left=False)


figure, (left, right) = plt.subplots(
    1, 2, figsize=(9.5, 4.6), layout="constrained", sharey=True
)
skill = skills(measured, "AR(1)").drop(columns=["AR(1)", "persistence"])
plot_blocks(left, skill, "skill against AR(1) (%)")
plot_blocks(
    right,
    ahead_of(measured).reindex(columns=list(skill)),
    "Dale, connectome ahead by (%)",
)
left.set_yticks(range(skill.shape[1]), list(skill))
left.set_ylim(skill.shape[1] - 0.4, -0.6)
for axis, letter in ((left, "A"), (right, "B")):
    axis.set_title(letter, loc="left", fontweight="bold")
plt.show()

# %%
# What to take from it
# --------------------
# It is little. Synapses help: without any, the network is behind in every
# block. But that these synapses are the *worm's own* cannot be told with five
# blocks: the interval of the lead over the renamed connectome holds 0. The
# transmitters make no difference that could be seen, and networks without a
# mask do at least as well. A longer memory of each neuron's own past, the
# AR(5), beats all of them. The wiring is of other animals, many glutamatergic
# synapses of the worm inhibit, and one recording is one recording.
#
# References
# ----------
# .. [1] Atanas, Kim et al., Cell, 2023. doi:10.1016/j.cell.2023.07.035
# .. [2] Cook et al., Nature, 2019. doi:10.1038/s41586-019-1352-7
# .. [3] Fenyves et al., PLoS Computational Biology, 2020.
#        doi:10.1371/journal.pcbi.1007974
