//! `events`: what has happened, and what happens.

use std::io::Write as _;

use jimm_proto::params::jimm_events::{EventInfo, EventsAnswer, EventsRequest};

use crate::cli::GlobalArgs;
use crate::cli::events::EventsArgs;
use crate::error::Result;
use crate::output::Format;
use crate::session::Session;
use crate::table::Table;

/// Seconds that the broker may wait for an event; less than our own patience.
const WAIT: i64 = 20;

pub(super) async fn run(global: &GlobalArgs, args: &EventsArgs) -> Result<()> {
    let first = EventsRequest { after: args.after, limit: args.limit, wait: 0 };
    let answer = async {
        let session = Session::open(global).await?;
        let answer: EventsAnswer = session.call("ListEvents", &first).await?;
        Ok((session, answer))
    };
    let (session, mut answer) = args.output.or_nothing(answer.await)?;
    if !args.follow {
        return args.output.print(&answer.events, &answer.events, || table(&answer.events));
    }
    let is_json = args.output.format() == Format::Json;
    loop {
        if answer.gap {
            eprintln!("WARNING events before these are forgotten");
        }
        let mut out = std::io::stdout().lock();
        for event in &answer.events {
            let line = if is_json { serde_json::to_string(event)? } else { line(event) };
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        drop(out);
        let next = EventsRequest { after: Some(answer.last), limit: None, wait: WAIT };
        answer = session.call("ListEvents", &next).await?;
    }
}

fn line(event: &EventInfo) -> String {
    format!("{} {:<24} {}  {}", event.time, event.code, event.name, event.data)
}

fn table(events: &[EventInfo]) -> String {
    let mut table = Table::new(&["Event", "Time", "Code", "About", "Data"]);
    for event in events {
        let (id, time, data) = (event.id.to_string(), event.time.to_string(), event.data.to_string());
        table.row([&id, &time, &event.code, &event.name, &data]);
    }
    table.render()
}
