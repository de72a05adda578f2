-- Truth: document, tag, chunk, space, meta, and one table vector_<id> for each space (made when the
-- space is first used). Derived and rebuildable: chunk_fts and one table code_<id> for each space.
-- Times are microseconds since 1970-01-01 in UTC.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (key, value) VALUES ('chunks', 0);

CREATE TABLE space (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    model       TEXT NOT NULL,
    dim         INTEGER NOT NULL CHECK (dim > 0),
    max_tokens  INTEGER,
    fingerprint TEXT,
    noise       TEXT CHECK (json_valid(noise)), -- [mean, deviation] of cosines between unrelated texts
    active      INTEGER NOT NULL DEFAULT 0 CHECK (active IN (0, 1)),
    created_at  INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX space_active ON space (active) WHERE active = 1;

CREATE TABLE document (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    uri          TEXT NOT NULL,
    title        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    collection   TEXT NOT NULL,
    content_hash ANY NOT NULL,  -- the 32 bytes of a SHA-256, or the text of any other
    recipe       TEXT NOT NULL, -- how the content became chunks; a new recipe makes the next add read it again
    text_hash    BLOB NOT NULL, -- BLAKE2b of the chunks' texts in order, 8 bytes
    chunks       INTEGER NOT NULL CHECK (chunks >= 0),
    metadata     TEXT NOT NULL CHECK (json_valid(metadata)),
    added_at     INTEGER NOT NULL,
    modified_at  INTEGER,
    dated_at     INTEGER,
    retired_at   INTEGER
) STRICT;

CREATE UNIQUE INDEX document_uri ON document (uri) WHERE retired_at IS NULL;
CREATE INDEX document_collection ON document (collection, chunks);
CREATE INDEX document_date ON document (coalesce(dated_at, added_at));

CREATE TABLE tag (
    name        TEXT NOT NULL,
    document_id INTEGER NOT NULL REFERENCES document (id),
    PRIMARY KEY (name, document_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX tag_document ON tag (document_id);

CREATE TABLE chunk (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again, so that a kept id cannot come to mean another text
    document_id INTEGER NOT NULL REFERENCES document (id),
    seq         INTEGER NOT NULL,
    start       INTEGER NOT NULL,
    "end"       INTEGER NOT NULL,
    heading     TEXT NOT NULL,
    place       TEXT NOT NULL CHECK (json_valid(place)), -- where it stands in the original: page, sheet, lines
    text        TEXT NOT NULL,
    terms       TEXT NOT NULL, -- what the tokenizer would not find in text by itself, see vstash/text/terms.py
    digest      INTEGER NOT NULL, -- equal for texts that differ in space, case and punctuation only
    CHECK (start >= 0 AND "end" > start)
) STRICT;

CREATE UNIQUE INDEX chunk_document ON chunk (document_id, seq);

-- Counted as rows come and go: COUNT(*) would read the whole index on every search.
CREATE TRIGGER chunk_added AFTER INSERT ON chunk BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'chunks';
END;

CREATE TRIGGER chunk_removed AFTER DELETE ON chunk BEGIN
    UPDATE meta SET value = value - 1 WHERE key = 'chunks';
END;

-- What the keyword index holds of a chunk. It is the index's content table, so that the index can be
-- verified against it, word by word. Terms in a column of their own would make it a fifth larger; those that
-- begin with U+F0FF stand for the text as well.
CREATE VIEW chunk_fields (id, document_id, text, title) AS
    SELECT chunk.id, chunk.document_id,
           CASE WHEN unicode(chunk.terms) = 0xF0FF THEN chunk.terms ELSE chunk.text || ' ' || chunk.terms END,
           CASE WHEN chunk.heading = '' THEN document.title ELSE document.title || ' ' || chunk.heading END
    FROM chunk JOIN document ON document.id = chunk.document_id;

CREATE VIRTUAL TABLE chunk_fts USING fts5 (
    text, title,
    content = 'chunk_fields', content_rowid = 'id',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE VIRTUAL TABLE chunk_vocabulary USING fts5vocab (chunk_fts, row);

-- How many chunks hold each of the commonest words, as counted when there were `counted` chunks: derived, and
-- only as exact as planning needs, see vstash/store/sqlite/frequencies.py.
CREATE TABLE term (
    text    TEXT PRIMARY KEY,
    chunks  INTEGER NOT NULL CHECK (chunks > 0),
    counted INTEGER NOT NULL CHECK (counted > 0)
) STRICT, WITHOUT ROWID;
