-- What was handed to other organisations: to whom, when, by which way, on which ground, under which policies, and which
-- placements by their dates added (`handed`, packed; `span` from the first to the last of them).
CREATE TABLE receipt (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        bigint NOT NULL,
  recipient text NOT NULL,
  account   text NOT NULL,
  action    text NOT NULL,
  target    text NOT NULL,
  ground    text NOT NULL,
  policy    text NOT NULL,
  span      int8range NOT NULL,
  handed    bytea NOT NULL
);
CREATE INDEX receipt_span ON receipt USING gist (span);
