//! `version`: ours, and the broker's.

use jimm_proto::params::jimm::VersionResponse;
use serde::Serialize;

use crate::cli::{GlobalArgs, VersionArgs};
use crate::error::Result;
use crate::session::Session;
use crate::table::Table;

#[derive(Serialize)]
struct Versions {
    jimmctl: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    jimm: Option<VersionResponse>,
}

pub(super) async fn run(global: &GlobalArgs, args: &VersionArgs) -> Result<()> {
    let jimm = if args.client { None } else { Some(Session::open(global).await?.ask("Version").await?) };
    let versions = Versions { jimmctl: env!("CARGO_PKG_VERSION"), jimm };
    args.output.print(&versions, &versions, || {
        let mut table = Table::new(&["Program", "Version", "Commit"]);
        table.row(["jimmctl", versions.jimmctl, ""]);
        if let Some(jimm) = &versions.jimm {
            table.row(["jimm", &jimm.version, &jimm.commit]);
        }
        table.render()
    })
}
