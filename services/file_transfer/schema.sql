CREATE SCHEMA file_transfer;
CREATE TABLE file_transfer.bindings (
    platform text NOT NULL,
    entity_id uuid NOT NULL,
    model text NOT NULL,
    field text NOT NULL,
    "position" integer NOT NULL,
    sha256 bytea,
    path text NOT NULL,
    updated_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE file_transfer.chunks (
    chunk_sha256 bytea NOT NULL,
    file_id bigint NOT NULL,
    chunk_offset bigint NOT NULL,
    length integer NOT NULL
);
CREATE TABLE file_transfer.files (
    file_id bigint NOT NULL,
    sha256 bytea NOT NULL,
    size_bytes bigint NOT NULL,
    media_type text,
    created_at timestamp with time zone NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    pack bigint NOT NULL,
    pack_offset bigint NOT NULL,
    stored_bytes bigint NOT NULL,
    is_compressed boolean NOT NULL,
    blob text NOT NULL,
    is_chunked boolean,
    damaged_at timestamp with time zone,
    CONSTRAINT files_sha256_check CHECK ((length(sha256) = 32))
)
WITH (fillfactor='90');
ALTER TABLE file_transfer.files ALTER COLUMN file_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME file_transfer.files_file_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE file_transfer.placements (
    platform text NOT NULL,
    path text NOT NULL,
    sha256 bytea,
    size_bytes bigint NOT NULL,
    media_type text NOT NULL,
    name text NOT NULL,
    state smallint NOT NULL,
    actual_path text DEFAULT ''::text NOT NULL,
    placed_bytes bigint DEFAULT 0 NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    message text DEFAULT ''::text NOT NULL,
    attempt_count integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE file_transfer.reads (
    platform text NOT NULL,
    path text NOT NULL,
    attempt_count integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL
);
CREATE TABLE file_transfer.seen_files (
    platform text NOT NULL,
    path text NOT NULL,
    inode bigint NOT NULL,
    size_bytes bigint NOT NULL,
    modify_time_ns bigint NOT NULL,
    change_time_ns bigint NOT NULL,
    sha256 bytea NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE file_transfer.store (
    one boolean DEFAULT true NOT NULL,
    store_id uuid NOT NULL,
    CONSTRAINT store_one_check CHECK (one)
);
CREATE TABLE file_transfer.uploads (
    platform text NOT NULL,
    upload text NOT NULL,
    partial text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 bytea,
    committed_bytes bigint NOT NULL,
    lifetime interval NOT NULL,
    expire_at timestamp with time zone NOT NULL,
    wanted_at timestamp with time zone,
    file_sha256 bytea,
    note bytea
);
CREATE TABLE file_transfer.waits (
    platform text NOT NULL,
    entity_id uuid NOT NULL,
    model text NOT NULL,
    field text NOT NULL,
    "position" integer NOT NULL,
    source_platform text NOT NULL,
    source_path text NOT NULL,
    sha256 bytea,
    path text NOT NULL,
    look_count integer DEFAULT 0 NOT NULL,
    next_look_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY file_transfer.bindings
    ADD CONSTRAINT bindings_pkey PRIMARY KEY (platform, entity_id, model, field, "position");
ALTER TABLE ONLY file_transfer.chunks
    ADD CONSTRAINT chunks_pkey PRIMARY KEY (chunk_sha256, file_id, chunk_offset);
ALTER TABLE ONLY file_transfer.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (file_id);
ALTER TABLE ONLY file_transfer.files
    ADD CONSTRAINT files_sha256_key UNIQUE (sha256);
ALTER TABLE ONLY file_transfer.placements
    ADD CONSTRAINT placements_pkey PRIMARY KEY (platform, path);
ALTER TABLE ONLY file_transfer.reads
    ADD CONSTRAINT reads_pkey PRIMARY KEY (platform, path);
ALTER TABLE ONLY file_transfer.seen_files
    ADD CONSTRAINT seen_files_pkey PRIMARY KEY (platform, path);
ALTER TABLE ONLY file_transfer.store
    ADD CONSTRAINT store_pkey PRIMARY KEY (one);
ALTER TABLE ONLY file_transfer.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (platform, upload);
ALTER TABLE ONLY file_transfer.waits
    ADD CONSTRAINT waits_pkey PRIMARY KEY (platform, entity_id, model, field, "position");
CREATE INDEX bindings_of_content ON file_transfer.bindings USING btree (sha256) WHERE (sha256 IS NOT NULL);
CREATE INDEX bindings_of_entity ON file_transfer.bindings USING btree (entity_id);
CREATE INDEX chunks_of_file ON file_transfer.chunks USING btree (file_id);
CREATE INDEX files_of_pack ON file_transfer.files USING btree (pack) WHERE (pack <> 0);
CREATE INDEX files_to_chunk ON file_transfer.files USING btree (file_id) WHERE (NOT is_chunked);
CREATE INDEX placements_missing ON file_transfer.placements USING btree (platform, created_at, path) WHERE (state = 2);
CREATE INDEX placements_of_content ON file_transfer.placements USING btree (sha256) WHERE (sha256 IS NOT NULL);
CREATE INDEX placements_to_do ON file_transfer.placements USING btree (next_attempt_at) WHERE ((state = 2) AND (next_attempt_at IS NOT NULL));
CREATE INDEX reads_due ON file_transfer.reads USING btree (next_attempt_at);
CREATE INDEX seen_files_of_content ON file_transfer.seen_files USING btree (sha256);
CREATE INDEX uploads_expire ON file_transfer.uploads USING btree (expire_at);
CREATE UNIQUE INDEX uploads_partial ON file_transfer.uploads USING btree (partial);
CREATE INDEX waits_due ON file_transfer.waits USING btree (next_look_at);
CREATE INDEX waits_of_content ON file_transfer.waits USING btree (sha256) WHERE ((sha256 IS NOT NULL) AND (path = ''::text));
CREATE INDEX waits_of_path ON file_transfer.waits USING btree (platform, path) WHERE (path <> ''::text);
CREATE INDEX waits_of_source ON file_transfer.waits USING btree (source_platform, source_path);
ALTER TABLE ONLY file_transfer.chunks
    ADD CONSTRAINT chunks_file_id_fkey FOREIGN KEY (file_id) REFERENCES file_transfer.files(file_id) ON DELETE CASCADE;
