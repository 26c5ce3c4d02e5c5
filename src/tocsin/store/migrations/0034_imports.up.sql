-- What was imported: by whom, from what, into which collection, how far it is and what became of it (`report`).
CREATE TABLE import_run (
  id           uuid PRIMARY KEY,
  organisation text NOT NULL,
  account      text NOT NULL,
  channel      text NOT NULL,
  collection   text NOT NULL,
  name         text NOT NULL,
  began        bigint NOT NULL,
  moved        bigint NOT NULL,
  ended        bigint,
  report       jsonb NOT NULL
);
CREATE INDEX import_run_began ON import_run (organisation, began DESC);
