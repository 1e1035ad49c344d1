-- Records that are out of their sync's scope and were left in place: the ledger says so, since nothing else tells them from
-- those that have arrived.
ALTER TABLE replicas ADD COLUMN detached boolean DEFAULT false NOT NULL;
