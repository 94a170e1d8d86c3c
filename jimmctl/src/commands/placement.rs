//! `set-controller-labels`, `cordon`, `uncordon`, `explain-placement`.

use std::collections::BTreeMap;

use jimm_proto::params::jimm_placement::{
    CordonControllerRequest, ExplainPlacementRequest, PlacementExplained, SetControllerLabelsRequest,
};

use super::controllers::call_and_print;
use crate::cli::GlobalArgs;
use crate::cli::placement::{CordonArgs, ExplainPlacementArgs, SetControllerLabelsArgs, UncordonArgs};
use crate::error::{Failure, Result};
use crate::session::Session;
use crate::table::Table;

pub(super) async fn set_labels(global: &GlobalArgs, args: &SetControllerLabelsArgs) -> Result<()> {
    let name = controller(args.name.as_deref())?;
    if args.labels.is_empty() && args.taints.is_empty() {
        return Err(Failure::usage("no label given: KEY=VALUE sets one, KEY- removes one"));
    }
    let (labels, remove_labels) = changes(&args.labels)?;
    let (taints, remove_taints) = changes(&args.taints)?;
    let params = SetControllerLabelsRequest { name, labels, taints, remove_labels, remove_taints };
    call_and_print(global, &args.output, "SetControllerLabels", &params).await
}

pub(super) async fn cordon(global: &GlobalArgs, args: &CordonArgs) -> Result<()> {
    let name = controller(args.name.as_deref())?;
    let params = CordonControllerRequest { name, cordoned: true, reason: args.reason.clone() };
    call_and_print(global, &args.output, "CordonController", &params).await
}

pub(super) async fn uncordon(global: &GlobalArgs, args: &UncordonArgs) -> Result<()> {
    let name = controller(args.name.as_deref())?;
    let params = CordonControllerRequest { name, ..CordonControllerRequest::default() };
    call_and_print(global, &args.output, "CordonController", &params).await
}

pub(super) async fn explain(global: &GlobalArgs, args: &ExplainPlacementArgs) -> Result<()> {
    let place = args.place.as_deref().unwrap_or_default();
    let (cloud, region) = place.split_once('/').unwrap_or((place, ""));
    let params = ExplainPlacementRequest {
        model: args.model.clone().unwrap_or_default(),
        cloud: cloud.to_owned(),
        region: region.to_owned(),
        owner: args.owner.clone().unwrap_or_default(),
        requires: pairs(&args.requires)?,
    };
    let answer = async { Session::open(global).await?.call("ExplainPlacement", &params).await };
    let answer: PlacementExplained = args.output.or_nothing(answer.await)?;
    args.output.print(&answer, &answer, || table(&answer))?;
    if answer.controllers.iter().any(|host| host.place > 0) {
        return Ok(());
    }
    let place = format!("{}/{}", answer.cloud, answer.region);
    Err(Failure::failed(format!("no controller will do for {place}: see the reasons")))
}

fn table(answer: &PlacementExplained) -> String {
    let mut table = Table::new(&[
        "Place",
        "Controller",
        "Version",
        "Region",
        "Priority",
        "Points",
        "Models",
        "Machines",
        "Units",
        "Response",
        "Spread",
        "Why not",
    ]);
    for host in &answer.controllers {
        let place = if host.place > 0 { host.place.to_string() } else { String::new() };
        let part = |count: i64, points: f64| format!("{count} ({points})");
        table.row([
            &place,
            &host.name,
            &host.agent_version,
            &host.region,
            &host.priority.to_string(),
            &host.points.total.to_string(),
            &part(host.models, host.points.models),
            &part(host.machines, host.points.machines),
            &part(host.units, host.points.units),
            &format!("{} ms ({})", host.response_ms, host.points.response),
            &part(host.owned, host.points.spread),
            &host.excluded.join("; "),
        ]);
    }
    table.render()
}

fn controller(name: Option<&str>) -> Result<String> {
    name.map(str::to_owned).ok_or_else(|| Failure::usage("controller name not specified"))
}

/// What to set and what to remove.
fn changes(given: &[String]) -> Result<(BTreeMap<String, String>, Vec<String>)> {
    let (mut set, mut remove) = (BTreeMap::new(), Vec::new());
    for word in given {
        match (word.split_once('='), word.strip_suffix('-')) {
            (Some((name, value)), _) if !name.is_empty() => drop(set.insert(name.to_owned(), value.to_owned())),
            (None, Some(name)) if !name.is_empty() => remove.push(name.to_owned()),
            _ => return Err(Failure::usage(format!("{word:?} is neither KEY=VALUE nor KEY-"))),
        }
    }
    Ok((set, remove))
}

/// `KEY=VALUE` each.
pub(super) fn pairs(given: &[String]) -> Result<BTreeMap<String, String>> {
    match changes(given)? {
        (set, remove) if remove.is_empty() => Ok(set),
        (_, remove) => Err(Failure::usage(format!("\"{}-\" is not KEY=VALUE", remove.join("- ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_set_and_removed() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (set, remove) = changes(&words(&["a=b=c", "x-", "e="])).expect("valid");
        assert_eq!((set.get("a").map(String::as_str), set.get("e").map(String::as_str)), (Some("b=c"), Some("")));
        assert_eq!(remove, ["x"]);
        for bad in ["a", "=b", "-", ""] {
            assert!(changes(&words(&[bad])).is_err(), "{bad}");
        }
        assert!(pairs(&words(&["x-"])).is_err());
    }
}
