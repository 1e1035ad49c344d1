-- Chains of transforms that syncs name. A sync is judged, compiled and delivered again with what stands here.
CREATE TABLE pipelines (
    name        text COLLATE "C" PRIMARY KEY,
    definition  jsonb NOT NULL,
    revision    bigint NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now()
);

-- Every definition that there was, by the revision of the whole configuration that made it.
CREATE TABLE pipeline_revisions (
    name        text COLLATE "C" NOT NULL,
    revision    bigint NOT NULL,
    definition  jsonb NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, revision)
);
