"""The values that flow through vstash, from a source to a hit.

Conventions: vectors are float32, C-contiguous and of unit length; offsets are in code points; times are
timezone-aware and in UTC; ranks start at 1; scores are larger for better; mappings take no part in hashes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, overload

from vstash.errors import InvalidQuery
from vstash.rules import CONFIDENCES as CONFIDENCES
from vstash.rules import FUSIONS as FUSIONS
from vstash.rules import MAX_LIMIT as MAX_LIMIT
from vstash.rules import MAX_QUERY as MAX_QUERY
from vstash.rules import MODES as MODES
from vstash.rules import rules

if TYPE_CHECKING:
    from vstash.filters import Filter

Mode = Literal["hybrid", "keyword", "vector"]
Status = Literal["added", "replaced", "unchanged", "failed"]
Side = Literal["keyword", "vector"]
Confidence = Literal["high", "medium", "low"]
Named = TypeVar("Named", bound=tuple[Any, ...])

INSTEAD = "\uf0ff"  # begins a chunk's terms where they are all that the keyword index holds of its text


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in a source's text: where its line starts, its level (1 = top) and its words."""

    start: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the text from `start` on, up to the next place, stands in the original: a page, a slide, a sheet,
    a chapter, a cell, a time, a key, a paragraph. The labels "line" and "row" count on with each line of the text."""

    start: int
    labels: Mapping[str, Any] = field(hash=False)

    def __reduce__(self) -> tuple[type[Place], tuple[Any, ...]]:
        """As its fields: many go between processes, and what a dataclass with slots has takes ten times as long."""
        return type(self), (self.start, self.labels)


@dataclass(frozen=True, slots=True)
class Source:
    """One document as read, before splitting.

    `atoms` are spans (start, end) that should stay whole, such as fenced blocks, table rows and functions,
    sorted by start, disjoint or one inside the other. `places` are in order of start. `content_hash` is the
    SHA-256 of what was read, in hexadecimal. `modified_at` is the file's time, `dated_at` the date that the
    document itself names. `parts` came in it and go with it: their uris begin with its own.
    """

    uri: str
    text: str
    title: str = ""
    kind: str = "text"
    content_hash: str = ""
    modified_at: datetime | None = None
    dated_at: datetime | None = None
    tags: tuple[str, ...] = ()
    collection: str = "default"
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    headings: tuple[Heading, ...] = ()
    atoms: tuple[tuple[int, int], ...] = ()
    places: tuple[Place, ...] = ()
    parts: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage: `text == source.text[start:end]`, exactly; the chunks of a source, in order, are its text.

    `heading` is the path of headings above the passage, joined by " › ". `place` says where its first word
    stands in the original, and, as "page_end" beside "page", where its last one does if that differs.
    """

    seq: int
    text: str
    start: int
    end: int
    heading: str = ""
    place: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __reduce__(self) -> tuple[type[Chunk], tuple[Any, ...]]:
        """As its fields, for the reason that a Place has."""
        return type(self), (self.seq, self.text, self.start, self.end, self.heading, self.place)


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document; `chunks` counts its passages, `text` is there when one document was asked for."""

    id: int
    uri: str
    title: str
    kind: str
    collection: str
    tags: tuple[str, ...]
    content_hash: str
    added_at: datetime
    modified_at: datetime | None
    dated_at: datetime | None
    chunks: int
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    text: str | None = None


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of one source. `chunks` are those stored now, none of what is unchanged; `took` is in seconds;
    `error` is one line when it failed, `textless` when that is for what it holds, not for its size or because it could
    not be read this time."""

    uri: str
    status: Status
    chunks: int = 0
    took: float = 0.0
    error: str | None = None
    textless: bool = False


@dataclass(frozen=True, slots=True)
class Space:
    """Which vectors may be compared: same `id`, same space.

    `max_tokens` is the encoder's window. `noise` is the (mean, deviation) of its cosines between texts
    that have nothing in common (see vstash.encode.calibrate); it takes no part in comparing.
    """

    id: str
    model: str
    dim: int
    max_tokens: int | None = None
    fingerprint: str | None = None
    noise: tuple[float, float] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Query:
    """One search; it cannot be made unless every rule of vstash.rules holds.

    `limit` is in hits; `weights` is (vector, keyword), each at least 0 and not both 0; `recency` is
    a half-life in days; `diversity` lies in 0..1; `window` is how many neighbouring passages are
    joined to each hit on either side; `by_document` keeps the best passage of each document only;
    `unfinished` takes the last word for the beginning of one; below `min_confidence` there are no hits.

    Raises: InvalidQuery.
    """

    text: str
    limit: int = 5
    mode: Mode = "hybrid"
    filter: Filter | None = None
    fusion: str | None = None
    weights: tuple[float, float] | None = None
    recency: float | None = None
    diversity: float = 0.0
    window: int = 0
    by_document: bool = False
    unfinished: bool = False
    min_confidence: Confidence = "low"

    def __post_init__(self) -> None:
        wrong = next(((message, hint) for ok, message, hint in rules(self) if not ok), None)
        if wrong:
            raise InvalidQuery(wrong[0], hint=wrong[1])
        if self.weights is not None:  # a list is as good
            object.__setattr__(self, "weights", tuple(self.weights))


class Term(NamedTuple):
    """A word or phrase of the query, its document frequency in chunks (a phrase counts as its rarest word) and
    its form in the index. With `prefix` it stands for every word that begins so. `pieces` are the encoder's
    word-pieces of a plain word, where it names them. `times` is how often the question says it, in this form or
    another, 0 for what is only derived from its words. `stem_of` is the word of another language that it is the
    stem of; such a word and its stems have a `share` each in what one word counts."""

    text: str
    df: int
    phrase: bool = False
    stem: str = ""
    prefix: bool = False
    pieces: tuple[int, ...] = ()
    times: int = 1
    stem_of: str = ""
    share: float = 1.0

    @property
    def weight(self) -> float:
        """What its BM25 counts: a question that comes back to a word means it, but not twice as much."""
        return self.share * math.sqrt(self.times or 1)


class TermStats(NamedTuple):
    """What the planner knows of the corpus: the number of chunks, the query's words in it, how many chunks
    pass the filter (None without one), whether the space's noise is known, the number of the query's
    word-pieces (None where the encoder names none), whether most of the query's vector is zero, and whether there is
    none, as the encoder does not know its words."""

    chunks: int
    terms: tuple[Term, ...] = ()
    matching: int | None = None
    calibrated: bool = False
    pieces: int | None = None
    sparse: bool = False
    unread: bool = False


class Arm(NamedTuple):
    """One ranking to run: its best `pool` chunks become candidates, `depth` of them are scored for those of
    the other side. `terms` are the words of a keyword arm; `path` says how a vector arm goes about
    it: "exact", or "codes" with `rescore` of the nearest codes compared exactly. `counted` are words whose
    postings are not read: candidates that hold them gain by it."""

    kind: Side
    weight: float
    pool: int
    depth: int
    terms: tuple[Term, ...] = ()
    path: str = ""
    rescore: int = 0
    counted: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a search will do; `reason` holds one line for each decision.

    `gate` says that the best cosine, once known, decides the weights; `coverage` is the share of the coverage
    of word-pieces in the final score; `matching` is how many chunks pass the filter, None without one.
    """

    query: Query
    arms: tuple[Arm, ...]
    fusion: str
    stages: tuple[str, ...]
    reason: tuple[str, ...] = ()
    gate: bool = False
    coverage: float = 0.0
    matching: int | None = None

    def arm(self, kind: Side) -> Arm | None:
        """The arm of this kind, if the plan has one."""
        return next((arm for arm in self.arms if arm.kind == kind), None)


def indexed(text: str, terms: str) -> str:
    """What the keyword index holds of a chunk with this text and these extra terms, beside its title and headings; in
    the database the view chunk_fields says the same."""
    return terms if terms.startswith(INSTEAD) else f"{text} {terms}"


def as_tuples(kind: type[Named], found: Iterable[tuple[Any, ...]]) -> Iterator[Named]:
    """Named tuples of plain ones; there are hundreds a search, so none takes a call of a Python function."""
    return map(partial(tuple.__new__, kind), found)


class Scored(NamedTuple):
    """A chunk and its raw score on one side: cosine, or BM25 (positive, larger is better)."""

    chunk_id: int
    score: float


class Ranking(NamedTuple):
    """What one arm found: ids only, best first, ties by chunk id."""

    arm: Side
    items: tuple[Scored, ...]

    @classmethod
    def of(cls, arm: Side, found: Iterable[tuple[int, float]]) -> Ranking:
        """The ranking of pairs of chunk id and score."""
        return cls(arm, tuple(as_tuples(Scored, found)))


class Contribution(NamedTuple):
    """What one side gave a candidate: its rank there (None when outside the pool), its raw score
    there (None when unknown) and its share of the fused score."""

    arm: str
    rank: int | None
    score: float | None
    share: float


class Candidate(NamedTuple):
    """A chunk in the running; `score` is the sum of its contributions' shares."""

    chunk_id: int
    score: float
    contributions: tuple[Contribution, ...] = ()


class Facts(NamedTuple):
    """What the stages of a search know of a chunk: its document, the document's date, and a digest of the
    text that is equal for texts that differ in space, case and punctuation only."""

    document_id: int
    date: datetime
    digest: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found. `start` and `end` are offsets into the document's text; `why` is what ranked it."""

    chunk_id: int
    document: Document
    uri: str
    title: str
    heading: str
    seq: int
    start: int
    end: int
    text: str
    score: float
    why: tuple[Contribution, ...] = ()
    place: Mapping[str, Any] = field(default_factory=dict, hash=False)


class Note(NamedTuple):
    """What one step of a search did: how many candidates went in and came out, and its time in seconds."""

    step: str
    before: int
    after: int
    detail: str = ""
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class Results(Sequence[Hit]):
    """The hits of a search, best first, with how they came about. `took` is in seconds."""

    hits: tuple[Hit, ...]
    plan: Plan
    trace: tuple[Note, ...] = ()
    confidence: Confidence = "low"
    took: float = 0.0

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[index]

    def __len__(self) -> int:
        return len(self.hits)


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check: how many violations, a few of them named, whether repair can mend them."""

    check: str
    ok: bool
    count: int = 0
    sample: tuple[str, ...] = ()
    repairable: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A run of the integrity check. `took` is in seconds."""

    findings: tuple[Finding, ...]
    started: datetime
    took: float
    schema_version: int

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(finding.ok for finding in self.findings)
