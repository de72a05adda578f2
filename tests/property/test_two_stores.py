"""Does a memory without a file rank by words as one with a file does, in any language?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vstash import HashEncoder, Memory

LINES = """
the a of and herons Heron's fishing fishes technology technologies biology possibly abli relational 5µm μm
HTTP2Server parse_config os.path 1240.50 1,240.50 naïve Œuvre Łódź Straße straße und der die nicht wird Häuser Hauses
Verträge el los que niños canción années château при и на не книга книги новости Ελλάς της και λόγος كتاب الكتاب
والكتب किताब किताबें 東京都 とうきょう 서울에서 ภาษาไทย ＦＵＬＬ ies 0689ea66ed Mekking ﬅ ſo ǡ thanks🤗a 1500₽ ₿5
"""
WORDS = (*LINES.split(), "cafe\u0301")
TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)


@settings(max_examples=40)
@given(st.lists(TEXT, min_size=3, max_size=12), TEXT, st.sampled_from(WORDS))
def test_both_find_the_same_with_the_same_scores(texts: Sequence[str], title: str, word: str) -> None:
    questions = [texts[0], word, f'"{word} {texts[1]}"', f"{title} {texts[-1]}"]
    with tempfile.TemporaryDirectory() as folder:
        in_file, in_process = (ranked(path, texts, title, questions) for path in (Path(folder) / "a.db", ":memory:"))
    for question, one, other in zip(questions, in_file, in_process, strict=True):
        assert dict(one) == pytest.approx(dict(other), rel=1e-5), question


def ranked(
    path: Path | str, texts: Sequence[str], title: str, questions: Sequence[str]
) -> list[list[tuple[str, float]]]:
    with Memory.open(path, encoder=HashEncoder()) as memory:
        memory.add_texts(texts, uris=[str(at) for at in range(len(texts))], titles=[title, *texts[1:]])
        asked = [memory.search(question, mode="keyword", limit=20) for question in questions]
    return [[(hit.uri, hit.score) for hit in results] for results in asked]
