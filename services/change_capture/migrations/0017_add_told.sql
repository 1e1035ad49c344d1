-- Which state of a run or a conflict the feedback service was told last, so that none is lost when a process dies in between; 0: none.
-- What is there already is no news.
ALTER TABLE runs ADD COLUMN told smallint NOT NULL DEFAULT 0;
UPDATE runs SET told = state;
CREATE INDEX runs_untold ON runs (run_id) WHERE state IN (3, 4, 6) AND told <> state;

ALTER TABLE conflicts ADD COLUMN told smallint NOT NULL DEFAULT 0;
UPDATE conflicts SET told = state;
CREATE INDEX conflicts_untold ON conflicts (conflict_id) WHERE told <> state;
