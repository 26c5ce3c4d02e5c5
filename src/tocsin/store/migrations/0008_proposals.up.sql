-- Tokens with a ceiling, and changes that somebody suggests and somebody else decides about.

ALTER TABLE token ADD COLUMN ceiling text CHECK (ceiling IN ('clear', 'green', 'amber', 'amber+strict', 'red'));

CREATE TABLE proposal (
  id           uuid PRIMARY KEY,
  made         bigint NOT NULL,
  expires      bigint NOT NULL,
  account      text NOT NULL,
  organisation text NOT NULL,
  token        text NOT NULL,
  channel      text NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('object', 'version', 'note', 'opinion', 'sighting', 'relation')),
  about        text NOT NULL,          -- STIX id of what it is about
  reason       text NOT NULL,
  collection   uuid NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  decider      text NOT NULL,          -- organisation whose people decide
  tlp          text NOT NULL,          -- the strictest level of the object, as it would be marked
  base         text NOT NULL,          -- `modified` of the version that a new one was made from, or ''
  body         bytea NOT NULL,         -- the object, as it would be written
  status       text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'rejected', 'withdrawn')),
  decided      bigint,
  decided_by   text NOT NULL DEFAULT '',
  answer       text NOT NULL DEFAULT ''
);
CREATE INDEX proposal_token ON proposal (token, made);
CREATE INDEX proposal_organisation ON proposal (organisation, made);
CREATE INDEX proposal_decider ON proposal (decider, made);
