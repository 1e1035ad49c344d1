-- Why a replica cannot follow right now. A row exists only while something is wrong.
CREATE TABLE troubles (
    entity_id uuid NOT NULL,
    platform text NOT NULL,
    model text NOT NULL,
    -- cognate.v1.ReplicaState
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
    -- The next step of the loop: a replay, or (without `replay`) a look at the ledger. NULL: nothing comes by itself.
    next_attempt_at timestamptz,
    replay boolean NOT NULL,
    -- Replays since the last outcome.
    replay_count integer NOT NULL,
    -- NULL unless it waits, or is one of a cycle.
    waits_for_entity uuid,
    waits_for_model text NOT NULL,
    waits_for_source_platform text NOT NULL,
    waits_for_source_model text NOT NULL,
    waits_for_source_local_id text NOT NULL,
    may_be_incomplete boolean NOT NULL,
    -- The next replay may leave references empty.
    allow_incomplete boolean NOT NULL,
    -- The target has the record, but for a reference.
    incomplete boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (entity_id, platform, model)
);

CREATE INDEX troubles_replay_due ON troubles (next_attempt_at) WHERE replay AND next_attempt_at IS NOT NULL;
CREATE INDEX troubles_look_due ON troubles (next_attempt_at) WHERE NOT replay AND next_attempt_at IS NOT NULL;
CREATE INDEX troubles_waiters ON troubles (waits_for_entity, platform, waits_for_model)
    WHERE waits_for_entity IS NOT NULL;
-- HELD
CREATE INDEX troubles_held ON troubles (platform) WHERE state = 5 AND NOT replay;
CREATE INDEX troubles_oldest ON troubles (created_at, entity_id, platform, model);
CREATE INDEX troubles_oldest_of_platform ON troubles (platform, created_at, entity_id, model);
