"""Initial weights that are counts of synapses of a connectome, times the signs of its neurons."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sk_biornn import _structure
from sk_biornn._checks import check_choice, check_flag
from sk_biornn._plain import real_array
from sk_biornn._sparse import canonical, is_sparse
from sk_biornn.initializers._base import check_signs_and_mask
from sk_biornn.initializers._kept_facts import KeepsFacts
from sk_biornn.units.connectome import Connectome
from sk_biornn.units.order import square_in_order
from sk_biornn.units.signs import sign_array

EXPECTED = "a square matrix of finite numbers, [post, pre]"


class ConnectomeInitializer(KeepsFacts, BaseEstimator):
    r"""Initial recurrent weights from the numbers of synapses of a connectome.

    .. math::
        W_{ij} = s_j c_{ij} \quad \text{or} \quad s_j \log(1 + c_{ij}),

    where :math:`c_{ij}` is the number of synapses from j to i and :math:`s_j` the sign of j; then,
    with ``normalise="input"``, every row is divided by the sum of its absolute values.

    A fitted instance can be passed as ``recurrent_init`` to every estimator; it obeys their signs
    and masks. ``spectral_radius`` of the estimator scales the result.

    Parameters
    ----------
    log_counts : bool, default=False
        Whether log(1 + c) takes the place of c: few connections have most of the synapses.
    normalise : {"input", "none"}, default="input"
        "input": the absolute weights onto each unit add up to 1, so that a network of rates of at
        most 1 sums to at most 1, whatever the size of the neuron. "none": counts as they are.

    Attributes
    ----------
    weights_ : ndarray of shape (n_units, n_units), or scipy.sparse.csr_array
        The connectome [post, pre], with its signs where it knows them.
    signs_ : ndarray of shape (n_units,) or None
        Signs of the neurons, of a `Connectome` that knows them.
    types_ : tuple of str or None
        Types of the neurons, likewise.
    unit_names_ : tuple of length n_units, or None
        Names of the neurons; a network that names its units gets its weights by them.
    n_features_in_ : int
        Number of neurons.

    See Also
    --------
    BioWeightInitializer : Weights from functional connectivity.
    sk_biornn.datasets.read_connectome : From files to a `Connectome`.

    Notes
    -----
    A clone keeps what was fitted, as that of `BioWeightInitializer` does: a grid search that
    clones a network must not lose the connectome.

    Fractions of a unit's input are what synapse counts tell best of strength, since a large neuron
    has more synapses of every kind [1]_; networks of given wiring start from counts times signs
    [2]_.

    References
    ----------
    .. [1] L. K. Scheffer et al., "A connectome and analysis of the adult Drosophila central brain",
       eLife, 2020. doi:10.7554/eLife.57443
    .. [2] J. K. Lappalainen et al., "Connectome-constrained networks predict neural activity across
       the fly visual system", Nature, 2024. doi:10.1038/s41586-024-07939-3

    Examples
    --------
    >>> from sk_biornn.initializers import ConnectomeInitializer
    >>> from sk_biornn.units import Connectome
    >>> counts = [[0, 3, 0], [0, 0, 0], [1, 3, 0]]
    >>> worm = Connectome(counts, names=["A", "B", "C"], signs=[1, -1, 1])
    >>> ConnectomeInitializer().fit(worm).sample().tolist()
    [[0.0, -1.0, 0.0], [0.0, 0.0, 0.0], [0.25, -0.75, 0.0]]

    The wiring stays, and a gain per pair of types is learned:

    >>> import numpy as np
    >>> from sk_biornn import DaleRNNRegressor
    >>> X = np.random.default_rng(0).standard_normal((8, 10, 2))
    >>> network = DaleRNNRegressor(
    ...     n_units=3, signs=worm.signs,
    ...     recurrent_init=ConnectomeInitializer().fit(worm),
    ...     plasticity="type_gains", blocks=[0, 1, 0], max_iter=2, random_state=0,
    ... ).fit(X, X)
    >>> # the inhibitory type has no input
    >>> (network.gains_.notna()).to_numpy().tolist()
    [[True, True], [False, False]]
    """

    _fitted = ("weights_", "signs_", "types_", "unit_names_", "n_features_in_")
    unit_names_: tuple[Any, ...] | None
    signs_: NDArray[np.float64] | None
    types_: tuple[str, ...] | None

    def __init__(self, *, log_counts: bool = False, normalise: str = "input") -> None:
        self.log_counts = log_counts
        self.normalise = normalise

    def fit(self, X: Any, y: Any = None) -> Self:
        """Keep the connectome.

        Parameters
        ----------
        X : Connectome, DataFrame, graph, array-like or sparse matrix of shape (n_units, n_units)
            Numbers of synapses, or signed weights, [post, pre].
        y : Ignored
            Not used; here for the interface.

        Returns
        -------
        ConnectomeInitializer
            The initializer itself.

        Raises
        ------
        TypeError
            If `X` holds no numbers, or a parameter is of another type.
        ValueError
            If `X` is not square and finite, or has weights of another sign than its neurons.
        """
        return self._fit(X, "X")

    def _fit(self, X: Any, name: str) -> Self:
        """Fit to what an argument of this name holds."""
        self._check_parameters()
        matrix, order = square_in_order(X, name)
        if not is_sparse(matrix):
            matrix = np.array(real_array(matrix, name, EXPECTED, truth_values=True))
        shape = matrix.shape
        if len(shape) != 2 or shape[0] != shape[1] or not shape[0]:
            raise ValueError(f"{name} must be {EXPECTED}, got shape {shape}.")
        if is_sparse(matrix):
            real_array(matrix.tocoo().data, name, EXPECTED, truth_values=True)
            matrix = canonical(matrix, np.float64)
        if not np.isfinite(matrix.data if is_sparse(matrix) else matrix).all():
            raise ValueError(f"{name} must be {EXPECTED}, got NaN or infinity.")
        signs = X.signs if isinstance(X, Connectome) else None
        self.weights_ = matrix if signs is None else _signed(matrix, signs, name)
        self.signs_ = signs
        self.types_ = X.types if isinstance(X, Connectome) else None
        self.unit_names_, self.n_features_in_ = order.names, shape[0]
        return self

    def sample(
        self, *, signs: Any = None, mask: Any = None, rng: Any = None
    ) -> NDArray[np.float64]:
        """Return the weights; there is no chance in them.

        Parameters
        ----------
        signs : array-like of shape (n_units,) or None, default=None
            +1 excitatory, -1 inhibitory; 0 or None: those of the connectome.
        mask : array-like of bool of shape (n_units, n_units) or None, default=None
            Allowed synapses [post, pre]; others are left out. None allows all.
        rng : numpy.random.Generator or None, default=None
            Not used; here for the interface.

        Returns
        -------
        ndarray of shape (n_units, n_units)
            Weights W[post, pre], float64, that obey `signs` and `mask` exactly.

        Raises
        ------
        ValueError
            If `signs` or `mask` do not fit the connectome.
        """
        signs = self._checked_signs(signs)
        _, allowed = check_signs_and_mask(signs, mask)
        weights = self.weights_.toarray() if is_sparse(self.weights_) else self.weights_
        return np.asarray(self._scaled(_signed(np.where(allowed, weights, 0.0), signs, "signs")))

    def sample_sparse(self, *, signs: Any = None, structure: Any, rng: Any = None) -> Any:
        """Return the weights as a sparse matrix, of a network that is stored as its synapses.

        Parameters
        ----------
        signs : array-like of shape (n_units,) or None, default=None
            As of `sample`.
        structure : sparse matrix of shape (n_units, n_units)
            Allowed synapses [post, pre]: where it has entries.
        rng : numpy.random.Generator or None, default=None
            Not used; here for the interface.

        Returns
        -------
        csr_array of shape (n_units, n_units)
            Weights W[post, pre], float64, with an entry per allowed synapse.

        Raises
        ------
        ValueError
            If `signs` or `structure` do not fit the connectome.
        """
        signs = self._checked_signs(signs)
        structure = _structure.pattern_of(structure)
        if structure.shape != (self.n_features_in_,) * 2:
            raise ValueError(
                f"mask must have shape {(self.n_features_in_,) * 2}, got {structure.shape}."
            )
        values = _structure.values_on(structure, self.weights_).astype(np.float64)
        return self._scaled(_signed(_structure.with_values(structure, values), signs, "signs"))

    def _checked_signs(self, signs: Any) -> NDArray[np.float64]:
        """Return the signs of a network, or those of the connectome where it has none."""
        check_is_fitted(self, "weights_")
        self._check_parameters()
        n_units = self.n_features_in_
        own = np.zeros(n_units) if self.signs_ is None else self.signs_
        signs = own if signs is None else sign_array(signs)
        if signs.shape != (n_units,):
            raise ValueError(
                f"signs must have one value per neuron of the connectome, shape ({n_units},), got "
                f"shape {signs.shape}; a network with these weights has n_units={n_units}."
            )
        against = int((signs * own < 0).sum())
        if against:
            raise ValueError(
                "signs must agree with those of the connectome that recurrent weights come from, "
                f"got the other sign for {against} of {n_units} units; pass the connectome's own."
            )
        return signs

    def _scaled(self, matrix: Any) -> Any:
        """Take logarithms, and divide by the input of every unit."""
        values, post, _ = _entries(matrix)
        if self.log_counts:
            values = np.sign(values) * np.log1p(np.abs(values))
        if self.normalise == "input":
            total = np.bincount(post, weights=np.abs(values), minlength=matrix.shape[0])
            values = values / np.where(total > 0, total, 1.0)[post]
        return _with_entries(matrix, values)

    def _check_parameters(self) -> None:
        check_flag("log_counts", self.log_counts)
        check_choice("normalise", self.normalise, ("input", "none"))


def _signed(matrix: Any, signs: NDArray[np.float64], name: str) -> Any:
    """Return counts times the signs of their columns; weights that have these signs as they are."""
    values, _, pre = _entries(matrix)
    of_pre = signs[pre]
    is_negative = np.bincount(pre[values < 0], minlength=len(signs)) > 0
    against = is_negative[pre] & (values * of_pre < 0)
    if against.any():
        raise ValueError(
            f"{name} must fit the weights of the connectome, counts or weights that have them, got "
            f"{int(against.sum())} of the other sign than their neuron."
        )
    return _with_entries(matrix, np.where(of_pre == 0, values, np.abs(values) * of_pre) + 0.0)


def _entries(matrix: Any) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the entries, and their rows and columns; of a dense matrix those that are not 0."""
    if is_sparse(matrix):
        return matrix.data, _structure.posts_of(matrix), _structure.pres_of(matrix)
    post, pre = np.nonzero(matrix)
    return matrix[post, pre], post, pre


def _with_entries(matrix: Any, values: NDArray[np.float64]) -> Any:
    """Return the matrix with other entries in the same places."""
    if is_sparse(matrix):
        return sp.csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)
    filled = np.zeros(matrix.shape)
    filled[np.nonzero(matrix)] = values
    return filled
