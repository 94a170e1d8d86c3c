//! Time and randomness as values, so that tests can turn them.
