ALTER TABLE agreement DROP COLUMN permitted, DROP COLUMN closed;
UPDATE state SET generation = generation + 1;
