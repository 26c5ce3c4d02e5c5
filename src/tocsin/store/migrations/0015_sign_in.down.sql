ALTER TABLE session DROP COLUMN token;
DROP TABLE ceremony, recovery, totp, identity, passkey;
