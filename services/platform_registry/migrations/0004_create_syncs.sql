-- Syncs with all their revisions. A deleted sync keeps its row, for what it has planned; made again under the same name for
-- the same models it takes its row back.
CREATE TABLE syncs (
    sync_id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text COLLATE "C" NOT NULL,
    source_model_id integer NOT NULL,
    target_model_id integer NOT NULL,
    definition      jsonb NOT NULL,
    revision        bigint NOT NULL,
    deleted         boolean NOT NULL DEFAULT false,
    create_time     timestamptz NOT NULL DEFAULT now(),
    update_time     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (name, source_model_id, target_model_id)
);
CREATE UNIQUE INDEX syncs_by_name ON syncs (name) WHERE NOT deleted;

CREATE TABLE sync_revisions (
    sync_id     integer NOT NULL REFERENCES syncs,
    revision    bigint NOT NULL,
    definition  jsonb NOT NULL,
    deleted     boolean NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sync_id, revision)
);
