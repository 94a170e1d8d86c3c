//! Juju's error codes, exactly as they stand on the wire.

/// Bad credentials, or a right is missing.
pub const UNAUTHORIZED: &str = "unauthorized access";
/// Only from a broker: makes the client start the device login.
pub const SESSION_TOKEN_INVALID: &str = "session token invalid";
/// Stops the chain of logins of a 4.0 client.
pub const FATAL_LOGIN_ERROR: &str = "fatal login error";
/// Makes `juju login` ask for a user name.
pub const NO_CREDENTIALS: &str = "no credentials provided";
/// The thing does not exist.
pub const NOT_FOUND: &str = "not found";
/// The model does not exist.
pub const MODEL_NOT_FOUND: &str = "model not found";
/// The user does not exist.
pub const USER_NOT_FOUND: &str = "user not found";
/// Unknown facade, version or method.
pub const NOT_IMPLEMENTED: &str = "not implemented";
/// Known, but not here or not now.
pub const NOT_SUPPORTED: &str = "not supported";
/// The name is taken.
pub const ALREADY_EXISTS: &str = "already exists";
/// An argument is not valid.
pub const NOT_VALID: &str = "not valid";
/// The arguments make no sense.
pub const BAD_REQUEST: &str = "bad request";
/// Refused whoever asks.
pub const FORBIDDEN: &str = "forbidden";
/// Too much.
pub const QUOTA_LIMIT_EXCEEDED: &str = "quota limit exceeded";
/// Took too long.
pub const DEADLINE_EXCEEDED: &str = "deadline exceeded";
/// The controller upgrades itself.
pub const UPGRADE_IN_PROGRESS: &str = "upgrade in progress";
/// The model is being moved.
pub const MIGRATION_IN_PROGRESS: &str = "model migration in progress";
/// The model was moved to another controller.
pub const REDIRECTION_REQUIRED: &str = "redirection required";
/// A macaroon has to be discharged first.
pub const DISCHARGE_REQUIRED: &str = "macaroon discharge required";
/// A token login lacks a right; the info maps one tag to the level that is missing.
pub const ACCESS_REQUIRED: &str = "access required";
/// A command was disabled.
pub const OPERATION_BLOCKED: &str = "operation is blocked";
/// A watcher was stopped.
pub const STOPPED: &str = "stopped";
/// Somebody else was faster.
pub const TRY_AGAIN: &str = "try again";
/// The cloud does not fit the controller; `--force` helps.
pub const INCOMPATIBLE_CLOUDS: &str = "incompatible clouds";
/// The region has to be named.
pub const CLOUD_REGION_REQUIRED: &str = "cloud region required";
/// The thing is alive (broker).
pub const STILL_ALIVE: &str = "still alive";
