"""Whether numbers are drawn from a law, by a bound that no stream of random numbers will break."""

from __future__ import annotations

import numpy as np
import scipy.stats

SEEDS = range(8)
CHANCE = 1e-12  # that a right law is refused, for any one stream of random numbers


def assert_drawn_from(values, law, parameters=()):
    """Hold independent numbers to their law: no further from it than the inequality allows.

    P(sup |F_n - F| > d) <= 2 exp(-2 n d^2) for every n and every continuous F (Dvoretzky, Kiefer
    and Wolfowitz; Massart 1990, Annals of Probability 18, 1269-1283). A p value of one stream is
    below 0.01 for one stream in a hundred.
    """
    values = np.ravel(values)
    bound = np.sqrt(np.log(2 / CHANCE) / (2 * len(values)))
    cdf = getattr(scipy.stats, law)(*parameters).cdf
    assert scipy.stats.kstest(values, cdf).statistic <= bound
