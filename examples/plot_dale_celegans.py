"""
A real brain, one step ahead
============================

In one freely moving worm (*C. elegans*) the calcium of 98 neurons with names was recorded [1]_. The
synapses between these neurons are known from electron microscopy [2]_, though of other animals,
and so are their transmitters [3]_. Does a network that may use these synapses only, and each with
the sign of its neuron (Dale's law), predict the next moment better than each neuron's own past?
"""

# %%
# The recording
# -------------
# Looked for in the folder ``SK_BIORNN_TEST_DATA``, else in ``shared/data`` beside the checkout.
# Without it this page shows the code, and no numbers.

import os
from pathlib import Path

import numpy as np


def load_recording():
    """Return the traces, wiring and signs as a dict, or None when the files are not there."""
    here = Path(
        globals().get("__file__", "plot_dale_celegans.py")
    ).resolve()  # unset in the gallery
    folder = os.environ.get("SK_BIORNN_TEST_DATA", here.parent.parent.parent / "shared" / "data")
    path = Path(folder) / "celegans" / "recorded98.npz"
    if not path.is_file():
        print(
            f"No recording at {path}: skipped. Set SK_BIORNN_TEST_DATA to the folder of the data."
        )
        return None
    with np.load(path) as file:
        return {
            "trace": file["trace_z"].astype(float),  # (n_frames, n_neurons), a frame is 0.6 s
            "neuron": file["neuron"],
            # The file counts synapses [pre, post]; here, as everywhere, it is W[post, pre].
            "chemical": file["chem"].T > 0,
            "electrical": file["gap"].T > 0,
            # By convention: acetylcholine and glutamate excite, GABA inhibits, others are free.
            "signs": file["sign_nt"].astype(float),
        }


recording = load_recording()

# %%
# Honest splits
# -------------
# The recording drifts, and neighbouring frames are almost copies, so frames drawn at random would
# test nothing. The test sets are whole blocks; 15 s on each side of a block are left out of
# training, and mean and standard deviation are those of the training part. All that has to be
# chosen (how long to train, how much to shrink) is chosen on a validation block inside the
# training part; then the model is fitted to all of the training part.

from sk_biornn.model_selection import BlockedTimeSeriesSplit

FRAMES_LEFT_OUT, FRAMES_TO_VALIDATE = 25, 200


def blocked_splits(n_frames, n_blocks=5):
    """Return (test, training) per block: a (start, stop), and a list of them."""
    splits = BlockedTimeSeriesSplit(n_blocks, gap=FRAMES_LEFT_OUT).split(range(n_frames))
    return ((runs_of(test)[0], runs_of(training)) for training, test in splits)


def runs_of(frames):
    """Return the (start, stop) of each run of frames that follow each other."""
    parts = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1)
    return [(int(part[0]), int(part[-1]) + 1) for part in parts]


def without(runs, block):
    """Take a block, and the frames near it, out of runs of frames."""
    start, stop = block[0] - FRAMES_LEFT_OUT, block[1] + FRAMES_LEFT_OUT
    parts = [part for a, b in runs for part in ((a, min(b, start)), (max(a, stop), b))]
    return [(a, b) for a, b in parts if b - a > 2 * FRAMES_LEFT_OUT]


def validation_block(runs):
    """Return the last frames of the longest run."""
    stop = max(runs, key=lambda run: run[1] - run[0])[1]
    return stop - FRAMES_TO_VALIDATE, stop


def standardised(trace, runs):
    """Z-score every neuron with the mean and standard deviation of some runs of frames."""
    part = np.vstack([trace[a:b] for a, b in runs])
    return (trace - part.mean(axis=0)) / part.std(axis=0)


# %%
# What there is to beat
# ---------------------
# The baselines of the package: persistence (the next frame is like this one); an AR(1) per neuron,
# x(t+1) = slope x(t) + c; and a linear network: the AR(1) with a ridge-penalised weight from each
# allowed partner. For scale, the AR(5): what four more frames of the own past tell.

from sk_biornn.baselines import ARBaseline, Persistence, RidgeVAR


def one_step(x, runs):
    """Return trials and targets: all frames that have a next frame in their run, and these."""
    return [x[a : b - 1] for a, b in runs], [x[a + 1 : b] for a, b in runs]


def error(x, block, predictions):
    """Mean squared error in a block; row k of the predictions is about frame start + 1 + k."""
    return np.mean((x[block[0] + 1 : block[1]] - predictions) ** 2)


def baseline_error(model, x, block, runs):
    """Return the error in a block of a baseline that learns from some runs."""
    return error(x, block, from_frames(model.fit(*one_step(x, runs)).predict, x, block))


def from_frames(predict, x, block):
    """Return the next frames as predicted from each frame of a block; it is warmed up before."""
    start = max(block[0] - FRAMES_LEFT_OUT, 0)
    return predict(x[None, start : block[1] - 1])[0][block[0] - start :]


# %%
# The network
# -----------
# Unit i *is* neuron i. It is shown the measured activity of neuron i alone (``input_mask`` is the
# identity) and its state predicts neuron i alone (``readout_mask`` is the identity). So whatever
# one neuron knows about another must pass through a recurrent weight, and thus through the
# connectome and Dale's law. There are no autapses: the own past enters as in the AR(1).
#
# Signs mean something only if rates are not negative and go up with the calcium. So the units are
# rectified, their input is counted from the floor of the recording, and training starts *at the
# AR(1)*: input weights 1, read-out the slopes, no synapse. What training adds is what
# synapses tell. (Started from random input weights, half of the units would stand for the
# negative of their neuron, and the transmitters would mean nothing.)
#
# The network takes two steps of 300 ms per frame and is scored at the second one; otherwise a
# partner's last frame could not arrive in time.

import warnings

from sk_biornn import DaleRNNRegressor
from sk_biornn.initializers import ConditioningWarning

STEPS_PER_FRAME = 2
TRIAL_FRAMES, WARM_UP_FRAMES = 20, 4


def floor_of(x, runs):
    """Return the level from which the activity of each neuron is counted, per neuron."""
    return np.vstack([x[a:b] for a, b in runs]).min(axis=0) - 0.2


def held(frames):
    """Show every frame for the steps that the network takes in it."""
    return np.repeat(frames, STEPS_PER_FRAME, axis=1).astype(np.float32)


def make_trials(x, runs, floor):
    """Cut runs into overlapping trials; targets are NaN, not scored, while a trial warms up."""
    stride = TRIAL_FRAMES - WARM_UP_FRAMES
    starts = [s for a, b in runs for s in range(a, b - TRIAL_FRAMES, stride)]
    frames = np.array(starts)[:, None] + np.arange(TRIAL_FRAMES)
    targets = np.full((len(starts), TRIAL_FRAMES, STEPS_PER_FRAME, x.shape[1]), np.nan)
    targets[:, WARM_UP_FRAMES:, -1] = x[frames + 1][:, WARM_UP_FRAMES:]
    targets = targets.reshape(len(starts), -1, x.shape[1]).astype(np.float32)
    return held(x[frames] - floor), targets


def start_at_ar1(x, runs, floor, mask, signs, dale, seed):
    """Return the trials and a network that predicts just what each neuron's AR(1) does."""
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
        warnings.simplefilter("ignore", ConditioningWarning)  # no synapse at all: that is meant
        network.fit(trials[:1], targets[:1])  # makes the arrays, which warm_start lets us replace
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
        return network.predict(held(frames - floor))[:, STEPS_PER_FRAME - 1 :: STEPS_PER_FRAME]

    return from_frames(predict, x, block)


# %%
# Choosing, then fitting
# ----------------------

EPOCHS = range(0, 101, 20)  # 0: the AR(1) itself may be chosen
RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


def choose_epochs(trace, runs, **prior):
    """Return the number of epochs after which the error in the validation block is least."""
    block = validation_block(runs)
    inner = without(runs, block)
    x = standardised(trace, inner)
    floor, errors = floor_of(x, inner), []
    network, trials, targets = start_at_ar1(x, inner, floor, seed=0, **prior)
    for epochs in EPOCHS:
        if epochs:
            network.set_params(max_iter=EPOCHS.step).fit(trials, targets)
        errors.append(error(x, block, network_predictions(network, x, block, floor)))
    return EPOCHS[int(np.argmin(errors))]


def choose_ridge(trace, runs, mask):
    """Return the ridge penalty with which the error in the validation block is least."""
    block = validation_block(runs)
    inner = without(runs, block)
    x = standardised(trace, inner)
    errors = [baseline_error(RidgeVAR(1, ridge, mask), x, block, inner) for ridge in RIDGES]
    return RIDGES[int(np.argmin(errors))]


def linear_errors(trace, block, runs, masks):
    """Return the error of persistence, of the AR models and of a linear network per mask."""
    models = {"persistence": Persistence(), "AR(1)": ARBaseline(), "AR(5)": ARBaseline(order=5)}
    for name, mask in masks.items():
        models[name] = RidgeVAR(alpha=choose_ridge(trace, runs, mask), mask=mask)
    x = standardised(trace, runs)
    return {name: baseline_error(model, x, block, runs) for name, model in models.items()}


def network_fits(trace, block, runs, make_prior, n_seeds):
    """Return per seed the error in the test block, the fitted network and its predictions."""
    epochs, fits = choose_epochs(trace, runs, **make_prior(0)), []
    x = standardised(trace, runs)
    floor = floor_of(x, runs)
    for seed in range(n_seeds):
        network, *data = start_at_ar1(x, runs, floor, seed=seed, **make_prior(seed))
        if epochs:
            network.set_params(max_iter=epochs).fit(*data)
        predictions = network_predictions(network, x, block, floor)
        fits.append((error(x, block, predictions), network, predictions))
    return fits


# %%
# What is compared
# --------------------------
# A prior is a mask, signs and how Dale's law is kept, if it is. The controls ask what is special
# about the *worm's* wiring and transmitters: the connectome with its neurons renamed at random
# (same graph, wrong owners), and the signs dealt out anew.


def priors_of(recording):
    """Return, by name of the condition, a function seed -> mask, signs, dale."""
    n = len(recording["signs"])
    connectome, signs = recording["chemical"] | recording["electrical"], recording["signs"]

    def renamed(array, seed):
        order = np.random.default_rng(seed).permutation(n)
        return array[np.ix_(order, order)] if array.ndim == 2 else array[order]

    def prior(mask, signs=signs, dale="projection"):
        return {"mask": mask, "signs": signs, "dale": dale}

    return {
        "Dale, connectome": lambda seed: prior(connectome),
        "Dale, no mask": lambda seed: prior(None),
        "free signs, connectome": lambda seed: prior(connectome, dale=None),
        "Dale, renamed connectome": lambda seed: prior(renamed(connectome, seed)),
        "free signs, no mask": lambda seed: prior(None, dale=None),
        "Dale, renamed signs": lambda seed: prior(connectome, renamed(signs, seed)),
        "Dale, chemical synapses": lambda seed: prior(recording["chemical"]),
        "no synapses": lambda seed: prior(np.zeros((n, n), dtype=bool)),
    }


# %%
# The run
# -------
# Here one seed and four of the conditions, in half a minute; ``FULL`` gives the numbers of the
# summary.

import pandas as pd
from scipy.stats import t as student

FULL = False
SEEDS, ARMS = (3, None) if FULL else (1, 4)


def run(recording, n_seeds=SEEDS, n_arms=ARMS, n_blocks=5):
    """Return a table, one row per test block, model and seed, and what the figure shows."""
    trace, rows, shown = recording["trace"], [], None
    connectome = recording["chemical"] | recording["electrical"]
    masks = {"linear, connectome": connectome, "linear, no mask": np.ones_like(connectome)}
    priors = dict(list(priors_of(recording).items())[:n_arms])
    for number, (block, runs) in enumerate(blocked_splits(len(trace), n_blocks)):
        for model, value in linear_errors(trace, block, runs, masks).items():
            rows.append((number, model, 0, value))
        for model, make_prior in priors.items():
            fits = network_fits(trace, block, runs, make_prior, n_seeds)
            rows += [(number, model, seed, fit[0]) for seed, fit in enumerate(fits)]
            if shown is None:
                shown = block, standardised(trace, runs), *fits[0][1:]
    return pd.DataFrame(rows, columns=["block", "model", "seed", "error"]), shown


def skills(table, reference):
    """Return 1 - error / error of the reference, (block, model), the mean over seeds."""
    errors = table.groupby(["block", "model"], sort=False)["error"].mean().unstack(sort=False)
    return 1 - errors.div(errors[reference], axis=0)


def confidence(values):
    """Return the half-width of the 95 % t-interval of the mean over blocks."""
    return student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))


def report(table):
    """Print mean, standard deviation and interval over blocks, in per cent."""
    for reference in ("persistence", "AR(1)"):
        print(f"\nskill against {reference}: mean, sd and 95 % CI over test blocks, in per cent")
        for model, values in (100 * skills(table, reference)).items():
            half = confidence(values)
            print(
                f"{model:26s}{values.mean():7.2f}{values.std(ddof=1):7.2f}"
                f"  [{values.mean() - half:6.2f}, {values.mean() + half:6.2f}]"
            )
    print("\ndifference in skill against AR(1), paired by block")
    skill = 100 * skills(table, "AR(1)")
    for model in list(skill)[list(skill).index("Dale, connectome") + 1 :]:
        values = skill["Dale, connectome"] - skill[model]
        print(
            f"connectome + Dale minus {model:26s}{values.mean():6.2f} +- {confidence(values):.2f}"
        )


if recording is not None:
    table, shown = run(recording)
    report(table)

# %%
# What it looks like
# ------------------
# Left, three neurons that the network predicts best beyond their own past, in the first test
# block. Right, skill against the AR(1) per neuron: a dot per test block, a bar for the mean and
# its 95 % interval.

import matplotlib.pyplot as plt

BLACK, BLUE, ORANGE, GREY = "#000000", "#0072B2", "#E69F00", "#999999"


def plot_traces(axes, recording, block, x, predictions, n_neurons=3, n_frames=100):
    """Draw measured and predicted changes of a few neurons."""
    ar1 = ARBaseline().fit(*one_step(x, without([(0, len(x))], block)))
    now, following = x[block[0] : block[1] - 1], x[block[0] + 1 : block[1]]
    own_past = ar1.predict(now[None])[0]
    gain = np.mean((following - own_past) ** 2 - (following - predictions) ** 2, axis=0)
    time = 0.6 * np.arange(n_frames)
    for axis, neuron in zip(axes, np.argsort(-gain)[:n_neurons], strict=True):
        for values, colour, label in (
            (following, BLACK, "measured"),
            (predictions, BLUE, "connectome, Dale"),
            (own_past, ORANGE, "AR(1)"),
        ):
            change = (values - now)[:n_frames, neuron]
            axis.plot(time, change, color=colour, lw=1.4 if colour == BLACK else 1, label=label)
        axis.text(0, 1, recording["neuron"][neuron], transform=axis.transAxes, va="bottom")
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0)
    for axis in axes[:-1]:
        axis.tick_params(labelbottom=False)
    axes[0].legend(frameon=False, ncols=3, fontsize=8, loc="lower right", bbox_to_anchor=(1, 0.97))
    axes[n_neurons // 2].set_ylabel("change to the\nnext frame (sd)")
    axes[-1].set_xlabel("time in the test block (s)")


def plot_skills(axis, table):
    """Draw the skill of every model against the AR(1), per block and on average."""
    skill = 100 * skills(table, "AR(1)").drop(columns=["AR(1)", "persistence"])
    for row, (model, values) in enumerate(skill.items()):
        colour = BLUE if model == "Dale, connectome" else GREY
        axis.plot(values, np.full(len(values), row), "o", ms=3.5, mfc="none", color=colour)
        axis.errorbar(values.mean(), row + 0.22, xerr=confidence(values), fmt="|", color=colour)
    axis.axvline(0, color=BLACK, lw=0.7)
    axis.set_yticks(range(skill.shape[1]), list(skill))
    axis.invert_yaxis()
    axis.set_xlabel("skill against AR(1) (%)")
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(left=False)


if recording is not None:
    figure = plt.figure(figsize=(10, 4.6), layout="constrained")
    grid = figure.add_gridspec(3, 2, width_ratios=[1.25, 1], wspace=0.04)
    axes = [figure.add_subplot(grid[row, 0]) for row in range(3)]
    block, x, _, predictions = shown
    plot_traces(axes, recording, block, x, predictions)
    plot_skills(figure.add_subplot(grid[:, 1]), table)

# %%
# What came out
# -------------
# Measured with ``FULL = True`` (5 test blocks, 3 seeds), skill against the AR(1) in per cent of its
# error, mean and 95 % interval over the blocks:
#
# ==========================  =====  ================
# connectome, Dale              2.1  [0.8, 3.3]
# connectome, free signs        2.9  [1.1, 4.6]
# chemical synapses, Dale       1.2  [0.8, 1.6]
# renamed connectome, Dale      1.3  [0.1, 2.5]
# connectome, renamed signs     2.1  [0.8, 3.4]
# no mask, Dale                 4.8  [0.7, 8.8]
# no mask, free signs           5.8  [0.1, 11.6]
# no synapses                  -0.1  [-0.3, 0.1]
# linear, connectome            2.8  [0.7, 5.0]
# linear, no mask               5.4  [-0.8, 11.7]
# AR(5) per neuron              8.2  [4.2, 12.3]
# ==========================  =====  ================
#
# It is little. Synapses help (connectome minus no synapses: 2.2 +- 1.3), but that these are the
# worm's own cannot be told with five blocks (minus renamed connectome: 0.8 +- 1.4), the
# transmitters make no difference (minus renamed signs: -0.1 +- 0.7), and networks without a mask
# do at least as well. A longer memory of each neuron's own past, the AR(5), beats all of them. The
# wiring is of other animals, many glutamatergic synapses of the worm inhibit, and one recording is
# one recording.
#
# References
# ----------
# .. [1] Atanas, Kim et al., Cell, 2023. doi:10.1016/j.cell.2023.07.035
# .. [2] Cook et al., Nature, 2019. doi:10.1038/s41586-019-1352-7
# .. [3] Fenyves et al., PLoS Computational Biology, 2020. doi:10.1371/journal.pcbi.1007974
