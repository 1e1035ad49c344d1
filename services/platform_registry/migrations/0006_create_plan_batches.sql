-- What was planned, batch by batch, in the order of time: the way to what is still due without an index on the versions of
-- replicas. A replica belongs to the batch that has its `planned_at`; a batch of which nothing is due any more is swept away.
-- Entity ids do not compress: they are stored aside as they are.
CREATE TABLE plan_batches (
    batch_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform_id integer NOT NULL,
    model_id    integer NOT NULL,
    planned_at  timestamptz NOT NULL,
    entity_ids  uuid[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE plan_batches ALTER COLUMN entity_ids SET STORAGE EXTERNAL;

CREATE INDEX plan_batches_by_time ON plan_batches (platform_id, planned_at);
