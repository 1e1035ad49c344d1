-- Which platforms entities are meant for. One row an entity, whichever platform's record it was set by; numbers of platforms that are gone
-- mean nothing. `assignment_changes` is the history, and tells change-capture which records to judge anew: its revisions rise in the order of
-- commits, because writers take turns by the one row of `assignment_revision`.
CREATE TABLE assignment_revision (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL
);
INSERT INTO assignment_revision (revision) VALUES (0);

CREATE TABLE assignments (
    entity_id    uuid PRIMARY KEY,
    platform_ids integer[] NOT NULL,
    revision     bigint NOT NULL,
    update_time  timestamptz NOT NULL
);

CREATE TABLE assignment_changes (
    revision    bigint PRIMARY KEY,
    entity_id   uuid NOT NULL,
    before      integer[] NOT NULL,
    after       integer[] NOT NULL,
    author      text NOT NULL,
    change_time timestamptz NOT NULL
);
CREATE INDEX assignment_changes_by_entity ON assignment_changes (entity_id, revision);

-- Whether records of the model have assignments; no analysis changes it.
ALTER TABLE models ADD COLUMN assignable boolean NOT NULL DEFAULT false;

-- The record came into being there, and was not made by a delivery.
ALTER TABLE replicas ADD COLUMN is_home boolean NOT NULL DEFAULT false;
UPDATE replicas SET is_home = true WHERE sync_id IS NULL;
