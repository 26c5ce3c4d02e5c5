DROP TABLE delivery, webhook, idempotency, search_mark, search_name, search;
