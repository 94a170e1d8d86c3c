//! Clients that others wrote do a day's work through the broker; here the two that need nothing but a registry. The others,
//! and all together, are `make test-peers`. Where there is no Python, or no node, it is said and skipped.

use jimm_tests::peers::{COMMANDS, Client, Outcome, Simulated, Tools};

/// Each command does what it should, or is refused as it has to be; only `absent` of them are not there at all.
async fn works(client: Client, shape: &str, absent: &[&str]) {
    let tools = tokio::task::spawn_blocking(Tools::find).await.expect("it is waited for").expect("what it runs on");
    if !Client::all(&tools).contains(&client) {
        eprintln!("SKIPPED: {client} cannot be had here: {}", tools.missing.join("; "));
        return;
    }
    let day = Simulated::begin(shape).await.expect("a broker");
    let cells = day.spend(&client, &tools, None).await.expect("a day");
    for command in COMMANDS {
        let cell = cells.iter().find(|cell| cell.command == command).expect("every command is told of");
        let expected = match command {
            _ if absent.contains(&command) => Outcome::Absent,
            "log in with a wrong secret" | "a reader writes" | "a model that is gone" => Outcome::Refused,
            // Once it is served, the library may have no version of it in common.
            "watch summaries" if cell.outcome == Outcome::Absent => continue,
            _ => Outcome::Ok,
        };
        assert_eq!(cell.outcome, expected, "{client}, {shape}, {command}: {}", cell.detail);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_libjuju_works_on_a_controller_of_3_6() {
    works(Client::Libjuju, "3.6", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jujulib_works_on_a_controller_of_3_6() {
    works(Client::Jujulib, "3.6", &["debug log"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jujulib_works_on_a_controller_of_4_1() {
    works(Client::Jujulib, "4.1", &["debug log"]).await;
}
