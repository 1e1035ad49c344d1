-- Identity and ledger in one row, because a change then costs one write less for each target.
-- `deleted_version` ends the identity of a local id: a range scan from a version finds who had the id at that version. The
-- living have the largest number, so that the same scan finds them.
-- No index on versions or times: an update that changes no indexed column stays within its page and leaves the indexes alone
-- (HOT), which halves the cost of Plan and Settle. What is due is found by plan_batches.
-- No foreign keys: the rows are written by the hundred, and their ids come from this service alone.
CREATE TABLE replicas (
    entity_id       uuid NOT NULL,
    model_id        integer NOT NULL,
    platform_id     integer NOT NULL,
    sync_id         integer,
    desired_version bigint NOT NULL DEFAULT 0,
    applied_version bigint NOT NULL DEFAULT 0,
    parked_version  bigint NOT NULL DEFAULT 0,
    deleted_version bigint NOT NULL DEFAULT 9223372036854775807,
    planned_at      timestamptz,
    deleted         boolean NOT NULL DEFAULT false,
    local_id        text COLLATE "C",
    fingerprint     bytea,
    PRIMARY KEY (entity_id, model_id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

CREATE UNIQUE INDEX replicas_by_local_id ON replicas (model_id, local_id, deleted_version) WHERE local_id IS NOT NULL;
