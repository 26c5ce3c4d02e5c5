-- Ways to sign in to the pages, and what is under way between two requests of one browser.

-- WebAuthn credentials: public keys only. `rp` is the name that the key is bound to; another name is another key.
CREATE TABLE passkey (
  id       bytea PRIMARY KEY,           -- credential id, made by the authenticator
  account  text NOT NULL REFERENCES account ON DELETE CASCADE,
  rp       text NOT NULL,
  name     text NOT NULL,
  key      bytea NOT NULL,              -- COSE_Key
  counter  bigint NOT NULL,             -- of signatures; 0 where the authenticator keeps none
  synced   boolean NOT NULL,            -- it may be on several devices
  created  bigint NOT NULL,
  used     bigint
);
CREATE INDEX passkey_account ON passkey (account);

-- Who someone is at an OpenID provider. Bound by an administrator or by the person, never found by a name or an e-mail address.
CREATE TABLE identity (
  issuer   text NOT NULL,
  subject  text NOT NULL,
  account  text NOT NULL REFERENCES account ON DELETE CASCADE,
  created  bigint NOT NULL,
  used     bigint,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX identity_account ON identity (account);

-- Codes of an authenticator app (RFC 6238). `step` is the last time step that was used: a code holds once. `wrong` counts failures in a row.
CREATE TABLE totp (
  account  text PRIMARY KEY REFERENCES account ON DELETE CASCADE,
  secret   bytea NOT NULL,
  created  bigint NOT NULL,
  step     bigint NOT NULL,
  wrong    integer NOT NULL DEFAULT 0,
  wrong_at bigint NOT NULL DEFAULT 0
);
CREATE TABLE recovery (
  account  text NOT NULL REFERENCES totp ON DELETE CASCADE,
  hash     bytea NOT NULL,
  PRIMARY KEY (account, hash)
);

-- What one request begins and a later one of the same browser ends, once: challenges, states, one-time links. The secret is in the browser alone.
CREATE TABLE ceremony (
  hash     bytea PRIMARY KEY,
  kind     text NOT NULL,
  account  text REFERENCES account ON DELETE CASCADE,
  session  text REFERENCES session ON DELETE CASCADE,
  data     jsonb NOT NULL,
  expires  bigint NOT NULL
);
CREATE INDEX ceremony_expires ON ceremony (expires);
CREATE INDEX ceremony_account ON ceremony (account, kind);

-- A session that a token opened permits what the token permits, and ends with it.
ALTER TABLE session ADD COLUMN token text REFERENCES token ON DELETE CASCADE;
