-- Files that fields lead to by an address of the gateway, and the copies that stand in for them while their source does not answer.
CREATE TABLE links (
    -- The source, and what it has below its files, or as its agent names it.
    platform text NOT NULL,
    path text NOT NULL,
    -- The source's, for people.
    name text NOT NULL,
    -- The cognate.v1.FileRule that led to it last: what may be stored of it.
    rule bytea NOT NULL,
    -- The copy that is stored. NULL: there is none yet.
    sha256 bytea,
    -- What the source's agent says that it is, while that has not come.
    claimed_sha256 bytea,
    -- Why what is there now is not stored.
    reason text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    look_count integer NOT NULL DEFAULT 0,
    -- NULL: once a record is delivered that leads to it, or somebody opens it.
    next_look_at timestamptz,
    looked_at timestamptz,
    -- Since when no field leads to it.
    unused_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (platform, path)
) WITH (fillfactor = 80);
CREATE INDEX links_due ON links (next_look_at) WHERE next_look_at IS NOT NULL;
CREATE INDEX links_of_content ON links (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX links_claimed ON links (platform, claimed_sha256) WHERE claimed_sha256 IS NOT NULL;

-- Of a target's field that has such an address: which file it leads to.
ALTER TABLE bindings ADD COLUMN link_platform text;
ALTER TABLE bindings ADD COLUMN link_path text;
CREATE INDEX bindings_of_link ON bindings (link_platform, link_path) WHERE link_platform IS NOT NULL;
