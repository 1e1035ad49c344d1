-- What was last taken of each record that others are made of: by which version of it and which rules, the parts that it has, and why
-- the newest version has none. `turn` rises with every write: whoever has compared with an older row writes nothing. `part_ids` are
-- joined like the fields of a key, `hashes` are 16 bytes of each part's content. A deleted record keeps its row, so that an older
-- set of it stays older.
CREATE TABLE part_sets (
    parent_model_id integer NOT NULL,
    parent_id text COLLATE "C" NOT NULL,
    model_id integer NOT NULL,
    turn bigint NOT NULL,
    version bigint NOT NULL,
    rules_revision bigint NOT NULL,
    captured_at timestamptz NOT NULL,
    part_ids text COLLATE "C" NOT NULL,
    hashes bytea NOT NULL,
    error bytea,
    PRIMARY KEY (parent_model_id, parent_id, model_id)
) WITH (fillfactor = 85);
CREATE INDEX part_sets_refused ON part_sets (parent_model_id, parent_id, model_id) WHERE error IS NOT NULL;
