CREATE SCHEMA platform_registry;
CREATE FUNCTION platform_registry.note_configuration_changes() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'platform_registry'
    AS $$
DECLARE
    of_platforms text[];
    names text[];
    noted bigint;
BEGIN
    IF TG_TABLE_NAME <> 'models' THEN
        SELECT array_agg(''::text), array_agg(o.name) INTO of_platforms, names
        FROM (SELECT DISTINCT c.name FROM changed c) o;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(p.name), array_agg(c.model) INTO of_platforms, names
        FROM changed c JOIN former f USING (model_id) JOIN platforms p ON p.platform_id = c.platform_id
        WHERE c.definition IS NOT NULL OR f.definition IS NOT NULL;
    ELSE
        SELECT array_agg(p.name), array_agg(c.model) INTO of_platforms, names
        FROM changed c JOIN platforms p ON p.platform_id = c.platform_id
        WHERE c.definition IS NOT NULL;
    END IF;
    IF names IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE configuration SET changes = changes + cardinality(names) RETURNING changes - cardinality(names) INTO noted;
    INSERT INTO configuration_changes AS c (kind, platform, name, change)
    SELECT TG_TABLE_NAME, o.platform, o.name, noted + o.place
    FROM unnest(of_platforms, names) WITH ORDINALITY AS o(platform, name, place)
    ON CONFLICT (kind, platform, name) DO UPDATE SET change = excluded.change;
    RETURN NULL;
END
$$;
CREATE TABLE platform_registry.answers (
    request_id uuid NOT NULL,
    method text NOT NULL,
    request bytea NOT NULL,
    response bytea NOT NULL,
    create_time timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE platform_registry.assignment_changes (
    revision bigint NOT NULL,
    entity_id uuid NOT NULL,
    before integer[] NOT NULL,
    after integer[] NOT NULL,
    author text NOT NULL,
    change_time timestamp with time zone NOT NULL
);
CREATE TABLE platform_registry.assignment_revision (
    only_row boolean DEFAULT true NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT assignment_revision_only_row_check CHECK (only_row)
);
CREATE TABLE platform_registry.assignments (
    entity_id uuid NOT NULL,
    platform_ids integer[] NOT NULL,
    revision bigint NOT NULL,
    update_time timestamp with time zone NOT NULL
);
CREATE TABLE platform_registry.configuration (
    only_row boolean DEFAULT true NOT NULL,
    revision bigint NOT NULL,
    changes bigint DEFAULT 0 NOT NULL,
    CONSTRAINT configuration_only_row_check CHECK (only_row)
);
CREATE TABLE platform_registry.configuration_changes (
    kind text NOT NULL COLLATE pg_catalog."C",
    platform text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    change bigint NOT NULL
);
CREATE TABLE platform_registry.enrolment_tokens (
    token_id text NOT NULL COLLATE pg_catalog."C",
    secret_hash bytea NOT NULL,
    platform text NOT NULL COLLATE pg_catalog."C",
    allowed_addresses text[] NOT NULL,
    max_rate double precision NOT NULL,
    create_time timestamp with time zone DEFAULT now() NOT NULL,
    expire_time timestamp with time zone NOT NULL,
    use_time timestamp with time zone
);
CREATE TABLE platform_registry.keys (
    key_id text NOT NULL COLLATE pg_catalog."C",
    secret_hash bytea NOT NULL,
    role text NOT NULL,
    platform text COLLATE pg_catalog."C",
    scopes text[] NOT NULL,
    display_name text NOT NULL,
    allowed_addresses text[] NOT NULL,
    max_rate double precision NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    create_time timestamp with time zone DEFAULT now() NOT NULL,
    expire_time timestamp with time zone,
    revoke_time timestamp with time zone,
    last_used_time timestamp with time zone,
    last_used_address text DEFAULT ''::text NOT NULL,
    replaces text COLLATE pg_catalog."C",
    confirm_time timestamp with time zone,
    CONSTRAINT keys_check CHECK (((role = 'ROLE_PLATFORM'::text) = (platform IS NOT NULL)))
);
CREATE TABLE platform_registry.models (
    model_id integer NOT NULL,
    platform_id integer NOT NULL,
    model text NOT NULL COLLATE pg_catalog."C",
    definition jsonb,
    analyze_time timestamp with time zone,
    assignable boolean DEFAULT false NOT NULL
);
ALTER TABLE platform_registry.models ALTER COLUMN model_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME platform_registry.models_model_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE platform_registry.pipeline_revisions (
    name text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL,
    definition jsonb NOT NULL,
    create_time timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE platform_registry.pipelines (
    name text NOT NULL COLLATE pg_catalog."C",
    definition jsonb NOT NULL,
    revision bigint NOT NULL,
    create_time timestamp with time zone DEFAULT now() NOT NULL,
    update_time timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE platform_registry.plan_batches (
    batch_id bigint NOT NULL,
    platform_id integer NOT NULL,
    model_id integer NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    entity_ids uuid[] NOT NULL,
    sync_id integer
)
WITH (autovacuum_vacuum_scale_factor='0.05');
ALTER TABLE ONLY platform_registry.plan_batches ALTER COLUMN entity_ids SET STORAGE EXTERNAL;
ALTER TABLE platform_registry.plan_batches ALTER COLUMN batch_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME platform_registry.plan_batches_batch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE platform_registry.platforms (
    platform_id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    display_name text NOT NULL,
    kind text NOT NULL,
    channel text NOT NULL,
    capture_mode text NOT NULL,
    database_uri text,
    password_file text,
    password_environment text,
    revision bigint NOT NULL,
    create_time timestamp with time zone DEFAULT now() NOT NULL,
    update_time timestamp with time zone DEFAULT now() NOT NULL,
    webhook jsonb,
    delivery jsonb,
    lock_reason text,
    lock_time timestamp with time zone,
    lock_expire_time timestamp with time zone,
    password_sealed jsonb,
    files jsonb,
    CONSTRAINT platforms_check CHECK (((password_file IS NULL) OR (password_environment IS NULL))),
    CONSTRAINT platforms_check1 CHECK ((num_nonnulls(password_file, password_environment, password_sealed) <= 1))
);
ALTER TABLE platform_registry.platforms ALTER COLUMN platform_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME platform_registry.platforms_platform_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE platform_registry.replicas (
    entity_id uuid NOT NULL,
    model_id integer NOT NULL,
    platform_id integer NOT NULL,
    sync_id integer,
    desired_version bigint DEFAULT 0 NOT NULL,
    applied_version bigint DEFAULT 0 NOT NULL,
    parked_version bigint DEFAULT 0 NOT NULL,
    deleted_version bigint DEFAULT '9223372036854775807'::bigint NOT NULL,
    planned_at timestamp with time zone,
    deleted boolean DEFAULT false NOT NULL,
    local_id text COLLATE pg_catalog."C",
    fingerprint bytea,
    detached boolean DEFAULT false NOT NULL,
    is_home boolean DEFAULT false NOT NULL,
    echo_awaited boolean DEFAULT false NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_analyze_scale_factor='0.05', fillfactor='50');
CREATE TABLE platform_registry.sync_revisions (
    sync_id integer NOT NULL,
    revision bigint NOT NULL,
    definition jsonb NOT NULL,
    deleted boolean NOT NULL,
    create_time timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE platform_registry.syncs (
    sync_id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    source_model_id integer NOT NULL,
    target_model_id integer NOT NULL,
    definition jsonb NOT NULL,
    revision bigint NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    create_time timestamp with time zone DEFAULT now() NOT NULL,
    update_time timestamp with time zone DEFAULT now() NOT NULL,
    broken text DEFAULT ''::text NOT NULL,
    guard_state integer DEFAULT 0 NOT NULL,
    guard_leaving_count bigint DEFAULT 0 NOT NULL,
    guard_record_count bigint DEFAULT 0 NOT NULL,
    guard_time timestamp with time zone,
    guarded_definition jsonb
);
ALTER TABLE platform_registry.syncs ALTER COLUMN sync_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME platform_registry.syncs_sync_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY platform_registry.answers
    ADD CONSTRAINT answers_pkey PRIMARY KEY (request_id);
ALTER TABLE ONLY platform_registry.assignment_changes
    ADD CONSTRAINT assignment_changes_pkey PRIMARY KEY (revision);
ALTER TABLE ONLY platform_registry.assignment_revision
    ADD CONSTRAINT assignment_revision_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY platform_registry.assignments
    ADD CONSTRAINT assignments_pkey PRIMARY KEY (entity_id);
ALTER TABLE ONLY platform_registry.configuration_changes
    ADD CONSTRAINT configuration_changes_pkey PRIMARY KEY (kind, platform, name);
ALTER TABLE ONLY platform_registry.configuration
    ADD CONSTRAINT configuration_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY platform_registry.enrolment_tokens
    ADD CONSTRAINT enrolment_tokens_pkey PRIMARY KEY (token_id);
ALTER TABLE ONLY platform_registry.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (key_id);
ALTER TABLE ONLY platform_registry.models
    ADD CONSTRAINT models_pkey PRIMARY KEY (model_id);
ALTER TABLE ONLY platform_registry.models
    ADD CONSTRAINT models_platform_id_model_key UNIQUE (platform_id, model);
ALTER TABLE ONLY platform_registry.pipeline_revisions
    ADD CONSTRAINT pipeline_revisions_pkey PRIMARY KEY (name, revision);
ALTER TABLE ONLY platform_registry.pipelines
    ADD CONSTRAINT pipelines_pkey PRIMARY KEY (name);
ALTER TABLE ONLY platform_registry.plan_batches
    ADD CONSTRAINT plan_batches_pkey PRIMARY KEY (batch_id);
ALTER TABLE ONLY platform_registry.platforms
    ADD CONSTRAINT platforms_name_key UNIQUE (name);
ALTER TABLE ONLY platform_registry.platforms
    ADD CONSTRAINT platforms_pkey PRIMARY KEY (platform_id);
ALTER TABLE ONLY platform_registry.replicas
    ADD CONSTRAINT replicas_pkey PRIMARY KEY (entity_id, model_id);
ALTER TABLE ONLY platform_registry.sync_revisions
    ADD CONSTRAINT sync_revisions_pkey PRIMARY KEY (sync_id, revision);
ALTER TABLE ONLY platform_registry.syncs
    ADD CONSTRAINT syncs_name_source_model_id_target_model_id_key UNIQUE (name, source_model_id, target_model_id);
ALTER TABLE ONLY platform_registry.syncs
    ADD CONSTRAINT syncs_pkey PRIMARY KEY (sync_id);
CREATE INDEX answers_by_age ON platform_registry.answers USING btree (create_time);
CREATE INDEX assignment_changes_by_entity ON platform_registry.assignment_changes USING btree (entity_id, revision);
CREATE INDEX configuration_changes_by_number ON platform_registry.configuration_changes USING btree (change);
CREATE INDEX enrolment_tokens_by_expire_time ON platform_registry.enrolment_tokens USING btree (expire_time);
CREATE INDEX enrolment_tokens_by_platform ON platform_registry.enrolment_tokens USING btree (platform);
CREATE INDEX keys_by_platform ON platform_registry.keys USING btree (platform) WHERE (revoke_time IS NULL);
CREATE INDEX keys_by_replaced ON platform_registry.keys USING btree (replaces) WHERE (revoke_time IS NULL);
CREATE INDEX keys_by_time ON platform_registry.keys USING btree (create_time, key_id);
CREATE INDEX plan_batches_by_time ON platform_registry.plan_batches USING btree (platform_id, planned_at);
CREATE UNIQUE INDEX replicas_by_local_id ON platform_registry.replicas USING btree (model_id, local_id, deleted_version) WHERE (local_id IS NOT NULL);
CREATE INDEX replicas_echo_awaited ON platform_registry.replicas USING btree (entity_id) WHERE echo_awaited;
CREATE UNIQUE INDEX syncs_by_name ON platform_registry.syncs USING btree (name) WHERE (NOT deleted);
CREATE INDEX syncs_by_source_model ON platform_registry.syncs USING btree (source_model_id);
CREATE INDEX syncs_by_target_model ON platform_registry.syncs USING btree (target_model_id);
CREATE TRIGGER models_came AFTER INSERT ON platform_registry.models REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
CREATE TRIGGER models_changed AFTER UPDATE ON platform_registry.models REFERENCING OLD TABLE AS former NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
CREATE TRIGGER models_gone AFTER DELETE ON platform_registry.models REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
CREATE TRIGGER pipelines_came AFTER INSERT ON platform_registry.pipelines REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
CREATE TRIGGER pipelines_changed AFTER UPDATE ON platform_registry.pipelines REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
CREATE TRIGGER pipelines_gone AFTER DELETE ON platform_registry.pipelines REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
CREATE TRIGGER platforms_came AFTER INSERT ON platform_registry.platforms REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
CREATE TRIGGER platforms_changed AFTER UPDATE ON platform_registry.platforms REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
CREATE TRIGGER platforms_gone AFTER DELETE ON platform_registry.platforms REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
CREATE TRIGGER syncs_came AFTER INSERT ON platform_registry.syncs REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
CREATE TRIGGER syncs_changed AFTER UPDATE ON platform_registry.syncs REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
CREATE TRIGGER syncs_gone AFTER DELETE ON platform_registry.syncs REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION platform_registry.note_configuration_changes();
ALTER TABLE ONLY platform_registry.keys
    ADD CONSTRAINT keys_replaces_fkey FOREIGN KEY (replaces) REFERENCES platform_registry.keys(key_id);
ALTER TABLE ONLY platform_registry.models
    ADD CONSTRAINT models_platform_id_fkey FOREIGN KEY (platform_id) REFERENCES platform_registry.platforms(platform_id) ON DELETE CASCADE;
ALTER TABLE ONLY platform_registry.sync_revisions
    ADD CONSTRAINT sync_revisions_sync_id_fkey FOREIGN KEY (sync_id) REFERENCES platform_registry.syncs(sync_id);
