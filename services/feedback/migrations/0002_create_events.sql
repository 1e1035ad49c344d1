-- What became of changes, for watchers: one row for each report, in the order of their commits.
CREATE TABLE event_batches (
    sequence bigint PRIMARY KEY,
    created_at timestamptz NOT NULL,
    -- cognate.bus.v1.EventBatch
    payload bytea NOT NULL
);
-- Mostly ids, which do not compress: not worth the time.
ALTER TABLE event_batches ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE INDEX event_batches_created_at ON event_batches (created_at);

-- The one row whose lock makes reports commit in the order of their numbers, so that who reads `sequence > last` misses none.
CREATE TABLE event_counter (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    last_sequence bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO event_counter (last_sequence) VALUES (0);

CREATE TABLE applied_per_minute (
    platform text NOT NULL,
    minute timestamptz NOT NULL,
    count bigint NOT NULL,
    last_applied_at timestamptz NOT NULL,
    PRIMARY KEY (platform, minute)
) WITH (fillfactor = 50);
CREATE INDEX applied_per_minute_by_minute ON applied_per_minute (minute);
