"""
A brain-sized connectome on a laptop
====================================

The matrix of 19,178 neurons has 368 million entries, 1.5 GB in float32, and an optimiser remembers
twice as much. Their connections are far fewer. A network that is given a **sparse** mask is stored
as its synapses alone: no step of a fit makes anything of the size of the matrix.
"""

# %%
# The wiring
# ----------
# Brains have few neurons with many synapses and many with few. Here both ends of a synapse are
# drawn with log-normal chances; a table of a real brain that
# :func:`~sk_biornn.datasets.read_connectome` has read takes the place of `mask` as it is.

import resource
import time

import matplotlib.pyplot as plt
import numpy as np
import scipy.sparse as sp

from sk_biornn import DaleRNNRegressor


def wiring(n_units, n_synapses, seed=0):
    rng = np.random.default_rng(seed)
    chances = rng.lognormal(size=(2, n_units))
    post, pre = (rng.choice(n_units, n_synapses, p=c / c.sum()) for c in chances)
    mask = sp.coo_array((np.ones(n_synapses, dtype=bool), (post, pre)), shape=(n_units, n_units))
    return mask.tocsr()


n_units = 19_178
mask = wiring(n_units, 500_000)
print(f"{mask.nnz} synapses, a density of {mask.nnz / n_units**2:.2%}")

# %%
# The task
# --------
# Report the mean of either of two noisy channels since the beginning of the trial: it has to be
# remembered and updated at every step.

rng = np.random.default_rng(1)
X = rng.standard_normal((64, 20, 2)).astype(np.float32)
y = np.cumsum(X, axis=1) / np.arange(1, 21)[:, None]

# %%
# The fit
# -------
# The mask came sparse and is large, so ``sparse="auto"`` stores synapses; `W_rec_` is then a sparse
# array of SciPy. Dale's law holds exactly, as it does in a matrix.

stamps = [time.perf_counter()]
network = DaleRNNRegressor(
    n_units=n_units,
    mask=mask,
    max_iter=15,
    batch_size=16,
    random_state=0,
    on_epoch=lambda _: stamps.append(time.perf_counter()),
).fit(X, y)
W = network.W_rec_
print(f"{type(W).__name__} of {W.nnz} weights, R2 {network.score(X, y):.2f}")
print(f"weights of the wrong sign: {(W.data * network.signs_[W.indices] < 0).sum()}")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(f"the most memory that this whole process ever held: {peak:.1f} GiB")

# %%
# What grows
# ----------
# With 20 synapses per neuron, a step takes time in proportion to the number of neurons, and so do
# the weights with what Adam remembers of them; in a matrix they would grow with its square.

sizes = [2000, 4000, 8000, 16_000, 32_000]
seconds, held = [], []
for size in sizes:
    laps = []
    grown = DaleRNNRegressor(
        n_units=size,
        mask=wiring(size, 20 * size),
        sparse=True,
        max_iter=5,
        batch_size=8,
        random_state=0,
        on_epoch=lambda _, laps=laps: laps.append(time.perf_counter()),
    ).fit(X[:8, :10], y[:8, :10])
    seconds.append(np.diff(laps).min())
    W = grown.W_rec_
    held.append((3 * W.data.nbytes + W.indices.nbytes + W.indptr.nbytes) / 2**20)
for size, lap, mib in zip(sizes, seconds, held, strict=True):
    print(f"{size:6} neurons: {1e3 * lap:6.1f} ms a step, {mib:5.1f} MiB")

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
left.plot(np.arange(1, 16), network.loss_curve_, marker=".")
left.set(xlabel="epoch", ylabel="loss", title=f"{n_units} neurons", ylim=(0, None))
middle.loglog(sizes, 1e3 * np.array(seconds), marker="o")
middle.set(xlabel="neurons", ylabel="ms", title="one step, 8 trials of 10 steps")
right.loglog(sizes, held, marker="o", label="synapses")
right.loglog(sizes, 12 * np.square(sizes, dtype=float) / 2**20, "--", label="a matrix")
right.set(xlabel="neurons", ylabel="MiB", title="weights and optimiser")
right.legend()
plt.show()
