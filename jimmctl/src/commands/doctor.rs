//! `doctor`: what was left behind, and its repair.

use std::fmt::Write as _;

use jimm_proto::params::jimm_doctor::{
    ArchivedModel, ArchivedModels, ArchivedRequest, DoctorReport, Finding, RepairRequest, Repaired,
};
use serde_json::json;

use super::question;
use crate::cli::GlobalArgs;
use crate::cli::doctor::DoctorArgs;
use crate::error::{Failure, Result};
use crate::output::OutputArgs;
use crate::session::Session;
use crate::table::Table;

pub(super) async fn run(global: &GlobalArgs, args: &DoctorArgs) -> Result<()> {
    if let Some(id) = &args.repair {
        return repair(global, args, id).await;
    }
    let answer = async { Session::open(global).await?.call("Doctor", &json!({})).await }.await;
    let report: DoctorReport = args.output.or_nothing(answer)?;
    args.output.print(&report, &report, || shown(&report))?;
    let (found, silent, unasked) = (report.findings.len(), report.not_looked_at.len(), report.unasked);
    let mut wrong = Vec::new();
    if found > 0 {
        wrong.push(format!("{found} findings"));
    }
    if silent > 0 {
        wrong.push(format!("{silent} controllers were not looked at"));
    }
    if unasked > 0 {
        wrong.push(format!("{unasked} models were not looked at"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::failed(wrong.join(", and "))) }
}

async fn repair(global: &GlobalArgs, args: &DoctorArgs, id: &str) -> Result<()> {
    let session = Session::open(global).await?;
    if !args.yes {
        let report: DoctorReport = session.call("Doctor", &json!({})).await?;
        let found = report.findings.iter().find(|finding| finding.id == id);
        let found =
            found.ok_or_else(|| Failure::failed(format!("finding {id:?} not found: it is gone, or never was")))?;
        eprintln!("{}\n{}", found.what, found.repair);
        question::confirm("Repair it?", "nothing was changed")?;
    }
    let answer: Repaired = session.call("DoctorRepair", &RepairRequest { finding: id.to_owned() }).await?;
    args.output.print(&answer, &answer, || format!("{}\n", answer.done))
}

fn shown(report: &DoctorReport) -> String {
    // Writing to a string cannot fail.
    let mut text = String::new();
    for Finding { id, kind, what, repair, .. } in &report.findings {
        let _ = writeln!(text, "{id}  {kind}\n  {what}\n  repair: {repair}\n");
    }
    for silent in &report.not_looked_at {
        let _ = writeln!(text, "not looked at: controller {} ({})", silent.controller, silent.why);
    }
    if report.unasked > 0 {
        let _ = writeln!(
            text,
            "not looked at: {} more models that their controllers do not list: see to the findings above, then run \"jimmctl doctor\" again",
            report.unasked
        );
    }
    let (controllers, models) = (report.controllers, report.models);
    let findings = report.findings.len();
    let _ = writeln!(text, "{findings} findings; {controllers} controllers and {models} models looked at");
    text
}

/// `models --archived`.
pub(super) async fn archived(global: &GlobalArgs, output: &OutputArgs) -> Result<()> {
    let answer = async {
        let session = Session::open(global).await?;
        let mut all: Vec<ArchivedModel> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page: ArchivedModels =
                session.call("ListArchivedModels", &ArchivedRequest { limit: Some(1000), cursor }).await?;
            all.extend(page.models);
            cursor = page.next_cursor;
            if cursor.is_empty() {
                return Ok(all);
            }
        }
    };
    let all: Vec<ArchivedModel> = output.or_nothing(answer.await)?;
    output.print(&all, &all, || {
        let mut table = Table::new(&["Model", "Controller", "Archived", "UUID"]);
        for row in &all {
            let (name, at) = (format!("{}/{}", row.owner, row.name), row.archived.to_string());
            table.row([&name, &row.controller_name, &at, &row.uuid]);
        }
        table.render()
    })
}
