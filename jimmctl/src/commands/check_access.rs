//! `check-access`: rights on things that are gone, and what differs between the broker and OpenFGA.

use std::fmt::Write as _;

use jimm_proto::params::jimm_rights::{CheckAccessRequest, CheckAccessResponse, RelationshipTuple};

use crate::cli::GlobalArgs;
use crate::cli::rights::CheckAccessArgs;
use crate::error::{Failure, Result};
use crate::session::Session;
use crate::table::Table;

/// Something differs.
const DIFFERS: u8 = 3;

pub(super) async fn run(global: &GlobalArgs, args: &CheckAccessArgs) -> Result<()> {
    let request = CheckAccessRequest { reconcile: args.reconcile };
    let answer = async {
        let session = Session::open(global).await?;
        session.call("CheckAccess", &request).await
    };
    let answer: CheckAccessResponse = args.output.or_nothing(answer.await)?;
    args.output.print(&answer, &answer, || table(&answer))?;
    let found = answer.missing_count + answer.extra_count + answer.orphan_count;
    if found > 0 && !answer.reconciled {
        let text = format!("{found} {} found", if found == 1 { "difference" } else { "differences" });
        let hint = "\"jimmctl check-access --reconcile\" puts them right";
        return Err(Failure::failed(text).with_hint(hint).with_exit_code(DIFFERS));
    }
    Ok(())
}

fn table(answer: &CheckAccessResponse) -> String {
    let mut text = if answer.store.is_empty() {
        format!("{} rights. The broker decides by itself: there is no mirror to compare with.\n", answer.tuples)
    } else {
        let CheckAccessResponse { tuples, mirrored, store, model, .. } = answer;
        format!("{tuples} rights; OpenFGA decides and has {mirrored} (store {store}, model {model}).\n")
    };
    let kinds = [
        ("missing in OpenFGA", &answer.missing, answer.missing_count),
        ("only in OpenFGA", &answer.extra, answer.extra_count),
        ("on a thing that is gone", &answer.orphans, answer.orphan_count),
    ];
    if kinds.iter().all(|(_, _, count)| *count == 0) && answer.foreign.is_empty() {
        text.push_str("Nothing differs.\n");
        return text;
    }
    let mut table = Table::new(&["Difference", "Object", "Relation", "Target Object"]);
    for (what, tuples, _) in kinds {
        for RelationshipTuple { object, relation, target_object } in tuples {
            table.row([what, object, relation, target_object]);
        }
    }
    for tuple in &answer.foreign {
        table.row(["not the broker's, left alone", tuple, "", ""]);
    }
    text.push_str(&table.render());
    for (what, tuples, count) in kinds {
        let shown = tuples.len() as u64;
        if count > shown {
            let _ = writeln!(text, "{} more {what}", count - shown);
        }
    }
    if answer.reconciled {
        text.push_str("Put right.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_listed_and_what_is_more_is_counted() {
        let tuple = |object: &str| RelationshipTuple {
            object: object.into(),
            relation: "reader".into(),
            target_object: "model-m".into(),
        };
        let mut answer = CheckAccessResponse { tuples: 7, ..CheckAccessResponse::default() };
        assert!(table(&answer).ends_with("no mirror to compare with.\nNothing differs.\n"));
        answer = CheckAccessResponse {
            store: "S".into(),
            model: "M".into(),
            mirrored: 6,
            missing: vec![tuple("user-a@x")],
            missing_count: 3,
            ..answer
        };
        let text = table(&answer);
        assert!(
            text.contains("missing in OpenFGA  user-a@x  reader    model-m\n2 more missing in OpenFGA\n"),
            "{text}"
        );
    }
}
