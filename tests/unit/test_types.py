"""Values go between processes and come back the same."""

from __future__ import annotations

import copy
import pickle

import pytest

from vstash import Chunk
from vstash.types import Place


@pytest.mark.parametrize("value", [Chunk(1, "text", 3, 7, "A › B", {"page": 2, "line": 9}), Place(4, {"page": 2})])
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_pickled_comes_back(value: Chunk | Place, protocol: int):
    assert pickle.loads(pickle.dumps(value, protocol)) == copy.copy(value) == copy.deepcopy(value) == value
