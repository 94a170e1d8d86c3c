//! The invariants of docs/architecture.md that can be read off the sources.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    jimm_tests::process::workspace()
}

/// Every file below a directory whose name ends so.
fn files(dir: &str, end: &str) -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, end: &str, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                walk(&path, end, found);
            } else if path.to_string_lossy().ends_with(end) {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(dir), end, &mut found);
    assert!(!found.is_empty(), "{dir} has no {end}");
    found
}

/// The names in the `[dependencies]` of a crate.
fn dependencies(dir: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(dir).join("Cargo.toml")).expect("a manifest");
    let manifest: toml::Table = text.parse().expect("toml");
    manifest["dependencies"].as_table().expect("a table").keys().cloned().collect()
}

/// A source without its comments and its unit tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    lines.join("\n")
}

/// The sources of a directory in which one of these words occurs outside of comments.
fn with_any(dir: &str, words: &[&str]) -> Vec<String> {
    let hit = |(path, text): (PathBuf, String)| {
        let code = code(&text);
        let word = words.iter().find(|word| code.contains(**word))?;
        Some(format!("{}: {word}", path.strip_prefix(root()).unwrap_or(&path).display()))
    };
    files(dir, ".rs").into_iter().filter_map(hit).collect()
}

#[test]
fn i1_the_wire_does_no_io_and_has_no_async() {
    let allowed = ["chrono", "serde", "serde_json", "thiserror", "uuid"];
    let strange: Vec<String> =
        dependencies("proto").into_iter().filter(|name| !allowed.contains(&name.as_str())).collect();
    assert!(strange.is_empty(), "proto depends on {strange:?}");
    let io = with_any("proto/src", &["std::net", "std::fs", "std::io", "std::process", "async fn", ".await", "tokio"]);
    assert!(io.is_empty(), "{io:?}");
}

#[test]
fn i2_jimmctl_knows_the_wire_and_not_the_broker() {
    let ours: Vec<String> =
        dependencies("jimmctl").into_iter().filter(|name| name.starts_with("jimm") || name == "sqlx").collect();
    assert_eq!(ours, ["jimm-proto", "jimm-rpc"]);
}

#[test]
fn i3_sql_is_only_in_the_store() {
    let sql = ["SELECT ", "INSERT INTO", "DELETE FROM", "UPDATE SET", "sqlx::query", "query_as", "query_scalar"];
    for dir in ["proto", "jimm/src", "jimm/authz", "jimmctl"] {
        let found: Vec<String> =
            with_any(dir, &sql).into_iter().filter(|hit| !hit.contains("telemetry/log.rs")).collect();
        assert!(found.is_empty(), "SQL outside of jimm/store: {found:?}");
    }
    for (dir, name) in [("jimm", "sqlx"), ("jimm/authz", "sqlx"), ("jimmctl", "sqlx"), ("proto/client", "sqlx")] {
        assert!(!dependencies(dir).contains(&name.to_owned()), "{dir} depends on {name}");
    }
}

#[test]
fn i3_openfga_is_only_in_the_rights() {
    for dir in ["jimm", "jimm/store", "jimmctl", "proto", "proto/client", "tests"] {
        assert!(!dependencies(dir).contains(&"openfga-client".to_owned()), "{dir} depends on openfga-client");
    }
    for dir in ["jimm/src", "jimm/store/src", "jimmctl/src", "proto/src", "tests"] {
        let found = with_any(dir, &["openfga_client::"]);
        let found: Vec<String> = found.into_iter().filter(|hit| !hit.contains("architecture.rs")).collect();
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn i5_the_relay_never_builds_a_value() {
    let found =
        with_any("jimm/src/relay", &["serde_json::Value", "use serde_json::{Value", "json!(", " Value", "<Value"]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn i6_store_and_rights_do_not_know_each_other() {
    for (dir, strangers) in [
        ("jimm/store", ["jimm-authz", "jimm-proto", "jimm-rpc"]),
        ("jimm/authz", ["jimm-store", "jimm-proto", "jimm-rpc"]),
    ] {
        let known = dependencies(dir);
        for stranger in strangers {
            assert!(!known.contains(&stranger.to_owned()), "{dir} depends on {stranger}");
        }
    }
    let found = with_any("jimm/src/controllers", &["jimm_store::", "jimm_authz::", "crate::secrets"]);
    let found: Vec<String> = found.into_iter().filter(|hit| hit.contains("jimm_authz::")).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_use_cases_do_not_know_who_calls_them() {
    let callers = ["crate::facades", "crate::web", "crate::relay", "crate::session", "crate::jobs", "crate::events"];
    let found = with_any("jimm/src/broker", &callers);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn facades_do_not_know_who_carries_their_calls() {
    let found = with_any("jimm/src/facades", &["crate::session::", "crate::web::", "crate::relay::"]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_configuration_knows_nobody_who_reads_it() {
    let readers = ["crate::app", "crate::authn", "crate::broker", "crate::controllers", "crate::facades", "crate::web"];
    let found = with_any("jimm/src/config", &readers);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_audit_log_does_not_know_who_writes_and_who_reads_it() {
    let others = ["crate::facades", "crate::session", "crate::web", "crate::relay", "crate::broker", "crate::jobs"];
    let found = with_any("jimm/src/audit/", &others);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn logs_and_metrics_do_not_know_who_reports_to_them() {
    let found = with_any("jimm/src/telemetry", &["crate::audit", "crate::broker", "crate::session", "crate::web"]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn every_source_says_what_it_owns() {
    for dir in ["proto/src", "proto/client/src", "jimm", "jimmctl/src", "tests"] {
        for (path, text) in files(dir, ".rs") {
            assert!(text.starts_with("//!"), "{} has no header", path.display());
        }
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut pages = files("docs", ".md");
    let readme = root().join("README.md");
    pages.push((readme.clone(), std::fs::read_to_string(&readme).expect("a README")));
    for (path, text) in pages {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if link.is_empty() || link.contains("://") {
                continue;
            }
            let target = path.parent().unwrap_or(Path::new("/")).join(link);
            assert!(target.exists(), "{} links to {link}, which is not there", path.display());
        }
    }
}

#[test]
fn every_decision_is_in_the_list() {
    let list = std::fs::read_to_string(root().join("docs/adr/README.md")).expect("the list");
    for (path, _) in files("docs/adr", ".md") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        assert!(name == "README.md" || list.contains(&name), "{name} is not in docs/adr/README.md");
    }
}

#[test]
fn the_readme_names_commands_that_exist() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).expect("a Makefile");
    let readme = std::fs::read_to_string(root().join("README.md")).expect("a README");
    let words: Vec<&str> = readme.split_whitespace().map(|word| word.trim_matches(['`', ',', '.', ')', '('])).collect();
    let targets: Vec<&str> =
        words.windows(2).filter(|pair| pair[0] == "make").map(|pair| pair[1]).filter(|word| !word.is_empty()).collect();
    assert!(targets.contains(&"demo") && targets.contains(&"test"));
    for target in targets {
        assert!(makefile.contains(&format!("\n{target}:")), "README names `make {target}`");
    }
}
