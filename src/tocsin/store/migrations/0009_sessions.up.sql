-- Sessions of people who sign in to the web pages; the secret itself is in their browser alone.
CREATE TABLE session (
  id       text PRIMARY KEY,
  hash     bytea NOT NULL UNIQUE,
  account  text NOT NULL REFERENCES account ON DELETE CASCADE,
  method   text NOT NULL,              -- how it was opened: token, link, passkey, oidc
  created  bigint NOT NULL,
  seen     bigint NOT NULL,
  expires  bigint NOT NULL,
  proved   bigint NOT NULL,            -- when the person last showed who they are: dangerous acts ask for a recent proof
  address  text NOT NULL,
  agent    text NOT NULL,
  ended    boolean NOT NULL DEFAULT false
);
CREATE INDEX session_account ON session (account);
