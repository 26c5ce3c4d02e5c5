ALTER TABLE search RESET (autovacuum_vacuum_insert_scale_factor);
DROP INDEX search_kind;
CREATE INDEX search_kind ON search (type, cursor);
DROP INDEX search_version;
CREATE INDEX search_version ON search (version);
DROP TABLE search_again;
DROP INDEX journal_backup;
