CREATE SCHEMA feedback;
CREATE FUNCTION feedback.refuse_audit_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'entries of the audit are only ever added: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TABLE feedback.audit_entries (
    sequence bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    phase smallint NOT NULL,
    principal text NOT NULL,
    principal_display_name text NOT NULL,
    address text NOT NULL,
    method text NOT NULL,
    target text NOT NULL,
    request_id text NOT NULL,
    code text NOT NULL,
    request text NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    method_name text GENERATED ALWAYS AS ("substring"(method, '[^/]*$'::text)) STORED NOT NULL
);
CREATE TABLE feedback.audit_head (
    one boolean DEFAULT true NOT NULL,
    last_sequence bigint NOT NULL,
    last_hash bytea NOT NULL,
    CONSTRAINT audit_head_one_check CHECK (one)
)
WITH (fillfactor='10');
CREATE TABLE feedback.canaries (
    source text NOT NULL,
    target text NOT NULL,
    captured_at timestamp with time zone NOT NULL
);
CREATE TABLE feedback.done_per_hour (
    platform text NOT NULL,
    hour timestamp with time zone NOT NULL,
    applied_count bigint NOT NULL,
    failed_count bigint NOT NULL,
    dead_count bigint NOT NULL
);
CREATE TABLE feedback.done_per_minute (
    platform text NOT NULL,
    minute timestamp with time zone NOT NULL,
    applied_count bigint NOT NULL,
    last_applied_at timestamp with time zone,
    failed_count bigint DEFAULT 0 NOT NULL,
    dead_count bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE feedback.event_batches (
    sequence bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    payload bytea NOT NULL
);
ALTER TABLE ONLY feedback.event_batches ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE TABLE feedback.event_counter (
    one boolean DEFAULT true NOT NULL,
    last_sequence bigint NOT NULL,
    CONSTRAINT event_counter_one_check CHECK (one)
)
WITH (fillfactor='10');
CREATE TABLE feedback.event_hooks (
    id text NOT NULL,
    config bytea NOT NULL,
    is_paused boolean NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    request_id text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_sequence bigint NOT NULL,
    next_index integer NOT NULL,
    pending_id text,
    pending_body bytea,
    pending_sequence bigint,
    pending_index integer,
    broken text DEFAULT ''::text NOT NULL,
    is_stopped boolean DEFAULT false NOT NULL,
    last_error text DEFAULT ''::text NOT NULL,
    last_sent_at timestamp with time zone,
    lease_owner text DEFAULT ''::text NOT NULL,
    lease_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
);
CREATE TABLE feedback.told_events (
    event_id text NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE feedback.troubles (
    entity_id uuid NOT NULL,
    platform text NOT NULL,
    model text NOT NULL,
    state smallint NOT NULL,
    version bigint NOT NULL,
    source_platform text NOT NULL,
    source_model text NOT NULL,
    source_local_id text NOT NULL,
    target_local_id text NOT NULL,
    reason text NOT NULL,
    message text NOT NULL,
    field text NOT NULL,
    attempt_count integer NOT NULL,
    next_attempt_at timestamp with time zone,
    replay boolean NOT NULL,
    replay_count integer NOT NULL,
    waits_for_entity uuid,
    waits_for_model text NOT NULL,
    waits_for_source_platform text NOT NULL,
    waits_for_source_model text NOT NULL,
    waits_for_source_local_id text NOT NULL,
    may_be_incomplete boolean NOT NULL,
    allow_incomplete boolean NOT NULL,
    incomplete boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    acting_identity text DEFAULT ''::text NOT NULL,
    operation smallint DEFAULT 0 NOT NULL,
    held_at timestamp with time zone,
    release_count integer DEFAULT 0 NOT NULL
);
ALTER TABLE ONLY feedback.done_per_minute
    ADD CONSTRAINT applied_per_minute_pkey PRIMARY KEY (platform, minute);
ALTER TABLE ONLY feedback.audit_entries
    ADD CONSTRAINT audit_entries_pkey PRIMARY KEY (sequence);
ALTER TABLE ONLY feedback.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (one);
ALTER TABLE ONLY feedback.canaries
    ADD CONSTRAINT canaries_pkey PRIMARY KEY (source, target);
ALTER TABLE ONLY feedback.done_per_hour
    ADD CONSTRAINT done_per_hour_pkey PRIMARY KEY (platform, hour);
ALTER TABLE ONLY feedback.event_batches
    ADD CONSTRAINT event_batches_pkey PRIMARY KEY (sequence);
ALTER TABLE ONLY feedback.event_counter
    ADD CONSTRAINT event_counter_pkey PRIMARY KEY (one);
ALTER TABLE ONLY feedback.event_hooks
    ADD CONSTRAINT event_hooks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY feedback.told_events
    ADD CONSTRAINT told_events_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY feedback.troubles
    ADD CONSTRAINT troubles_pkey PRIMARY KEY (entity_id, platform, model);
CREATE INDEX applied_per_minute_by_minute ON feedback.done_per_minute USING btree (minute);
CREATE INDEX audit_entries_by_method ON feedback.audit_entries USING btree (method_name, sequence);
CREATE INDEX audit_entries_by_principal ON feedback.audit_entries USING btree (principal, sequence);
CREATE INDEX audit_entries_by_target ON feedback.audit_entries USING btree (target, sequence);
CREATE INDEX audit_entries_by_time ON feedback.audit_entries USING btree (created_at, sequence);
CREATE INDEX done_per_hour_by_hour ON feedback.done_per_hour USING btree (hour);
CREATE INDEX event_batches_created_at ON feedback.event_batches USING btree (created_at);
CREATE INDEX told_events_created_at ON feedback.told_events USING btree (created_at);
CREATE INDEX troubles_held ON feedback.troubles USING btree (platform, acting_identity) WHERE ((state = 5) AND (NOT replay));
CREATE INDEX troubles_held_since ON feedback.troubles USING btree (platform, held_at) WHERE ((state = 5) AND (NOT replay));
CREATE INDEX troubles_look_due ON feedback.troubles USING btree (next_attempt_at) WHERE ((NOT replay) AND (next_attempt_at IS NOT NULL));
CREATE INDEX troubles_oldest ON feedback.troubles USING btree (created_at, entity_id, platform, model);
CREATE INDEX troubles_oldest_of_platform ON feedback.troubles USING btree (platform, created_at, entity_id, model);
CREATE INDEX troubles_replay_due ON feedback.troubles USING btree (next_attempt_at) WHERE (replay AND (next_attempt_at IS NOT NULL));
CREATE INDEX troubles_waiters ON feedback.troubles USING btree (waits_for_entity, platform, waits_for_model) WHERE (waits_for_entity IS NOT NULL);
CREATE TRIGGER audit_entries_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON feedback.audit_entries FOR EACH STATEMENT EXECUTE FUNCTION feedback.refuse_audit_change();
ALTER TABLE feedback.audit_entries ENABLE ALWAYS TRIGGER audit_entries_append_only;
CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON feedback.audit_head FOR EACH STATEMENT EXECUTE FUNCTION feedback.refuse_audit_change();
ALTER TABLE feedback.audit_head ENABLE ALWAYS TRIGGER audit_head_stays;
