//! `rejoin.sh` of the guide on moving models, on files as agents keep them.

use std::path::Path;
use std::process::{Command, Output};

use jimm_tests::process::workspace;

const MACHINE: &str = "# format 2.0\ntag: machine-0\nnonce: a-nonce\njobs:\n- JobHostUnits\ncacert: |\n  -----BEGIN CERTIFICATE-----\n  new\n  \
                       -----END CERTIFICATE-----\ncontroller: controller-1\napiaddresses:\n- 10.0.0.2:17070\n- 10.0.0.3:17070\napipassword: the-machine's\n\
                       values:\n  AGENT_SERVICE_NAME: jujud-machine-0\n";
const UNIT: &str = "# format 2.0\ntag: unit-pg-0\nnonce: unused\ncacert: |\n  -----BEGIN CERTIFICATE-----\n  old\n  -----END CERTIFICATE-----\n\
                    controller: controller-1\napiaddresses:\n- 10.0.0.1:17070\napipassword: the-unit's\nvalues: {}\n";
const MENDED: &str = "# format 2.0\ntag: unit-pg-0\nnonce: unused\ncacert: |\n  -----BEGIN CERTIFICATE-----\n  new\n  -----END CERTIFICATE-----\n\
                      controller: controller-1\napiaddresses:\n- 10.0.0.2:17070\n- 10.0.0.3:17070\napipassword: the-unit's\nvalues: {}\n";

fn keep(agents: &Path, tag: &str, conf: &str) {
    std::fs::create_dir_all(agents.join(tag)).expect("a directory");
    std::fs::write(agents.join(tag).join("agent.conf"), conf).expect("a file");
}

fn rejoin(agents: &Path, restart: &str) -> Output {
    let mut command = Command::new("sh");
    command.arg(workspace().join("docs/guides/rejoin.sh")).arg(agents).env("JUJU_RESTART", restart);
    command.output().expect("sh")
}

#[test]
fn units_get_the_controllers_of_their_machine_and_keep_the_rest() {
    let agents = tempfile::tempdir().expect("a directory");
    let agents = agents.path();
    for (tag, conf) in [("machine-0", MACHINE), ("unit-pg-0", UNIT), ("unit-pg-1", MENDED)] {
        keep(agents, tag, conf);
    }
    let output = rejoin(agents, "echo started anew");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("unit-pg-0/agent.conf names") && !said.contains("unit-pg-1"), "{said}");
    assert!(said.ends_with("started anew\n"), "{said}");
    for unit in ["unit-pg-0", "unit-pg-1"] {
        let dir = agents.join(unit);
        assert_eq!(std::fs::read_to_string(dir.join("agent.conf")).expect("a file"), MENDED);
        assert_eq!(std::fs::read_dir(dir).expect("a directory").count(), 1, "nothing else is left in {unit}");
    }
    assert_eq!(std::fs::read_to_string(agents.join("machine-0/agent.conf")).expect("a file"), MACHINE);

    let output = rejoin(agents, "echo started anew");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !said.starts_with("started anew"), "{output:?}");
    assert!(said.contains("names the machine's controllers already; if one is missed all the same: echo"), "{said}");
}

#[test]
fn an_agent_that_cannot_be_started_anew_is_told() {
    let agents = tempfile::tempdir().expect("a directory");
    keep(agents.path(), "machine-0", MACHINE);
    keep(agents.path(), "unit-pg-0", UNIT);
    let output = rejoin(agents.path(), "false");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("could not be started anew"), "{output:?}");
}

#[test]
fn what_the_machine_does_not_know_stays() {
    let agents = tempfile::tempdir().expect("a directory");
    keep(agents.path(), "machine-0", "# format 2.0\ntag: machine-0\n");
    keep(agents.path(), "unit-pg-0", UNIT);
    let output = rejoin(agents.path(), "echo started anew");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read_to_string(agents.path().join("unit-pg-0/agent.conf")).expect("a file"), UNIT);
}

#[test]
fn without_one_machine_agent_nothing_is_changed() {
    let agents = tempfile::tempdir().expect("a directory");
    keep(agents.path(), "unit-pg-0", UNIT);
    let output = rejoin(agents.path(), "echo started anew");
    assert!(
        !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("not one machine agent"),
        "{output:?}"
    );
    assert_eq!(std::fs::read_to_string(agents.path().join("unit-pg-0/agent.conf")).expect("a file"), UNIT);
}
