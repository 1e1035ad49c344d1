CREATE SCHEMA change_capture;
CREATE FUNCTION change_capture.acknowledge_batches(ids bigint[]) RETURNS bigint
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
DECLARE
    deleted bigint;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    DELETE FROM batches WHERE batch_id = ANY (ids);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END
$$;
CREATE TABLE change_capture.assignment_cursor (
    only_row boolean DEFAULT true NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT assignment_cursor_only_row_check CHECK (only_row)
);
CREATE TABLE change_capture.batches (
    batch_id bigint NOT NULL,
    queued_at timestamp with time zone,
    first_version bigint,
    last_version bigint,
    versions bigint[],
    rules_revision bigint NOT NULL,
    target_platform text DEFAULT ''::text NOT NULL,
    allow_incomplete boolean DEFAULT false NOT NULL,
    CONSTRAINT batches_check CHECK ((((first_version IS NULL) = (last_version IS NULL)) AND ((first_version IS NULL) = (versions IS NOT NULL))))
)
WITH (autovacuum_vacuum_threshold='2000', autovacuum_vacuum_scale_factor='0', autovacuum_analyze_threshold='2000', autovacuum_analyze_scale_factor='0', autovacuum_vacuum_cost_delay='0');
ALTER TABLE change_capture.batches ALTER COLUMN batch_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME change_capture.batches_batch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE change_capture.changes (
    version bigint NOT NULL,
    captured_at timestamp with time zone NOT NULL,
    source_time timestamp with time zone,
    platform_id integer NOT NULL,
    model_id integer NOT NULL,
    operation smallint NOT NULL,
    local_id text NOT NULL COLLATE pg_catalog."C",
    change_id text COLLATE pg_catalog."C",
    fields bytea NOT NULL,
    origin_entity_id uuid,
    origin_version bigint,
    is_amended boolean
)
WITH (autovacuum_analyze_scale_factor='0.02', autovacuum_vacuum_insert_scale_factor='0.1');
CREATE TABLE change_capture.conflict_cursor (
    only_row boolean DEFAULT true NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT conflict_cursor_only_row_check CHECK (only_row)
);
CREATE TABLE change_capture.conflicts (
    conflict_id uuid NOT NULL,
    model_id integer NOT NULL,
    local_id text NOT NULL COLLATE pg_catalog."C",
    state smallint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    content bytea NOT NULL,
    told smallint DEFAULT 0 NOT NULL
);
CREATE TABLE change_capture.models (
    model_id integer NOT NULL,
    platform_id integer NOT NULL,
    model text NOT NULL
);
ALTER TABLE change_capture.models ALTER COLUMN model_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME change_capture.models_model_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE change_capture.owed (
    model_id integer NOT NULL,
    local_id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    content bytea NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE change_capture.part_sets (
    parent_model_id integer NOT NULL,
    parent_id text NOT NULL COLLATE pg_catalog."C",
    model_id integer NOT NULL,
    turn bigint NOT NULL,
    version bigint NOT NULL,
    rules_revision bigint NOT NULL,
    captured_at timestamp with time zone NOT NULL,
    part_ids text NOT NULL COLLATE pg_catalog."C",
    hashes bytea NOT NULL,
    error bytea
)
WITH (fillfactor='85');
CREATE TABLE change_capture.platforms (
    platform_id integer NOT NULL,
    platform text NOT NULL
);
ALTER TABLE change_capture.platforms ALTER COLUMN platform_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME change_capture.platforms_platform_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE change_capture.runs (
    run_id uuid NOT NULL,
    request_id text,
    kind smallint NOT NULL,
    sync text NOT NULL,
    source_platform text NOT NULL,
    source_model text NOT NULL,
    target_platform text NOT NULL,
    state smallint NOT NULL,
    cursor text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    record_count bigint DEFAULT 0 NOT NULL,
    replayed_count bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    error text DEFAULT ''::text NOT NULL,
    after_version bigint DEFAULT 0 NOT NULL,
    until_version bigint DEFAULT 0 NOT NULL,
    resume_at timestamp with time zone,
    extra_count bigint DEFAULT 0 NOT NULL,
    extra_ids text[] DEFAULT '{}'::text[] NOT NULL,
    hold boolean DEFAULT false NOT NULL,
    told smallint DEFAULT 0 NOT NULL
);
CREATE TABLE change_capture.schedules (
    sync text NOT NULL,
    watermark bigint NOT NULL,
    looked_at timestamp with time zone NOT NULL,
    is_over boolean DEFAULT false NOT NULL
);
CREATE TABLE change_capture.source_models (
    platform text NOT NULL COLLATE pg_catalog."C",
    model text NOT NULL COLLATE pg_catalog."C",
    relation_oid bigint DEFAULT 0 NOT NULL,
    snapshot_complete boolean DEFAULT false NOT NULL,
    snapshot_position bigint DEFAULT 0 NOT NULL,
    snapshot_row_count bigint DEFAULT 0 NOT NULL,
    obstacle text DEFAULT ''::text NOT NULL,
    shape text DEFAULT ''::text NOT NULL
)
WITH (fillfactor='20', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_scale_factor='0');
CREATE TABLE change_capture.sources (
    platform text NOT NULL COLLATE pg_catalog."C",
    owner bigint DEFAULT 0 NOT NULL,
    sequence bigint DEFAULT 0 NOT NULL,
    system_identifier text DEFAULT ''::text NOT NULL,
    confirmed_position bigint DEFAULT 0 NOT NULL,
    transaction_position bigint DEFAULT 0 NOT NULL,
    transaction_change_count bigint DEFAULT 0 NOT NULL,
    state smallint DEFAULT 0 NOT NULL,
    error text DEFAULT ''::text NOT NULL,
    lag_bytes bigint DEFAULT 0 NOT NULL,
    update_time timestamp with time zone NOT NULL,
    clock_offset_us bigint,
    clock_error_us bigint,
    out_of_bounds_count bigint DEFAULT 0 NOT NULL,
    out_of_bounds text DEFAULT ''::text NOT NULL,
    out_of_bounds_at timestamp with time zone
)
WITH (fillfactor='10', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_scale_factor='0');
CREATE TABLE change_capture.sync_rules (
    sync text NOT NULL,
    digest bytea NOT NULL,
    rules_revision bigint NOT NULL
);
CREATE TABLE change_capture.version_counter (
    only_row boolean DEFAULT true NOT NULL,
    version bigint NOT NULL,
    rules_revision bigint NOT NULL,
    CONSTRAINT version_counter_only_row_check CHECK (only_row)
)
WITH (fillfactor='10', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_cost_delay='0');
ALTER TABLE ONLY change_capture.assignment_cursor
    ADD CONSTRAINT assignment_cursor_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY change_capture.batches
    ADD CONSTRAINT batches_pkey PRIMARY KEY (batch_id);
ALTER TABLE ONLY change_capture.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (version);
ALTER TABLE ONLY change_capture.conflict_cursor
    ADD CONSTRAINT conflict_cursor_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY change_capture.conflicts
    ADD CONSTRAINT conflicts_pkey PRIMARY KEY (conflict_id);
ALTER TABLE ONLY change_capture.models
    ADD CONSTRAINT models_pkey PRIMARY KEY (model_id);
ALTER TABLE ONLY change_capture.models
    ADD CONSTRAINT models_platform_id_model_key UNIQUE (platform_id, model);
ALTER TABLE ONLY change_capture.owed
    ADD CONSTRAINT owed_pkey PRIMARY KEY (model_id, local_id);
ALTER TABLE ONLY change_capture.part_sets
    ADD CONSTRAINT part_sets_pkey PRIMARY KEY (parent_model_id, parent_id, model_id);
ALTER TABLE ONLY change_capture.platforms
    ADD CONSTRAINT platforms_pkey PRIMARY KEY (platform_id);
ALTER TABLE ONLY change_capture.platforms
    ADD CONSTRAINT platforms_platform_key UNIQUE (platform);
ALTER TABLE ONLY change_capture.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (run_id);
ALTER TABLE ONLY change_capture.runs
    ADD CONSTRAINT runs_request_id_key UNIQUE (request_id);
ALTER TABLE ONLY change_capture.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (sync);
ALTER TABLE ONLY change_capture.source_models
    ADD CONSTRAINT source_models_pkey PRIMARY KEY (platform, model);
ALTER TABLE ONLY change_capture.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (platform);
ALTER TABLE ONLY change_capture.sync_rules
    ADD CONSTRAINT sync_rules_pkey PRIMARY KEY (sync);
ALTER TABLE ONLY change_capture.version_counter
    ADD CONSTRAINT version_counter_pkey PRIMARY KEY (only_row);
CREATE INDEX batches_queued ON change_capture.batches USING btree (queued_at) WHERE (queued_at IS NOT NULL);
CREATE INDEX batches_unqueued ON change_capture.batches USING btree (batch_id) WHERE (queued_at IS NULL);
CREATE UNIQUE INDEX changes_change_id ON change_capture.changes USING btree (platform_id, change_id) WHERE (change_id IS NOT NULL);
CREATE INDEX changes_delivered ON change_capture.changes USING btree (version) WHERE (origin_entity_id IS NOT NULL);
CREATE INDEX changes_of_record ON change_capture.changes USING btree (model_id, local_id, version DESC);
CREATE INDEX conflicts_of_record ON change_capture.conflicts USING btree (model_id, local_id, conflict_id);
CREATE INDEX conflicts_open ON change_capture.conflicts USING btree (conflict_id) WHERE (state = 2);
CREATE INDEX conflicts_untold ON change_capture.conflicts USING btree (conflict_id) WHERE (told <> state);
CREATE INDEX part_sets_refused ON change_capture.part_sets USING btree (parent_model_id, parent_id, model_id) WHERE (error IS NOT NULL);
CREATE INDEX runs_of_mirrors ON change_capture.runs USING btree (sync, run_id) WHERE (kind = 4);
CREATE INDEX runs_of_sync ON change_capture.runs USING btree (sync, run_id);
CREATE INDEX runs_unfinished ON change_capture.runs USING btree (run_id) WHERE (finished_at IS NULL);
CREATE INDEX runs_untold ON change_capture.runs USING btree (run_id) WHERE ((state = ANY (ARRAY[3, 4, 6])) AND (told <> state));
ALTER TABLE ONLY change_capture.models
    ADD CONSTRAINT models_platform_id_fkey FOREIGN KEY (platform_id) REFERENCES change_capture.platforms(platform_id);
ALTER TABLE ONLY change_capture.source_models
    ADD CONSTRAINT source_models_platform_fkey FOREIGN KEY (platform) REFERENCES change_capture.sources(platform) ON DELETE CASCADE;
