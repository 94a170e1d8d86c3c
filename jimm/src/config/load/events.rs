//! The variables of events.

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::problems::Problem;
use crate::config::reader::Reader;
use crate::config::{EventSettings, values};

/// Hooks at most, and the shortest secret.
const MOST: usize = 10;
const SHORTEST: usize = 16;

impl Reader {
    pub(super) fn events(&mut self) -> EventSettings {
        let secret = self.optional("JIMM_WEBHOOK_SECRET_PATH", |_, path| {
            let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
            let text = SecretString::from(text.trim());
            if text.expose_secret().len() < SHORTEST {
                return Err(format!("holds less than {SHORTEST} characters"));
            }
            Ok(text)
        });
        let hooks: Vec<String> = self.value("JIMM_WEBHOOK_URLS", |text| {
            let urls: Vec<String> =
                values::words(text).iter().map(|url| values::web_url(url)).collect::<Result<_, _>>()?;
            if urls.len() > MOST { Err(format!("names more than {MOST}")) } else { Ok(urls) }
        });
        if !hooks.is_empty() && secret.is_none() && !self.is_given("JIMM_WEBHOOK_SECRET_PATH") {
            self.problems.push(Problem::new(
                "JIMM_WEBHOOK_SECRET_PATH",
                "is not set although JIMM_WEBHOOK_URLS is: hooks know by it that it is the broker who tells them",
            ));
        }
        EventSettings {
            days: self.number::<u32>("JIMM_EVENTS_RETENTION_DAYS").into(),
            hooks,
            hooks_codes: self.value("JIMM_WEBHOOK_EVENTS", |text| Ok(values::words(text))),
            hooks_secret: secret.unwrap_or_default(),
            hooks_ca: self.path("JIMM_WEBHOOK_CA_PATH"),
        }
    }
}
