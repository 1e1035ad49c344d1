-- Up to which version the changes of syncs with an interval are on their way. `is_over`: the interval was taken off, and the run that
-- brings the rest has begun; the row goes with it.
CREATE TABLE schedules (
    sync text PRIMARY KEY,
    watermark bigint NOT NULL,
    looked_at timestamptz NOT NULL,
    is_over boolean NOT NULL DEFAULT false
);

-- A run brings what has changed in the versions behind `after_version`, up to `until_version`; 0: all records. It rests until
-- `resume_at`. What a mirror would remove is counted in `extra_count`, the first of them are in `extra_ids`;
-- with `hold` it waits for approval in any case.
ALTER TABLE runs
    ADD COLUMN after_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN until_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN resume_at timestamptz,
    ADD COLUMN extra_count bigint NOT NULL DEFAULT 0,
    ADD COLUMN extra_ids text[] NOT NULL DEFAULT '{}',
    ADD COLUMN hold boolean NOT NULL DEFAULT false;
CREATE INDEX runs_of_sync ON runs (sync, run_id);
