-- What an agreement says of what is shared under it: the actions that it permits (NULL: it says nothing), and that nothing goes on.
ALTER TABLE agreement
  ADD COLUMN permitted text[],
  ADD COLUMN closed boolean NOT NULL DEFAULT false;
