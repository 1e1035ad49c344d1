-- Everything that could confuse the embedding: semicolons, [brackets], ${variables}, \backslashes, "quotes".
CREATE TABLE words (word text NOT NULL CHECK (word <> ';'));
INSERT INTO words VALUES ('it''s "ä" \ [x;y] ${z}');
