DROP TABLE policy_change;
