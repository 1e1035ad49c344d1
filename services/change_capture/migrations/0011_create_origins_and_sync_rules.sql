-- Set where a delivery made the change: the entity and its version that was written. The version alone: the change renews it.
ALTER TABLE changes ADD COLUMN origin_entity_id uuid, ADD COLUMN origin_version bigint;

-- What the rules of each sync were when its records were last put on their way by them. A sync whose rules are others now has its
-- records delivered again.
CREATE TABLE sync_rules (
    sync text PRIMARY KEY,
    digest bytea NOT NULL,
    rules_revision bigint NOT NULL
);
