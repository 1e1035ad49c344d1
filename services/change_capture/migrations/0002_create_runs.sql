-- Runs go on over restarts: the cursor is committed together with the batch that it stands for.
CREATE TABLE runs (
    run_id uuid PRIMARY KEY,
    request_id text UNIQUE,
    kind smallint NOT NULL,
    sync text NOT NULL,
    source_platform text NOT NULL,
    source_model text NOT NULL,
    target_platform text NOT NULL,
    state smallint NOT NULL,
    cursor text COLLATE "C" NOT NULL DEFAULT '',
    record_count bigint NOT NULL DEFAULT 0,
    replayed_count bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    error text NOT NULL DEFAULT ''
);

CREATE INDEX runs_unfinished ON runs (run_id) WHERE finished_at IS NULL;
