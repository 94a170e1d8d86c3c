//! Levels of access and their words on the wire. Levels compare: a higher one includes the lower ones.

use std::fmt;
use std::str::FromStr;

/// A word that is no level of access for its kind of thing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{word:?} {kind} access not valid")]
pub struct AccessError {
    word: String,
    kind: &'static str,
}

macro_rules! levels {
    ($(#[$doc:meta])* $name:ident, $kind:literal, { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = AccessError;
            fn from_str(word: &str) -> Result<Self, AccessError> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(AccessError { word: word.to_owned(), kind: $kind }),
                }
            }
        }
    };
}

levels!(
    /// Access to a model.
    ModelAccess, "model", {
        /// Look.
        Read = "read",
        /// Change what is in it.
        Write = "write",
        /// Share and destroy it.
        Admin = "admin",
    }
);
levels!(
    /// Access to a controller.
    ControllerAccess, "controller", {
        /// Log in.
        Login = "login",
        /// Everything.
        Superuser = "superuser",
    }
);
levels!(
    /// Access to a cloud.
    CloudAccess, "cloud", {
        /// Make models on it.
        AddModel = "add-model",
        /// Change it.
        Admin = "admin",
    }
);
levels!(
    /// Access to an application offer.
    OfferAccess, "offer", {
        /// See it.
        Read = "read",
        /// Relate to it.
        Consume = "consume",
        /// Change it.
        Admin = "admin",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_order() {
        assert_eq!("write".parse(), Ok(ModelAccess::Write));
        assert!(ModelAccess::Read < ModelAccess::Admin && CloudAccess::AddModel < CloudAccess::Admin);
        let error = "addmodel".parse::<CloudAccess>().expect_err("no such word");
        assert_eq!(error.to_string(), "\"addmodel\" cloud access not valid");
    }
}
