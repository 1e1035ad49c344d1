-- Which files the records of platforms lead to, and how those files come to the targets.

-- What a field of a platform's record leads to: of a target as Cognate wrote it, of a source as it was read there.
CREATE TABLE bindings (
    platform text NOT NULL,
    entity_id uuid NOT NULL,
    model text NOT NULL,
    field text NOT NULL,
    position integer NOT NULL,
    -- NULL: nobody has seen the content yet.
    sha256 bytea,
    -- Below the platform's files, or as its agent named it.
    path text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (platform, entity_id, model, field, position)
) WITH (fillfactor = 80);
CREATE INDEX bindings_of_entity ON bindings (entity_id);
CREATE INDEX bindings_of_content ON bindings (sha256) WHERE sha256 IS NOT NULL;

-- A file that a target is to have, or has.
CREATE TABLE placements (
    platform text NOT NULL,
    -- Relative to the target's files.
    path text NOT NULL,
    -- NULL: no record leads to it any more; the file is still there.
    sha256 bytea,
    size_bytes bigint NOT NULL,
    media_type text NOT NULL,
    -- The source's, for people.
    name text NOT NULL,
    -- cognate.v1.PlacementState: DUE, PLACED or REFUSED
    state smallint NOT NULL,
    -- Where its agent put it instead; empty: at `path`.
    actual_path text NOT NULL DEFAULT '',
    placed_bytes bigint NOT NULL DEFAULT 0,
    reason text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    attempt_count integer NOT NULL DEFAULT 0,
    -- When this service tries; NULL: the platform's agent does.
    next_attempt_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (platform, path)
) WITH (fillfactor = 80);
CREATE INDEX placements_of_content ON placements (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX placements_to_do ON placements (next_attempt_at) WHERE state = 2 AND next_attempt_at IS NOT NULL;
CREATE INDEX placements_missing ON placements (platform, created_at, path) WHERE state = 2;

-- The contents of files in directories of platforms, by what the file system says of them: who finds the same need not read them.
CREATE TABLE seen_files (
    platform text NOT NULL,
    path text NOT NULL,
    inode bigint NOT NULL,
    size_bytes bigint NOT NULL,
    -- Nanoseconds since 1970.
    modify_time_ns bigint NOT NULL,
    change_time_ns bigint NOT NULL,
    sha256 bytea NOT NULL,
    PRIMARY KEY (platform, path)
) WITH (fillfactor = 80);
CREATE INDEX seen_files_of_content ON seen_files (sha256);

-- Files of sources that are too large to be read while somebody waits.
CREATE TABLE reads (
    platform text NOT NULL,
    path text NOT NULL,
    attempt_count integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    PRIMARY KEY (platform, path)
);
CREATE INDEX reads_due ON reads (next_attempt_at);

-- Records that were told to wait for a file, until they ask again and need not.
CREATE TABLE waits (
    platform text NOT NULL,
    entity_id uuid NOT NULL,
    model text NOT NULL,
    field text NOT NULL,
    position integer NOT NULL,
    -- What is waited for: a file of this platform,
    source_platform text NOT NULL,
    source_path text NOT NULL,
    -- or, where it is known, this content,
    sha256 bytea,
    -- and, once it is stored, its copy on the target; empty before.
    path text NOT NULL,
    look_count integer NOT NULL DEFAULT 0,
    next_look_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (platform, entity_id, model, field, position)
);
CREATE INDEX waits_due ON waits (next_look_at);
CREATE INDEX waits_of_path ON waits (platform, path) WHERE path <> '';
CREATE INDEX waits_of_source ON waits (source_platform, source_path);
CREATE INDEX waits_of_content ON waits (sha256) WHERE sha256 IS NOT NULL AND path = '';
