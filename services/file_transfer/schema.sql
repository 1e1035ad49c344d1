CREATE SCHEMA file_transfer;
CREATE FUNCTION file_transfer.count_placements() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'file_transfer'
    AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO placement_totals AS t
        SELECT platform, -count(sha256), -COALESCE(sum(size_bytes) FILTER (WHERE sha256 IS NOT NULL), 0),
               -count(sha256) FILTER (WHERE state = 3),
               -COALESCE(sum(CASE state WHEN 3 THEN size_bytes WHEN 2 THEN placed_bytes ELSE 0 END)
                         FILTER (WHERE sha256 IS NOT NULL), 0),
               -COALESCE(sum(size_bytes) FILTER (WHERE state <> 4), 0)
        FROM gone GROUP BY platform ORDER BY platform
        ON CONFLICT (platform) DO UPDATE
        SET file_count = t.file_count + excluded.file_count, file_bytes = t.file_bytes + excluded.file_bytes,
            placed_count = t.placed_count + excluded.placed_count, placed_bytes = t.placed_bytes + excluded.placed_bytes,
            kept_bytes = t.kept_bytes + excluded.kept_bytes;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO placement_totals AS t
        SELECT platform, count(sha256), COALESCE(sum(size_bytes) FILTER (WHERE sha256 IS NOT NULL), 0),
               count(sha256) FILTER (WHERE state = 3),
               COALESCE(sum(CASE state WHEN 3 THEN size_bytes WHEN 2 THEN placed_bytes ELSE 0 END)
                        FILTER (WHERE sha256 IS NOT NULL), 0),
               COALESCE(sum(size_bytes) FILTER (WHERE state <> 4), 0)
        FROM made GROUP BY platform ORDER BY platform
        ON CONFLICT (platform) DO UPDATE
        SET file_count = t.file_count + excluded.file_count, file_bytes = t.file_bytes + excluded.file_bytes,
            placed_count = t.placed_count + excluded.placed_count, placed_bytes = t.placed_bytes + excluded.placed_bytes,
            kept_bytes = t.kept_bytes + excluded.kept_bytes;
    END IF;
    RETURN NULL;
END
$$;
CREATE TABLE file_transfer.bindings (
    platform text NOT NULL,
    entity_id uuid NOT NULL,
    model text NOT NULL,
    field text NOT NULL,
    "position" integer NOT NULL,
    sha256 bytea,
    path text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    link_platform text,
    link_path text
)
WITH (fillfactor='80');
CREATE TABLE file_transfer.chores (
    name text NOT NULL,
    due_at timestamp with time zone NOT NULL
);
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
    cut_until timestamp with time zone,
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
CREATE TABLE file_transfer.links (
    platform text NOT NULL,
    path text NOT NULL,
    name text NOT NULL,
    rule bytea NOT NULL,
    sha256 bytea,
    claimed_sha256 bytea,
    reason text DEFAULT ''::text NOT NULL,
    message text DEFAULT ''::text NOT NULL,
    look_count integer DEFAULT 0 NOT NULL,
    next_look_at timestamp with time zone,
    looked_at timestamp with time zone,
    unused_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE file_transfer.placement_totals (
    platform text NOT NULL,
    file_count bigint NOT NULL,
    file_bytes bigint NOT NULL,
    placed_count bigint NOT NULL,
    placed_bytes bigint NOT NULL,
    kept_bytes bigint NOT NULL
)
WITH (fillfactor='50');
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
    updated_at timestamp with time zone NOT NULL,
    not_before timestamp with time zone
)
WITH (fillfactor='80');
CREATE TABLE file_transfer.possessions (
    platform text NOT NULL,
    file_id bigint NOT NULL,
    is_unbound boolean NOT NULL
);
CREATE TABLE file_transfer.reads (
    platform text NOT NULL,
    path text NOT NULL,
    attempt_count integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL
);
CREATE TABLE file_transfer.refused_uploads (
    platform text NOT NULL,
    sha256 bytea NOT NULL,
    reason text NOT NULL,
    message text NOT NULL,
    refused_at timestamp with time zone NOT NULL
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
    note bytea,
    hash_state bytea
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
    created_at timestamp with time zone NOT NULL,
    ready_at timestamp with time zone,
    asked_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE file_transfer.written_places (
    platform text NOT NULL
);
ALTER TABLE ONLY file_transfer.bindings
    ADD CONSTRAINT bindings_pkey PRIMARY KEY (platform, entity_id, model, field, "position");
ALTER TABLE ONLY file_transfer.chores
    ADD CONSTRAINT chores_pkey PRIMARY KEY (name);
ALTER TABLE ONLY file_transfer.chunks
    ADD CONSTRAINT chunks_pkey PRIMARY KEY (chunk_sha256, file_id, chunk_offset);
ALTER TABLE ONLY file_transfer.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (file_id);
ALTER TABLE ONLY file_transfer.files
    ADD CONSTRAINT files_sha256_key UNIQUE (sha256);
ALTER TABLE ONLY file_transfer.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (platform, path);
ALTER TABLE ONLY file_transfer.placement_totals
    ADD CONSTRAINT placement_totals_pkey PRIMARY KEY (platform);
ALTER TABLE ONLY file_transfer.placements
    ADD CONSTRAINT placements_pkey PRIMARY KEY (platform, path);
ALTER TABLE ONLY file_transfer.possessions
    ADD CONSTRAINT possessions_pkey PRIMARY KEY (platform, file_id);
ALTER TABLE ONLY file_transfer.reads
    ADD CONSTRAINT reads_pkey PRIMARY KEY (platform, path);
ALTER TABLE ONLY file_transfer.refused_uploads
    ADD CONSTRAINT refused_uploads_pkey PRIMARY KEY (platform, sha256);
ALTER TABLE ONLY file_transfer.seen_files
    ADD CONSTRAINT seen_files_pkey PRIMARY KEY (platform, path);
ALTER TABLE ONLY file_transfer.store
    ADD CONSTRAINT store_pkey PRIMARY KEY (one);
ALTER TABLE ONLY file_transfer.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (platform, upload);
ALTER TABLE ONLY file_transfer.waits
    ADD CONSTRAINT waits_pkey PRIMARY KEY (platform, entity_id, model, field, "position");
ALTER TABLE ONLY file_transfer.written_places
    ADD CONSTRAINT written_places_pkey PRIMARY KEY (platform);
CREATE INDEX bindings_of_content ON file_transfer.bindings USING btree (sha256) WHERE (sha256 IS NOT NULL);
CREATE INDEX bindings_of_entity ON file_transfer.bindings USING btree (entity_id);
CREATE INDEX bindings_of_link ON file_transfer.bindings USING btree (link_platform, link_path) WHERE (link_platform IS NOT NULL);
CREATE INDEX chunks_of_file ON file_transfer.chunks USING btree (file_id);
CREATE INDEX files_damaged ON file_transfer.files USING btree (sha256) WHERE (damaged_at IS NOT NULL);
CREATE INDEX files_of_pack ON file_transfer.files USING btree (pack) WHERE (pack <> 0);
CREATE INDEX files_to_chunk ON file_transfer.files USING btree (file_id) WHERE (NOT is_chunked);
CREATE INDEX links_claimed ON file_transfer.links USING btree (platform, claimed_sha256) WHERE (claimed_sha256 IS NOT NULL);
CREATE INDEX links_due ON file_transfer.links USING btree (next_look_at) WHERE (next_look_at IS NOT NULL);
CREATE INDEX links_of_content ON file_transfer.links USING btree (sha256) WHERE (sha256 IS NOT NULL);
CREATE INDEX placements_missing ON file_transfer.placements USING btree (platform, created_at, path) WHERE ((state = 2) AND (sha256 IS NOT NULL));
CREATE INDEX placements_of_content ON file_transfer.placements USING btree (sha256) WHERE (sha256 IS NOT NULL);
CREATE INDEX placements_to_do ON file_transfer.placements USING btree (platform, next_attempt_at) WHERE ((state = 2) AND (next_attempt_at IS NOT NULL));
CREATE INDEX possessions_of_file ON file_transfer.possessions USING btree (file_id);
CREATE INDEX possessions_unbound ON file_transfer.possessions USING btree (platform) WHERE is_unbound;
CREATE INDEX reads_due ON file_transfer.reads USING btree (platform, next_attempt_at);
CREATE INDEX seen_files_of_content ON file_transfer.seen_files USING btree (sha256);
CREATE INDEX uploads_expire ON file_transfer.uploads USING btree (expire_at);
CREATE UNIQUE INDEX uploads_partial ON file_transfer.uploads USING btree (partial);
CREATE INDEX waits_due ON file_transfer.waits USING btree (next_look_at);
CREATE INDEX waits_of_content ON file_transfer.waits USING btree (sha256) WHERE ((sha256 IS NOT NULL) AND (path = ''::text));
CREATE INDEX waits_of_entity ON file_transfer.waits USING btree (entity_id);
CREATE INDEX waits_of_path ON file_transfer.waits USING btree (platform, path) WHERE (path <> ''::text);
CREATE INDEX waits_of_source ON file_transfer.waits USING btree (source_platform, source_path);
CREATE TRIGGER placements_changed AFTER UPDATE ON file_transfer.placements REFERENCING OLD TABLE AS gone NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION file_transfer.count_placements();
CREATE TRIGGER placements_gone AFTER DELETE ON file_transfer.placements REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION file_transfer.count_placements();
CREATE TRIGGER placements_made AFTER INSERT ON file_transfer.placements REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION file_transfer.count_placements();
ALTER TABLE ONLY file_transfer.chunks
    ADD CONSTRAINT chunks_file_id_fkey FOREIGN KEY (file_id) REFERENCES file_transfer.files(file_id) ON DELETE CASCADE;
ALTER TABLE ONLY file_transfer.possessions
    ADD CONSTRAINT possessions_file_id_fkey FOREIGN KEY (file_id) REFERENCES file_transfer.files(file_id) ON DELETE CASCADE;
