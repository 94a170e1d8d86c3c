//! The reference page of the rights, written from the tables of methods and routes.

use std::fmt::Write as _;

use crate::facades::admin;
use crate::facades::method::{Access, Audit};
use crate::facades::registry::rows;
use crate::web::{BELOW_MODEL, Door, ROUTES, Takes};

const HEAD: &str = "# Rights

<!-- Written from the tables in jimm/src/facades and jimm/src/web: `jimmsrv rights-reference > docs/reference/rights.md`. -->

What a caller needs for each method, path and stream. Rights are asked anew with every request; a connection to a model
and a stream end when the right to the model is taken away. A thing that one may not see is as unknown as one that is
not there. `tests/tests/rights` tries every line of this page as everybody.

## The rights

| Right | Who has it |
| --- | --- |
";

const METHODS: &str = "
## Methods of the controller connection

Before the login only facade `Admin` is served (any version).

| Method | Versions | Right | Audit |
| --- | --- | --- | --- |
";

const PATHS: &str = "
## Paths

| Path | Listener | Takes | Right | What is there |
| --- | --- | --- | --- | --- |
";

const BELOW: &str = "
## Paths below a model

After `/model/{uuid}/` or `/model-{uuid}/`, on the public listener. A login comes with the request (`Authorization: Basic`,
the session token as the password), on the model connection as its first request. What passes on to the controller carries the
caller's rights to the model, and the controller asks for those that its methods need.

| Path | Takes | To read | To write | What is there |
| --- | --- | --- | --- | --- |
";

/// The page, in Markdown.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for access in Access::ALL {
        line(&mut page, &[access.as_str(), access.meaning()]);
    }
    page.push_str(METHODS);
    for method in admin::METHODS {
        line(&mut page, &[&format!("`Admin.{method}`"), "any", Access::Anyone.as_str(), "no parameters"]);
    }
    for row in rows() {
        let versions: Vec<String> = row.versions.iter().map(ToString::to_string).collect();
        let audit = match row.audit {
            Audit::Params => "with parameters",
            Audit::NoParams => "no parameters",
        };
        let method = format!("`{}.{}`", row.facade, row.method);
        line(&mut page, &[&method, &versions.join(", "), row.access.as_str(), audit]);
    }
    page.push_str(PATHS);
    for route in ROUTES {
        let doors: Vec<&str> = route.doors.iter().map(|door| door_name(*door)).collect();
        let path = format!("`{}`", route.path);
        line(&mut page, &[&path, &doors.join(", "), takes(route.takes), route.access.as_str(), route.what]);
    }
    page.push_str(BELOW);
    for entry in BELOW_MODEL {
        let writing = if entry.takes == Takes::Requests { entry.writing.as_str() } else { "" };
        let path = format!("`{}`", entry.path);
        line(&mut page, &[&path, takes(entry.takes), entry.reading.as_str(), writing, entry.what]);
    }
    page
}

fn line(page: &mut String, cells: &[&str]) {
    writeln!(page, "| {} |", cells.join(" | ")).expect("a String takes what is written");
}

fn door_name(door: Door) -> &'static str {
    match door {
        Door::Public => "public",
        Door::Internal => "internal",
    }
}

fn takes(takes: Takes) -> &'static str {
    match takes {
        Takes::Websocket => "websocket",
        Takes::Get => "GET",
        Takes::Post => "POST",
        Takes::Requests => "requests",
    }
}
