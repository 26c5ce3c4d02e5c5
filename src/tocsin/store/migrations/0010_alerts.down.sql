DROP TABLE watched, hunt_run, saved_hunt, suppression, alert_source, alert;
DROP INDEX hit_alert;
ALTER TABLE hit DROP COLUMN alert;
