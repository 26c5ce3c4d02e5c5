-- Searches that people keep under a name, for themselves or for all of their organisation.
CREATE TABLE saved_view (
  id           uuid PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisation ON DELETE CASCADE,
  account      text NOT NULL REFERENCES account ON DELETE CASCADE,
  name         text NOT NULL,
  query        text NOT NULL,
  shared       boolean NOT NULL,
  created      bigint NOT NULL,
  UNIQUE (account, name)
);
