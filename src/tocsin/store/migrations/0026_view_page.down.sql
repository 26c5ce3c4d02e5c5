DELETE FROM saved_view WHERE page <> 'search';
ALTER TABLE saved_view DROP COLUMN page;
