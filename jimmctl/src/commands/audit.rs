//! The audit log: list, purge, and who may read it.

use std::fmt::Write as _;

use jimm_proto::params::jimm_audit::{
    AuditEvent, AuditEventBody, AuditEvents, AuditLogAccessRequest, FindAuditEventsRequest, PurgeLogsRequest,
    PurgeLogsResponse,
};
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::cli::GlobalArgs;
use crate::cli::audit::{AuditLogAccessArgs, EventsFormat, ListAuditEventsArgs, PurgeAuditLogsArgs};
use crate::error::{Failure, Result};
use crate::go_yaml::Moment;
use crate::output::{Format, OutputArgs};
use crate::session::Session;
use crate::table::Table;

/// Events of one answer of the broker at most.
const PAGE: i64 = 1000;
/// Longer cells are cut in the table; `yaml` and `json` have all of it.
const WIDEST: usize = 50;

pub(super) async fn list(global: &GlobalArgs, args: &ListAuditEventsArgs) -> Result<()> {
    if args.limit < 1 || args.offset < 0 {
        return Err(Failure::usage("--limit takes a positive number, --offset none below zero"));
    }
    let output = OutputArgs { format: format(args.format), output: args.output.clone() };
    let events = AuditEvents { events: output.or_nothing(find(global, args).await)?, cursor: String::new() };
    if args.format == Some(EventsFormat::Jsonl) {
        let mut lines = String::new();
        for event in &events.events {
            let _ = writeln!(lines, "{}", serde_json::to_string(event)?);
        }
        return output.print(&(), &(), || lines.clone());
    }
    let yaml = EventsYaml { events: events.events.iter().map(EventYaml::from).collect() };
    output.print(&events, &yaml, || table(&events.events))
}

/// The events in YAML.
#[derive(Serialize)]
struct EventsYaml<'a> {
    events: Vec<EventYaml<'a>>,
}

#[derive(Serialize)]
struct EventYaml<'a> {
    time: Moment,
    #[serde(flatten)]
    what: &'a AuditEventBody,
}

impl<'a> From<&'a AuditEvent> for EventYaml<'a> {
    fn from(event: &'a AuditEvent) -> Self {
        Self { time: Moment::At(event.time), what: &event.what }
    }
}

/// Lines of JSON are printed as they are, as a table is.
fn format(asked: Option<EventsFormat>) -> Option<Format> {
    asked.map(|asked| match asked {
        EventsFormat::Tabular | EventsFormat::Jsonl => Format::Tabular,
        EventsFormat::Yaml => Format::Yaml,
        EventsFormat::Json => Format::Json,
    })
}

/// The events, page after page. Without an end, what comes in meanwhile is not followed: the first page tells until when.
async fn find(global: &GlobalArgs, args: &ListAuditEventsArgs) -> Result<Vec<AuditEvent>> {
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut request = FindAuditEventsRequest {
        after: given(&args.after),
        before: given(&args.before),
        user_tag: given(&args.user_tag),
        model: given(&args.model),
        method: given(&args.method),
        offset: args.offset,
        limit: 0,
        sort_time: args.reverse,
        cursor: String::new(),
    };
    let session = Session::open(global).await?;
    let mut wanted = if args.all { i64::MAX } else { args.limit };
    let mut events: Vec<AuditEvent> = Vec::new();
    while wanted > 0 {
        request.limit = wanted.min(PAGE);
        let page: AuditEvents = session.call("FindAuditEvents", &request).await?;
        let got = i64::try_from(page.events.len()).unwrap_or(i64::MAX);
        // A broker that tells no cursor pages by offset; newest first, new ones would push the rest back.
        if page.cursor.is_empty() && args.reverse && request.before.is_empty() {
            request.before = page.events.first().map(|event| event.time.to_string()).unwrap_or_default();
        }
        events.extend(page.events);
        request.cursor = page.cursor;
        request.offset += got;
        wanted -= got;
        if got < request.limit {
            break;
        }
    }
    Ok(events)
}

fn table(events: &[AuditEvent]) -> String {
    let mut table = Table::new(&[
        "Time",
        "User",
        "Model",
        "ConversationId",
        "MessageId",
        "Method",
        "IsResponse",
        "Params",
        "Errors",
        "Facade",
        "Outcome",
        "ElapsedUs",
        "Client",
        "AuthMethod",
        "EventCode",
    ]);
    let cell =
        |value: &Option<serde_json::Value>| value.as_ref().map(|value| cut(&value.to_string())).unwrap_or_default();
    for event in events {
        table.row([
            &event.time.to_string(),
            &event.what.user_tag,
            &event.what.model,
            &event.what.conversation_id,
            &event.what.message_id.to_string(),
            &event.what.facade_method,
            &event.what.is_response.to_string(),
            &cell(&event.what.params),
            &cell(&event.what.errors),
            &event.what.facade_name,
            &event.what.outcome,
            &event.what.elapsed_us.map(|elapsed| elapsed.to_string()).unwrap_or_default(),
            &event.what.client_address,
            &event.what.auth_method,
            &event.what.event_code,
        ]);
    }
    table.render()
}

fn cut(text: &str) -> String {
    if text.chars().count() <= WIDEST {
        return text.to_owned();
    }
    text.chars().take(WIDEST - 1).chain(['…']).collect()
}

pub(super) async fn purge(global: &GlobalArgs, args: &PurgeAuditLogsArgs) -> Result<()> {
    let date = args.date.as_deref().ok_or_else(|| Failure::usage("expected one argument (ISO8601 date)"))?;
    let request = PurgeLogsRequest { date: whole(date)? };
    let answer = async { Session::open(global).await?.call("PurgeLogs", &request).await };
    let answer: PurgeLogsResponse = args.output.or_nothing(answer.await)?;
    args.output.print(&answer, &answer, || format!("{} entries of the audit log are gone\n", answer.deleted_count))
}

/// A date, or a time with less than all its parts, as RFC 3339 in UTC.
fn whole(text: &str) -> Result<String> {
    let bad = || Failure::usage("invalid date. Expected ISO8601 date").with_hint("2026-01-31, or 2026-01-31T08:00:00Z");
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_at);
    let clock = if clock.matches(':').count() == 1 { format!("{clock}:00") } else { clock.to_owned() };
    let zone = match zone {
        "" => "Z".to_owned(),
        zone if zone.len() == 5 && !zone.contains(':') => format!("{}:{}", &zone[..3], &zone[3..]),
        zone => zone.to_owned(),
    };
    let whole = format!("{date}T{clock}{zone}");
    let shape: String = whole.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let known = ["0000-00-00T00:00:00Z", "0000-00-00T00:00:00+00:00", "0000-00-00T00:00:00-00:00"];
    if known.contains(&shape.as_str()) { Ok(whole) } else { Err(bad()) }
}

pub(super) async fn access(global: &GlobalArgs, method: &str, args: &AuditLogAccessArgs) -> Result<()> {
    let user = args.user.as_deref().ok_or_else(|| Failure::usage("missing username"))?;
    let user_tag = format!("user-{}", user.strip_prefix("user-").unwrap_or(user));
    let request = AuditLogAccessRequest { user_tag, level: String::new() };
    let _: IgnoredAny = Session::open(global).await?.call(method, &request).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_made_whole() {
        for (text, expected) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T08:30Z", "2026-01-31T08:30:00Z"),
            ("2026-01-31T08:30:15", "2026-01-31T08:30:15Z"),
            ("2026-01-31T08:30:15Z", "2026-01-31T08:30:15Z"),
            ("2026-01-31T08:30:15+0100", "2026-01-31T08:30:15+01:00"),
        ] {
            assert_eq!(whole(text).expect(text), expected);
        }
        for text in ["", "yesterday", "31.01.2026", "2026-1-1", "2026-01-31T", "2026-01-31Tää:00:00Z"] {
            assert_eq!(whole(text).expect_err(text).exit_code(), 2);
        }
    }
}
