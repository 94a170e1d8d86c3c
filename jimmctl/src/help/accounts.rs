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
pub(crate) const SESSION_POLICIES: &str = help!(
    ["jimmctl session-policies", "jimmctl session-policies --format json"],
    0 => "listed; a user's own policy holds, else the shortest of the others that apply, else the default",
    1 => "you are not an administrator of the broker",
);
pub(crate) const SET_SESSION_POLICY: &str = help!(
    [
        "jimmctl set-session-policy default 24h --idle 4h",
        "jimmctl set-session-policy group-ops 8h --idle 30m",
        "jimmctl set-session-policy serviceaccounts 12h",
        "jimmctl set-session-policy user-ci@serviceaccount 1h",
    ],
    0 => "it holds on every replica, for logins that have begun too: they are shortened, never lengthened",
    1 => "nobody is meant by WHO, or you are not an administrator of the broker",
);
pub(crate) const REMOVE_SESSION_POLICY: &str = help!(
    ["jimmctl remove-session-policy group-ops"],
    0 => "the broker's settings hold again",
    1 => "there is no such policy, or you are not an administrator of the broker",
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
pub(crate) const ADD_SERVICE_ACCOUNT: &str = help!(
    ["jimmctl add-service-account 8f4c2a"],
    0 => "you administer the account",
    1 => "somebody else does, it is in use already and you are no administrator of the broker, or it is no client id",
);
pub(crate) const GRANT_SERVICE_ACCOUNT: &str = help!(
    ["jimmctl grant-service-account-access 8f4c2a user-alice@example.com group-platform"],
    0 => "they administer the account too",
    1 => "you do not administer the account, or one of them is neither user nor group; nothing has changed",
);
pub(crate) const LIST_SERVICE_ACCOUNT: &str = help!(
    ["jimmctl list-service-account-credentials 8f4c2a", "jimmctl list-service-account-credentials 8f4c2a --show-secrets"],
    0 => "listed",
    1 => "you do not administer the account",
);
pub(crate) const UPDATE_SERVICE_ACCOUNT: &str = help!(
    [
        "jimmctl update-service-account-credential 8f4c2a aws default",
        "jimmctl update-service-account-credential 8f4c2a aws default --client",
    ],
    0 => "the account has the credential",
    1 => "there is no such credential, a model refuses it, or you do not administer the account",
);
