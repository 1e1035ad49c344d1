-- The contents that are stored, and the uploads that are on their way to become such.

-- Which directory is the store of this database. One row.
CREATE TABLE store (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    store_id uuid NOT NULL
);

-- A content is stored from the moment on in which it has a row here.
CREATE TABLE files (
    file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256 bytea NOT NULL UNIQUE CHECK (length(sha256) = 32),
    size_bytes bigint NOT NULL,
    -- NULL: nobody has looked yet.
    media_type text,
    created_at timestamptz NOT NULL,
    -- When it was written or asked for, to ten minutes: the lease.
    asked_at timestamptz NOT NULL,
    -- Where the bytes are: a pack's number, or 0 and the name of a blob.
    pack bigint NOT NULL,
    pack_offset bigint NOT NULL,
    stored_bytes bigint NOT NULL,
    is_compressed boolean NOT NULL,
    blob text NOT NULL,
    -- Whether its chunks are in `chunks`. NULL: it needs none.
    is_chunked boolean,
    -- When its bytes were found to be wrong.
    damaged_at timestamptz
) WITH (fillfactor = 90);

CREATE INDEX files_of_pack ON files (pack) WHERE pack <> 0;
CREATE INDEX files_to_chunk ON files (file_id) WHERE NOT is_chunked;

-- Pieces of contents above 4 MiB.
CREATE TABLE chunks (
    chunk_sha256 bytea NOT NULL,
    file_id bigint NOT NULL REFERENCES files ON DELETE CASCADE,
    chunk_offset bigint NOT NULL,
    length integer NOT NULL,
    PRIMARY KEY (chunk_sha256, file_id, chunk_offset)
);

CREATE INDEX chunks_of_file ON chunks (file_id);

CREATE TABLE uploads (
    platform text NOT NULL,
    upload text NOT NULL,
    -- The name of its partial file, made here.
    partial text NOT NULL,
    -- -1: the client has not said.
    size_bytes bigint NOT NULL,
    -- NULL: the client has not said.
    sha256 bytea,
    -- Bytes of the partial file that are synced.
    committed_bytes bigint NOT NULL,
    lifetime interval NOT NULL,
    expire_at timestamptz NOT NULL,
    -- Another process wants to write to it.
    wanted_at timestamptz,
    -- What it has become; NULL: it is on its way.
    file_sha256 bytea,
    -- The client's own.
    note bytea,
    PRIMARY KEY (platform, upload)
);

CREATE INDEX uploads_expire ON uploads (expire_at);
CREATE UNIQUE INDEX uploads_partial ON uploads (partial);
