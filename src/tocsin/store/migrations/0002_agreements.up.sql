-- Sharing agreements: dated records of who may share with whom, why, and on what legal basis.

CREATE TABLE agreement (
  id          uuid PRIMARY KEY,
  alias       text NOT NULL UNIQUE CHECK (alias ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
  title       text NOT NULL,
  purpose     text NOT NULL,
  legal_basis text NOT NULL,
  basis_until bigint,                       -- the law itself lapses
  starts      bigint NOT NULL,
  ends        bigint,
  withdrawn   bigint,
  notify      boolean NOT NULL DEFAULT false -- parties must tell their authority that they take part (NIS2 article 29(4))
);
CREATE TABLE party (
  agreement    uuid NOT NULL REFERENCES agreement ON DELETE CASCADE,
  organisation text NOT NULL REFERENCES organisation ON DELETE CASCADE,
  entered      bigint NOT NULL,
  gone         bigint,
  notified     bigint,
  PRIMARY KEY (agreement, organisation)
);
-- A community that rests on an agreement has as members only those for whom it is in force.
ALTER TABLE community ADD COLUMN agreement uuid REFERENCES agreement;
