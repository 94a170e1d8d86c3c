-- When the identity provider is to be asked (again) whether it still vouches for whom a browser logged in as; with it
-- goes the provider's refresh token, in `sealed`. NULL when it is not asked.
ALTER TABLE sessions ADD COLUMN refresh_at timestamptz;
CREATE INDEX sessions_refresh_at ON sessions (refresh_at) WHERE refresh_at IS NOT NULL;
