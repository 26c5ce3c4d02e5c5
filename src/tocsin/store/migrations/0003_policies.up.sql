-- Policies of this node's own organisation, beside those that come with Tocsin: every set there was, who proposed and who approved it.
CREATE TABLE policy_change (
  id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  texts    jsonb NOT NULL,
  state    text NOT NULL CHECK (state IN ('proposed', 'active', 'retired', 'withdrawn')),
  at       bigint NOT NULL,
  proposer text NOT NULL,
  decided  bigint,
  approver text
);
CREATE UNIQUE INDEX policy_change_active ON policy_change (state) WHERE state = 'active';
