"""Files of trained networks, their form in other libraries, and the published checkpoints.

`save` and `load` write and read any estimator of the package, see :doc:`/files`.

A checkpoint of the published cell-type networks is what torch saves of a network, a dict of
tensors by name. Of the populations k = 1..K, with n_k units each:

================================  ==================  ========================================
key                               shape               attribute of `CellTypeRNNRegressor`
================================  ==================  ========================================
rnn.weight_ih_l0                  (n_units, K)        `W_in_`
rnn.weight_hh_l0                  (n_units, n_units)  `W_rec_` [post, pre]
fc{k}.weight                      (1, n_k)            `W_out_`, row k, at the units of k
fc{k}.bias                        (1,)                `b_out_`, entry k
rnn.bias_ih_l0, rnn.bias_hh_l0    (n_units,)          `b_rec_`, their sum; none as published
================================  ==================  ========================================

Files are read with ``torch.load(weights_only=True)``: nothing that they contain is ever run.
"""

from __future__ import annotations

from sk_biornn.io._cell_types import load_cell_type_checkpoint, save_cell_type_checkpoint
from sk_biornn.io._classes import trusted_types
from sk_biornn.io._graph import to_networkx
from sk_biornn.io._networks import load, save
from sk_biornn.io._onnx import to_onnx
from sk_biornn.io._runs import load_cell_type_runs
from sk_biornn.io._torch_module import to_torch

#: Names of the classes of this package that ``skops.io.load(path, trusted=TRUSTED_TYPES)`` needs.
TRUSTED_TYPES = trusted_types()

__all__ = [
    "TRUSTED_TYPES",
    "load",
    "load_cell_type_checkpoint",
    "load_cell_type_runs",
    "save",
    "save_cell_type_checkpoint",
    "to_networkx",
    "to_onnx",
    "to_torch",
]
