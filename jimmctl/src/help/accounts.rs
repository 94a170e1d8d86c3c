//! Help of the commands about accounts.

pub(crate) const SESSIONS: &str = help!(
    ["jimmctl sessions", "jimmctl sessions alice@example.com", "jimmctl sessions --all --format json"],
    0 => "listed; your own current one has a star behind the name",
    1 => "sessions of somebody else are for administrators of the broker",
);
pub(crate) const REVOKE_SESSIONS: &str = help!(
    [
        "jimmctl revoke-sessions alice@example.com",
        "jimmctl revoke-sessions --id 2af9538e-8532-4b90-a58e-7b39c60aa423",
        "jimmctl revoke-sessions --all",
    ],
    0 => "they have ended; open connections are closed within a second, on every replica",
    1 => "there is no such user or session, or it is somebody else's and you are not an administrator",
);
pub(crate) const DISABLE_USER: &str = help!(
    ["jimmctl disable-user alice@example.com"],
    0 => "refused from now on; what the user owns stays",
    1 => "there is no such user, it is you, or you are not an administrator",
);
pub(crate) const ENABLE_USER: &str = help!(
    ["jimmctl enable-user alice@example.com"],
    0 => "admitted; the user has to log in again",
    1 => "there is no such user, or you are not an administrator",
);
