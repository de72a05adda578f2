"""Is a search that cannot be run refused in one line, whatever a program passes for its options?"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from vstash import Memory, Query
from vstash.errors import BadVectors, InvalidQuery
from vstash.rules import MAX_LIMIT, MAX_QUERY

TABLE = np.zeros((3, 2))
WORDS = [None, 3, TABLE, np.array([]), ["hybrid"], {"hybrid"}, "Hybrid", object()]
NUMBERS = [
    True,
    TABLE,
    np.array([]),
    Decimal("0.5"),
    Decimal("NaN"),
    float("nan"),
    -1,
    10**400,
    1j,
    Fraction(1, 2),
    np.float32(0.5),
    "1",
    [1],
    object(),
]
WRONG: dict[str, list[Any]] = {
    "text": [None, b"heron", TABLE, ["heron"], "", " ", "x" * (MAX_QUERY + 1)],
    "limit": [True, 0, -1, MAX_LIMIT + 1, 10**400, 1.0, TABLE, np.int64(3), "3", None],
    "mode": WORDS,
    "fusion": WORDS[1:],
    "min_confidence": WORDS,
    "weights": [
        {0.4, 0.6},
        {0.4: 1, 0.6: 2},
        (Decimal("0.5"),) * 2,
        (0.5, "x"),
        (0, 0),
        (-1, 2),
        (0.2, 0.3, 0.5),
        (True, 1),
        (1e6, 0),
        (1, float("nan")),
        "ab",
        TABLE,
        1,
    ],
    "recency": [0, 1e6, *NUMBERS],
    "diversity": [None, 1.01, *NUMBERS],
    "window": [True, -1, 11, 1.0, TABLE, "1", None],
    "by_document": ["no", 0, 1, None, TABLE, object()],
    "unfinished": ["no", 0, 1, None, TABLE, object()],
}


@pytest.mark.parametrize("name", WRONG)
def test_what_an_option_cannot_be_is_refused_in_one_line(name: str) -> None:
    for value in WRONG[name]:
        with pytest.raises(InvalidQuery) as caught:
            Query(**{"text": "heron", name: value})
        assert caught.value.hint
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200


RIGHT: dict[str, list[Any]] = {
    "text": ["x", "x" * MAX_QUERY],
    "limit": [1, MAX_LIMIT],
    "weights": [None, (0, 1), [1, 0], (999_999, 0.5)],
    "recency": [None, 1e-9, 999_999],
    "diversity": [0, 1, 0.5],
    "window": [0, 10],
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_lies_on_a_border_will_do(name: str) -> None:
    for value in RIGHT[name]:
        kept = tuple(value) if isinstance(value, list) else value
        assert getattr(Query(**{"text": "heron", name: value}), name) == kept


@pytest.mark.parametrize("number", [1, 0.5, np.float64(0.5)])
def test_whole_numbers_and_floats_of_any_kind_will_do(memory: Memory, number: Any) -> None:
    memory.add_texts(["grey heron", "white stork"])
    assert len(memory.search("heron", recency=number, diversity=number, weights=[number, number])) == 2


def test_vectors_over_any_number_are_refused(memory: Memory) -> None:
    memory.remember("grey heron")
    with pytest.raises(BadVectors):
        memory.search("heron", vector=10**400)
    with pytest.raises(BadVectors):
        memory.add_texts(["white stork"], vectors=10**400)
    assert memory.stats()["documents"] == 1
