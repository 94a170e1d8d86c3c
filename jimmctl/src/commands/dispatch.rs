//! From the parsed command line to the command.

use super::{
    add_controller, controller_info, controllers, generate, import_model, login, migrate, model_status, models,
    targets, update_migrated_model, version,
};
use crate::cli::{Cli, Command};
use crate::error::Result;

/// Runs the command.
pub(crate) async fn dispatch(cli: &Cli) -> Result<()> {
    let global = &cli.global;
    match &cli.command {
        Command::Login(args) => login::run(global, args).await,
        Command::ControllerInfo(args) => controller_info::run(global, args),
        Command::AddController(args) => add_controller::run(global, args).await,
        Command::ListControllers(args) => controllers::list(global, args).await,
        Command::ShowController(args) => controllers::show(global, args).await,
        Command::RemoveController(args) => controllers::remove(global, args).await,
        Command::SetControllerDeprecated(args) => controllers::deprecate(global, args).await,
        Command::ImportModel(args) => import_model::run(global, args).await,
        Command::Migrate(args) => migrate::run(global, args).await,
        Command::UpdateMigratedModel(args) => update_migrated_model::run(global, args).await,
        Command::ListMigrationTargets(args) => targets::run(global, args).await,
        Command::Models(args) => models::list(global, args).await,
        Command::ShowModel(args) => models::show(global, args).await,
        Command::ModelStatus(args) => model_status::run(global, args).await,
        Command::Version(args) => version::run(global, args).await,
        Command::Completion(args) => generate::completion(args),
        Command::Man(args) => generate::man(args),
        Command::Reference => generate::reference(),
    }
}
