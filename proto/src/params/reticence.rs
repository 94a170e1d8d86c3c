//! `Debug` for structs that carry secrets: only the named fields are shown, so that a struct in a log line or in a
//! failed assertion tells nothing it must not.

/// Shows only these fields of a struct.
macro_rules! shows_only {
    ($name:ident { $($field:ident),* }) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use shows_only;

#[cfg(test)]
mod tests {
    use crate::params::{admin, cloud, controller, jimm, secret_backends, user_manager};

    const SECRET: &str = "hunter2";

    fn text() -> String {
        SECRET.to_owned()
    }

    #[test]
    fn secrets_are_not_shown() {
        let login = admin::LoginRequest {
            auth_tag: "user-bob".into(),
            credentials: text(),
            token: text(),
            nonce: text(),
            macaroons: vec![vec![SECRET.into()]],
            user_data: text(),
            ..Default::default()
        };
        let attrs = || [("key".to_owned(), text())].into();
        let config = || [("token".to_owned(), SECRET.into())].into();
        let credential = cloud::CloudCredential { auth_type: "userpass".into(), attrs: attrs(), ..Default::default() };
        let shown = [
            format!("{login:?}"),
            format!("{credential:?}"),
            format!("{:?}", cloud::TaggedCredential { tag: "cloudcred-a_b_c".into(), credential }),
            format!("{:?}", cloud::CredentialContent { attrs: attrs(), ..Default::default() }),
            format!("{:?}", admin::SecretKeyLoginRequestPayload { password: text() }),
            format!("{:?}", admin::CLICommands { credentials: text(), ..Default::default() }),
            format!(
                "{:?}",
                controller::MigrationTargetInfo {
                    password: text(),
                    token: text(),
                    macaroons: text(),
                    ..Default::default()
                }
            ),
            format!("{:?}", jimm::AddControllerRequest { password: text(), ..Default::default() }),
            format!("{:?}", user_manager::AddUser { password: text(), ..Default::default() }),
            format!("{:?}", user_manager::AddUserResult { secret_key: text(), ..Default::default() }),
            format!("{:?}", user_manager::EntityPassword { password: text(), ..Default::default() }),
            format!("{:?}", secret_backends::AddSecretBackendArg { config: config(), ..Default::default() }),
            format!("{:?}", secret_backends::UpdateSecretBackendArg { config: config(), ..Default::default() }),
        ];
        for text in &shown {
            assert!(!text.contains(SECRET), "{text}");
        }
        assert!(shown[0].contains("user-bob"));
    }
}
