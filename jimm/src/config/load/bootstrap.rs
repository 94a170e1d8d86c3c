//! The variables of making controllers.

use crate::config::BootstrapSettings;
use crate::config::reader::Reader;
use crate::config::values;

impl Reader {
    pub(super) fn bootstrap(&mut self) -> BootstrapSettings {
        BootstrapSettings {
            programs: self.value("JIMM_JUJU_BINARY", |text| Ok(values::words(text))),
            folder: self.optional("JIMM_BOOTSTRAP_DIR", |_, text| crate::config::audit::directory(text)),
            timeout: self.period("JIMM_BOOTSTRAP_TIMEOUT"),
            keys_url: self.optional("JIMM_BOOTSTRAP_LOGIN_TOKEN_REFRESH_URL", |_, text| values::web_url(text)),
        }
    }
}
