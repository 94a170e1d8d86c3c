//! From the parsed command line to the command.

use super::identity_sets::{self, Kind};
use super::{
    access_file, add_controller, add_model, adopt, audit, check_access, clouds, controller_info, controllers, generate,
    import_credentials, import_model, login, migrate, migrate_in, model_status, models, prepare_migration,
    query_models, register_controller, relations, rotate_sealing_key, service_accounts, session_policies, sessions,
    targets, update_migrated_model, upgrade, verify_audit, version,
};
use crate::cli::rights::{AuthCommand, RelationCommand, SetCommand};
use crate::cli::{Cli, Command, GlobalArgs};
use crate::error::Result;

/// Runs the command.
pub(crate) async fn dispatch(cli: &Cli) -> Result<()> {
    let global = &cli.global;
    match &cli.command {
        Command::Login(args) => login::run(global, args).await,
        Command::ControllerInfo(args) => controller_info::run(global, args),
        Command::AddController(args) => add_controller::run(global, args).await,
        Command::RegisterController(args) => register_controller::run(global, args).await,
        Command::Adopt(args) => adopt::run(global, args).await,
        Command::AddCloudToController(args) => clouds::add(global, args).await,
        Command::RemoveCloudFromController(args) => clouds::remove(global, args).await,
        Command::ImportCloudCredentials(args) => import_credentials::run(global, args).await,
        Command::AddModel(args) => add_model::run(global, args).await,
        Command::ListControllers(args) => controllers::list(global, args).await,
        Command::ShowController(args) => controllers::show(global, args).await,
        Command::RemoveController(args) => controllers::remove(global, args).await,
        Command::SetControllerDeprecated(args) => controllers::deprecate(global, args).await,
        Command::ImportModel(args) => import_model::run(global, args).await,
        Command::Migrate(args) => migrate::run(global, args).await,
        Command::MigrateIn(args) => migrate_in::run(global, args).await,
        Command::PrepareMigration(args) => prepare_migration::run(global, args).await,
        Command::UpdateMigratedModel(args) => update_migrated_model::run(global, args).await,
        Command::ListMigrationTargets(args) => targets::run(global, args).await,
        Command::UpgradeTo(args) => upgrade::run(global, args).await,
        Command::JobStatus(args) => upgrade::status(global, args).await,
        Command::ListJobs(args) => upgrade::list(global, args).await,
        Command::Models(args) => models::list(global, args).await,
        Command::ShowModel(args) => models::show(global, args).await,
        Command::ModelStatus(args) => model_status::run(global, args).await,
        Command::QueryModels(args) => query_models::run(global, args).await,
        Command::AddGroup(args) => identity_sets::add(global, Kind::Group, args).await,
        Command::RenameGroup(args) => identity_sets::rename(global, Kind::Group, args).await,
        Command::RemoveGroup(args) => identity_sets::remove(global, Kind::Group, args).await,
        Command::ListGroups(args) => identity_sets::list(global, Kind::Group, args).await,
        Command::AddRole(args) => identity_sets::add(global, Kind::Role, args).await,
        Command::RenameRole(args) => identity_sets::rename(global, Kind::Role, args).await,
        Command::RemoveRole(args) => identity_sets::remove(global, Kind::Role, args).await,
        Command::ListRoles(args) => identity_sets::list(global, Kind::Role, args).await,
        Command::AddPermission(args) => relations::change(global, "AddRelation", args).await,
        Command::RemovePermission(args) => relations::change(global, "RemoveRelation", args).await,
        Command::CheckPermission(args) => relations::check(global, args).await,
        Command::ListPermissions(args) => relations::list(global, args).await,
        Command::Apply(args) => access_file::apply(global, args).await,
        Command::CheckAccess(args) => check_access::run(global, args).await,
        Command::ExportAccess(args) => access_file::export(global, args).await,
        Command::ListAuditEvents(args) => audit::list(global, args).await,
        Command::VerifyAudit(args) => verify_audit::run(global, args).await,
        Command::PurgeAuditLogs(args) => audit::purge(global, args).await,
        Command::GrantAuditLogAccess(args) => audit::access(global, "GrantAuditLogAccess", args).await,
        Command::RevokeAuditLogAccess(args) => audit::access(global, "RevokeAuditLogAccess", args).await,
        Command::Auth(AuthCommand::Group(command)) => identity_set(global, Kind::Group, command).await,
        Command::Auth(AuthCommand::Role(command)) => identity_set(global, Kind::Role, command).await,
        Command::Auth(AuthCommand::Relation(command)) => relation(global, command).await,
        Command::RotateSealingKey(args) => rotate_sealing_key::run(global, args).await,
        Command::Sessions(args) => sessions::list(global, args).await,
        Command::RevokeSessions(args) => sessions::revoke(global, args).await,
        Command::SessionPolicies(args) => session_policies::list(global, args).await,
        Command::SetSessionPolicy(args) => session_policies::set(global, args).await,
        Command::RemoveSessionPolicy(args) => session_policies::remove(global, args).await,
        Command::DisableUser(args) => sessions::enable(global, args, false).await,
        Command::EnableUser(args) => sessions::enable(global, args, true).await,
        Command::AddServiceAccount(args) => service_accounts::add(global, args).await,
        Command::GrantServiceAccountAccess(args) => service_accounts::grant(global, args).await,
        Command::ListServiceAccountCredentials(args) => service_accounts::list(global, args).await,
        Command::UpdateServiceAccountCredential(args) => service_accounts::update(global, args).await,
        Command::Version(args) => version::run(global, args).await,
        Command::Completion(args) => generate::completion(args),
        Command::Man(args) => generate::man(args),
        Command::Reference => generate::reference(),
    }
}

async fn identity_set(global: &GlobalArgs, kind: Kind, command: &SetCommand) -> Result<()> {
    match command {
        SetCommand::Add(args) => identity_sets::add(global, kind, args).await,
        SetCommand::Rename(args) => identity_sets::rename(global, kind, args).await,
        SetCommand::Remove(args) => identity_sets::remove(global, kind, args).await,
        SetCommand::List(args) => identity_sets::list(global, kind, args).await,
    }
}

async fn relation(global: &GlobalArgs, command: &RelationCommand) -> Result<()> {
    match command {
        RelationCommand::Add(args) => relations::change(global, "AddRelation", args).await,
        RelationCommand::Remove(args) => relations::change(global, "RemoveRelation", args).await,
        RelationCommand::Check(args) => relations::check(global, args).await,
        RelationCommand::List(args) => relations::list(global, args).await,
    }
}
