//! The command line: one tree, from which parsing, help, shell completion and man pages come.
//!
//! Positional arguments are optional here and checked by their command, so that the texts of a wrong usage are those
//! that scripts of the reference know.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub mod accounts;
pub mod add_model;
pub mod adopt;
pub mod audit;
pub mod bootstrap;
pub mod clouds;
pub mod controllers;
pub mod doctor;
pub mod events;
pub mod incoming;
pub mod jobs;
pub mod migrations;
pub mod models;
pub mod placement;
pub mod plans;
pub mod program;
pub mod query;
pub mod rights;
pub mod sealing;

use accounts::{
    AddServiceAccountArgs, GrantServiceAccountArgs, RemoveSessionPolicyArgs, RevokeSessionsArgs,
    ServiceAccountCredentialsArgs, SessionPoliciesArgs, SessionsArgs, SetSessionPolicyArgs, UpdateServiceAccountArgs,
    UserArgs,
};
pub use controllers::{
    AddControllerArgs, ControllerInfoArgs, ListControllersArgs, RegisterControllerArgs, RemoveControllerArgs,
    SetControllerDeprecatedArgs, ShowControllerArgs,
};
use jobs::{JobStatusArgs, ListJobsArgs, UpgradeToArgs};
pub use models::{
    ImportModelArgs, ListMigrationTargetsArgs, MigrateArgs, ModelArgs, ModelsArgs, UpdateMigratedModelArgs,
};
pub use program::{CompletionArgs, LoginArgs, ManArgs, VersionArgs};
use rights::{
    AddSetArgs, ApplyArgs, AuthCommand, CheckAccessArgs, CheckRelationArgs, ExportAccessArgs, ListRelationsArgs,
    ListSetsArgs, RelationArgs, RemoveSetArgs, RenameSetArgs,
};

use sealing::RotateSealingKeyArgs;

use crate::help;

/// Operate a broker of Juju controllers: attach controllers, adopt models, move models between controllers.
///
/// Talks to the current controller of the Juju client store ("juju switch"), or to the one given with -c or --url, and
/// logs in as the user of that store; when the session has ended, in the browser.
#[derive(Debug, Parser)]
#[command(name = "jimmctl", version, propagate_version = true, arg_required_else_help = true, after_help = help::ALL)]
pub struct Cli {
    /// Which broker to talk to, and how.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct GlobalArgs {
    /// Controller of the Juju client store to talk to [default: the current one]
    #[arg(short = 'c', long, global = true, value_name = "NAME", conflicts_with = "url")]
    pub controller: Option<String>,
    /// Address of the broker, HOST:PORT or wss://HOST:PORT, without the client store; log in with `JIMM_SESSION_TOKEN`,
    /// or with `JIMM_CLIENT_ID` and `JIMM_CLIENT_SECRET` [default: `JIMM_URL`, unless -c is given]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// File with the CA certificate of the broker [default: the one of the client store, else the system's roots]
    #[arg(long, global = true, value_name = "FILE", env = "JIMM_CA")]
    pub ca_cert: Option<PathBuf>,
    /// Never start a login in the browser: fail when the stored session has ended
    #[arg(short = 'B', long, global = true)]
    pub no_browser_login: bool,
    /// Longest wait for an answer of the broker, in seconds
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 120)]
    pub timeout: u64,
    /// Say less on standard error
    #[arg(short = 'q', long, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Log in to a broker in the browser, and remember it in the Juju client store
    #[command(after_help = help::LOGIN)]
    Login(LoginArgs),
    /// Write the file that "add-controller" reads, from what the Juju client knows of a controller
    #[command(after_help = help::CONTROLLER_INFO, override_usage = "jimmctl controller-info [OPTIONS] NAME FILE [PUBLIC-ADDRESS]")]
    ControllerInfo(ControllerInfoArgs),
    /// Attach a controller to the broker
    #[command(after_help = help::ADD_CONTROLLER, override_usage = "jimmctl add-controller [OPTIONS] FILE")]
    AddController(AddControllerArgs),
    /// Attach a controller that the Juju client store knows, in one step
    #[command(after_help = help::REGISTER_CONTROLLER,
              override_usage = "jimmctl register-controller [OPTIONS] NAME\n       jimmctl register-controller --file FILE")]
    RegisterController(RegisterControllerArgs),
    /// List the controllers behind the broker
    #[command(visible_alias = "controllers")]
    #[command(after_help = help::LIST_CONTROLLERS)]
    ListControllers(ListControllersArgs),
    /// Show one controller
    #[command(after_help = help::SHOW_CONTROLLER, override_usage = "jimmctl show-controller [OPTIONS] NAME")]
    ShowController(ShowControllerArgs),
    /// Detach a controller from the broker; the controller itself is not touched
    #[command(visible_alias = "unregister-controller", after_help = help::REMOVE_CONTROLLER, override_usage = "jimmctl remove-controller [OPTIONS] NAME")]
    RemoveController(RemoveControllerArgs),
    /// Give a controller no new models; its models stay
    #[command(after_help = help::SET_CONTROLLER_DEPRECATED, override_usage = "jimmctl set-controller-deprecated [OPTIONS] NAME")]
    SetControllerDeprecated(SetControllerDeprecatedArgs),
    /// Say what a controller is like, for placement: labels, and taints that keep models away
    #[command(after_help = help::placement::SET_LABELS, override_usage = "jimmctl set-controller-labels [OPTIONS] CONTROLLER KEY=VALUE...")]
    SetControllerLabels(placement::SetControllerLabelsArgs),
    /// Give a controller no models at all, neither new ones nor such that move or come in
    #[command(after_help = help::placement::CORDON, override_usage = "jimmctl cordon [OPTIONS] CONTROLLER")]
    Cordon(placement::CordonArgs),
    /// Let a controller have models again
    #[command(after_help = help::placement::UNCORDON, override_usage = "jimmctl uncordon [OPTIONS] CONTROLLER")]
    Uncordon(placement::UncordonArgs),
    /// Tell which controller a model would go to, and why not to the others
    #[command(after_help = help::placement::EXPLAIN, override_usage = "jimmctl explain-placement [OPTIONS] [MODEL]")]
    ExplainPlacement(placement::ExplainPlacementArgs),
    /// Tell what is on a controller that was not set up for the broker, and bring its models in
    #[command(after_help = help::adopt::ADOPT, override_usage = "jimmctl adopt [OPTIONS] CONTROLLER [MODEL...]")]
    Adopt(adopt::AdoptArgs),
    /// Put a cloud on a controller
    #[command(visible_alias = "add-cloud", after_help = help::clouds::ADD,
              override_usage = "jimmctl add-cloud-to-controller [OPTIONS] CONTROLLER CLOUD")]
    AddCloudToController(clouds::AddCloudArgs),
    /// Take a cloud from a controller
    #[command(visible_alias = "remove-cloud", after_help = help::clouds::REMOVE,
              override_usage = "jimmctl remove-cloud-from-controller [OPTIONS] CONTROLLER CLOUD")]
    RemoveCloudFromController(clouds::RemoveCloudArgs),
    /// Store cloud credentials of users that were kept elsewhere
    #[command(after_help = help::clouds::IMPORT_CREDENTIALS, override_usage = "jimmctl import-cloud-credentials [OPTIONS] FILE")]
    ImportCloudCredentials(clouds::ImportCredentialsArgs),
    /// Make a model, on the controller that the broker chooses or on a named one
    #[command(after_help = help::add_model::ADD_MODEL, override_usage = "jimmctl add-model [OPTIONS] NAME [CLOUD/REGION]")]
    AddModel(add_model::AddModelArgs),
    /// Adopt a model that already lives on an attached controller
    #[command(visible_alias = "register-model", after_help = help::IMPORT_MODEL, override_usage = "jimmctl import-model [OPTIONS] CONTROLLER UUID")]
    ImportModel(ImportModelArgs),
    /// Move models to another controller and follow them to the end
    #[command(visible_alias = "migrate-internal", after_help = help::MIGRATE, override_usage = "jimmctl migrate [OPTIONS] CONTROLLER MODEL...")]
    Migrate(MigrateArgs),
    /// Tell everything that is in the way of moving models to a controller; changes nothing
    #[command(after_help = help::migrations::CHECK, override_usage = "jimmctl check-migration [OPTIONS] MODEL... CONTROLLER")]
    CheckMigration(migrations::CheckMigrationArgs),
    /// List moves of models, the newest first
    #[command(visible_alias = "list-migrations", after_help = help::migrations::LIST)]
    Migrations(migrations::MigrationsArgs),
    /// Show one move: phases, attempts, what was told, what to do
    #[command(after_help = help::migrations::SHOW, override_usage = "jimmctl show-migration [OPTIONS] MIGRATION")]
    ShowMigration(migrations::MigrationArgs),
    /// Follow a move to its end
    #[command(after_help = help::migrations::WATCH, override_usage = "jimmctl watch-migration [OPTIONS] MIGRATION")]
    WatchMigration(migrations::MigrationArgs),
    /// Stop a move, as far as the controllers allow
    #[command(after_help = help::migrations::ABORT, override_usage = "jimmctl abort-migration [OPTIONS] MIGRATION")]
    AbortMigration(migrations::MigrationArgs),
    /// Try a move again that was aborted, and follow it to its end
    #[command(after_help = help::migrations::RETRY, override_usage = "jimmctl retry-migration [OPTIONS] MIGRATION")]
    RetryMigration(migrations::RetryMigrationArgs),
    /// Bring a model in from a controller that is none of the broker's, and follow it to the end
    #[command(after_help = help::incoming::MIGRATE_IN, override_usage = "jimmctl migrate-in [OPTIONS] MODEL --from NAME --backing-controller CONTROLLER --user-mapping FILE\n       jimmctl migrate-in MODEL --from NAME --draft-mapping")]
    MigrateIn(incoming::MigrateInArgs),
    /// Have the broker ready for a model that comes in; prints the token for its source
    #[command(after_help = help::incoming::PREPARE, override_usage = "jimmctl prepare-migration [OPTIONS] UUID --backing-controller CONTROLLER --user-mapping FILE")]
    PrepareMigration(incoming::PrepareMigrationArgs),
    /// Record that a model was moved to another controller behind the broker's back
    #[command(after_help = help::UPDATE_MIGRATED_MODEL, override_usage = "jimmctl update-migrated-model [OPTIONS] CONTROLLER UUID")]
    UpdateMigratedModel(UpdateMigratedModelArgs),
    /// List the controllers that a model could move to
    #[command(after_help = help::LIST_MIGRATION_TARGETS, override_usage = "jimmctl list-migration-targets [OPTIONS] MODEL")]
    ListMigrationTargets(ListMigrationTargetsArgs),
    /// Propose where the models of a controller go, so that it is empty; nothing is begun
    #[command(after_help = help::plans::DRAIN, override_usage = "jimmctl plan-drain [OPTIONS] CONTROLLER")]
    PlanDrain(plans::PlanDrainArgs),
    /// Propose which models go from full controllers to less full ones; nothing is begun
    #[command(after_help = help::plans::REBALANCE)]
    PlanRebalance(plans::PlanRebalanceArgs),
    /// Move every model of controllers of a version to newer ones, and upgrade it there
    #[command(after_help = help::plans::FLEET, override_usage = "jimmctl upgrade-fleet [OPTIONS] --from VERSION --to CONTROLLER|VERSION")]
    UpgradeFleet(plans::UpgradeFleetArgs),
    /// Carry out a plan, and follow it to the end
    #[command(after_help = help::plans::APPLY, override_usage = "jimmctl apply-plan [OPTIONS] FILE")]
    ApplyPlan(plans::ApplyPlanArgs),
    /// List plans, the newest first
    #[command(visible_alias = "list-plans", after_help = help::plans::LIST)]
    Plans(plans::PlansArgs),
    /// Show a plan with all of its models
    #[command(after_help = help::plans::SHOW, override_usage = "jimmctl show-plan [OPTIONS] PLAN")]
    ShowPlan(plans::PlanArgs),
    /// Follow a plan that goes on to its end
    #[command(after_help = help::plans::WATCH, override_usage = "jimmctl watch-plan [OPTIONS] PLAN")]
    WatchPlan(plans::PlanArgs),
    /// Begin no more models of a plan until it is resumed; what is under way ends
    #[command(after_help = help::plans::PAUSE, override_usage = "jimmctl pause-plan [OPTIONS] PLAN")]
    PausePlan(plans::PlanArgs),
    /// Go on with a plan that was paused or has stopped
    #[command(after_help = help::plans::RESUME, override_usage = "jimmctl resume-plan [OPTIONS] PLAN")]
    ResumePlan(plans::PlanArgs),
    /// Give a plan up; moves are stopped as far as controllers do that, and what was moved stays there
    #[command(after_help = help::plans::ABORT, override_usage = "jimmctl abort-plan [OPTIONS] PLAN")]
    AbortPlan(plans::PlanArgs),
    /// Leave models of a plan where they are
    #[command(after_help = help::plans::SKIP, override_usage = "jimmctl skip-plan-model [OPTIONS] PLAN MODEL...")]
    SkipPlanModel(plans::PlanModelsArgs),
    /// Try models of a plan again that have failed
    #[command(after_help = help::plans::RETRY, override_usage = "jimmctl retry-plan-model [OPTIONS] PLAN [MODEL...]")]
    RetryPlanModel(plans::PlanModelsArgs),
    /// Move models to a controller that runs a newer Juju and upgrade them to it
    #[command(after_help = help::jobs::UPGRADE_TO, override_usage = "jimmctl upgrade-to [OPTIONS] CONTROLLER MODEL...")]
    UpgradeTo(UpgradeToArgs),
    /// Show how a job of the broker stands
    #[command(after_help = help::jobs::JOB_STATUS, override_usage = "jimmctl job-status [OPTIONS] JOB")]
    JobStatus(JobStatusArgs),
    /// List the jobs of the broker, the newest first
    #[command(after_help = help::jobs::LIST_JOBS)]
    ListJobs(ListJobsArgs),
    /// Look for what was left behind: moves that ended half, models that are where nobody knows them. Changes nothing
    #[command(after_help = help::doctor::DOCTOR)]
    Doctor(doctor::DoctorArgs),
    /// List what has happened, the newest last, or follow what happens
    #[command(visible_alias = "list-events", after_help = help::events::EVENTS)]
    Events(events::EventsArgs),
    /// Have the broker make a controller, with the juju client on its machine, and attach it
    #[command(after_help = help::bootstrap::BOOTSTRAP, override_usage = "jimmctl bootstrap [OPTIONS] CLOUD[/REGION] CONTROLLER\n       jimmctl bootstrap [OPTIONS] --profile NAME CONTROLLER")]
    Bootstrap(Box<bootstrap::BootstrapArgs>),
    /// Show how the making or destroying of a controller goes, with its log
    #[command(after_help = help::bootstrap::STATUS, override_usage = "jimmctl bootstrap-status [OPTIONS] JOB")]
    BootstrapStatus(bootstrap::BootstrapStatusArgs),
    /// Stop the making or destroying of a controller
    #[command(visible_alias = "job-stop", after_help = help::bootstrap::STOP, override_usage = "jimmctl bootstrap-stop [OPTIONS] JOB")]
    BootstrapStop(bootstrap::BootstrapStopArgs),
    /// Destroy a controller without models, and detach it
    #[command(after_help = help::bootstrap::DESTROY, override_usage = "jimmctl destroy-controller [OPTIONS] CONTROLLER")]
    DestroyController(bootstrap::DestroyControllerArgs),
    /// Save settings for making controllers, without secrets
    #[command(after_help = help::bootstrap::SAVE_PROFILE, override_usage = "jimmctl save-controller-profile [OPTIONS] FILE")]
    SaveControllerProfile(bootstrap::SaveProfileArgs),
    /// Show saved settings for making controllers
    #[command(after_help = help::bootstrap::SHOW_PROFILE, override_usage = "jimmctl show-controller-profile [OPTIONS] NAME")]
    ShowControllerProfile(bootstrap::ShowProfileArgs),
    /// List saved settings for making controllers
    #[command(visible_alias = "controller-profiles", after_help = help::bootstrap::LIST_PROFILES)]
    ListControllerProfiles(bootstrap::ListProfilesArgs),
    /// Remove saved settings for making controllers
    #[command(after_help = help::bootstrap::REMOVE_PROFILE, override_usage = "jimmctl remove-controller-profile [OPTIONS] NAME")]
    RemoveControllerProfile(bootstrap::RemoveProfileArgs),
    /// List models with the controllers that host them
    #[command(visible_alias = "list-models")]
    #[command(after_help = help::MODELS)]
    Models(ModelsArgs),
    /// Show one model and the controller that hosts it
    #[command(after_help = help::SHOW_MODEL, override_usage = "jimmctl show-model [OPTIONS] MODEL")]
    ShowModel(ModelArgs),
    /// Show the full status of a model, as its controller tells it
    #[command(after_help = help::MODEL_STATUS, override_usage = "jimmctl model-status [OPTIONS] MODEL")]
    ModelStatus(ModelArgs),
    /// Run a jq program on the status of every model that you may read
    #[command(after_help = help::query::QUERY_MODELS, override_usage = "jimmctl query-models [OPTIONS] JQ")]
    QueryModels(query::QueryModelsArgs),
    /// Make a group
    #[command(after_help = help::rights::ADD_GROUP, override_usage = "jimmctl add-group [OPTIONS] NAME")]
    AddGroup(AddSetArgs),
    /// Give a group another name; its members and rights stay
    #[command(after_help = help::rights::RENAME_GROUP, override_usage = "jimmctl rename-group [OPTIONS] NAME NEW-NAME")]
    RenameGroup(RenameSetArgs),
    /// Remove a group, and every relation of it and to it
    #[command(after_help = help::rights::REMOVE_GROUP, override_usage = "jimmctl remove-group [OPTIONS] NAME")]
    RemoveGroup(RemoveSetArgs),
    /// List groups by name
    #[command(visible_alias = "groups", after_help = help::rights::LIST_GROUPS)]
    ListGroups(ListSetsArgs),
    /// Make a role
    #[command(after_help = help::rights::ADD_ROLE, override_usage = "jimmctl add-role [OPTIONS] NAME")]
    AddRole(AddSetArgs),
    /// Give a role another name; its assignees and rights stay
    #[command(after_help = help::rights::RENAME_ROLE, override_usage = "jimmctl rename-role [OPTIONS] NAME NEW-NAME")]
    RenameRole(RenameSetArgs),
    /// Remove a role, and every relation of it and to it
    #[command(after_help = help::rights::REMOVE_ROLE, override_usage = "jimmctl remove-role [OPTIONS] NAME")]
    RemoveRole(RemoveSetArgs),
    /// List roles by name
    #[command(visible_alias = "roles", after_help = help::rights::LIST_ROLES)]
    ListRoles(ListSetsArgs),
    /// Give a right
    #[command(alias = "add-permissions", after_help = help::rights::ADD_PERMISSION,
              override_usage = "jimmctl add-permission [OPTIONS] OBJECT RELATION TARGET\n       jimmctl add-permission -f FILE")]
    AddPermission(RelationArgs),
    /// Take a right away
    #[command(alias = "remove-permissions", after_help = help::rights::REMOVE_PERMISSION,
              override_usage = "jimmctl remove-permission [OPTIONS] OBJECT RELATION TARGET\n       jimmctl remove-permission -f FILE")]
    RemovePermission(RelationArgs),
    /// Tell whether somebody has a right, inherited ones included
    #[command(alias = "check-permissions", after_help = help::rights::CHECK_PERMISSION,
              override_usage = "jimmctl check-permission [OPTIONS] OBJECT RELATION TARGET")]
    CheckPermission(CheckRelationArgs),
    /// List the rights that are written down
    #[command(visible_alias = "permissions", after_help = help::rights::LIST_PERMISSIONS)]
    ListPermissions(ListRelationsArgs),
    /// Make groups, roles and rights what an access file says, after showing the differences
    #[command(after_help = help::rights::APPLY, override_usage = "jimmctl apply [OPTIONS] -f FILE")]
    Apply(ApplyArgs),
    /// Look for rights on things that are gone, and compare the rights with OpenFGA where it decides
    #[command(after_help = help::rights::CHECK_ACCESS)]
    CheckAccess(CheckAccessArgs),
    /// Write groups, roles and rights as an access file, which "apply" reads
    #[command(after_help = help::rights::EXPORT_ACCESS)]
    ExportAccess(ExportAccessArgs),
    /// List what was asked of the broker and of models through it, and by whom
    #[command(visible_alias = "audit-events", after_help = help::audit::LIST)]
    ListAuditEvents(audit::ListAuditEventsArgs),
    /// Check that nothing in the audit log was changed, removed or reordered
    #[command(after_help = help::audit::VERIFY)]
    VerifyAudit(audit::VerifyAuditArgs),
    /// Forget what is old in the audit log
    #[command(after_help = help::audit::PURGE, override_usage = "jimmctl purge-audit-logs [OPTIONS] DATE")]
    PurgeAuditLogs(audit::PurgeAuditLogsArgs),
    /// Let a user read the audit log
    #[command(visible_alias = "grant-audit-log", after_help = help::audit::GRANT,
              override_usage = "jimmctl grant-audit-log-access [OPTIONS] USER")]
    GrantAuditLogAccess(audit::AuditLogAccessArgs),
    /// Let a user read the audit log no longer
    #[command(visible_alias = "revoke-audit-log", after_help = help::audit::REVOKE,
              override_usage = "jimmctl revoke-audit-log-access [OPTIONS] USER")]
    RevokeAuditLogAccess(audit::AuditLogAccessArgs),
    /// The same commands under their older names: auth group, auth role, auth relation
    #[command(subcommand, after_help = help::rights::AUTH)]
    Auth(AuthCommand),
    /// List who is logged in, from where, until when
    #[command(after_help = help::accounts::SESSIONS)]
    Sessions(SessionsArgs),
    /// End sessions and every open connection of theirs, at once and everywhere
    #[command(after_help = help::accounts::REVOKE_SESSIONS)]
    RevokeSessions(RevokeSessionsArgs),
    /// List how long logins last, by default, of groups, of users, of service accounts
    #[command(after_help = help::accounts::SESSION_POLICIES)]
    SessionPolicies(SessionPoliciesArgs),
    /// Decide how long somebody's logins last, those that have begun included
    #[command(after_help = help::accounts::SET_SESSION_POLICY, override_usage = "jimmctl set-session-policy [OPTIONS] WHO LIFETIME")]
    SetSessionPolicy(SetSessionPolicyArgs),
    /// Go back to what the broker's settings say of somebody's logins
    #[command(after_help = help::accounts::REMOVE_SESSION_POLICY, override_usage = "jimmctl remove-session-policy [OPTIONS] WHO")]
    RemoveSessionPolicy(RemoveSessionPolicyArgs),
    /// Refuse a user from now on, and end all sessions and connections of theirs
    #[command(after_help = help::accounts::DISABLE_USER, override_usage = "jimmctl disable-user [OPTIONS] USER")]
    DisableUser(UserArgs),
    /// Admit a user again who was disabled
    #[command(after_help = help::accounts::ENABLE_USER, override_usage = "jimmctl enable-user [OPTIONS] USER")]
    EnableUser(UserArgs),
    /// Become the administrator of a service account of the identity provider's
    #[command(after_help = help::accounts::ADD_SERVICE_ACCOUNT, override_usage = "jimmctl add-service-account [OPTIONS] CLIENT-ID")]
    AddServiceAccount(AddServiceAccountArgs),
    /// Let users and groups administer a service account too
    #[command(after_help = help::accounts::GRANT_SERVICE_ACCOUNT, override_usage = "jimmctl grant-service-account-access [OPTIONS] CLIENT-ID ENTITY...")]
    GrantServiceAccountAccess(GrantServiceAccountArgs),
    /// List the cloud credentials of a service account
    #[command(after_help = help::accounts::LIST_SERVICE_ACCOUNT, override_usage = "jimmctl list-service-account-credentials [OPTIONS] CLIENT-ID")]
    ListServiceAccountCredentials(ServiceAccountCredentialsArgs),
    /// Give a service account a cloud credential
    #[command(after_help = help::accounts::UPDATE_SERVICE_ACCOUNT, override_usage = "jimmctl update-service-account-credential [OPTIONS] CLIENT-ID CLOUD CREDENTIAL")]
    UpdateServiceAccountCredential(UpdateServiceAccountArgs),
    /// Seal all stored secrets with the current key, or move them to the place that the broker is configured for
    #[command(after_help = help::ROTATE_SEALING_KEY)]
    RotateSealingKey(RotateSealingKeyArgs),
    /// Show the versions of this program and of the broker
    #[command(after_help = help::VERSION)]
    Version(VersionArgs),
    /// Write a completion script for a shell to standard output
    #[command(after_help = help::COMPLETION)]
    Completion(CompletionArgs),
    /// Write the manual pages into a folder
    #[command(after_help = help::MAN)]
    Man(ManArgs),
    /// Write the reference page of this program, in Markdown, to standard output
    #[command(hide = true)]
    Reference,
}
