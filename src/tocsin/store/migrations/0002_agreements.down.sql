ALTER TABLE community DROP COLUMN agreement;
DROP TABLE party, agreement;
