-- What is asked for by type or by time alone is found without passing over everything else.
CREATE INDEX search_kind ON search (type, cursor);
CREATE INDEX search_version ON search (version);
