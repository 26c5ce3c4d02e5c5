-- When the last backup was made is asked of a journal that is long, and holds few of them or none.
CREATE INDEX journal_backup ON journal (id) WHERE action = 'backup';

-- Ids, by their hash, that more than one row of `search` has, or had once: of all others nobody has to look for a newer version.
-- It is small, and so at hand, where the index of all ids is neither.
CREATE TABLE search_again (id bigint PRIMARY KEY);
INSERT INTO search_again SELECT DISTINCT hashtextextended(stix_id, 0) FROM (
  SELECT stix_id FROM search GROUP BY stix_id HAVING count(*) > 1
) several;

-- What is told apart by what these indexes hold need not be fetched, which costs twenty times as much.
DROP INDEX search_version;
CREATE INDEX search_version ON search (version) INCLUDE (cursor, collection_id, label_id, confidence, revoked, type);
DROP INDEX search_kind;
CREATE INDEX search_kind ON search (type, cursor) INCLUDE (version, collection_id, label_id, confidence, revoked);
-- An index answers by itself where a page is known to be seen by all, which a vacuum finds out: not only after a fifth of the table is new.
ALTER TABLE search SET (autovacuum_vacuum_insert_scale_factor = 0.01);
