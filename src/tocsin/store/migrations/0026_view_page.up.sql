-- What a kept view is opened with: the search, or another page whose address says all, such as the graph.
ALTER TABLE saved_view ADD COLUMN page text NOT NULL DEFAULT 'search';
