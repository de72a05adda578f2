"""Do sign codes agree with a vector as they say, whatever its dimension?"""

from __future__ import annotations

import numpy as np
import pytest

from vstash.store.sqlite.codes import agreement, encode


@pytest.mark.parametrize("dim", [1, 7, 64, 65, 384])
def test_agreement_is_the_sum_of_the_components_whose_bits_are_set(dim: int) -> None:
    rng = np.random.default_rng(dim)
    vectors = rng.standard_normal((50, dim)).astype(np.float32)
    asked = rng.standard_normal(dim).astype(np.float32)
    expected = np.where(vectors > 0, asked, 0.0).sum(axis=1)
    assert agreement(encode(vectors), asked) == pytest.approx(expected, abs=1e-4)
