-- Label sets that differ in content or in what they rest on become one again.
CREATE TEMP TABLE merged ON COMMIT DROP AS
  SELECT id, min(id) OVER (PARTITION BY markings, owner, communities, recipients, assumed) AS kept FROM label;
UPDATE object o SET label_id = m.kept FROM merged m WHERE o.label_id = m.id AND m.id <> m.kept;
UPDATE hit h SET label_id = m.kept FROM merged m WHERE h.label_id = m.id AND m.id <> m.kept;
DROP INDEX label_same;
DROP FUNCTION label_key;
DELETE FROM label l USING merged m WHERE l.id = m.id AND m.id <> m.kept;
ALTER TABLE label DROP COLUMN holds, DROP COLUMN rests;
CREATE FUNCTION label_key(markings text[], owner text, communities text[], recipients text[], assumed text) RETURNS bytea
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT sha256(convert_to(jsonb_build_array(markings, owner, communities, recipients, assumed)::text, 'UTF8')) $$;
CREATE UNIQUE INDEX label_same ON label (label_key(markings, owner, communities, recipients, assumed));
DROP TABLE link, label_use, secret, form, embargo;
ALTER TABLE organisation DROP COLUMN trust, DROP COLUMN assurances;
ALTER TABLE agreement DROP COLUMN transfer, DROP COLUMN law;
UPDATE state SET generation = generation + 1;
