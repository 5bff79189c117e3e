"""
Does the network forecast better than doing nothing?
====================================================

Calcium is slow: the next frame of a recording is nearly the present one, and a
network with an :math:`R^2` of .8 may be worse than no change at all. Here a
recording is simulated, of 40 neurons that drive each other, and forecast up to
20 frames ahead by baselines, by a network with default settings, and by
networks that predict the change from the present frame.
"""

# %%
# A recording
# -----------
# The neurons are a random network, driven by slow inputs that nobody records;
# what is seen of their rates is fluorescence, which takes two seconds to fall,
# and noise. Twenty minutes at 2 Hz.

import numpy as np

N_NEURONS, N_FRAMES, RATE = 40, 2400, 2.0


def record(seed=0):
    """Return fluorescence (n_frames, n_neurons), per standard deviation."""
    rng = np.random.default_rng(seed)
    wiring = rng.standard_normal((N_NEURONS, N_NEURONS))
    wiring *= rng.random((N_NEURONS, N_NEURONS)) < 0.15
    wiring *= 0.9 / np.abs(np.linalg.eigvals(wiring)).max()
    from_inputs = rng.standard_normal((N_NEURONS, 3)) / 2
    state, inputs = np.zeros(N_NEURONS), np.zeros(3)
    fluorescence = np.zeros((N_FRAMES, N_NEURONS))
    kept = np.exp(-1 / (RATE * rng.uniform(1, 3, N_NEURONS)))
    for t in range(1, N_FRAMES):
        inputs = 0.93 * inputs + 0.37 * rng.standard_normal(3)
        noise = 0.3 * rng.standard_normal(N_NEURONS)
        drive = wiring @ state + from_inputs @ inputs + noise
        state = 0.5 * state + 0.5 * np.tanh(drive)
        calcium = (1 - kept) * np.maximum(state + 0.3, 0)
        fluorescence[t] = kept * fluorescence[t - 1] + calcium
    seen = fluorescence / fluorescence.std(axis=0)
    return seen + 0.2 * rng.standard_normal(seen.shape)


# %%
# Windows of half a minute; the last quarter is for testing alone. Means and
# standard deviations are those of the training part.

from sk_biornn.datasets import cut_trials

recording = record()
n_training = 3 * N_FRAMES // 4
training = recording[:n_training]
mean, sd = training.mean(axis=0), training.std(axis=0)
scaled = (recording - mean) / sd
train = cut_trials(scaled[:n_training], length=60, rate=RATE)
test = cut_trials(scaled[n_training:], length=60, rate=RATE)
print(train.X.shape, test.X.shape)

# %%
# Three networks
# --------------
# A plain network warns, when it is fitted, that its targets are its own inputs
# one step on. With ``predict_increments`` and ``readout_skip`` it starts at a
# regression on each neuron's own past, and learns what the others tell. With
# ``horizon=10`` it is trained on its own predictions, as it will be used. A
# linear model of all neurons ("VAR") is among the baselines.

import warnings

from sk_biornn import DaleRNNRegressor
from sk_biornn.inspection import forecast_skill

changes = {
    "predict_increments": True,
    "readout_skip": "diagonal",
    "burn_in": 10,
}
models = {
    "network, plain": DaleRNNRegressor(early_stopping=True, random_state=0),
    "network, changes": DaleRNNRegressor(
        early_stopping=True, random_state=0, **changes
    ),
    "network, horizon 10": DaleRNNRegressor(
        early_stopping=True, random_state=0, horizon=10, **changes
    ),
}
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="y is X one step later")
    for model in models.values():
        model.fit(train.X, train.y)

table = forecast_skill(
    models,
    test.X,
    test.y,
    horizons=(1, 2, 5, 10, 20),
    train=(train.X, train.y),
    baselines=("persistence", "mean", "AR", "VAR"),
    burn_in=10,
)
r2 = table.pivot(index="model", columns="horizon", values="r2")
print(r2.round(2).to_string())

# %%
# Skill by how far one looks ahead
# --------------------------------
# Left, :math:`R^2` of free runs, with 95 % intervals over test windows. Right,
# three neurons and one forecast of ten seconds each, by the network that was
# trained on its own predictions.

import matplotlib.pyplot as plt

from sk_biornn.plots import ForecastDisplay

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4), width_ratios=[1.3, 1], layout="constrained"
)
ForecastDisplay.from_table(table).plot(
    ax=left, value="r2", dt=1 / RATE, xlabel="time ahead (s)", floor=-0.5
)
window, start, ahead = test.X[2], 30, 20
network = models["network, horizon 10"]
forecast = network.forecast(window[None, :start], ahead)[0]
for row, neuron in enumerate(np.argsort(window[start:].std(axis=0))[-3:]):
    offset = -6.0 * row
    seconds = np.arange(len(window)) / RATE
    right.plot(seconds, window[:, neuron] + offset, color="0.3", lw=1)
    time = (start + np.arange(ahead)) / RATE
    right.plot(time, forecast[:, neuron] + offset, color="#0072B2", lw=1.8)
right.axvline(start / RATE, color="0.6", lw=0.8, ls=":")
right.set_xlabel("time (s)")
right.set_yticks([])
right.set_title("measured (grey) and forecast (blue)", fontsize=10)
right.spines[["top", "right", "left"]].set_visible(False)
plt.show()

# %%
# What to take from it
# --------------------
# The plain network has to spend its training on learning that frames are
# alike, and is still behind persistence one and two frames ahead; a network
# that predicts changes is ahead. How much the *other neurons* say is not the
# :math:`R^2` but what is left of it beyond each neuron's own past:

beyond = (r2.drop("AR") - r2.loc["AR"]).loc[["VAR", *models]]
print("R2 beyond that of an AR(1) per neuron:")
print(beyond.round(3).to_string())

# %%
# One or two frames ahead the network that predicts changes has a lead of less
# than 0.01 over the linear VAR; ten frames ahead the VAR is better than all
# networks. So a network that beats persistence need not say more than a ridge
# regression. A network that is trained on its own predictions says less of the
# next frames than one that was trained a single frame ahead, and loses less
# far ahead. Twenty frames ahead there is nothing left to forecast, and none
# beats the AR(1), which by then predicts nearly the mean.

assert (r2.loc["network, changes", [1, 2]] > r2.loc["VAR", [1, 2]]).all()
assert r2[10].idxmax() == "VAR" and r2[20].idxmax() == "AR"
