-- What label sets know of content and of what they rest on; forms of objects that go instead of the whole; grounds for transfers.

DROP INDEX label_same;
DROP FUNCTION label_key;
ALTER TABLE label ADD COLUMN holds text[] NOT NULL DEFAULT '{}', ADD COLUMN rests jsonb NOT NULL DEFAULT '[]';
-- Nobody looked into what was taken in before: it may hold anything.
UPDATE label SET holds = '{account,contact,content,credential,device,email-address,internal,name,network-address,offence,victim,wallet}';
CREATE FUNCTION label_key(
  markings text[], owner text, communities text[], recipients text[], assumed text, holds text[], rests jsonb
) RETURNS bytea
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT sha256(convert_to(
    jsonb_build_array(markings, owner, communities, recipients, assumed, holds, rests)::text, 'UTF8'
  )) $$;
CREATE UNIQUE INDEX label_same ON label (label_key(markings, owner, communities, recipients, assumed, holds, rests));

-- Which objects refer to which: `target` is a hash of the STIX id referred to (store/derived.py). A row of a placement that is gone stays
-- and leads nowhere.
CREATE TABLE link (
  target        bigint NOT NULL,
  cursor        bigint NOT NULL,
  collection_id integer NOT NULL,
  PRIMARY KEY (target, cursor, collection_id)
);
-- Where objects under a label set are, and whether some of them refer to others.
CREATE TABLE label_use (
  label_id      integer NOT NULL,
  collection_id integer NOT NULL,
  linking       boolean NOT NULL,
  PRIMARY KEY (label_id, collection_id, linking)
);
INSERT INTO label_use SELECT DISTINCT label_id, collection_id, true FROM object;

-- The key of the node from which all tokens in redacted forms are made, and which forms of what each recipient has had.
CREATE TABLE secret (name text PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE form (
  recipient text NOT NULL,
  form_id   text NOT NULL,
  stix_id   text NOT NULL,
  PRIMARY KEY (recipient, form_id)
);

ALTER TABLE organisation
  ADD COLUMN trust text NOT NULL DEFAULT 'known' CHECK (trust IN ('unverified', 'known', 'trusted')),
  ADD COLUMN assurances text[] NOT NULL DEFAULT '{}';
ALTER TABLE agreement
  ADD COLUMN transfer text NOT NULL DEFAULT '' CHECK (transfer IN ('', 'clauses', 'instrument', 'public-interest')),
  ADD COLUMN law text NOT NULL DEFAULT '';  -- id of the dated legal basis that it rests on (law/data/bases.toml)
-- Countries between which, and this node's own, nothing goes.
CREATE TABLE embargo (
  country text PRIMARY KEY CHECK (country ~ '^[A-Z]{2}$'),
  reason  text NOT NULL,
  starts  bigint NOT NULL,
  ends    bigint
);
