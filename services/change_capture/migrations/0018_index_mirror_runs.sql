-- What the newest mirror run of each sync has found is looked at every few seconds; other runs are many more.
CREATE INDEX runs_of_mirrors ON runs (sync, run_id) WHERE kind = 4;
