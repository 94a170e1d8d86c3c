//! Rewriting a document changes what is of users, and not one byte beside.

use std::collections::BTreeMap;

use jimm::description::{Description, Envelope, NewOwner};
use proptest::prelude::*;

fn alice() -> NewOwner {
    NewOwner {
        owner: "alice@example.com".into(),
        credential_owner: "ops@example.com".into(),
        auth_type: "userpass".into(),
        attributes: BTreeMap::from([("password".to_owned(), "p:\n\"1\"".to_owned())]),
    }
}

const WHOLE: &str = "version: 9
owner: admin
config:
  uuid: 8f5b9a4a-6b0c-4d8c-8a6e-0d1f2a3b4c5d
  name: shop
users:
  version: 1
  users:
  - name: admin
    display-name:
    access: admin
  - name: bob
    access: read
\u{fc}ber: \u{1f980}
applications:
  version: 13
  applications:
  - name: db
    offers:
      version: 2
      offers:
      - offer-uuid: 5a1f0c3e-0e2c-4a39-8a62-6c1cb16d0f7d
        offer-name: db
        acl:
          admin: admin
          everyone@external: read
        application-name: db
  - name: web
cloud-credential:
  version: 1
  owner: admin
  name: default
  auth-type: certificate
  attributes:
    key: |
      -----BEGIN
    other: x
sequences: {}
";

const REWRITTEN: &str = "version: 9
owner: \"alice@example.com\"
config:
  uuid: 8f5b9a4a-6b0c-4d8c-8a6e-0d1f2a3b4c5d
  name: shop
users:
  version: 1
  users: []
\u{fc}ber: \u{1f980}
applications:
  version: 13
  applications:
  - name: db
    offers:
      version: 2
      offers:
      - offer-uuid: 5a1f0c3e-0e2c-4a39-8a62-6c1cb16d0f7d
        offer-name: db
        acl: {\"alice@example.com\":\"admin\",\"everyone@external\":\"read\"}
        application-name: db
  - name: web
cloud-credential:
  version: 1
  owner: \"ops@example.com\"
  name: default
  auth-type: \"userpass\"
  attributes: {\"password\":\"p:\\n\\\"1\\\"\"}
sequences: {}
";

#[test]
fn only_users_are_rewritten() {
    let description = Description::read(WHOLE.as_bytes().to_vec()).expect("it is read");
    let facts = description.facts();
    assert_eq!((facts.owner.as_str(), facts.name.as_str()), ("admin", "shop"));
    assert_eq!(facts.users, [("admin".into(), "admin".into()), ("bob".into(), "read".into())]);
    assert_eq!(facts.offers[0].users.len(), 2);
    let rewritten = description.rewritten(&alice()).expect("it is rewritten");
    assert_eq!(rewritten, REWRITTEN);
    let again = Description::read(rewritten.into_bytes()).expect("it is read again");
    assert_eq!(again.rewritten(&alice()).expect("and once more"), REWRITTEN, "and stays as it is");
}

#[test]
fn other_ways_of_writing_the_same_are_understood() {
    let cases: &[(&str, &str)] = &[
        (
            "{\"owner\":\"admin\",\"users\":{\"users\":[{\"name\":\"b\",\"x\":[1,{}]}]}}",
            "{\"owner\":\"alice@example.com\",\"users\":{\"users\":[]}}",
        ),
        ("---\n'owner': 'admin'\n", "---\n'owner': \"alice@example.com\"\n"),
        ("qualifier: admin", "qualifier: \"alice@example.com\""),
        ("owner: user-admin # x\n...\n", "owner: \"alice@example.com\" # x\n...\n"),
        ("users:\n  users:\n    - name: b\nowner: a\n", "users:\n  users: []\nowner: \"alice@example.com\"\n"),
        ("owner: a\nusers:\n  users:\n  - name: b", "owner: \"alice@example.com\"\nusers:\n  users: []\n"),
        ("owner: a\r\nx: 1\r\n", "owner: \"alice@example.com\"\r\nx: 1\r\n"),
        ("? owner\n: a\n", "? owner\n: \"alice@example.com\"\n"),
    ];
    for (written, expected) in cases {
        let description = Description::read(written.as_bytes().to_vec()).expect(written);
        assert_eq!(&description.rewritten(&alice()).expect(written), expected);
    }
    for refused in ["owner: |\n  admin\n", "owner: >-\n  admin\n", "owner: \"ad\n  min\"\n", "x: 1\n"] {
        let description = Description::read(refused.as_bytes().to_vec()).expect(refused);
        assert!(description.rewritten(&alice()).is_err(), "{refused}");
    }
}

/// What Go's library writes for values like these: any text in double quotes, plain words, lists, maps, nothing.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<String>().prop_map(|text| serde_json::to_string(&text).expect("JSON")),
        "[a-z][a-z0-9 .:/_-]{0,20}[a-z0-9]".prop_filter("plain", |text| !text.contains(": ")),
        "-?[0-9]{1,20}",
        "0[0-7]{1,6}|0x[0-9a-f]{1,4}|1e[0-9]|yes|no|null|~|true|2015-10-09T12:34:56Z|'it''s: #x'",
        "[A-Za-z0-9+/]{0,40}={0,2}".prop_map(|text| format!("!!binary \"{text}\"")),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(", "))),
            prop::collection::vec(inner, 0..4).prop_map(|all| {
                let pairs: Vec<String> = all.into_iter().enumerate().map(|(n, it)| format!("k{n}: {it}")).collect();
                format!("{{{}}}", pairs.join(", "))
            }),
        ]
    })
}

fn members() -> impl Strategy<Value = String> {
    let member = (0_u32..1000, value()).prop_map(|(n, value)| format!("m{n}: {value}\n"));
    let block = (0_u32..1000, prop::collection::vec("[ -~]{0,30}", 1..4)).prop_map(|(n, lines)| {
        format!("b{n}: |2\n{}", lines.into_iter().map(|l| format!("  {l}\n")).collect::<Vec<_>>().concat())
    });
    prop::collection::vec(prop_oneof![4 => member, 1 => block], 0..6).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_around_it_stays((a, b, c) in (members(), members(), members()), users in 0_usize..4) {
        let list: Vec<String> = (0..users).map(|n| format!("  - name: u{n}\n    access: read\n    since: 2015-10-09\n")).collect();
        let list = list.concat();
        let (before, after) = if users == 0 { (" []\n".to_owned(), " []\n") } else { (format!("\n{list}"), " []\n") };
        let document = |owner: &str, users: &str| format!("{a}owner: {owner}\n{b}users:\n  users:{users}{c}");
        let description = Description::read(document("admin", &before).into_bytes());
        // What the generator makes may be no YAML; then it is no description.
        prop_assume!(description.is_ok());
        let rewritten = description.expect("it is read").rewritten(&alice()).expect("it is rewritten");
        prop_assert_eq!(rewritten, document("\"alice@example.com\"", after));
    }

    #[test]
    fn nothing_makes_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "[-a-z0-9:{}\\[\\],#&*!|>'\"%@` \n?~]{0,200}") {
        for bytes in [bytes, text.into_bytes()] {
            if let Ok(description) = Description::read(bytes) {
                let _ = (description.facts(), description.rewritten(&alice()));
            }
        }
    }
}

#[test]
fn an_envelope_keeps_what_is_not_known() {
    let rows =
        "model:\n- uuid: u\n  qualifier: admin\n  credential_owner: admin\n  n: 0123\noffer:\n- uuid: o\n  name: db\n";
    let encode = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let json = format!(
        r#"{{"payload":"{}","payload-version":"4.1.0","model-info":{{"uuid":"u","name":"shop","qualifier":"admin","credential-owner":"admin","credential-name":"c","new":9007199254740993}},
            "users":[{{"name":"admin"}}],"permissions":[{{"object-type":"model","grant-on":"u","subject-name":"admin","access":"admin"}},
            {{"object-type":"offer","grant-on":"o","subject-name":"everyone@external","access":"read"}}],"leases":[{{"x":1.50}}]}}"#,
        encode(rows)
    );
    let envelope = Envelope::read(serde_json::from_str(&json).expect("JSON")).expect("it is read");
    assert_eq!(envelope.facts().offers[0].users, [("everyone@external".into(), "read".into())]);
    let new = envelope.rewritten(&alice()).expect("it is rewritten");
    assert_eq!(new["leases"].get(), r#"[{"x":1.50}]"#);
    assert_eq!(new["payload-version"].get(), r#""4.1.0""#);
    assert!(
        new["model-info"].get().contains(r#""new":9007199254740993"#)
            && new["model-info"].get().contains("alice@example.com")
    );
    let changed = rows
        .replace("qualifier: admin", "qualifier: \"alice@example.com\"")
        .replace("credential_owner: admin", "credential_owner: \"ops@example.com\"");
    assert_eq!(new["payload"].get(), format!("\"{}\"", encode(&changed)));
    assert!(
        !new["permissions"].get().contains("\"admin\",\"access\"")
            && new["permissions"].get().contains("everyone@external")
    );
}
