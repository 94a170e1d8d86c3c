//! `query-models JQ`: what a jq program makes of the status of every model that one may read.

use std::collections::BTreeMap;
use std::io::Write;

use jimm_proto::params::jimm_query::{
    CrossModelQueryRequest, CrossModelQueryResponse, ModelAnswer, NextAnswers, QueryId, StartedQuery,
};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_norway::Value;

use crate::cli::GlobalArgs;
use crate::cli::query::QueryModelsArgs;
use crate::error::{Failure, Result};
use crate::output::{Format, OutputArgs};
use crate::session::Session;
use crate::table::Table;

/// The answer in YAML.
#[derive(Serialize)]
struct AnswerYaml {
    results: BTreeMap<String, Vec<Value>>,
    errors: BTreeMap<String, Vec<String>>,
}

pub(super) async fn run(global: &GlobalArgs, args: &QueryModelsArgs) -> Result<()> {
    let query = args.query.clone().filter(|query| !query.trim().is_empty());
    let query = query.ok_or_else(|| Failure::usage("no query specified"))?;
    let request = CrossModelQueryRequest { r#type: "jq".to_owned(), query };
    if args.stream {
        return stream(global, &request).await;
    }
    let output = OutputArgs { format: args.output.format.or(Some(Format::Json)), ..args.output.clone() };
    let answer = async { Session::open(global).await?.call("CrossModelQuery", &request).await }.await;
    let answer: CrossModelQueryResponse = output.or_nothing(answer)?;
    let mut yaml = AnswerYaml { results: BTreeMap::new(), errors: answer.errors.clone() };
    if output.format() == Format::Yaml {
        for (uuid, values) in &answer.results {
            let values: Result<_, _> = values.iter().map(|it| serde_json::from_str(it.get())).collect();
            yaml.results.insert(uuid.clone(), values?);
        }
    }
    output.print(&answer, &yaml, || table(&answer))
}

/// A line for each model with something to tell, as they answer.
async fn stream(global: &GlobalArgs, request: &CrossModelQueryRequest) -> Result<()> {
    let session = Session::open(global).await?;
    let StartedQuery { query_id, models } = session.call("StartCrossModelQuery", request).await?;
    let id = QueryId { query_id };
    let (mut answered, mut failed) = (0, 0);
    loop {
        let told: NextAnswers = session.call("NextCrossModelQuery", &id).await?;
        answered += told.answers.len();
        failed += told.answers.iter().filter(|answer| !answer.errors.is_empty()).count();
        match print(&told.answers) {
            // The reader of a pipe may leave early; that ends the query too.
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            other => other?,
        }
        if told.done {
            break;
        }
    }
    if failed > 0 && !global.quiet {
        eprintln!("WARNING {failed} of {models} models could not be asked in full: their lines have \"errors\"");
    }
    if answered < models {
        return Err(Failure::failed(format!("the broker ended the query after {answered} of {models} models"))
            .with_hint("run it again; if the broker stopped, another one answers"));
    }
    Ok(())
}

fn print(answers: &[ModelAnswer]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for answer in answers.iter().filter(|answer| !answer.results.is_empty() || !answer.errors.is_empty()) {
        serde_json::to_writer(&mut out, answer)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn table(answer: &CrossModelQueryResponse) -> String {
    let mut table = Table::new(&["Model", "Result"]);
    for (uuid, values) in &answer.results {
        for value in values {
            let text = RawValue::get(value);
            table.row([uuid.as_str(), &serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned())]);
        }
    }
    for (uuid, errors) in &answer.errors {
        for error in errors {
            table.row([uuid.as_str(), &format!("ERROR {error}")]);
        }
    }
    table.render()
}
