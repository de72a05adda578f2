"""Do sign codes agree with a vector as they say, whatever its dimension?"""

from __future__ import annotations

import numpy as np
import pytest

from vstash.store.sqlite.codes import LEVELS, agreement, encode, promising


@pytest.mark.parametrize("dim", [1, 7, 64, 65, 384])
def test_agreement_is_the_sum_of_the_components_whose_bits_are_set(dim: int) -> None:
    rng = np.random.default_rng(dim)
    vectors = rng.standard_normal((50, dim)).astype(np.float32)
    asked = rng.standard_normal(dim).astype(np.float32)
    expected = np.where(vectors > 0, asked, 0.0).sum(axis=1)
    rounded = (vectors > 0).sum(axis=1) * np.ptp(asked) / (2**LEVELS - 1) / 2  # each by half a level at most
    assert (np.abs(agreement(encode(vectors).T, asked) - expected) <= rounded + 1e-4).all()


def near(rng: np.random.Generator, vector: np.ndarray, cosines: np.ndarray) -> np.ndarray:
    """Unit vectors with these cosines to a unit vector, shape (len(cosines), dim)."""
    noise = rng.standard_normal((len(cosines), len(vector)))
    noise -= np.outer(noise @ vector, vector)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    made: np.ndarray = cosines[:, None] * vector + np.sqrt(1 - cosines[:, None] ** 2) * noise
    return made.astype(np.float32)


@pytest.mark.parametrize("best", [0.35, 0.9])
def test_what_may_be_among_the_nearest_is_promising(best: float) -> None:
    """The fewer, the further the nearest stand above the others."""
    rng = np.random.default_rng(4)
    vector = rng.standard_normal(384)
    vector /= np.linalg.norm(vector)
    cosines = np.concatenate([rng.uniform(best - 0.05, best, 20), rng.uniform(0.0, 0.3, 2000)])
    found = agreement(encode(near(rng, vector, cosines)).T, vector.astype(np.float32))
    order = np.argsort(-found)
    reach = promising(found[order], cosines[order[:200]].astype(np.float32), 20)
    assert set(range(20)) <= set(order[: max(200, reach)].tolist())
    assert (reach < 200) == (best == 0.9)


def test_without_a_line_to_go_by_all_are_promising() -> None:
    rising = np.linspace(1, 0, 50, dtype=np.float32)
    assert promising(rising, rising[:9], 10) == 50
    assert promising(np.ones(50, np.float32), rising[:20], 10) == 50
    assert promising(rising, -rising[:20], 10) == 50
    gone = np.where(np.arange(20) % 2, np.nan, rising[:20]).astype(np.float32)
    assert promising(rising, gone, 11) == 50
    assert promising(rising, gone, 5) == 9
