//! `cargo +nightly fuzz run words`: the same checks as the property tests, on what the fuzzer thinks up.

#![no_main]

#[path = "../../tests/checks/mod.rs"]
#[expect(dead_code, reason = "the other target uses the rest")]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &str| checks::words(text));
