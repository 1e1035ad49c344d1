-- The batches of a sync that is paused or deleted are passed over without a look at their replicas: a refill would otherwise
-- walk through all of its backlog each time. NULL in batches that are older than this column: they are looked at.
ALTER TABLE plan_batches ADD COLUMN sync_id integer;
