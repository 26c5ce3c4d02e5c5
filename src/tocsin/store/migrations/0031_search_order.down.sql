DROP INDEX search_version;
DROP INDEX search_kind;
