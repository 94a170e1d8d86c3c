//! Properties of frames and tags, on generated texts and on odd ones that peers were seen to send.

mod checks;

use jimm_proto::envelope::{Frame, Request, Response, write_error};
use jimm_proto::names::UserName;
use jimm_proto::params::common;
use jimm_proto::tags::{Tag, credential_tag};
use jimm_proto::version::AgentVersion;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

/// Frames that peers send, and what must not break us.
const FRAMES: &[&str] = &[
    r#"{"request-id":1,"type":"Admin","version":3,"request":"Login","params":{"macaroons":null}}"#,
    r#"{"request-id":1,"type":"Pinger","version":1,"request":"Ping"}"#,
    r#"{"params":null,"request":"Next","id":"9","type":"StringsWatcher","request-id":18446744073709551615}"#,
    "{\"request-id\":1,\"response\":{}}\n",
    r#"{"request-id":1,"error":"no","error-code":"not found","response":{}}"#,
    r#"{"request-id":1,"error":"r","error-code":"access required","error-info":{"model-x":"write"}}"#,
    r#"{"request-id":1,"error":"","error-code":"","response":{"results":null}}"#,
    r#"{"request-id":1,"error":null,"error-code":null,"error-info":null,"response":null}"#,
    r#"{"request-id":1,"error":"x","error-info":"not an object"}"#,
    r#"{"request-id":1,"trace-id":"0","span-id":"1","trace-flags":1,"response":{"n":9007199254740993,"s":"<&>\u2028"}}"#,
    r#"{"request-id":1,"type":"\ud83d\ude00","request":"a\"\\\n","version":0}"#,
    r#"{"RequestId":1,"Type":"Admin","Version":0,"Request":"Login"}"#,
    r#"{"request-id":1,"type":"X","request":"Y","version":-1}"#,
    r#"{"request-id":1.5}"#,
    r#"{"request-id":1,"request-id":2,"response":{}}"#,
    "[1]",
    "nul",
    "\u{feff}{}",
    "",
];

const WORDS: &[&str] = &[
    "user-alice@example.com",
    "user-bob@local",
    "cloudcred-my_cloud_bob_x",
    "cloudcred-a%5fb_a%2bb@c.d_x%5Fy",
    "cloudcred-a_b_%",
    "cloudcred-__",
    "unit-a--0",
    "machine-0-lxd-1",
    "machine--",
    "applicationoffer-00000001-cccc-4000-8000-00000000c0de",
    "c1:admin/m1.off",
    "4.1-beta2.1",
    "3.06.1",
    "3.6.11-ubuntu-amd64",
    "2026-11-21T00:34:51.725+02:00",
    "9999-12-31T23:59:59-01:00",
    "0000-01-01T00:00:00+01:00",
    "2016-12-31T23:59:60Z",
];

#[test]
fn odd_texts_do_no_harm() {
    for text in FRAMES {
        checks::frame(text);
    }
    for text in WORDS {
        checks::words(text);
    }
}

/// Deep bodies are not descended into: no stack to exhaust.
#[test]
fn a_deep_body_is_only_text() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let text = format!(r#"{{"request-id":1,"type":"A","request":"B","params":{deep}}}"#);
    let Ok(Frame::Request(request)) = Frame::parse(&text) else { panic!("a request") };
    assert_eq!(request.params.map(|p| p.get().len()), Some(400_000));
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
    // Spaces and order are the peer's and must survive.
    .prop_flat_map(|value| prop_oneof![Just(value.to_string()), Just(format!("{value:#}"))])
}

fn part() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9]([a-zA-Z0-9.+-]{0,8}[a-zA-Z0-9])?"
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests(
        request_id in 1u64.., facade in "\\PC{1,8}", version: u32, id in ".{0,4}", method in ".{0,8}",
        params in prop::option::of(json()),
    ) {
        let params = params.map(|text| RawValue::from_string(text).expect("JSON"));
        checks::request_again(&Request {
            request_id, facade: facade.into(), version, id: id.into(), method: method.into(), params: params.as_deref(),
        });
    }

    #[test]
    fn responses(request_id in 1u64.., body in prop::option::of(json()), error in ".{0,9}", code in ".{0,9}") {
        let body = body.map(|text| RawValue::from_string(text).expect("JSON"));
        checks::response_again(&Response {
            request_id, response: body.as_deref(), error: error.into(), error_code: code.into(), error_info: None,
        });
    }

    #[test]
    fn an_error_stays_one(message: String, code: String, tag: String, level: String) {
        let error = common::Error { message, code, info: [(tag, level.into())].into() };
        checks::frame(&write_error(1, &error));
    }

    #[test]
    fn any_text_as_a_frame(text: String) {
        checks::frame(&text);
    }

    #[test]
    fn members_in_any_order(swap in 0usize..24, facade in "[A-Z][a-z]{1,5}", id in 1u64..) {
        let mut members = [
            format!(r#""request-id":{id}"#), format!(r#""type":"{facade}""#),
            r#""request" : "M""#.to_owned(), r#""params":{"type":"no","request-id":0}"#.to_owned(),
        ];
        members.rotate_left(swap % 4);
        members.swap(0, swap % 3);
        let text = format!("{{{}}}", members.join(" , "));
        let Ok(Frame::Request(request)) = Frame::parse(&text) else { panic!("a request: {text}") };
        prop_assert_eq!((request.request_id, request.facade.as_ref()), (id, facade.as_str()));
        prop_assert!(matches!(request.facade, std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn any_text_as_a_word(text: String) {
        checks::words(&text);
    }

    #[test]
    fn likely_tags(kind in "user|model|cloud|cloudcred|unit|machine|application", id in "[a-z0-9_%@+.-]{0,16}") {
        checks::words(&format!("{kind}-{id}"));
        checks::words(&id);
    }

    /// Whatever the parts, the tag names them again.
    #[test]
    fn credentials(
        cloud in "[a-z0-9][a-z0-9._-]{0,6}", owner in part(), domain in prop::option::of(part()),
        name in "[a-z][a-zA-Z0-9.@_+-]{0,6}",
    ) {
        let owner = domain.map_or(owner.clone(), |domain| format!("{owner}@{domain}"));
        let owner: UserName = owner.parse().expect("a user");
        let tag = Tag::credential(&credential_tag(&cloud, owner.as_str(), &name)).expect("a tag");
        prop_assert_eq!((tag.cloud.as_str(), &tag.owner, tag.name.as_str()), (&*cloud, &owner, &*name));
    }

    #[test]
    fn versions(text in "[1-9][0-9]{0,2}\\.[0-9]{1,2}(\\.|-beta|-rc)[0-9]{1,3}(\\.[0-9])?") {
        let version: AgentVersion = text.parse().expect("a version");
        prop_assert!(version >= AgentVersion::default());
        checks::words(&text);
    }
}
