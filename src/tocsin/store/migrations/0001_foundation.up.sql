-- Foundation: objects with all versions, who asserted them, label sets, people, peers, journal.

-- One row each: where the next date added starts, and the state that decisions rest on.
CREATE TABLE head (one boolean PRIMARY KEY DEFAULT true CHECK (one), last bigint NOT NULL);
INSERT INTO head (last) VALUES (0);
CREATE TABLE state (one boolean PRIMARY KEY DEFAULT true CHECK (one), generation bigint NOT NULL);
INSERT INTO state (generation) VALUES (1);

CREATE TABLE organisation (
  id        text PRIMARY KEY CHECK (id LIKE 'identity--%'),
  name      text NOT NULL UNIQUE,
  country   text NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'),
  sector    text NOT NULL DEFAULT '',
  roles     text[] NOT NULL DEFAULT '{}',
  client    boolean NOT NULL DEFAULT false,
  suspended boolean NOT NULL DEFAULT false,
  own       boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX organisation_own ON organisation (own) WHERE own;

CREATE TABLE community (id uuid PRIMARY KEY, alias text NOT NULL UNIQUE, title text NOT NULL);
CREATE TABLE membership (
  community    uuid NOT NULL REFERENCES community ON DELETE CASCADE,
  organisation text NOT NULL REFERENCES organisation ON DELETE CASCADE,
  PRIMARY KEY (community, organisation)
);

CREATE TABLE collection (
  local_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id          uuid NOT NULL UNIQUE,
  alias       text NOT NULL UNIQUE CHECK (alias ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
  title       text NOT NULL,
  description text NOT NULL DEFAULT '',
  community   uuid REFERENCES community,
  writers     text[] NOT NULL DEFAULT '{}'
);

CREATE TABLE label (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  markings    text[] NOT NULL,
  owner       text NOT NULL,
  communities text[] NOT NULL,
  recipients  text[] NOT NULL,
  assumed     text
);
-- A label set may name more organisations than an index entry has room for. What jsonb_build_array makes of text depends on no setting.
CREATE FUNCTION label_key(markings text[], owner text, communities text[], recipients text[], assumed text) RETURNS bytea
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT sha256(convert_to(jsonb_build_array(markings, owner, communities, recipients, assumed)::text, 'UTF8')) $$;
CREATE UNIQUE INDEX label_same ON label (label_key(markings, owner, communities, recipients, assumed));
-- What a marking id means, as said by whom: a definition counts only for its definer's objects, or when it is our own.
CREATE TABLE definition (
  marking text NOT NULL,
  definer text NOT NULL,
  kind    text NOT NULL,
  PRIMARY KEY (marking, definer)
);

CREATE TABLE origin (
  id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source  text NOT NULL,
  peer    text,
  channel text NOT NULL,
  UNIQUE NULLS NOT DISTINCT (source, peer, channel)
);

-- A placement: one object version in one collection under one label set. `cursor` is the date added in µs.
CREATE TABLE object (
  cursor        bigint NOT NULL,
  version       bigint NOT NULL,
  collection_id integer NOT NULL,
  label_id      integer NOT NULL,
  origin_id     integer NOT NULL,
  standing      smallint NOT NULL DEFAULT 0,  -- store/objects.py says what it means
  revoked       boolean NOT NULL,
  type          text NOT NULL,
  stix_id       text NOT NULL,
  digest        bytea NOT NULL,
  body          bytea NOT NULL,
  PRIMARY KEY (cursor, collection_id)
) PARTITION BY LIST (collection_id);
ALTER TABLE object ALTER COLUMN body SET STORAGE EXTERNAL;
-- Not unique: whoever adds holds the lock of `head` and looks first. With digests in it, it was twice as large and a third slower.
CREATE INDEX object_id ON object (stix_id);
CREATE INDEX object_all ON object (label_id, cursor);
CREATE INDEX object_last ON object (label_id, cursor) WHERE standing < 2;
CREATE INDEX object_type ON object (label_id, type, cursor) WHERE standing < 2;

-- Further sources of a placement that was already held.
CREATE TABLE assertion (
  cursor        bigint NOT NULL,
  collection_id integer NOT NULL,
  origin_id     integer NOT NULL,
  at            bigint NOT NULL,
  PRIMARY KEY (cursor, collection_id, origin_id)
);

CREATE TABLE quarantine (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        bigint NOT NULL,
  digest    bytea NOT NULL,
  length    bigint NOT NULL,
  raw       bytea NOT NULL,
  place     text NOT NULL,
  pointer   text NOT NULL,
  rule      text NOT NULL,
  reason    text NOT NULL,
  origin_id integer NOT NULL,
  times     integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX quarantine_same ON quarantine (digest, md5(place), rule);  -- a path may be longer than an index entry

CREATE TABLE account (
  name         text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}$'),
  organisation text NOT NULL REFERENCES organisation,
  administrator boolean NOT NULL DEFAULT false,
  disabled     boolean NOT NULL DEFAULT false,
  created      bigint NOT NULL
);
CREATE TABLE token (
  id        text PRIMARY KEY,
  hash      bytea NOT NULL UNIQUE,
  account   text NOT NULL REFERENCES account ON DELETE CASCADE,
  scopes    text[] NOT NULL,
  created   bigint NOT NULL,
  expires   bigint NOT NULL,
  last_used bigint,
  revoked   boolean NOT NULL DEFAULT false
);
CREATE TABLE claim (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  hash     bytea NOT NULL,
  expires  bigint NOT NULL,
  attempts integer NOT NULL DEFAULT 0
);

CREATE TABLE journal (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        bigint NOT NULL,
  principal text NOT NULL,
  action    text NOT NULL,
  target    text NOT NULL,
  outcome   text NOT NULL,
  detail    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX journal_at ON journal (at);

-- What became of a TAXII POST (section 4.3), for the organisation that posted.
CREATE TABLE posting (
  id           uuid PRIMARY KEY,
  organisation text NOT NULL,
  at           bigint NOT NULL,
  status       jsonb NOT NULL
);

CREATE TABLE peer (
  name         text PRIMARY KEY,
  url          text NOT NULL,
  organisation text NOT NULL REFERENCES organisation,
  username     text,
  secret       text,
  ca           text,
  certificate  text,
  key          text,
  pin          text,
  allowed      text[] NOT NULL DEFAULT '{}',
  suspended    boolean NOT NULL DEFAULT false,
  result       jsonb
);
CREATE TABLE subscription (
  peer       text NOT NULL REFERENCES peer ON DELETE CASCADE ON UPDATE CASCADE,
  direction  text NOT NULL CHECK (direction IN ('poll', 'push')),
  remote     text NOT NULL,
  collection uuid NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  position   text NOT NULL DEFAULT '',
  PRIMARY KEY (peer, direction, remote, collection)
);

CREATE TABLE warninglist (
  id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name  text NOT NULL UNIQUE,
  kind  text NOT NULL,
  attributes text[] NOT NULL,
  version integer NOT NULL,
  listed text[] NOT NULL
);
CREATE TABLE hit (
  digest    bytea PRIMARY KEY,
  at        bigint NOT NULL,
  indicator text NOT NULL,
  value     text NOT NULL,
  place     text NOT NULL,
  line      bigint NOT NULL,
  label_id  integer NOT NULL,
  detail    jsonb NOT NULL
);
CREATE INDEX hit_indicator ON hit (indicator);
