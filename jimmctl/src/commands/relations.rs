//! Relations: add, remove, check, list.

use std::path::Path;

use jimm_proto::complaint::without_value;
use jimm_proto::params::jimm_rights::{
    CheckRelationRequest, CheckRelationResponse, ListRelationshipTuplesRequest, ListRelationshipTuplesResponse,
    MAX_TUPLES, RelationsRequest, RelationshipTuple,
};
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::cli::GlobalArgs;
use crate::cli::rights::{CheckFormat, CheckRelationArgs, ListRelationsArgs, RelationArgs};
use crate::error::{Failure, Result};
use crate::input;
use crate::output::{Format, OutputArgs};
use crate::session::Session;
use crate::table::Table;

/// Longest file of relations, in bytes.
const LONGEST: u64 = 16 << 20;
/// Tuples of one answer of the broker.
const PAGE: i64 = 1000;

/// What `list-permissions` prints.
#[derive(Serialize)]
struct Listed<'a> {
    tuples: &'a [RelationshipTuple],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    errors: &'a [String],
}

/// What `check-permission` prints for programs.
#[derive(Serialize)]
struct Checked<'a> {
    result: &'a str,
    tuple: &'a RelationshipTuple,
    allowed: bool,
}

/// `AddRelation` or `RemoveRelation`.
pub(super) async fn change(global: &GlobalArgs, method: &str, args: &RelationArgs) -> Result<()> {
    let tuples = match (&args.file, &args.object) {
        (Some(_), Some(_)) => return Err(Failure::usage("give either a relation or -f FILE, not both")),
        (Some(file), None) => parse(&input::read(file, LONGEST, "for a list of relations")?, file)?,
        (None, _) => vec![one(args.object.as_ref(), args.relation.as_ref(), args.target.as_ref())?],
    };
    let _: IgnoredAny = Session::open(global).await?.call(method, &RelationsRequest { tuples }).await?;
    Ok(())
}

pub(super) async fn check(global: &GlobalArgs, args: &CheckRelationArgs) -> Result<()> {
    let tuple = one(args.object.as_ref(), args.relation.as_ref(), args.target.as_ref())?;
    let request = CheckRelationRequest { tuple };
    let answer: CheckRelationResponse = Session::open(global).await?.call("CheckRelation", &request).await?;
    let RelationshipTuple { object, relation, target_object } = &request.tuple;
    let verdict = if answer.allowed { "allowed" } else { "not allowed" };
    let sentence = format!("access check for {object} on resource {target_object} with role {relation} is {verdict}");
    let checked = Checked { result: &sentence, tuple: &request.tuple, allowed: answer.allowed };
    let format = match args.format {
        CheckFormat::Smart => Format::Tabular,
        CheckFormat::Yaml => Format::Yaml,
        CheckFormat::Json => Format::Json,
    };
    let output = OutputArgs { format: Some(format), output: args.output.clone() };
    // As the reference writes it, without a line's end, unless somebody reads it on a terminal.
    let end = if output.is_to_terminal() { "\n" } else { "" };
    output.print(&checked, &checked, || format!("{sentence}{end}"))?;
    if args.exit_code && !answer.allowed {
        return Err(Failure::failed(sentence));
    }
    Ok(())
}

pub(super) async fn list(global: &GlobalArgs, args: &ListRelationsArgs) -> Result<()> {
    let tuple = RelationshipTuple {
        object: args.object.clone().unwrap_or_default(),
        relation: args.relation.clone().unwrap_or_default(),
        target_object: args.target.clone().unwrap_or_default(),
    };
    let answer = async {
        let session = Session::open(global).await?;
        all(&session, tuple, args.resolve).await
    };
    let (tuples, errors) =
        args.output.or_nothing(answer.await.map_err(|e| e.within("failed to fetch list of relationship tuples")))?;
    let listed = Listed { tuples: &tuples, errors: &errors };
    args.output.print(&listed, &listed, || {
        let mut table = Table::new(&["Object", "Relation", "Target Object"]);
        for tuple in &tuples {
            table.row([&tuple.object, &tuple.relation, &tuple.target_object]);
        }
        table.render()
    })?;
    if !global.quiet && args.output.format() == Format::Tabular {
        for error in &errors {
            eprintln!("WARNING {error}");
        }
    }
    Ok(())
}

/// All tuples that are asked for, and what could not be named, page after page to the end.
pub(super) async fn all(
    session: &Session,
    tuple: RelationshipTuple,
    resolve_uuids: bool,
) -> Result<(Vec<RelationshipTuple>, Vec<String>)> {
    let mut request =
        ListRelationshipTuplesRequest { tuple, page_size: PAGE, continuation_token: String::new(), resolve_uuids };
    let (mut tuples, mut errors) = (Vec::new(), Vec::new());
    loop {
        let page: ListRelationshipTuplesResponse = session.call("ListRelationshipTuples", &request).await?;
        tuples.extend(page.tuples);
        errors.extend(page.errors);
        if page.continuation_token.is_empty() {
            return Ok((tuples, errors));
        }
        request.continuation_token = page.continuation_token;
    }
}

fn one(object: Option<&String>, relation: Option<&String>, target: Option<&String>) -> Result<RelationshipTuple> {
    let given = |part: Option<&String>, what: &str| {
        part.cloned().ok_or_else(|| Failure::usage(format!("{what} not specified")))
    };
    Ok(RelationshipTuple {
        object: given(object, "object")?,
        relation: given(relation, "relation")?,
        target_object: given(target, "target object")?,
    })
}

/// A list of relations, JSON or YAML; what is wrong is told before anything is asked of the broker.
fn parse(text: &str, file: &Path) -> Result<Vec<RelationshipTuple>> {
    let name = file.display();
    let tuples: Vec<RelationshipTuple> = serde_norway::from_str(text).map_err(|e| {
        Failure::failed(format!("cannot read {name}: {}", without_value(&e.to_string())))
            .with_hint("it is a list of maps with the keys object, relation and target_object, in JSON or YAML")
    })?;
    if tuples.len() > MAX_TUPLES {
        let text = format!("{name} has {} relations, and one call takes {MAX_TUPLES} at most", tuples.len());
        return Err(Failure::failed(text).with_hint("split the file"));
    }
    for (at, tuple) in tuples.iter().enumerate() {
        for (part, what) in
            [(&tuple.object, "object"), (&tuple.relation, "relation"), (&tuple.target_object, "target_object")]
        {
            if part.is_empty() {
                return Err(Failure::failed(format!("{name}: entry {} has no {what}", at + 1)));
            }
        }
    }
    Ok(tuples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_or_refused() {
        let file = Path::new("f.json");
        let good = r#"[{"object": "user-a@b.c", "relation": "reader", "target_object": "model-a@b.c/m"}]"#;
        assert_eq!(parse(good, file).expect("good").len(), 1);
        let error = parse(r#"[{"object": "user-a@b.c", "target_object": "x"}]"#, file).expect_err("bad").to_string();
        assert_eq!(error, "f.json: entry 1 has no relation");
        assert!(parse("{\"object\": 1}", file).is_err());
        let many = serde_json::to_string(&vec![RelationshipTuple::default(); MAX_TUPLES + 1]).expect("JSON");
        assert!(parse(&many, file).expect_err("many").to_string().contains("10000 at most"));
    }
}
