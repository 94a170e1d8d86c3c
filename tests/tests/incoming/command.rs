//! `jimmctl migrate-in`: as an administrator runs it who has the source in the Juju client store.

use jimm_tests::app::Said;
use jimm_tests::broker::{SERVICE_ID, SERVICE_SECRET};
use jimm_tests::process::eventually;

use crate::support::World;

/// How long it may take.
const LONG: std::time::Duration = std::time::Duration::from_secs(30);

/// Runs it with a client store that knows the source.
async fn migrate_in(world: &World, args: &[&str]) -> Said {
    let dir = world.app.dir().join("juju");
    std::fs::create_dir_all(&dir).expect("a folder");
    let ca = world.source.ca_pem().trim_end().replace('\n', "\n      ");
    let controllers = format!(
        "controllers:\n  outside:\n    uuid: {}\n    api-endpoints: ['{}']\n    ca-cert: |\n      {ca}\n",
        world.source.uuid(),
        world.source.address()
    );
    std::fs::write(dir.join("controllers.yaml"), controllers).expect("writes");
    let accounts = "controllers:\n  outside:\n    user: admin\n    password: sim-password\n";
    std::fs::write(dir.join("accounts.yaml"), accounts).expect("writes");
    let dir = dir.display().to_string();
    let identity =
        [("JIMM_CLIENT_ID", SERVICE_ID), ("JIMM_CLIENT_SECRET", SERVICE_SECRET), ("JUJU_DATA", dir.as_str())];
    world.app.jimmctl_with(&identity, &[&["migrate-in"], args].concat()).await
}

/// From the draft to the end.
async fn story(shape: &str) {
    let world = World::new(shape).await;
    let said = migrate_in(&world, &["shop", "--from", "outside", "--draft-mapping"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    for line in [
        "bob:  # admin access to the model, admin access to offer \"db\"",
        "carol:  # write access to the model, consume access to offer \"db\"",
        "dave:  # read access to the model",
    ] {
        assert!(said.out.lines().any(|there| there == line), "{line} in\n{}", said.out);
    }
    let file = world.app.dir().join("users.yaml");
    std::fs::write(&file, said.out.replace("dave:  # read", "# dave")).expect("writes");
    let users = file.display().to_string();
    let args = ["shop", "--from", "outside", "--backing-controller", "sim1", "--user-mapping", &users];
    let refused = migrate_in(&world, &args).await;
    let text = "user mapping is missing the following users:\nexpected user \"dave\" who has read access to the model";
    assert!(refused.code == 1 && refused.err.contains(text), "{}", refused.err);
    let filled = said.out.replace("bob:", "bob: alice@example.com").replace("carol:", "carol: carol@example.com");
    std::fs::write(&file, filled).expect("writes");

    world.source.failures().set("import-error", true).expect("a switch");
    let aborted = migrate_in(&world, &args).await;
    assert!(aborted.code == 1 && aborted.err.contains("aborted"), "{}", aborted.err);
    // The broker may know it before its source has heard the answer, which begins nothing until then.
    world.over().await;
    world.source.failures().set("import-error", false).expect("a switch");
    if shape == "4.1" {
        // Nobody but the source knows, and it does not tell.
        world.source.failures().set("silent-agents", true).expect("a switch");
        let aborted = migrate_in(&world, &args).await;
        let why = "aborted: controller outside gave up without telling why: see its log";
        assert!(aborted.code == 1 && aborted.err.contains(why), "{}", aborted.err);
        world.over().await;
        world.source.failures().set("silent-agents", false).expect("a switch");
    }
    // A target of 4.1 removes what it was told to forget a moment later, and refuses the model until then.
    let said = eventually("it comes in", LONG, || async {
        let said = migrate_in(&world, &args).await;
        (said.code == 0 || !said.err.contains("currently importing")).then_some(said)
    });
    let said = said.await;
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert!(said.err.contains("bob/shop: the model is in the broker"), "{}", said.err);
    assert_eq!(world.state().await, "active");
    let models = world.app.jimmctl(&["models", "--all"]).await;
    assert!(models.out.contains(&world.model.to_string()), "{}", models.out);
}

#[tokio::test]
async fn a_model_is_brought_in_by_command_from_3_6() {
    story("3.6").await;
}

#[tokio::test]
async fn a_model_is_brought_in_by_command_from_4_1() {
    story("4.1").await;
}

#[tokio::test]
async fn what_cannot_begin_says_why() {
    let world = World::new("3.6").await;
    let empty = world.app.dir().join("empty.yaml");
    std::fs::write(&empty, "# nothing\n").expect("writes");
    let (model, empty) = (world.model.to_string(), empty.display().to_string());
    let to = ["--backing-controller", "sim1", "--user-mapping", empty.as_str()];
    for (args, code, told) in [
        (vec![model.as_str(), "--from", "outside"], 2, "--backing-controller"),
        (
            [&[model.as_str(), "--from", "outside"][..], &to[..]].concat(),
            1,
            "user mapping file is empty or not properly formatted",
        ),
        (
            vec!["nothing", "--from", "outside", "--draft-mapping"],
            1,
            "model \"nothing\" not found on controller outside",
        ),
        (vec!["shop", "--from", "nobody", "--draft-mapping"], 1, "controller nobody not found"),
        (vec!["shop", "--draft-mapping"], 2, "--from CONTROLLER not specified"),
    ] {
        let said = migrate_in(&world, &args).await;
        assert!(said.code == code && said.err.contains(told), "{args:?}: {} {}", said.code, said.err);
    }
    let users = world.app.dir().join("users.yaml");
    std::fs::write(&users, "bob: alice@example.com\n").expect("writes");
    let users = users.display().to_string();
    let prepare = async |model: &str, controller: &str| {
        let args = [
            "prepare-migration",
            model,
            "--backing-controller",
            controller,
            "--user-mapping",
            &users,
            "--format",
            "json",
        ];
        world.app.jimmctl(&args).await
    };
    let said = prepare(&model, "sim1").await;
    assert!(said.code == 0 && said.out.contains("\"token\":"), "{}", said.err);
    assert!(prepare("nonsense", "sim1").await.err.contains("invalid model uuid"));
    assert!(prepare(&model, "nobody").await.err.contains("controller not found"));
}
