//! Events in the shapes that others read: lines of JSON, syslog's messages, log records of OpenTelemetry.

use jimm_proto::params::jimm_audit::{AuditEvent, AuditEventBody};
use serde_json::{Value, json};

/// A line of JSON for each.
pub(super) fn lines(events: &[AuditEvent]) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    for event in events {
        serde_json::to_writer(&mut text, event).map_err(|error| error.to_string())?;
        text.push(b'\n');
    }
    Ok(text)
}

fn failed(what: &AuditEventBody) -> bool {
    !matches!(what.outcome.as_str(), "" | "ok")
}

/// A message of RFC 5424, framed as RFC 5425 has it.
pub(super) fn syslog(host: &str, event: &AuditEvent) -> Result<String, String> {
    // Facility 13, the audit log; warning or informational.
    let priority = 13 * 8 + if failed(&event.what) { 4 } else { 6 };
    let name = |text: &str, longest: usize| -> String {
        let clean: String = text.chars().filter(char::is_ascii_graphic).take(longest).collect();
        if clean.is_empty() { "-".to_owned() } else { clean }
    };
    let body = serde_json::to_string(event).map_err(|error| error.to_string())?;
    let (host, code) = (name(host, 255), name(&event.what.event_code, 32));
    let message = format!("<{priority}>1 {} {host} jimm {} {code} - \u{feff}{body}", event.time, std::process::id());
    Ok(format!("{} {message}", message.len()))
}

/// A request of OpenTelemetry's log protocol, in JSON.
pub(super) fn otlp(host: &str, events: &[AuditEvent]) -> Value {
    let text = |value: &str| json!({"stringValue": value});
    let records: Vec<Value> = events
        .iter()
        .map(|event| {
            let what = &event.what;
            let (number, level) = if failed(what) { (13, "WARN") } else { (9, "INFO") };
            let mut attributes = Vec::new();
            for (key, value) in [
                ("event.name", &what.event_code),
                ("audit.id", &what.id),
                ("audit.class", &what.class),
                ("audit.outcome", &what.outcome),
                ("user.id", &what.user_tag),
                ("client.address", &what.client_address),
                ("rpc.service", &what.facade_name),
                ("rpc.method", &what.facade_method),
            ] {
                if !value.is_empty() {
                    attributes.push(json!({"key": key, "value": text(value)}));
                }
            }
            json!({
                "timeUnixNano": nanoseconds(event),
                "observedTimeUnixNano": nanoseconds(event),
                "severityNumber": number,
                "severityText": level,
                "body": text(&serde_json::to_string(event).unwrap_or_default()),
                "attributes": attributes,
            })
        })
        .collect();
    let resource = json!({"attributes": [
        {"key": "service.name", "value": text("jimm")},
        {"key": "host.name", "value": text(host)},
    ]});
    let scope = json!({"name": "audit", "version": env!("CARGO_PKG_VERSION")});
    json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": records}]}]})
}

fn nanoseconds(event: &AuditEvent) -> String {
    format!("{}000", event.time.0.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> AuditEvent {
        let time = chrono::DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        let what = AuditEventBody {
            event_code: "jimm.add-group".into(),
            user_tag: "user-a\nb".into(),
            outcome: "not-found".into(),
            is_response: true,
            ..AuditEventBody::default()
        };
        AuditEvent { time: time.into(), what }
    }

    #[test]
    fn a_message_is_one_frame_without_line_breaks() {
        let frame = syslog("host one\n", &event()).unwrap();
        let (length, message) = frame.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), message.len());
        assert!(message.starts_with("<108>1 2023-11-14T22:13:20.123456Z hostone jimm "), "{message}");
        assert!(message.contains(" jimm.add-group - \u{feff}{") && !message.contains('\n'), "{message}");
    }

    #[test]
    fn records_have_times_levels_and_attributes() {
        let request = otlp("h", &[event()]);
        let record = &request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
        assert_eq!(record["timeUnixNano"], "1700000000123456000");
        assert_eq!(
            (record["severityNumber"].as_i64(), &record["attributes"][0]["value"]["stringValue"]),
            (Some(13), &json!("jimm.add-group"))
        );
    }
}
