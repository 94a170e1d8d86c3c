//! The reference page of the events, written from the table of their codes.

use std::fmt::Write as _;

use jimm_store::events::Code;

const HEAD: &str = "# Events

<!-- Written from the table in jimm/store/src/events/codes.rs: `jimmsrv events-reference > docs/reference/events.md`. -->

What happens to models, controllers, jobs and plans is an event. An event is noted in the transaction of what it tells of:
it is told if that happened, and not if it did not. Codes never change their meaning; new ones may come.

An event is a JSON object: `id` (its place in the one order of all events), `time`, `code`, `kind` (what it is about: `model`,
`controller`, `job`, `plan`), `uuid` and `name` of that, and `data` with the fields below. Fields may be added to `data`.

Administrators of the broker see all events, others those about models that they may read.

| Where | How |
| --- | --- |
| `jimmctl events`, `jimmctl events -f` | lists the newest; follows |
| `GET /events` | server-sent events, with the login of other HTTP paths: a session token as the password of `Authorization: Basic`, or a browser's session. `Last-Event-ID` goes on after that event, `0` begins with the oldest that is kept; without it the stream begins now. Lines that begin with a colon only say that the stream lives. `event: gap` says that events were forgotten before they were asked for, `event: end` why the stream ends; the connection is closed five seconds later at the latest, whether that was read or not. Who does not read for twenty seconds is let go so |
| web hooks | `POST` of `{\"broker\": …, \"events\": […]}` to each of `JIMM_WEBHOOK_URLS`, in order, at least once: again until the hook answers 2xx. `X-Jimm-Delivery` names the first and the last event. `X-Jimm-Signature` is `sha256=` and the HMAC-SHA256, in hexadecimal, of `X-Jimm-Timestamp`, a full stop and the body, with the secret of `JIMM_WEBHOOK_SECRET_PATH`; refuse what is older than some minutes. A new hook begins with what comes next |
| the audit log | an entry of class `change` with the event's code; of a broker that is killed, those of its last moments [are missing](../guides/audit.md) |
| metrics | `jimm_events_total{code=…}` |

Events are kept for `JIMM_EVENTS_RETENTION_DAYS` days.

| Code | About | When | Data |
| --- | --- | --- | --- |
";

/// The page, in Markdown.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for code in Code::ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{}` | {} | {} | {} |", code.name, code.kind, code.meaning, code.data);
    }
    page
}
