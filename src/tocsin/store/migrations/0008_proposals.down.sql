DROP TABLE proposal;
ALTER TABLE token DROP COLUMN ceiling;
