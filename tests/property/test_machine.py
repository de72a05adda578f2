"""Does a memory stay what a plain dictionary is, through any run of adds, changes, searches and reopenings?"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from vstash import Chunk, HashEncoder, Memory

WORDS = ["heron", "stork", "reed", "marsh", "salt", "tide", "gull", "kelp"]
URIS = st.sampled_from(["a", "b", "c", "d"])
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
COLLECTIONS = st.sampled_from(["sea", "land"])
LONG = " ".join(f"filler{at}" for at in range(300))  # several passages


class Against(RuleBasedStateMachine):
    """A memory beside a dictionary from uri to (text, collection)."""

    @initialize()
    def start(self) -> None:
        self.folder = TemporaryDirectory()
        self.expected: dict[str, tuple[str, str]] = {}
        self.memory = self.opened()

    def opened(self) -> Memory:
        return Memory.open(Path(self.folder.name) / "notes.db", encoder=HashEncoder(32))

    def teardown(self) -> None:
        self.memory.close()
        self.folder.cleanup()

    @rule(uri=URIS, text=TEXTS, collection=COLLECTIONS, long=st.booleans())
    def add(self, uri: str, text: str, collection: str, long: bool) -> None:
        text = f"{text} {LONG}" if long else text
        [result] = self.memory.add_texts([text], [uri], collection=collection)
        old = self.expected.get(uri)
        assert result.status == ("added" if old is None else "unchanged" if old == (text, collection) else "replaced")
        self.expected[uri] = (text, collection)

    @rule(pairs=st.lists(st.tuples(URIS, TEXTS), max_size=6))
    def add_several(self, pairs: list[tuple[str, str]]) -> None:
        self.memory.add_texts([text for _, text in pairs], [uri for uri, _ in pairs])
        for uri, text in pairs:  # which say nothing of a collection
            self.expected[uri] = text, self.expected.get(uri, ("", "default"))[1]

    @rule(uri=URIS)
    def forget(self, uri: str) -> None:
        if uri in self.expected:
            self.memory.forget(uri)
            del self.expected[uri]

    @rule(word=st.sampled_from(WORDS), collection=st.none() | COLLECTIONS)
    def search_by_word(self, word: str, collection: str | None) -> None:
        hits = self.memory.search(word, mode="keyword", limit=100, collection=collection)
        holding = {
            uri: text
            for uri, (text, own) in self.expected.items()
            if word in text.split() and collection in (None, own)
        }
        assert {hit.uri for hit in hits} <= holding.keys()
        # equal passages are shown once: each text that holds the word is there, if under another uri
        assert {hit.text for hit in hits} == {
            chunk.text for uri in holding for chunk in self.chunks(uri) if word in chunk.text.split()
        }

    @rule(word=st.sampled_from(WORDS), collection=st.none() | COLLECTIONS)
    def search_by_both(self, word: str, collection: str | None) -> None:
        hits = self.memory.search(word, limit=3, collection=collection)
        passing = [uri for uri, (_, own) in self.expected.items() if collection in (None, own)]
        assert bool(hits) == bool(passing)
        for hit in hits:
            assert hit.uri in passing
            assert hit.text == self.expected[hit.uri][0][hit.start : hit.end]

    @rule()
    def reopen(self) -> None:
        self.memory.close()
        self.memory = self.opened()

    @invariant()
    def holds_the_same(self) -> None:
        documents = {document.uri: document.collection for document in self.memory.list()}
        assert documents == {uri: collection for uri, (_, collection) in self.expected.items()}
        assert {uri: self.memory.get(uri).text for uri in documents} == {
            uri: text for uri, (text, _) in self.expected.items()
        }

    @invariant()
    def checks_clean(self) -> None:
        assert [finding for finding in self.memory.check().findings if not finding.ok] == []

    def chunks(self, uri: str) -> list[Chunk]:
        document = self.memory.get(uri)
        store = self.memory._store
        return [passage.chunk for passage in store.passages(store.chunk_ids(document.id))]


TestAgainstADictionary = Against.TestCase
TestAgainstADictionary.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
