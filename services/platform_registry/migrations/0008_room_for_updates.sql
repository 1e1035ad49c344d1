-- Half of each page is left for the next versions of its rows. A batch updates all rows of a page at once: with less room
-- most of them would move to another page, and every index would be written for each.
ALTER TABLE replicas SET (fillfactor = 50);
