//! Pages that programs write are what the programs write now.

use std::process::Command;

use jimm_tests::peers::{COMMANDS, Client, Matrix, PAGE, REAL, SHAPES, SIMULATED};
use jimm_tests::process::built;

use crate::markdown::read;

#[test]
fn generated_pages_are_up_to_date() {
    for (program, command, page) in [
        ("jimmsrv", "config-reference", "docs/reference/configuration.md"),
        ("jimmsrv", "rights-reference", "docs/reference/rights.md"),
        ("jimmsrv", "events-reference", "docs/reference/events.md"),
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

/// The page of compatibility is what its program writes of its own content, tells of every client and command that there is,
/// of the versions that are pinned now, and of no failure.
#[test]
fn the_page_of_compatibility_was_written_and_not_typed() {
    let page = read(PAGE);
    let matrix = Matrix::read(&page).expect("it can be read back");
    assert!(matrix.page() == page, "{PAGE} is not as its program writes it: run `make test-peers`");
    let generations = ["3.6", "4.1"].map(str::to_owned);
    let mut clients = vec![Client::Libjuju, Client::Jujulib];
    clients.extend(generations.iter().cloned().map(Client::Juju));
    clients.extend(generations.into_iter().map(Client::Jubilant));
    for client in &clients {
        let version = client.version().expect("it is pinned");
        for (kind, controllers, run) in [(SIMULATED, SHAPES.len(), "test-peers"), (REAL, 1, "test-juju")] {
            let is_it = |(name, at): &&(String, String)| *name == client.to_string() && *at == version;
            let columns = matrix.clients(kind).filter(is_it).count();
            assert_eq!(columns, controllers, "{client} {version} ({kind}) is not in {PAGE}: run `make {run}`");
        }
    }
    let days = (SHAPES.len() + 1) * clients.len();
    assert_eq!(matrix.count(), (days * COMMANDS.len(), 0), "run `make test-peers` and `make test-juju`");
}
