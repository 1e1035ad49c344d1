-- The change log, and what of it is not planned yet. Everything else can be lost and rebuilt from here.

-- Short numbers for names that every change would otherwise repeat. Rows are never deleted.
CREATE TABLE platforms (
    platform_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform text NOT NULL UNIQUE
);

CREATE TABLE models (
    model_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform_id integer NOT NULL REFERENCES platforms,
    model text NOT NULL,
    UNIQUE (platform_id, model)
);

-- One row. Its lock makes appenders take turns, so that versions are given in commit order without gaps. The rules revision
-- only rises, so that no batch of any process is stamped with older rules than one before it. Updated with every commit:
-- room on the page lets dead versions of the row be pruned at once, without vacuum.
CREATE TABLE version_counter (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL,
    rules_revision bigint NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_cost_delay = 0);

INSERT INTO version_counter (version, rules_revision) VALUES (0, 0);

-- Local ids and change ids sort by bytes: nobody sorts them for people, and pages go by them.
CREATE TABLE changes (
    version bigint PRIMARY KEY,
    captured_at timestamptz NOT NULL,
    source_time timestamptz,
    platform_id integer NOT NULL,
    model_id integer NOT NULL,
    operation smallint NOT NULL,
    local_id text COLLATE "C" NOT NULL,
    change_id text COLLATE "C",
    fields bytea NOT NULL
) WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);

CREATE INDEX changes_of_record ON changes (model_id, local_id, version DESC);
CREATE UNIQUE INDEX changes_change_id ON changes (platform_id, change_id) WHERE change_id IS NOT NULL;

-- Batches that are not acknowledged: a row lives from the commit of its changes (or of its replay) until it is planned.
-- `queued_at` says when it was put on the stream; NULL: it waits to be put there.
CREATE TABLE batches (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queued_at timestamptz,
    first_version bigint,
    last_version bigint,
    versions bigint[],
    rules_revision bigint NOT NULL,
    target_platform text NOT NULL DEFAULT '',
    allow_incomplete boolean NOT NULL DEFAULT false,
    -- A capture is a range of versions, a replay is a list.
    CHECK ((first_version IS NULL) = (last_version IS NULL) AND (first_version IS NULL) = (versions IS NOT NULL))
) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 2000,
        autovacuum_analyze_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX batches_unqueued ON batches (batch_id) WHERE queued_at IS NULL;
CREATE INDEX batches_queued ON batches (queued_at) WHERE queued_at IS NOT NULL;

-- The table is all but empty in the books while thousands of rows pass through it, so a cached plan would read it from end to
-- end. A lost acknowledgement only makes a batch be planned twice: it need not wait for the disk.
CREATE FUNCTION acknowledge_batches(ids bigint[]) RETURNS bigint
    LANGUAGE plpgsql
    SET enable_seqscan TO off
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
