-- The groups that the identity provider told of at the login. The discharger asks: it answers about people who are not there.
ALTER TABLE sessions ADD COLUMN groups text[] NOT NULL DEFAULT '{}';
