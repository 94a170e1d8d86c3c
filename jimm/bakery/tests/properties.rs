//! Whatever bytes come: an answer and no panic, and what was written is read again.

use jimm_bakery::{
    Asked, BakeryMacaroon, Format, KeyPair, Macaroon, Namespace, open_caveat, read_binary, read_json, read_slice,
    seal_caveat, write_binary, write_json,
};
use proptest::prelude::*;
use serde_json::Value;

fn macaroon() -> impl Strategy<Value = Macaroon> {
    let caveat = (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..40), "[a-z:/]{1,20}");
    let caveats = proptest::collection::vec(caveat, 0..6);
    (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..40), "\\PC{0,20}", caveats).prop_map(
        |(old, id, location, caveats)| {
            let format = if old { Format::V1 } else { Format::V2 };
            let mut made = Macaroon::new(b"key", id, location, format);
            for (third, id, location) in caveats {
                if third { made.add_third_party(b"third", id, location) } else { made.add_first_party(id) }
            }
            made
        },
    )
}

/// Bytes as they come, and bytes that begin as they should.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let changed = (macaroon(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(made, place, byte)| {
        let mut bytes = write_binary(&made);
        let place = place.index(bytes.len());
        bytes[place] = byte;
        bytes
    });
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..300), changed]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_was_written_is_read(made in macaroon()) {
        prop_assert_eq!(read_binary(&write_binary(&made)), Ok(made.clone()));
        if let Ok(json) = write_json(&made) {
            prop_assert_eq!(read_json(&json), Ok(made));
        }
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in bytes()) {
        let _ = read_binary(&bytes);
        for read in read_slice(&bytes).unwrap_or_default() {
            prop_assert_eq!(read_binary(&write_binary(&read)), Ok(read));
        }
    }

    /// Who changes anything in a macaroon has none.
    #[test]
    fn a_changed_macaroon_does_not_verify(made in macaroon(), place in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = write_binary(&made);
        let place = place.index(bytes.len());
        bytes[place] ^= 1_u8 << bit;
        if let Ok(changed) = read_binary(&bytes) {
            let same = changed.id() == made.id()
                && changed.caveats().iter().map(|it| (&it.id, &it.verification_id))
                    .eq(made.caveats().iter().map(|it| (&it.id, &it.verification_id)))
                && changed.signature() == made.signature();
            prop_assert!(same || changed.verify(b"key", &[]).is_err());
        }
    }

    #[test]
    fn any_json_gets_an_answer(text in "[\\[\\]{}\":,a-z0-9]{0,80}", version in 0..5_u8, id in ".{0,30}", sig in "[A-Za-z0-9_-]{0,60}") {
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            let _ = (read_json(&value), BakeryMacaroon::from_json(&value));
        }
        let inner = serde_json::json!({"i": id, "s64": sig, "c": [{"i64": sig, "v64": sig, "l": id}]});
        let value = serde_json::json!({"m": inner, "v": version, "ns": id, "cdata": {sig.clone(): sig}});
        let _ = BakeryMacaroon::from_json(&value);
    }

    #[test]
    fn any_caveat_gets_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..400), version in 0..4_u8, place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let third = KeyPair::new([1; 32]);
        let _ = open_caveat(&third, &bytes);
        let first = KeyPair::new([2; 32]);
        let mut sealed = seal_caveat(version, "is-consumer user-a@b c", b"root", third.public(), &first, &Namespace::standard());
        let place = place.index(sealed.len());
        sealed[place] = byte;
        let _ = Asked { id: &bytes, caveat: Some(&sealed) }.open(&third);
        // What the third party's own client seals, whatever it is, is no reason to fall over.
        let odd = String::from_utf8_lossy(&bytes);
        let sealed = seal_caveat(version, &odd, &bytes, third.public(), &first, &Namespace::standard());
        if let Ok(question) = (Asked { id: &sealed, caveat: None }.open(&third)) {
            prop_assert!(odd.ends_with(question.condition()));
        }
    }
}
