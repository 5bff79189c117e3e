"""Linear algebra on one thread, whoever asks, and as many as before afterwards."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sk_biornn._blas import one_blas_thread, single_blas_thread
from sk_biornn.initializers import dale_spectral_weights


def n_threads():
    return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}


def in_a_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture
def two_threads():
    with threadpool_limits(limits=2, user_api="blas"):
        if n_threads() != {2}:
            pytest.skip("this build of BLAS has one thread only")
        yield


@single_blas_thread
def seen_inside():
    with one_blas_thread():
        return n_threads()


@pytest.mark.usefixtures("two_threads")
def test_one_thread_inside_whoever_asks():
    # The fixture's limit is the main thread's, which keeps others from setting theirs.
    assert seen_inside() == {1}
    assert in_a_thread(seen_inside) == {1}
    assert n_threads() == {2}


def test_weights_are_the_same_in_a_thread():
    signs = np.where(np.arange(200) < 160, 1.0, -1.0)
    here = dale_spectral_weights(signs, random_state=0)
    assert np.array_equal(here, in_a_thread(lambda: dale_spectral_weights(signs, random_state=0)))


@pytest.mark.usefixtures("two_threads")
def test_threads_are_put_back_after_an_error():
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert n_threads() == {2}
