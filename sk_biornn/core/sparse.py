"""A fixed set of synapses and the products that touch no others.

Below a density of about a tenth, sparse products in the compressed-row format beat dense ones on a
CPU, by a factor that grows as the density falls; the weights are then a vector, one value per
synapse, and so are their gradient and the optimiser's state. Elsewhere (GPU, builds of torch
without sparse products, small or dense networks) the dense products are used.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

# Measured on one thread, at 256 to 1440 units: dense and sparse products cost the same at a density
# of 0.11 to 0.14; transposing and calling take their share, which weighs more in small networks.
_LARGEST_DENSITY = 0.08
_LEAST_UNITS = 256


class Support(NamedTuple):
    """The synapses of a mask (n_post, n_pre), row by row, and the same ones column by column."""

    shape: tuple[int, int]
    places: Tensor  # (n_synapses,): index into the flattened matrix
    rows: Tensor  # (n_post + 1,) int32: where each row begins, the compressed rows' first half
    columns: Tensor  # (n_synapses,) int32: the other half
    transposed_rows: Tensor  # (n_pre + 1,) int32
    transposed_columns: Tensor  # (n_synapses,) int32
    transposed_order: Tensor  # (n_synapses,): values[transposed_order] are those of the transpose
    stored: bool = False  # whether weights are kept as values too, and no matrix is ever made

    @classmethod
    def of_rows(cls, rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> Support:
        """Return the support of compressed rows, of a network that is stored as its synapses."""
        post = torch.repeat_interleave(torch.arange(shape[0]), rows.diff())
        order = torch.argsort(columns, stable=True)  # rows come in order already
        return cls(
            shape,
            post * shape[1] + columns,
            rows.int(),
            columns.int(),
            _row_starts(torch.bincount(columns, minlength=shape[1])),
            post[order].int(),
            order,
            stored=True,
        )

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return len(self.places)

    @classmethod
    def of(cls, mask: Tensor) -> Support:
        """Return the support of a bool matrix."""
        post, pre = mask.nonzero(as_tuple=True)
        order = torch.argsort(pre * mask.shape[0] + post)
        return cls(
            (mask.shape[0], mask.shape[1]),
            post * mask.shape[1] + pre,
            _row_starts(mask.sum(dim=1)),
            pre.int(),
            _row_starts(mask.sum(dim=0)),
            post[order].int(),
            order,
        )

    def values(self, matrix: Tensor) -> Tensor:
        """Return the entries of a matrix that lie on the support; differentiable."""
        return matrix.reshape(-1)[self.places]

    def matrix(self, values: Tensor) -> Tensor:
        """Return the matrix with these values on the support and 0 off it; differentiable."""
        flat = values.new_zeros(self.shape[0] * self.shape[1])
        return flat.index_put((self.places,), values).reshape(self.shape)

    def compressed(self, values: Tensor) -> Tensor:
        """Return the matrix in torch's compressed-row format."""
        return torch.sparse_csr_tensor(
            self.rows, self.columns, values, self.shape, check_invariants=False
        )

    def compressed_transpose(self, values: Tensor) -> Tensor:
        """Return the transpose in torch's compressed-row format."""
        return torch.sparse_csr_tensor(
            self.transposed_rows,
            self.transposed_columns,
            values[self.transposed_order],
            self.shape[::-1],
            check_invariants=False,
        )


def support_where_it_pays(mask: Tensor, dtype: torch.dtype) -> Support | None:
    """Return the support of a mask, or None where dense products are the faster ones."""
    large = mask.shape[0] >= _LEAST_UNITS and mask.device.type == "cpu"
    if not large or not 0 < float(mask.float().mean()) <= _LARGEST_DENSITY:
        return None
    return Support.of(mask) if has_sparse_product(dtype) else None


def where_it_pays() -> str:
    """Return in words where the products of `support_where_it_pays` are the faster ones."""
    return f"from {_LEAST_UNITS} units on, up to a density of {_LARGEST_DENSITY}, on a CPU"


@cache
def has_sparse_product(dtype: torch.dtype) -> bool:
    """Whether this build of torch multiplies and samples compressed rows on a CPU."""
    mask = torch.tensor([[True, False, True], [False, True, False]])
    support = Support.of(mask)
    dense = torch.arange(6, dtype=dtype).reshape(2, 3) * mask
    other = torch.arange(12, dtype=dtype).reshape(3, 4)
    with warnings.catch_warnings():  # torch says once that its sparse tensors are new
        warnings.simplefilter("ignore")
        try:
            product = multiply(
                support.compressed(support.values(dense)), other, torch.empty(2, 4, dtype=dtype)
            )
            sampled = sample_product(support, dense @ other, other)
        except (RuntimeError, NotImplementedError, TypeError, AttributeError):
            return False
    expected = support.values(dense @ other @ other.T)
    return torch.allclose(product, dense @ other) and torch.allclose(sampled, expected)


def multiply(compressed: Tensor, dense: Tensor, out: Tensor) -> Tensor:
    """Overwrite `out` by the product of a compressed and a dense matrix, and return it."""
    return torch.addmm(out, compressed, dense, beta=0, out=out)


def sample_product(support: Support, a: Tensor, b: Tensor) -> Tensor:
    """Return the entries of a @ b.T that lie on the support."""
    zeros = support.compressed(a.new_zeros(len(support.places)))
    return torch.sparse.sampled_addmm(zeros, a, b.mT, beta=0.0).values()


def _row_starts(counts: Tensor) -> Tensor:
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)]).int()  # MKL would convert int64
