"""
A brain-sized connectome on a laptop
====================================

The matrix of 19,178 neurons has 368 million entries, 1.5 GB in float32, and an
optimiser remembers twice as much. Their connections are far fewer. A network
that is given a **sparse** mask is stored as its synapses alone: no step of a
fit makes anything of the size of the matrix.
"""

# %%
# The wiring
# ----------
# Few neurons of a brain have many connections and many have few.
# :func:`~sk_biornn.datasets.make_brain_wiring` draws such a wiring, with
# excitatory and inhibitory neurons. The table of a real brain, read with
# :func:`~sk_biornn.datasets.read_connectome`, can take its place as it is.

import sys
import time

import matplotlib.pyplot as plt
import numpy as np

from sk_biornn import DaleRNNRegressor
from sk_biornn.datasets import make_brain_wiring

try:
    import resource
except ImportError:  # Windows has no such module
    resource = None

n_units = 19_178
brain = make_brain_wiring(n_units, random_state=0)
print(f"{brain}, a density of {brain.weights.nnz / n_units**2:.2%}")

# %%
# The task
# --------
# Report the mean of either of two noisy channels since the beginning of the
# trial: it has to be remembered and updated at every step.

rng = np.random.default_rng(1)
X = rng.standard_normal((64, 20, 2)).astype(np.float32)
y = np.cumsum(X, axis=1) / np.arange(1, 21)[:, None]

# %%
# The fit
# -------
# The mask came sparse and is large, so ``sparse="auto"`` stores synapses;
# `W_rec_` is then a sparse array of SciPy. Dale's law holds exactly, as it
# does in a matrix.

stamps = []
network = DaleRNNRegressor(
    n_units=n_units,
    mask=brain,
    max_iter=15,
    batch_size=16,
    random_state=0,
    on_epoch=lambda _: stamps.append(time.perf_counter()),
).fit(X, y)
W = network.W_rec_
print(f"{type(W).__name__} of {W.nnz} weights, R2 {network.score(X, y):.2f}")
wrong = W.data * network.signs_[W.indices] < 0
print(f"weights of the wrong sign: {wrong.sum()}")
seconds_per_step = np.diff(stamps).min() / 4  # 64 trials are 4 batches
print(f"a step took {seconds_per_step:.2f} s")
if resource is not None:
    kib = 1024 if sys.platform == "darwin" else 1  # macOS counts bytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / kib / 2**20
    print(f"the most memory that this whole process ever held: {peak:.1f} GiB")

# %%
# What grows
# ----------
# With as many connections per neuron, the arithmetic of a step grows in
# proportion to the number of neurons, and so does the memory of the weights
# and of what Adam remembers of them. A matrix would grow with its square.

sizes = [2000, 4000, 8000, 16_000, 32_000]
seconds, held = [], []
for size in sizes:
    laps = []
    grown = DaleRNNRegressor(
        n_units=size,
        mask=make_brain_wiring(size, random_state=0),
        sparse=True,
        max_iter=8,
        batch_size=8,
        random_state=0,
        on_epoch=lambda _, laps=laps: laps.append(time.perf_counter()),
    ).fit(X[:8, :10], y[:8, :10])
    seconds.append(np.diff(laps).min())
    W = grown.W_rec_
    n_bytes = 3 * W.data.nbytes + W.indices.nbytes + W.indptr.nbytes
    held.append(n_bytes / 2**20)
for size, lap, mib in zip(sizes, seconds, held, strict=True):
    print(f"{size:6} neurons: {1e3 * lap:6.1f} ms a step, {mib:5.1f} MiB")

# %%
# A: the fit of 19,178 neurons. B: the shortest step of a few; in grey,
# proportional growth up to the largest network. C: the memory of the weights
# and of what Adam remembers of them.

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "0.6"
matrix = 12 * np.square(sizes, dtype=float) / 2**20  # 3 numbers of 4 bytes
proportional = seconds[-1] * np.array(sizes) / sizes[-1]

figure, axes = plt.subplots(1, 3, figsize=(11, 3.3), layout="constrained")
axes[0].plot(range(1, 16), network.loss_curve_, color=BLUE, marker=".")
axes[0].set(xlabel="epoch", ylabel="loss", ylim=(0, None))
axes[0].set_xticks([1, 5, 10, 15])
axes[0].set_title(f"{n_units:,} neurons")
axes[1].plot(
    sizes, 1e3 * proportional, color=GREY, ls="--", label="in proportion"
)
axes[1].plot(
    sizes, 1e3 * np.array(seconds), color=BLUE, marker="o", label="measured"
)
axes[1].set(ylabel="milliseconds", title="one step, 8 trials of 10 steps")
axes[2].plot(sizes, matrix, color=ORANGE, ls="--", label="as a matrix")
axes[2].plot(sizes, held, color=BLUE, marker="o", label="as synapses")
axes[2].set(ylabel="MiB", title="what is held")
for axis in axes[1:]:
    axis.set(xscale="log", yscale="log", xlabel="neurons")
    axis.set_xticks(sizes, [f"{size // 1000}k" for size in sizes])
    axis.minorticks_off()
    axis.legend(frameon=False)
axes[1].set_yticks([3, 10, 30, 100, 300], [3, 10, 30, 100, 300])
axes[1].set_ylim(700 * min(seconds), 1500 * max(seconds))
for axis, letter in zip(axes, "ABC", strict=True):
    axis.set_title(letter, loc="left", fontweight="bold")
    axis.spines[["top", "right"]].set_visible(False)
plt.show()
