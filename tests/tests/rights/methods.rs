//! Every method of the registry, in every version, as everybody.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jimm::facades::registry::{Access, Method, rows};
use jimm_rpc::{CallError, Connection};
use serde_json::Value;

use crate::cases::{Case, cases};
use crate::roles::{ROLES, Role};
use crate::table::{Line, Table, compare, is_let_through};
use crate::world::{DEADLINE, World};

/// `Facade.Method` of a case, without the way.
fn method_of(name: &str) -> &str {
    name.split(' ').next().unwrap_or_default()
}

fn name_of(row: &Method) -> String {
    format!("{}.{}", row.facade, row.method)
}

#[tokio::test]
async fn everybody_gets_what_the_table_says() {
    let world = World::new().await;
    every_method_is_tried(&world);
    let before = world.rows().await;
    let (columns, odd): (Vec<BTreeMap<&str, String>>, Vec<Vec<String>>) =
        join_all(ROLES.map(|role| column(&world, role))).await.into_iter().unzip();
    let odd = odd.concat();
    assert!(odd.is_empty(), "{}", odd.join("\n"));
    assert_eq!(world.rows().await, before, "nothing was changed");

    let mut table = Table::new();
    for name in columns[0].keys() {
        let line: Line = columns.iter().map(|column| column[name].clone()).collect();
        table.insert((*name).to_owned(), line);
    }
    agrees_with_the_rights(&table);
    compare(&table, |name| !name.contains('/'));
    let log = world.app.broker_log();
    assert!(!log.contains("request failed by our own fault"), "{log}");
}

/// Methods that tell things that may not be seen from things that are not there, and why. May only shrink.
const TELLING: [(&str, &str); 1] =
    [("ModelManager.DestroyModels", "clients repeat it until the model is gone, and then nobody has rights to it")];

/// Who may not see a thing learns nothing of it: the answers are those for a thing that is not there.
#[tokio::test]
async fn what_may_not_be_seen_is_as_unknown_as_what_is_not_there() {
    let world = World::new().await;
    let nothing = world.names.of_nothing();
    let me = Role::Nobody.user();
    let token = world.token(Role::Nobody).await.expect("not a stranger");
    let connection = world.app.door.with_token(&token).await.expect("a login").0;
    let mut differ = Vec::new();
    for (there, not_there) in cases(&world.names, &me).iter().zip(&cases(&nothing, &me)) {
        let (facade, method) = method_of(there.name).split_once('.').expect("Facade.Method");
        let row = rows().find(|row| row.facade == facade && row.method == method).expect("it is there");
        let what = (facade, row.versions[0], method);
        let (seen, code) = ask(&connection, there, what).await;
        let seen = (unnumbered(world.names.as_of(&nothing, &seen)), code);
        let (unseen, code) = ask(&connection, not_there, what).await;
        let unseen = (unnumbered(unseen), code);
        let tells = TELLING.iter().any(|(name, _)| *name == there.name);
        if tells != (seen != unseen) {
            differ.push(format!("{}\n    there: {seen:?}\n  nothing: {unseen:?}", there.name));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// An answer without what is another one each time whoever asks: the number of a watcher, and how far the list of all
/// events has come.
fn unnumbered(answer: String) -> String {
    for counted in ["{\"watcher-id\":", "{\"events\":[],\"last\":"] {
        if answer.starts_with(counted) {
            return format!("{counted}…}}");
        }
    }
    answer
}

/// There is no list of exceptions: what is in the registry is tried.
fn every_method_is_tried(world: &World) {
    let tried: Vec<Case> = cases(&world.names, "x@example.com");
    let tried: BTreeSet<&str> = tried.iter().map(|case| method_of(case.name)).collect();
    let there: BTreeSet<String> = rows().map(name_of).collect();
    for name in &there {
        assert!(
            tried.contains(name.as_str()),
            "{name} is new: give tests/tests/rights/cases.rs parameters for it, with which who has the right gets past the \
             question and changes nothing; then run this test again and put its line into tests/tests/rights/table.txt"
        );
    }
    for name in tried {
        assert!(there.contains(name), "{name} is gone: take it out of tests/tests/rights/cases.rs and table.txt");
    }
}

/// What the registry says of the right is what was seen. A second way to use a method may need more or less.
fn agrees_with_the_rights(table: &Table) {
    let rights: BTreeMap<String, Access> = rows().map(|row| (name_of(row), row.access)).collect();
    let mut wrong = Vec::new();
    for (name, line) in table {
        let Some(access) = rights.get(name) else { continue };
        for (role, outcome) in ROLES.iter().zip(line) {
            if is_let_through(outcome) != role.has(*access) {
                wrong.push(format!("{name} needs the right {:?}, but {role:?} gets {outcome:?}", access.as_str()));
            }
        }
    }
    assert!(wrong.is_empty(), "the registry says otherwise:\n{}", wrong.join("\n"));
}

/// What one of them gets, and what makes no sense.
async fn column(world: &World, role: Role) -> (BTreeMap<&'static str, String>, Vec<String>) {
    let connection = match world.token(role).await {
        Some(token) => world.app.door.with_token(&token).await.expect("a login").0,
        None => world.app.door.dial("/api").await.expect("a connection"),
    };
    let (mut outcomes, mut odd) = (BTreeMap::<&str, String>::new(), Vec::new());
    for case in cases(&world.names, &role.user()) {
        let (facade, method) = method_of(case.name).split_once('.').expect("Facade.Method");
        let rows = rows().filter(|row| row.facade == facade && row.method == method);
        for version in rows.flat_map(|row| row.versions) {
            let (text, code) = ask(&connection, &case, (facade, *version, method)).await;
            let Some(seen) = outcome(&case, &text, code.as_deref()) else {
                odd.push(format!("{role:?}: {} ({version}) with {}: {text} ({code:?})", case.name, case.params));
                continue;
            };
            let before = outcomes.entry(case.name).or_insert_with(|| seen.to_owned());
            if before != seen {
                odd.push(format!("{role:?}: {} ({version}): {seen}, but {before} in another version", case.name));
            }
        }
    }
    (outcomes, odd)
}

/// The answer, or the message of the error; the code of an error.
async fn ask(
    connection: &Connection,
    case: &Case,
    (facade, version, method): (&str, u32, &str),
) -> (String, Option<String>) {
    match connection.call_raw(facade, version, method, &case.params, DEADLINE).await {
        Ok(answer) => (answer.get().to_owned(), entry_code(answer.get())),
        Err(CallError::Remote(error)) => (serde_json::to_string(&error.message).expect("JSON"), Some(error.code)),
        Err(error) => (error.to_string(), Some("no answer".to_owned())),
    }
}

fn outcome(case: &Case, answer: &str, code: Option<&str>) -> Option<&'static str> {
    let shown = if case.shows.is_empty() { code.is_none() } else { answer.contains(&case.shows) };
    match code {
        _ if shown => Some("yes"),
        None => Some("blind"),
        Some("unauthorized access" | "forbidden" | "not supported" | "not implemented") => Some("no"),
        Some("not found" | "model not found") => Some("hidden"),
        Some(_) => None,
    }
}

/// The code of the first entry's error.
fn entry_code(answer: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(answer).expect("JSON");
    let entries = ["results", "models"].iter().find_map(|list| answer[*list].as_array())?;
    let error = entries.first()?.get("error").filter(|error| error.is_object())?;
    Some(error["code"].as_str().unwrap_or_default().to_owned())
}
