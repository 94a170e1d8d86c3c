//! What decoders complain of, without the value that they complain of: that may be a secret in the wrong place.

/// A decoder's complaint without the value in it.
pub fn without_value(text: &str) -> String {
    for complaint in ["invalid type: ", "invalid value: ", "unknown variant "] {
        if let Some((place, rest)) = text.split_once(complaint)
            && let Some((value, expected)) = rest.rsplit_once(", expected ")
        {
            let kind = value.split(['"', '`']).next().unwrap_or_default();
            let complaint = format!("{complaint}{kind}");
            return format!("{place}{}, expected {expected}", complaint.trim_end());
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_cut_out_and_the_rest_stays() {
        for (text, told) in [
            (
                r#"invalid type: string "s3cret, expected no", expected u32 at line 1"#,
                "invalid type: string, expected u32 at line 1",
            ),
            (
                "password: invalid type: integer `12345`, expected a string",
                "password: invalid type: integer, expected a string",
            ),
            ("unknown variant `s3cret`, expected `a` or `b`", "unknown variant, expected `a` or `b`"),
            ("missing field `name` at line 1", "missing field `name` at line 1"),
        ] {
            assert_eq!(without_value(text), told);
        }
    }
}
