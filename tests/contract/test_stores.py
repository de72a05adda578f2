"""Does every store do what vstash/store/base.py promises? One suite for all of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from vstash.encode.hash import HashEncoder
from vstash.errors import BadVectors, SpaceMismatch
from vstash.filters import Eq, Not, Tag
from vstash.store import open_store
from vstash.store.base import Entry, Renamed, Store, Stored
from vstash.text.passage import passage
from vstash.types import Arm, Chunk, Source, Space, Term

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 6, 1, 12, tzinfo=UTC)
ENCODER = HashEncoder(64)
SPACE = ENCODER.space


def entry(uri: str, *texts: str, **fields: object) -> Entry:
    """A document whose chunks are these texts."""
    source = Source(uri, "".join(texts), content_hash=f"hash of {texts}", **fields)  # type: ignore[arg-type]
    starts = np.cumsum([0, *map(len, texts)]).tolist()
    chunks = tuple(Chunk(seq, text, starts[seq], starts[seq + 1]) for seq, text in enumerate(texts))
    seen = [passage(source.title, "", text) for text in texts]
    keys = tuple(hashlib.blake2b(text.encode(), digest_size=16).digest() for text in seen)
    return Entry(source, "recipe 1", chunks, ("",) * len(texts), keys, ENCODER.documents(seen))


def put(store: Store, *entries: Entry) -> list[str]:
    return list(store.put(entries, SPACE, NOW))


def ids(store: Store, uri: str) -> list[int]:
    document = store.document(uri)
    assert document is not None
    return store.chunk_ids(document.id)


def keyword(*words: str, pool: int = 10, phrase: str = "") -> Arm:
    phrases = (Term(phrase, 0, phrase=True),) if phrase else ()
    return Arm("keyword", 1.0, pool, pool, terms=(*phrases, *(Term(word, 1) for word in words)))


def vector(path: str = "exact", pool: int = 10) -> Arm:
    return Arm("vector", 1.0, pool, pool, path=path, rescore=1000)


def test_an_empty_store_holds_nothing(store: Store) -> None:
    assert store.space() is None
    assert store.count() == 0
    assert store.known(["a"]) == {}
    assert store.vectors([b"key"]) == {}
    assert list(store.documents()) == []
    assert store.document("a") is None
    assert store.rank(keyword("a"), None, None).items == ()
    assert store.rank(vector(), ENCODER.query("a"), None).items == ()
    assert store.cosines([1, 2], ENCODER.query("a")) == [0.0, 0.0]
    assert store.similar(1, [2]) == [0.0]
    assert store.statistics()["documents"] == store.statistics()["chunks"] == 0


def test_a_document_comes_back_as_it_was_put(store: Store) -> None:
    put(
        store,
        entry(
            "a",
            "one fish ",
            "two fish",
            title="Fish",
            kind="markdown",
            collection="sea",
            tags=("blue", "red"),
            metadata={"author": "Geisel", "pages": 62, "parts": ["x", {"y": None}]},
            modified_at=LATER,
            dated_at=datetime(1960, 3, 12, tzinfo=UTC),
        ),
    )
    found = store.document("a")
    assert found is not None
    assert (found.uri, found.title, found.kind, found.collection) == ("a", "Fish", "markdown", "sea")
    assert (found.tags, found.chunks, found.text) == (("blue", "red"), 2, "one fish two fish")
    assert found.metadata == {"author": "Geisel", "pages": 62, "parts": ["x", {"y": None}]}
    assert (found.added_at, found.modified_at, found.dated_at) == (NOW, LATER, datetime(1960, 3, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("key", "wanted", "passes"),
    [("list", "x", True), ("list", "1", True), ("map", "x", False), ("deep", "x", False)],
)
def test_a_list_says_each_of_its_values(store: Store, key: str, wanted: str, passes: bool) -> None:
    put(store, entry("a", "fish", metadata={"list": ["x", 1], "map": {"y": "x"}, "deep": [["x"]]}))
    assert store.count(Eq(f"metadata.{key}", wanted)) == int(passes)


def test_put_says_what_became_of_each_in_order(store: Store) -> None:
    assert put(store, entry("a", "x"), entry("b", "y")) == ["added", "added"]
    assert put(store, entry("c", "z"), entry("a", "w"), entry("c", "v")) == ["added", "replaced", "replaced"]
    assert [document.uri for document in store.documents()] == ["a", "b", "c"]
    assert store.count() == 3


def test_a_replaced_document_keeps_its_id_and_its_chunks_get_new_ones(store: Store) -> None:
    put(store, entry("a", "x ", "y"))
    before, old = store.document("a"), ids(store, "a")
    put(store, entry("a", "z"))
    after = store.document("a")
    assert before is not None
    assert after is not None
    assert (after.id, after.text) == (before.id, "z")
    assert not set(old) & set(ids(store, "a"))
    assert store.passages(old) == []


def test_the_id_of_a_forgotten_chunk_is_never_given_again(store: Store) -> None:
    put(store, entry("a", "x ", "y"))
    old = ids(store, "a")
    store.forget("a")
    put(store, entry("b", "z"))
    assert min(ids(store, "b")) > max(old)


def test_what_is_lost_goes_with_what_is_put(store: Store) -> None:
    put(store, entry("a", "x"), entry("b", "y"), entry("c", "z"))
    assert store.put([entry("a", "w")], SPACE, NOW, ["b", "never"]) == ["replaced"]
    assert [document.uri for document in store.documents()] == ["a", "c"]
    with pytest.raises(BadVectors):
        store.put([entry("a", "v")._replace(vectors=np.zeros((1, SPACE.dim), np.float32))], SPACE, NOW, ["c"])
    assert store.document("c") is not None


def test_the_first_put_decides_the_space(store: Store) -> None:
    put(store, entry("a", "x"))
    assert store.space() == SPACE
    for other in (Space("other", "other", SPACE.dim), replace(SPACE, dim=32)):
        with pytest.raises((SpaceMismatch, BadVectors)):
            store.put([entry("b", "y")], other, NOW)
    assert store.document("b") is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda vectors: vectors[:1],
        lambda vectors: vectors[:, :-1],
        lambda vectors: vectors * np.float32(2),
        lambda vectors: vectors * np.float32("nan"),
    ],
    ids=["rows", "dimension", "length", "nan"],
)
def test_one_bad_document_keeps_out_the_whole_put(store: Store, spoil: object) -> None:
    good = entry("b", "x ", "y")
    bad = good._replace(source=replace(good.source, uri="c"), vectors=spoil(good.vectors))  # type: ignore[operator]
    with pytest.raises(BadVectors):
        put(store, entry("a", "z"), bad)
    assert list(store.documents()) == []
    assert store.space() is None


def test_known_tells_whether_a_source_must_be_read_again(store: Store) -> None:
    put(store, entry("a", "x", collection="sea", tags=("blue",)))
    assert store.known(["a", "b"]) == {"a": Stored("hash of ('x',)", "recipe 1", "sea", ("blue",))}


def test_vectors_are_found_by_what_was_encoded_until_the_last_of_them_goes(store: Store) -> None:
    one, two = entry("a", "x ", "y"), entry("b", "y")
    put(store, one, two)
    found = store.vectors([*one.keys, b"unknown"])
    assert set(found) == set(one.keys)
    np.testing.assert_array_equal(found[one.keys[1]], two.vectors[0])
    store.forget("a")
    assert set(store.vectors(one.keys)) == {two.keys[0]}
    store.forget("b")
    assert store.vectors(one.keys) == {}


def test_forget_takes_everything_that_hangs_on_a_document(store: Store) -> None:
    put(store, entry("a", "heron", tags=("bird",)), entry("b", "stork"))
    assert store.forget("a") is True
    assert store.forget("a") is False
    assert store.document("a") is None
    assert store.known(["a"]) == {}
    assert store.count() == 1
    assert store.statistics()["tags"] == {}
    assert store.rank(keyword("heron"), None, None).items == ()
    assert [item.chunk_id for item in store.rank(vector(), ENCODER.query("heron"), None).items] == ids(store, "b")


def test_documents_come_by_uri_without_text_and_filtered(store: Store) -> None:
    put(store, entry("b", "x", tags=("t",)), entry("a", "y"), entry("c", "z", tags=("t",)))
    assert [(document.uri, document.text) for document in store.documents(Tag("t"))] == [("b", None), ("c", None)]
    assert [document.uri for document in store.documents(Not(Tag("t")))] == ["a"]


def test_documents_may_be_forgotten_while_they_are_listed(store: Store) -> None:
    put(store, *(entry(uri, uri) for uri in "abc"))
    assert [store.forget(document.uri) for document in store.documents()] == [True, True, True]
    assert store.count() == 0


def test_passages_come_in_the_order_asked_for(store: Store) -> None:
    put(store, entry("a", "x ", "y "), entry("b", "z"))
    first, second = ids(store, "a")
    [third] = ids(store, "b")
    found = store.passages([third, 999, first, second])
    assert [(one.chunk_id, one.document.uri, one.chunk.text) for one in found] == [
        (third, "b", "z"),
        (first, "a", "x "),
        (second, "a", "y "),
    ]
    assert found[2].chunk == Chunk(1, "y ", 2, 4)
    assert store.passages([]) == []


def test_neighbours_stay_within_their_document(store: Store) -> None:
    put(store, entry("a", "x ", "y ", "z"), entry("b", "w"))
    document = store.document("a")
    assert document is not None
    assert [chunk.text for chunk in store.neighbours(document.id, -1, 1)] == ["x ", "y "]
    assert [chunk.text for chunk in store.neighbours(document.id, 2, 9)] == ["z"]


def test_statistics_count_what_a_person_would_ask_for(store: Store) -> None:
    put(store, entry("a", "x ", "y", collection="sea", tags=("t", "u")), entry("b", "z", tags=("t",)))
    found = store.statistics()
    assert (found["documents"], found["chunks"]) == (2, 3)
    assert (found["collections"], found["tags"]) == ({"default": 1, "sea": 1}, {"t": 2, "u": 1})
    assert isinstance(found["bytes"], int)
    assert isinstance(found["schema"], int)


def test_counts_are_of_chunks(store: Store) -> None:
    put(store, entry("a", "x ", "y", collection="sea"), entry("b", "z"))
    assert (store.count(), store.count(Eq("collection", "sea")), store.count(Eq("collection", "sky"))) == (3, 2, 0)


def test_reads_can_be_bound_together_and_nested(store: Store) -> None:
    put(store, entry("a", "x"))
    with store.reading(), store.reading():
        assert store.count() == len(list(store.documents())) == 1
    assert put(store, entry("b", "y")) == ["added"]
    assert store.count() == 2


def test_terms_know_how_many_chunks_hold_a_word(store: Store) -> None:
    put(store, entry("a", "red fish ", "blue fish"), entry("b", "red sky"))
    assert store.terms(["Fish", "blue-fish", "sky", "whale", "!!!", ""]) == [
        ("fish", 2),
        ("blue fish", 1),
        ("sky", 1),
        ("whale", 0),
        ("", 0),
        ("", 0),
    ]


@pytest.mark.parametrize("path", ["exact", "codes"])
def test_the_vector_arm_ranks_by_cosine(store: Store, path: str) -> None:
    texts = ["grey heron", "grey heron in reeds", "reeds", "sky and sea"]
    put(store, *(entry(str(at), text) for at, text in enumerate(texts)))
    asked = ENCODER.query("grey heron")
    expected = sorted(((float(ENCODER.query(text) @ asked), -at) for at, text in enumerate(texts)), reverse=True)
    ranking = store.rank(vector(path), asked, None)
    assert ranking.arm == "vector"
    assert [item.chunk_id for item in ranking.items] == [ids(store, str(-at))[0] for _, at in expected]
    assert [item.score for item in ranking.items] == pytest.approx([cosine for cosine, _ in expected], abs=1e-5)


@pytest.mark.parametrize("path", ["exact", "codes"])
def test_the_vector_arm_breaks_ties_by_chunk_id_and_stops_at_its_pool(store: Store, path: str) -> None:
    put(store, *(entry(uri, "heron") for uri in "dcba"))
    found = [item.chunk_id for item in store.rank(vector(path, pool=3), ENCODER.query("heron"), None).items]
    assert found == [ids(store, uri)[0] for uri in "dcb"]


def test_the_vector_arm_without_a_vector_finds_nothing(store: Store) -> None:
    put(store, entry("a", "x"))
    assert store.rank(vector(), None, None).items == ()


def test_a_filter_holds_inside_the_arms(store: Store) -> None:
    put(store, *(entry(f"near {at}", "heron") for at in range(9)), entry("far", "heron and more", tags=("t",)))
    asked = ENCODER.query("heron")
    for arm in (keyword("heron", pool=1), vector(pool=1)):
        assert [item.chunk_id for item in store.rank(arm, asked, Tag("t")).items] == ids(store, "far")


def test_facts_are_what_the_stages_need(store: Store) -> None:
    put(store, entry("a", "Same  words"), entry("b", "same words", dated_at=LATER), entry("c", "other"))
    [[one], [two], [three]] = [ids(store, uri) for uri in "abc"]
    found = store.facts([one, two, three, 999])
    assert set(found) == {one, two, three}
    assert (found[one].date, found[two].date) == (NOW, LATER)
    assert found[one].digest == found[two].digest != found[three].digest
    assert len({fact.document_id for fact in found.values()}) == 3


def test_cosines_come_in_the_order_asked_for(store: Store) -> None:
    put(store, entry("a", "heron"), entry("b", "sky"))
    [one], [two] = ids(store, "a"), ids(store, "b")
    assert store.cosines([two, 999, one], ENCODER.query("heron")) == pytest.approx([0.0, 0.0, 1.0], abs=1e-5)
    assert store.similar(one, [two, one]) == pytest.approx([0.0, 1.0], abs=1e-5)
    assert store.similar(999, [one]) == [0.0]


def test_word_pieces_are_kept_and_counted(store: Store) -> None:
    named = tuple(np.array(ids, dtype=np.uint32) for ids in ([1, 5], [5, 70_000]))
    put(store, entry("a", "x ", "y")._replace(pieces=named), entry("b", "z"))
    first, second = ids(store, "a")
    assert store.pieces([first, second, *ids(store, "b"), 999], [1, 5, 9, 70_000]) == {
        first: frozenset({1, 5}),
        second: frozenset({5, 70_000}),
    }
    assert store.pieces([first, second], [70_000]) == {first: frozenset(), second: frozenset({70_000})}
    assert store.piece_frequencies([5, 1, 70_000, 2]) == [2, 1, 1, 0]
    put(store, entry("a", "w")._replace(pieces=named[:1]), entry("a", "v")._replace(pieces=named[1:]))
    assert store.piece_frequencies([1, 5, 70_000]) == [0, 1, 1]
    store.forget("a")
    assert store.piece_frequencies([1, 5, 70_000]) == [0, 0, 0]
    assert [finding for finding in store.check() if not finding.ok] == []


def test_a_sound_store_checks_clean(store: Store) -> None:
    put(store, entry("a", "x ", "y"), entry("b", "z"))
    put(store, entry("a", "w"))
    store.forget("b")
    for repair in (False, True):
        assert [finding for finding in store.check(repair=repair) if not finding.ok] == []


def test_both_stores_score_alike(tmp_path: Path) -> None:
    """The store without a file computes BM25 from its definition: an oracle for the one that has FTS5."""
    texts = ["grey heron", "grey grey sky over reed", "heron heron reed sky", "blue", "sea of blue", "stork"]
    found = []
    for path in (":memory:", tmp_path / "store.db"):
        store = open_store(path, create=True, busy_wait=1.0, now=lambda: NOW)
        put(store, *(entry(str(at), text, title="sea" * (at % 2)) for at, text in enumerate(texts)))
        found.append(store.rank(keyword("grey", "heron", "sea"), None, None).items)
        store.close()
    assert [item.chunk_id for item in found[0]] == [item.chunk_id for item in found[1]]
    assert [item.score for item in found[0]] == pytest.approx([item.score for item in found[1]], rel=1e-9)


def test_what_lies_within_a_folder(store: Store) -> None:
    put(store, *(entry(uri, "text") for uri in ("/a", "/a/b", "/a/c/d", "/ab", "/a b", "/a\\e", "/a/c%d", "/b")))
    assert sorted(store.within(["/a"])) == ["/a", "/a/b", "/a/c%d", "/a/c/d", "/a\\e"]
    assert sorted(store.within(["/a/c", "/b/", "/nothing"])) == ["/a/c/d", "/b"]
    assert len(store.within(["/"])) == 8


def test_a_document_is_renamed_with_all_that_hangs_on_it(store: Store) -> None:
    put(store, entry("a.txt", "herons wade", "storks fly", title="a.txt"), entry("b.txt", "gulls", title="Birds"))
    before = ids(store, "a.txt")
    cranes = Renamed("a.txt", "c.txt", "cranes", LATER, ("", "extraword"))
    others = (Renamed("b.txt", "d.txt", "Birds", None), Renamed("gone.txt", "e.txt", "gone", None))
    assert store.rename([cranes, *others]) == [True, True, False]
    [document] = store.documents(Eq("uri", "c.txt"))
    assert (document.title, document.modified_at, document.added_at) == ("cranes", LATER, NOW)
    assert ids(store, "c.txt") == before
    renamed = store.entry("c.txt")
    assert renamed is not None
    assert renamed.terms == ("", "extraword")
    for word, found in (("cranes", 2), ("extraword", 1), ("storks", 1), ("birds", 1)):
        assert len(store.rank(keyword(word), None, None).items) == found
    assert store.rename([Renamed("c.txt", "d.txt", "taken", None)]) == [False]
    assert store.rename([Renamed("d.txt", "d.txt", None, NOW)]) == [True]
    assert store.known(["d.txt"])["d.txt"].modified_at == NOW
    [document] = store.documents(Eq("uri", "d.txt"))
    assert (document.title, document.modified_at) == ("Birds", NOW)
    assert len(store.rank(keyword("birds"), None, None).items) == 1
    assert all(finding.ok for finding in store.check())
