-- What the REST interface needs: the search index, answers that are replayed, hooks and what was delivered to them.

-- One row for each placement up to `search_mark.cursor`, written by store/search/index.py behind those who add. Rows of placements that
-- move or go are deleted in the same transaction (`forget`), so that none of them outlives its placement.
CREATE TABLE search (
  cursor        bigint PRIMARY KEY,
  version       bigint NOT NULL,
  collection_id integer NOT NULL,
  label_id      integer NOT NULL,
  confidence    smallint,
  revoked       boolean NOT NULL,
  type          text NOT NULL,
  stix_id       text NOT NULL,
  name          text NOT NULL,
  document      tsvector NOT NULL
);
CREATE INDEX search_document ON search USING gin (document);
CREATE INDEX search_id ON search (stix_id);
CREATE INDEX search_label ON search (label_id, cursor);
CREATE INDEX search_type ON search (label_id, type, cursor);
-- What is offered while someone types: names and values by their beginning.
CREATE TABLE search_name (
  cursor        bigint NOT NULL,
  collection_id integer NOT NULL,
  label_id      integer NOT NULL,
  folded        text COLLATE "C" NOT NULL,
  shown         text NOT NULL,
  kind          text NOT NULL
);
CREATE INDEX search_name_folded ON search_name (label_id, folded);
CREATE INDEX search_name_cursor ON search_name (cursor);
CREATE TABLE search_mark (one boolean PRIMARY KEY DEFAULT true CHECK (one), cursor bigint NOT NULL);
INSERT INTO search_mark (cursor) VALUES (-1);

-- Answers to requests with an Idempotency-Key, for as long as `idempotency.LIFE`. `status` is 0 while the first request is under way.
CREATE TABLE idempotency (
  account     text NOT NULL,
  key         text NOT NULL,
  fingerprint bytea NOT NULL,
  at          bigint NOT NULL,
  status      smallint NOT NULL,
  headers     jsonb NOT NULL,
  body        bytea NOT NULL,
  PRIMARY KEY (account, key)
);

CREATE TABLE webhook (
  id           uuid PRIMARY KEY,
  organisation text NOT NULL REFERENCES organisation ON DELETE CASCADE,
  account      text NOT NULL REFERENCES account ON DELETE CASCADE,
  url          text NOT NULL,
  query        text NOT NULL,
  secret       bytea NOT NULL,
  former       bytea,            -- the secret before the last rotation, signed with as well
  former_until bigint NOT NULL DEFAULT 0,
  enabled      boolean NOT NULL DEFAULT true,
  created      bigint NOT NULL,
  position     bigint NOT NULL,  -- cursor up to which matches were queued
  UNIQUE (organisation, url, query)
);
CREATE TABLE delivery (
  id       uuid PRIMARY KEY,
  webhook  uuid NOT NULL REFERENCES webhook ON DELETE CASCADE,
  made     bigint NOT NULL,
  cursors  bigint[] NOT NULL,    -- placements it tells of; the payload is made, and decided about, when it is sent
  state    text NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  next     bigint NOT NULL,
  said     text NOT NULL DEFAULT ''
);
CREATE INDEX delivery_due ON delivery (next) WHERE state = 'waiting';
CREATE INDEX delivery_webhook ON delivery (webhook, made);
