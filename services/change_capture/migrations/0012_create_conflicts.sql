-- Set where the record does not hold the change yet: edits that met, put together.
ALTER TABLE changes ADD COLUMN is_amended boolean;

-- Deliveries as they were captured, to be looked at for edits that they were written over.
CREATE INDEX changes_delivered ON changes (version) WHERE origin_entity_id IS NOT NULL;

-- How far they were looked at.
CREATE TABLE conflict_cursor (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL
);
INSERT INTO conflict_cursor (version) SELECT coalesce(max(version), 0) FROM changes;

-- Records that met a delivery which did not know their last edit, and what edits of their own they must get back after the changes
-- up to `version`; often that is the amended version that brings them.
CREATE TABLE owed (
    model_id integer NOT NULL,
    local_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    content bytea NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (model_id, local_id)
);

CREATE TABLE conflicts (
    conflict_id uuid PRIMARY KEY,
    model_id integer NOT NULL,
    local_id text COLLATE "C" NOT NULL,
    state smallint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    content bytea NOT NULL
);
CREATE INDEX conflicts_of_record ON conflicts (model_id, local_id, conflict_id);
CREATE INDEX conflicts_open ON conflicts (conflict_id) WHERE state = 2;
