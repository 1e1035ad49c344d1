-- Why a sync no longer fits what its platforms have; empty while it fits. It is no part of what somebody wrote, so that it is
-- neither in the definition nor a revision. A broken sync plans nothing, and what it has planned waits.
ALTER TABLE syncs ADD COLUMN broken text DEFAULT '' NOT NULL;
