-- Collections whose very names are nobody else's business: mirrors of a peer's collections tell who our peers are.
ALTER TABLE collection ADD COLUMN private boolean NOT NULL DEFAULT false;
UPDATE collection SET private = true
WHERE community IS NULL AND id IN (SELECT collection FROM subscription WHERE direction = 'poll');
