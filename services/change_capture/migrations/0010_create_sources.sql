-- Where the capture of each platform's database stands. Positions are bytes in the source's write-ahead log.

CREATE TABLE sources (
    platform text COLLATE "C" PRIMARY KEY,
    -- Rises with every process that takes the source over; what an earlier owner still writes is refused.
    owner bigint NOT NULL DEFAULT 0,
    -- The number of the last group of changes that this owner has committed: groups count in order or not at all.
    sequence bigint NOT NULL DEFAULT 0,
    -- Of the cluster that the positions belong to; empty while there is no slot of ours.
    system_identifier text NOT NULL DEFAULT '',
    confirmed_position bigint NOT NULL DEFAULT 0,
    -- A transaction behind confirmed_position whose first changes are in the log already: where its commit record
    -- begins, and how many of its changes are in. 0 if there is none.
    transaction_position bigint NOT NULL DEFAULT 0,
    transaction_change_count bigint NOT NULL DEFAULT 0,
    -- As cognate.v1.SourceState.
    state smallint NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    lag_bytes bigint NOT NULL DEFAULT 0,
    update_time timestamptz NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE source_models (
    platform text COLLATE "C" NOT NULL REFERENCES sources ON DELETE CASCADE,
    model text COLLATE "C" NOT NULL,
    -- The table's OID when its snapshot began: another table of the same name begins anew.
    relation_oid bigint NOT NULL DEFAULT 0,
    snapshot_complete boolean NOT NULL DEFAULT false,
    -- Changes that were committed before it are in the snapshot.
    snapshot_position bigint NOT NULL DEFAULT 0,
    snapshot_row_count bigint NOT NULL DEFAULT 0,
    obstacle text NOT NULL DEFAULT '',
    -- The key and the columns that the table had then: after an ALTER TABLE that changes them it is read anew.
    shape text NOT NULL DEFAULT '',
    PRIMARY KEY (platform, model)
) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
