//! `models` and `show-model`: what the broker records of models, with the controllers that host them.

use jimm_proto::params::jimm::{ListModelsRequest, ListModelsResponse, ModelRow};

use crate::cli::{GlobalArgs, ModelArgs, ModelsArgs};
use crate::error::{Failure, Result};
use crate::session::Session;
use crate::table::Table;

pub(super) async fn list(global: &GlobalArgs, args: &ModelsArgs) -> Result<()> {
    if args.archived {
        return super::doctor::archived(global, &args.output).await;
    }
    let params =
        ListModelsRequest { all: args.all, controller: args.on.clone().unwrap_or_default(), model: String::new() };
    let answer = async { Session::open(global).await?.call("ListModels", &params).await }.await;
    let answer: ListModelsResponse = args.output.or_nothing(answer)?;
    warn_of_old_rows(global, &answer);
    args.output.print(&answer.models, &answer.models, || model_table(&answer.models))
}

pub(super) async fn show(global: &GlobalArgs, args: &ModelArgs) -> Result<()> {
    let model = args.model.as_deref().ok_or_else(|| Failure::usage("missing model uuid"))?;
    let params = ListModelsRequest { all: false, controller: String::new(), model: model.to_owned() };
    let answer = async { Session::open(global).await?.call("ListModels", &params).await }.await;
    let answer: ListModelsResponse = args.output.or_nothing(answer)?;
    warn_of_old_rows(global, &answer);
    let row = args
        .output
        .or_nothing(answer.models.first().ok_or_else(|| Failure::failed("model not found (model not found)")))?;
    args.output.print(row, row, || details(row))
}

fn warn_of_old_rows(global: &GlobalArgs, answer: &ListModelsResponse) {
    if global.quiet {
        return;
    }
    for controller in &answer.unavailable {
        let since = controller.status.since.map(|t| format!(" since {t}")).unwrap_or_default();
        eprintln!(
            "WARNING controller {} does not answer{since}: the state of its models is as last seen",
            controller.name
        );
    }
}

fn model_table(models: &[ModelRow]) -> String {
    let mut table = Table::new(&["Model", "Controller", "Cloud/Region", "Status", "Version", "Units", "UUID"]);
    for row in models {
        table.row([
            &format!("{}/{}", row.owner, row.name),
            &row.controller_name,
            &place(row),
            &state(row),
            &row.agent_version,
            &row.units.to_string(),
            &row.uuid,
        ]);
    }
    table.render()
}

fn details(row: &ModelRow) -> String {
    let mut table = Table::new(&["Model", &format!("{}/{}", row.owner, row.name)]);
    let refreshed = row.refreshed.map(|t| t.to_string()).unwrap_or_default();
    for (key, value) in [
        ("UUID", row.uuid.as_str()),
        ("Controller", &row.controller_name),
        ("Controller UUID", &row.controller_uuid),
        ("Cloud/Region", &place(row)),
        ("Credential", &row.credential_tag),
        ("Life", &row.life),
        ("Status", &state(row)),
        ("Version", &row.agent_version),
        ("Applications", &row.applications.to_string()),
        ("Machines", &row.machines.to_string()),
        ("Units", &row.units.to_string()),
        ("Seen", &refreshed),
    ] {
        table.row([key, value]);
    }
    table.render()
}

fn place(row: &ModelRow) -> String {
    if row.region.is_empty() { row.cloud.clone() } else { format!("{}/{}", row.cloud, row.region) }
}

/// What is being done with the model matters more than its last seen state.
fn state(row: &ModelRow) -> String {
    if row.mode.is_empty() { row.status.clone() } else { row.mode.clone() }
}
