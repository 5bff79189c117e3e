"""Initial weights from measured functional connectivity."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sk_biornn._blas import single_blas_thread
from sk_biornn._checks import check_choice, check_count, check_flag, check_number
from sk_biornn._plain import conversion_of, plain, refuse_dates, refuse_masked, short
from sk_biornn._random import RandomState, make_rng
from sk_biornn.initializers._base import (
    check_matrix,
    check_signs_and_mask,
    obey,
)
from sk_biornn.initializers._bio_dale import dale_functional_weights
from sk_biornn.initializers._functional_weights import (
    correlation_of_strengths,
    positive_weights,
    with_radius,
)
from sk_biornn.initializers._kept_facts import KeepsFacts
from sk_biornn.initializers._matrices import matrices_in_order, named_matrices, scaled_product
from sk_biornn.units.signs import sign_array


# No `set_output`: weights are wanted as an array, whatever the matrices came as.
# scikit-learn has no types that would tell mypy of its class keyword.
class BioWeightInitializer(  # type: ignore[call-arg]
    KeepsFacts, OneToOneFeatureMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Initial recurrent weights from matrices of functional connectivity.

    One draw, from matrices M_1, M_2, ... (by default the correlation and the spike time tiling
    coefficient) and log-normal L_ij ~ exp(N(mu, sigma^2))::

        B = L o M_1' o M_2' o ...     M' = (M - min M) / (max M - min M); all ones if M is constant
        B <- B (mean_weight / mean B)
        B_ij <- max(B_ij, floor)      where B_ij is not 0
        W = B (spectral_radius / rho(B))

    A fitted instance can be passed as ``recurrent_init`` to every estimator; it then obeys their
    signs and masks. Without them the weights are positive and dense, as in the study they come
    from, whatever the tissue.

    Parameters
    ----------
    matrices : str, sequence of str or None, default=None
        Which matrices to multiply, when `fit` gets several by name. None: correlation and STTC;
        "sttc": this one alone; ("precision", "sttc"): the study's third way.
    mu : float, default=-0.5
        Mean of log L.
    sigma : float, default=0.5
        Sd of log L; 0 leaves no chance in a draw.
    mean_weight : float, default=0.1
        Mean of the weights (of all that the mask allows) before the last two steps.
    floor : float, default=0.01
        Least weight of a synapse whose weight is not 0.
    spectral_radius : float or None, default=0.95
        Largest absolute eigenvalue of the result; None leaves out the last step.
    permute : bool, default=False
        The control: neurons are permuted at random, rows and columns together, so that the weights
        and the spectrum stay and the places change. The same seed gives the same draw, permuted.
    dale : bool, default=False
        False: signs, where there are any, multiply the columns of B. True: weights are made for
        Dale's law, see the notes; `mu`, `mean_weight` and `floor` then play no part.
    spectrum : {"gaussian", "flat"}, default="gaussian"
        With `dale`: singular values to approach, those of a Gaussian matrix or all equal. "flat"
        leaves little of the functional structure.
    tol : float, default=0.05
        With `dale`: relative distance to the singular values at which to stop.
    n_projections : int, default=200
        With `dale`: projections at most (a few are usual); 0 leaves out the third step.
    random_state : int, numpy RandomState, numpy Generator or None, default=None
        Source of randomness of `transform`, and of `sample` when it gets none. Estimators pass
        their own.

    Attributes
    ----------
    functional_ : ndarray of shape (n_units, n_units)
        Product of the scaled matrices, in [0, 1], [post, pre].
    n_features_in_ : int
        Number of neurons.
    unit_names_ : tuple of length n_units, or None
        Names of the neurons, if the matrices have labels; a network that names its units gets its
        weights by them.
    feature_names_in_ : ndarray of shape (n_units,)
        The same, if a single DataFrame with names was given.

    See Also
    --------
    FunctionalConnectivity : From activity to such matrices.
    dale_spectral_weights : Dale-exact weights without data.

    Notes
    -----
    Functional matrices are dense and vary little. With one sign per column such weights have one
    singular value far above the others, and a network learns slowly from them. With ``dale=True``

    1. the magnitudes are log-normal in the rank of the functional connection, with a tail so heavy
       that a handful of synapses count for each unit (a log-variance of log(synapses per unit), in
       which L is contained); autapses, which say nothing about function, get the median;
    2. rows and columns are brought to unit norm and columns get their signs;
    3. alternating projections between the sign cone and the singular values of `spectrum` start
       from this matrix.

    Step 3 makes most synapses 0. `structure_kept` tells how much of the functional structure a
    matrix of weights has.

    A clone keeps what was fitted, unlike that of other estimators: the matrices are facts about an
    animal, and a grid search that clones a network with this initializer must not lose them.

    References
    ----------
    Shakiba, Rokni, Mohammadi and Dehghani (2026), Harnessing cortical geometry, wiring, and
    function as inductive biases for recurrent neural networks, arXiv:2606.14975.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_biornn.datasets import make_functional_connectome
    >>> from sk_biornn.initializers import BioWeightInitializer
    >>> field = make_functional_connectome(24, random_state=0)
    >>> init = BioWeightInitializer().fit(field)
    >>> W = init.sample(random_state=0)
    >>> (
    ...     W.shape, bool((W >= 0).all()),
    ...     round(float(abs(np.linalg.eigvals(W)).max()), 3),
    ... )
    ((24, 24), True, 0.95)

    From activity alone, in a pipeline:

    >>> from sklearn.pipeline import make_pipeline
    >>> from sk_biornn.initializers import FunctionalConnectivity
    >>> pipeline = make_pipeline(
    ...     FunctionalConnectivity(), BioWeightInitializer(random_state=0)
    ... )
    >>> pipeline.fit_transform(field.traces).shape
    (24, 24)
    """

    _fitted = ("functional_", "n_features_in_", "feature_names_in_", "unit_names_")
    unit_names_: tuple[Any, ...] | None

    def __init__(
        self,
        *,
        matrices: Any = None,
        mu: float = -0.5,
        sigma: float = 0.5,
        mean_weight: float = 0.1,
        floor: float = 0.01,
        spectral_radius: float | None = 0.95,
        permute: bool = False,
        dale: bool = False,
        spectrum: str = "gaussian",
        tol: float = 0.05,
        n_projections: int = 200,
        random_state: RandomState = None,
    ) -> None:
        self.matrices = matrices
        self.mu = mu
        self.sigma = sigma
        self.mean_weight = mean_weight
        self.floor = floor
        self.spectral_radius = spectral_radius
        self.permute = permute
        self.dale = dale
        self.spectrum = spectrum
        self.tol = tol
        self.n_projections = n_projections
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Scale and multiply the matrices.

        Parameters
        ----------
        X : Bunch, dict, array-like of shape (n_units, n_units) or sequence of them
            By name, as `load_microns` returns them (`matrices` chooses); one matrix, as
            `FunctionalConnectivity` returns it; or several, which are all multiplied. Matrices
            with labels are put in the order of the first.
        y : Ignored
            Not used; here for the interface.

        Returns
        -------
        BioWeightInitializer
            The initializer itself, with `functional_`.

        Raises
        ------
        TypeError
            If a parameter is of another type.
        ValueError
            If a parameter is out of its range, or a matrix is missing, not square, not finite or
            not of the size of the others.
        """
        self._check_parameters()
        self._forget()
        self.functional_ = self._product(X, reset=True)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Draw weights from other matrices of as many neurons, without signs or mask.

        Parameters
        ----------
        X : Bunch, dict, array-like of shape (n_units, n_units) or sequence of them
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_units, n_units)
            Weights W[post, pre], float64.

        Raises
        ------
        ValueError
            If the matrices do not fit.
        """
        check_is_fitted(self, "functional_")
        self._check_parameters()
        functional = self._product(X, reset=False)
        signs, mask = check_signs_and_mask(np.zeros(len(functional)))
        return self._draw(functional, signs, mask, make_rng(self.random_state))

    def sample(
        self,
        *,
        signs: Any = None,
        mask: Any = None,
        rng: np.random.Generator | None = None,
        random_state: RandomState = None,
    ) -> np.ndarray:
        """Draw weights from the fitted matrices.

        Parameters
        ----------
        signs : array-like of shape (n_units,) or None, default=None
            +1 excitatory, -1 inhibitory, 0 or None free (positive unless ``dale=True``).
        mask : array-like of bool of shape (n_units, n_units) or None, default=None
            Allowed synapses [post, pre]; None allows all.
        rng : numpy.random.Generator or None, default=None
            Generator to draw from, as the estimators pass it; it is advanced.
        random_state : int, numpy RandomState, numpy Generator or None, default=None
            Source of randomness without `rng`; None takes that of the constructor.

        Returns
        -------
        ndarray of shape (n_units, n_units)
            Weights W[post, pre], float64, that obey `signs` and `mask` exactly.

        Raises
        ------
        ValueError
            If `signs` or `mask` do not fit the fitted matrices.
        """
        check_is_fitted(self, "functional_")
        self._check_parameters()
        n_units = len(self.functional_)
        signs = np.zeros(n_units) if signs is None else signs
        signs = sign_array(signs)
        if signs.shape != (n_units,):
            raise ValueError(
                f"signs must have one value per neuron of the fitted matrices, shape ({n_units},), "
                f"got shape {signs.shape}; a network with these weights has n_units={n_units}."
            )
        signs, mask = check_signs_and_mask(signs, mask)
        if rng is None:
            rng = make_rng(self.random_state if random_state is None else random_state)
        return self._draw(self.functional_, signs, mask, rng)

    def structure_kept(self, W: Any, mask: Any = None) -> float:
        """Tell how much of the functional structure weights have.

        Parameters
        ----------
        W : array-like of shape (n_units, n_units)
            Weights [post, pre].
        mask : array-like of bool of shape (n_units, n_units) or None, default=None
            Which synapses to compare; None: all.

        Returns
        -------
        float
            Pearson correlation of abs(W) with `functional_` over the synapses between different
            units; 0 if either does not vary.

        Raises
        ------
        ValueError
            If `W` or `mask` has another shape.
        """
        check_is_fitted(self, "functional_")
        W = check_matrix("W", W, self.functional_.shape)
        _, mask = check_signs_and_mask(np.zeros(len(W)), mask)
        return correlation_of_strengths(W, self.functional_, mask)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = True  # (n_units, n_units): a cross-validation must cut both axes
        return tags

    @single_blas_thread
    def _draw(
        self, functional: np.ndarray, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            W = self._drawn(functional, signs, mask, rng)
        if not np.isfinite(W).all():
            raise ValueError(
                "mu, sigma, mean_weight, floor and spectral_radius must give weights within the "
                "range of floats, got infinite ones."
            )
        return W + 0.0  # no -0.0

    def _drawn(
        self, functional: np.ndarray, signs: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        noise = rng.lognormal(self.mu, self.sigma, size=functional.shape)
        if self.permute:
            places = np.ix_(*[rng.permutation(len(functional))] * 2)
            functional, noise = functional[places], noise[places]
        if self.dale:
            W = dale_functional_weights(
                functional,
                noise,
                self.sigma,
                signs,
                mask,
                spectrum=self.spectrum,
                tol=self.tol,
                max_iter=self.n_projections,
                rng=rng,
            )
        else:
            B = positive_weights(noise * functional, mask, self.mean_weight, self.floor)
            W = obey(B, signs, mask)
        if self.spectral_radius is None or not np.isfinite(W).all():
            return W
        return with_radius(W, self.spectral_radius)

    def _product(self, X: Any, *, reset: bool) -> np.ndarray:
        earlier: tuple[Any, ...] | None = None if reset else self.unit_names_
        named, names = matrices_in_order(named_matrices(X, self.matrices), earlier)
        self.unit_names_ = names
        if len(named) == 1 and named[0][0] == "X":  # a single one is what a pipeline hands on
            X = named[0][1]
            refuse_masked(X, "X")
            refuse_dates(X, "X")
            if names is not None and all(isinstance(name, str) for name in names):
                X = pd.DataFrame(X, columns=list(names))
            with conversion_of("X"):
                X = validate_data(self, plain(X, "X"), reset=reset, dtype=np.float64)
            named = [("X", X)]
        product = scaled_product(named)
        if reset:
            self.n_features_in_ = len(product)
        elif len(product) != self.n_features_in_:
            raise ValueError(
                f"X has {len(product)} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        return product

    def _check_parameters(self) -> None:
        check_number("mu", self.mu)
        check_number("sigma", self.sigma, low=0.0)
        check_number("mean_weight", self.mean_weight, low=0.0, open_low=True)
        check_number("floor", self.floor, low=0.0)
        check_number("tol", self.tol, low=0.0)
        check_count("n_projections", self.n_projections, low=0)
        if self.spectral_radius is not None:
            check_number("spectral_radius", self.spectral_radius, low=0.0, open_low=True)
        names = (self.matrices,) if isinstance(self.matrices, str) else self.matrices
        are_names = isinstance(names, (list, tuple)) and all(isinstance(n, str) for n in names)
        if names is not None and not are_names:
            raise TypeError(
                f"matrices must be None, a name or a sequence of names, got {short(names)}."
            )
        for name in ("permute", "dale"):
            check_flag(name, getattr(self, name))
        check_choice("spectrum", self.spectrum, ("gaussian", "flat"))
