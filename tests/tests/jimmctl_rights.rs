//! `jimmctl` about rights: groups, roles, relations and access files, with the outputs that scripts of the reference read.

use jimm_tests::app::{AppOptions, Said, TestApp};

const ALICE: &str = "user-alice@example.com";

async fn ok(app: &TestApp, args: &[&str]) -> String {
    let said = app.jimmctl(args).await;
    assert_eq!(said.code, 0, "{args:?}: {}", said.err);
    said.out
}

async fn fails(app: &TestApp, args: &[&str], code: i32, told: &str) {
    let Said { code: was, err, .. } = app.jimmctl(args).await;
    assert_eq!(was, code, "{args:?}: {err}");
    assert!(err.contains(told), "{args:?}: {err}");
}

/// Runs a command that asks, and answers it.
async fn answered(app: &TestApp, args: &[&str], answer: &str) -> (i32, String) {
    let said = app.jimmctl_told(args, answer).await;
    (said.code, said.err)
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_roles_have_the_references_outputs() {
    let app = TestApp::with(AppOptions::default()).await;
    for kind in ["group", "role"] {
        let made = ok(&app, &["auth", kind, "add", "grp1"]).await;
        let lines: Vec<&str> = made.lines().collect();
        assert_eq!(lines[0], format!("{kind}:"), "{made}");
        assert!(lines[1].starts_with("  uuid: ") && lines[2] == "  name: grp1", "{made}");
        assert!(lines[3].starts_with("  created_at: \"2") && lines[4].starts_with("  updated_at: \"2"), "{made}");
        let listed = ok(&app, &["auth", kind, "list"]).await;
        assert!(listed.starts_with("- uuid: ") && listed.contains("\n  name: grp1\n"), "a bare list: {listed}");
        assert!(ok(&app, &[&format!("{kind}s"), "--format", "tabular"]).await.starts_with("Name  UUID"));

        for n in 0..3 {
            ok(&app, &[&format!("add-{kind}"), &format!("set-{n}")]).await;
        }
        let page = ok(&app, &[&format!("list-{kind}s"), "--limit", "2", "--offset", "1", "--format", "json"]).await;
        assert!(page.contains("set-0") && page.contains("set-1") && !page.contains("set-2"), "{page}");
        assert_eq!(ok(&app, &[&format!("rename-{kind}"), "grp1", "devs"]).await, "");
        fails(&app, &[&format!("rename-{kind}"), "grp1", "x-1"], 1, &format!("{kind} grp1 not found")).await;
        fails(&app, &[&format!("add-{kind}"), "devs"], 1, "already exists").await;
        fails(&app, &[&format!("add-{kind}"), "a#"], 1, &format!("invalid {kind} name")).await;
        fails(&app, &["auth", kind, "add"], 2, &format!("{kind} name not specified")).await;

        let remove = format!("remove-{kind}");
        let (code, said) = answered(&app, &[&remove, "devs"], "n\n").await;
        assert!(code == 1 && said.contains(&format!("delete {kind} \"devs\" (y/N): ")), "{code}: {said}");
        assert!(said.contains("not agreed: nothing is removed"), "{said}");
        assert_eq!(answered(&app, &[&remove, "devs"], "").await.0, 1, "the end of the input is no agreement");
        assert_eq!(answered(&app, &[&remove, "devs"], "y\n").await.0, 0);
        fails(&app, &["auth", kind, "remove", "-y", "devs"], 1, &format!("{kind} devs not found")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relations_are_added_checked_listed_and_removed() {
    let app = TestApp::with(AppOptions::default()).await;
    ok(&app, &["add-group", "grp1"]).await;
    let member = [ALICE, "member", "group-grp1"];
    let check = ["auth", "relation", "check", ALICE, "member", "group-grp1"];
    assert_eq!(
        ok(&app, &check).await,
        "access check for user-alice@example.com on resource group-grp1 with role member is not allowed"
    );
    fails(&app, &[&check[..], &["--exit-code"]].concat(), 1, "is not allowed").await;
    for _ in 0..2 {
        assert_eq!(
            ok(&app, &[&["auth", "relation", "add"][..], &member].concat()).await,
            "",
            "twice is as good as once"
        );
    }
    assert_eq!(
        ok(&app, &check).await,
        "access check for user-alice@example.com on resource group-grp1 with role member is allowed"
    );
    let told = ok(&app, &[&["check-permission", "--format", "yaml", "--exit-code"][..], &member].concat()).await;
    assert!(told.starts_with("result: access check for") && told.ends_with("allowed: true\n"), "{told}");

    let listed = ok(&app, &["list-permissions", "--target", "group-grp1"]).await;
    assert_eq!(listed, "tuples:\n- object: user-alice@example.com\n  relation: member\n  target_object: group-grp1\n");
    let raw = ok(&app, &["permissions", "--object", ALICE, "--resolve=false", "--format", "json"]).await;
    assert!(raw.contains("\"target_object\":\"group-") && !raw.contains("grp1"), "{raw}");
    let all = ok(&app, &["auth", "relation", "list"]).await;
    assert!(all.contains("relation: administrator\n  target_object: controller-jimm\n"), "{all}");
    assert_eq!(ok(&app, &[&["remove-permission"][..], &member].concat()).await, "");
    assert_eq!(ok(&app, &["list-permissions", "--target", "group-grp1"]).await, "tuples: []\n");

    fails(&app, &["add-permission"], 2, "object not specified").await;
    fails(&app, &["add-permission", ALICE], 2, "relation not specified").await;
    fails(&app, &["add-permission", ALICE, "member"], 2, "target object not specified").await;
    fails(&app, &["add-permission", ALICE, "member", "group-none"], 1, "group none not found").await;
    fails(&app, &["add-permission", ALICE, "banana", "group-grp1"], 1, "unknown relation banana").await;
    fails(&app, &["list-permissions", "--target", "banana"], 1, "failed to fetch list of relationship tuples").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_relations_is_taken_whole_or_not_at_all() {
    let app = TestApp::with(AppOptions::default()).await;
    ok(&app, &["add-group", "grp1"]).await;
    let file = app.dir().join("rights.json");
    let path = file.display().to_string();
    let tuple =
        |object: &str| format!(r#"{{"object": "{object}", "relation": "member", "target_object": "group-grp1"}}"#);
    let write = |tuples: &[String]| std::fs::write(&file, format!("[{}]", tuples.join(","))).expect("written");

    write(&[tuple(ALICE), tuple("user-#")]);
    fails(&app, &["add-permission", "-f", &path], 1, "failed to parse tuple object key user-#").await;
    assert_eq!(ok(&app, &["list-permissions", "--target", "group-grp1"]).await, "tuples: []\n", "nothing was added");
    let many: Vec<String> = (0..3000).map(|n| tuple(&format!("user-u{n}@example.com"))).collect();
    write(&many);
    ok(&app, &["add-permission", "-f", &path]).await;
    let listed = ok(&app, &["list-permissions", "--target", "group-grp1", "--format", "json"]).await;
    assert_eq!(listed.matches("target_object").count(), 3000, "page after page to the end");
    ok(&app, &["remove-permission", "-f", &path]).await;
    assert_eq!(ok(&app, &["list-permissions", "--target", "group-grp1"]).await, "tuples: []\n");

    write(&vec![tuple(ALICE); 10_001]);
    fails(&app, &["add-permission", "-f", &path], 1, "10000 at most").await;
    std::fs::write(&file, "[{").expect("written");
    fails(&app, &["add-permission", "-f", &path], 1, "cannot read").await;
    fails(&app, &["add-permission", "-f", &path, ALICE], 2, "not both").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_file_is_exported_changed_shown_and_applied() {
    let app = TestApp::with(AppOptions::default()).await;
    ok(&app, &["add-group", "old-group"]).await;
    ok(&app, &["add-permission", ALICE, "member", "group-old-group"]).await;
    let file = app.dir().join("access.yaml");
    let path = file.display().to_string();
    ok(&app, &["export-access", "-o", &path]).await;
    let exported = std::fs::read_to_string(&file).expect("written");
    assert!(exported.starts_with("groups:\n- name: old-group\n  members:\n  - user-alice@example.com\n"), "{exported}");
    assert_eq!(ok(&app, &["apply", "-f", &path, "--prune"]).await, "", "what is there is as it is");

    std::fs::write(&file, exported.replace("old-group", "new-group")).expect("written");
    let added = "+ group new-group\n+ user-alice@example.com member group-new-group\n";
    let pruned = format!("{added}- user-alice@example.com member group-old-group\n- group old-group\n");
    assert_eq!(ok(&app, &["apply", "-f", &path, "--dry-run"]).await, added);
    assert_eq!(ok(&app, &["apply", "-f", &path, "--dry-run", "--prune"]).await, pruned);
    let (code, said) = answered(&app, &["apply", "-f", &path, "--prune"], "no\n").await;
    assert!(code == 1 && said.contains("Make these 4 changes (y/N): "), "{code}: {said}");
    assert!(ok(&app, &["list-groups"]).await.contains("old-group"), "nothing has changed");
    assert_eq!(answered(&app, &["apply", "-f", &path, "--prune"], "y\n").await.0, 0);
    assert_eq!(ok(&app, &["export-access"]).await, exported.replace("old-group", "new-group"));

    // One wrong line, and nothing of it is done.
    let wrong = exported.replace("old-group", "third-group").replace(ALICE, "user-alice@example.com#x");
    std::fs::write(&file, wrong).expect("written");
    fails(&app, &["apply", "-f", &path, "-y"], 1, "failed to parse tuple").await;
    assert!(!ok(&app, &["list-groups"]).await.contains("third-group"));
    std::fs::write(&file, "groups: []\n").expect("written");
    fails(&app, &["apply", "-f", &path, "--prune", "-y"], 1, "names no administrator of controller-jimm").await;

    let token = app.token("bob@example.com").await.expect("the device flow");
    std::fs::write(&file, exported).expect("written");
    let said = app.jimmctl_as(&token, &["apply", "-f", &path, "-y"]).await;
    assert!(said.code == 1 && said.err.contains("unauthorized"), "{}", said.err);
}
