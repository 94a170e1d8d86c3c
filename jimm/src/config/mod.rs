//! Configuration: read once from the environment and an optional TOML file, validated whole.
//!
//! One table ([`variables::VARIABLES`]) names every variable with its kind, default and meaning; the loader, the
//! explanation of mistakes and the reference page all read that table.

mod audit;
mod bootstrap;
mod certificates;
mod cross_checks;
mod discharger;
mod events;
mod jobs;
mod lifetimes;
mod load;
mod problems;
mod queries;
mod reader;
pub mod reference;
mod secrets;
mod settings;
mod trust;
mod values;
pub mod variables;

#[cfg(test)]
mod tests;

pub use audit::{AuditSettings, ExportSettings, Overflow};
pub use bootstrap::BootstrapSettings;
pub use certificates::TlsFiles;
pub use events::EventSettings;
pub use jobs::JobSettings;
pub use lifetimes::{Lifetime, LifetimeRule, Whose};
pub use load::{Loaded, load};
pub use problems::{ConfigErrors, Problem, Warning, nearest};
pub use queries::QuerySettings;
pub use reader::Sources;
pub use secrets::{
    Sealing, SealingCommand, SealingKeys, SecretId, SecretPlace, VaultSettings, WrappedKeys, sealing_commands,
};
pub use settings::{
    AuthStyle, BrowserSettings, Config, ControllerSettings, DatabaseSettings, JwtSettings, Limits, LogSettings,
    OauthSettings, SessionSettings,
};
pub use trust::TrustRule;
pub use values::START_PAGE;
