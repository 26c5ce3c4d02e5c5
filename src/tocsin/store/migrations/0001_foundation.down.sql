DROP TABLE hit, warninglist, subscription, peer, posting, journal, claim, token, account, quarantine, assertion, object, origin,
  definition, label, collection, membership, community, organisation, state, head;
DROP FUNCTION label_key;
