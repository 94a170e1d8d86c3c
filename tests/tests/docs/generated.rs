//! Pages that programs write are what the programs write now.

use std::process::Command;

use jimm_tests::process::built;

use crate::markdown::read;

#[test]
fn generated_pages_are_up_to_date() {
    for (program, command, page) in [
        ("jimmsrv", "config-reference", "docs/reference/configuration.md"),
        ("jimmsrv", "rights-reference", "docs/reference/rights.md"),
        ("jimmctl", "reference", "docs/reference/jimmctl.md"),
    ] {
        let output = Command::new(built(program)).arg(command).output().expect("it runs");
        assert!(output.status.success(), "{program} {command}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout) == read(page), "{page} is out of date: run `make generate`");
    }
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let dir = tempfile::tempdir().expect("a directory");
    let output = Command::new(built("jimmctl")).arg("man").arg(dir.path()).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = std::fs::read_to_string(dir.path().join("jimmctl-migrate.1")).expect("a page");
    assert!(page.contains("Exit codes") && page.contains("dry"), "{page}");
}
