//! How the parameter structs treat `null` and empty values.
//!
//! Every Go peer may send `null` for an array, and python-libjuju sends it for scalars too: `null` reads as absent.

use serde::{Deserialize, Deserializer};

/// Reads `null` as the type's default.
pub(crate) fn null_default<'de, D, T>(de: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(de)?.unwrap_or_default())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
pub(crate) fn is_false(b: &bool) -> bool {
    !*b
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
pub(crate) fn is_zero(n: &i64) -> bool {
    *n == 0
}
