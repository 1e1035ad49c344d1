-- What other services told, so that it is told once; kept as long as the events.
CREATE TABLE told_events (
    event_id text PRIMARY KEY,
    created_at timestamptz NOT NULL
);
CREATE INDEX told_events_created_at ON told_events (created_at);

-- Also what was not applied; such a minute need not have anything applied.
ALTER TABLE applied_per_minute RENAME TO done_per_minute;
ALTER TABLE done_per_minute RENAME COLUMN count TO applied_count;
ALTER TABLE done_per_minute ALTER COLUMN last_applied_at DROP NOT NULL;
ALTER TABLE done_per_minute ADD COLUMN failed_count bigint NOT NULL DEFAULT 0;
ALTER TABLE done_per_minute ADD COLUMN dead_count bigint NOT NULL DEFAULT 0;

-- The same by hours, for longer. Filled from the minutes.
CREATE TABLE done_per_hour (
    platform text NOT NULL,
    hour timestamptz NOT NULL,
    applied_count bigint NOT NULL,
    failed_count bigint NOT NULL,
    dead_count bigint NOT NULL,
    PRIMARY KEY (platform, hour)
);
CREATE INDEX done_per_hour_by_hour ON done_per_hour (hour);

-- Where events go by HTTP.
CREATE TABLE event_hooks (
    -- Without `eventHooks/`.
    id text PRIMARY KEY,
    -- cognate.v1.EventHook: endpoint, filter, digest, is_paused
    config bytea NOT NULL,
    is_paused boolean NOT NULL,
    -- The etag.
    revision bigint NOT NULL DEFAULT 1,
    -- Empty where the create had none.
    request_id text NOT NULL,
    created_at timestamptz NOT NULL,
    -- The next event to send when nothing is pending: its batch, and its place there.
    next_sequence bigint NOT NULL,
    next_index integer NOT NULL,
    -- One request that is under way, so that it is the same one after a crash; NULL: none. After it the feed goes on there.
    pending_id text,
    pending_body bytea,
    pending_sequence bigint,
    pending_index integer,
    broken text NOT NULL DEFAULT '',
    -- Nothing is sent until somebody changes the hook.
    is_stopped boolean NOT NULL DEFAULT false,
    last_error text NOT NULL DEFAULT '',
    last_sent_at timestamptz,
    -- Who sends, and until when nobody else may.
    lease_owner text NOT NULL DEFAULT '',
    lease_until timestamptz NOT NULL DEFAULT '-infinity'
);
