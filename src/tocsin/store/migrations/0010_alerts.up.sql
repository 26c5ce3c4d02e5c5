-- Alerts, what is suppressed, hunts that are kept, and how far logs that are watched were read.

-- Hits of one indicator until somebody closes it. It says nothing of the indicator but its id: what is told about it is read anew under a clearance.
CREATE TABLE alert (
  id         uuid PRIMARY KEY,
  indicator  text NOT NULL,
  opened     bigint NOT NULL,
  status     text NOT NULL,               -- new, acknowledged, closed
  verdict    text NOT NULL DEFAULT '',    -- of a closed one: true-positive, false-positive
  note       text NOT NULL DEFAULT '',
  changed    bigint NOT NULL,
  changed_by text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX alert_open ON alert (indicator) WHERE status <> 'closed';
CREATE INDEX alert_indicator ON alert (indicator);
CREATE INDEX alert_opened ON alert (opened, id);
-- What was found on behalf of each assertion of the indicator: who may not have one, is told nothing that was found by it.
CREATE TABLE alert_source (
  alert    uuid NOT NULL REFERENCES alert ON DELETE CASCADE,
  label_id integer NOT NULL,
  owner    text NOT NULL,
  hits     bigint NOT NULL,               -- that are kept
  beyond   bigint NOT NULL,               -- that were counted and not kept
  found    bigint NOT NULL,               -- when the last was found
  first    bigint,                        -- of the events, by the logs
  last     bigint,
  PRIMARY KEY (alert, label_id, owner)
);
ALTER TABLE hit ADD COLUMN alert uuid;
CREATE INDEX hit_alert ON hit (alert, at) WHERE alert IS NOT NULL;

CREATE TABLE suppression (
  id         uuid PRIMARY KEY,
  kind       text NOT NULL,               -- indicator, value, host, source
  value      text NOT NULL,
  reason     text NOT NULL,
  created    bigint NOT NULL,
  created_by text NOT NULL,
  expires    bigint
);

CREATE TABLE saved_hunt (
  name    text PRIMARY KEY,
  what    jsonb NOT NULL,
  created bigint NOT NULL,
  every   bigint,                         -- µs between runs; NULL: only when asked
  due     bigint
);
CREATE TABLE hunt_run (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hunt   text NOT NULL REFERENCES saved_hunt ON DELETE CASCADE,
  began  bigint NOT NULL,
  ended  bigint,
  report jsonb NOT NULL
);
CREATE INDEX hunt_run_hunt ON hunt_run (hunt, began);

-- How far a log was read, in one transaction with the hits that were found so far. A file is known by where it is and by how it begins, not by its name.
CREATE TABLE watched (
  device      bigint NOT NULL,
  inode       bigint NOT NULL,
  fingerprint bytea NOT NULL,
  length      integer NOT NULL,           -- bytes that the fingerprint is of
  name        text NOT NULL,
  place       bigint NOT NULL,            -- bytes that were read, to the end of a line
  line        bigint NOT NULL,
  head        bytea NOT NULL,             -- lines that say what the others mean, such as those of Zeek
  at          bigint NOT NULL,
  PRIMARY KEY (device, inode, fingerprint)
);
