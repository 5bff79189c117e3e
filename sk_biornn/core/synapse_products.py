"""Products with a matrix that is only its synapses, for arrays (n_units, n_trials).

Two libraries of torch's CPU builds have them. FBGEMM's sum of rows of a table, made for embeddings,
is a product with compressed rows: it makes code for the number of columns and asks for rows ahead
of their use. MKL's product with compressed rows knows all precisions. Milliseconds on one thread
(AMD EPYC, 0.25 million synapses, 64 trials; dense is the package's product of 5000 units, oneDNN's
in float32; printed by ``tests/benchmarks/bench_sparse.py --products``):

=========  ======  =====  =====  ========
precision  FBGEMM  MKL    dense  gradient
=========  ======  =====  =====  ========
float32    0.37    1.26   18.2   1.04
float64    4.19    2.44   63.1   4.58
=========  ======  =====  =====  ========

The gradient samples a product: a scalar product of two rows per synapse. It reads every row as
often as its unit has synapses, from whichever cache holds it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from sk_biornn.core.sparse import Support, has_sparse_product

Product = Callable[[Tensor], Tensor]  # (n_pre, n_trials) -> (n_post, n_trials)

_SUM = 0  # what embedding bags do with their rows


def product_of(support: Support, values: Tensor) -> Product:
    """Return x -> W @ x, for the values of W on a support."""
    if not _sums_rows(values.dtype):
        compressed = support.compressed(values)
        return lambda x: compressed @ x
    return _summing_rows(support.columns, support.rows, values)


def transposed_product_of(support: Support, values: Tensor) -> Product:
    """Return x -> W.T @ x, for the values of W on a support."""
    if not _sums_rows(values.dtype):
        compressed = support.compressed_transpose(values)
        return lambda x: compressed @ x
    values = values[support.transposed_order]
    return _summing_rows(support.transposed_columns, support.transposed_rows, values)


def add_sampled(support: Support, total: Tensor, a: Tensor, b: Tensor) -> None:
    """Add the entries of a @ b.T on a support to `total` (n_synapses,)."""
    if has_sparse_product(total.dtype):
        compressed = support.compressed(total)
        torch.sparse.sampled_addmm(compressed, a, b.mT, out=compressed)
        return
    post = torch.repeat_interleave(torch.arange(support.shape[0]), support.rows.diff())
    for part in torch.arange(len(total)).split(2**16):
        rows, columns = post[part], support.columns[part].long()
        total[part] += (a[rows] * b[columns]).sum(1)


def _summing_rows(columns: Tensor, rows: Tensor, values: Tensor) -> Product:
    def product(x: Tensor) -> Tensor:
        x = x.contiguous()
        return torch.embedding_bag(x, columns, rows, False, _SUM, False, values, True)[0]

    return product


def _sums_rows(dtype: torch.dtype) -> bool:
    """Whether sums of rows are the faster products, or the only ones."""
    return dtype == torch.float32 or not has_sparse_product(dtype)
