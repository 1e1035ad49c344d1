-- The model catalogue. `model_id` names a model in the ledger and never changes; a model that the ledger met before the
-- catalogue did has no definition yet, nor one that is gone from its database.
CREATE TABLE models (
    model_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform_id  integer NOT NULL REFERENCES platforms ON DELETE CASCADE,
    model        text COLLATE "C" NOT NULL,
    definition   jsonb,
    analyze_time timestamptz,
    UNIQUE (platform_id, model)
);
