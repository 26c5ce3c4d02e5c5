ALTER TABLE collection DROP COLUMN private;
