//! The variables of queries over many models.

use crate::config::QuerySettings;
use crate::config::reader::Reader;

impl Reader {
    pub(super) fn queries(&mut self) -> QuerySettings {
        QuerySettings {
            timeout: self.period("JIMM_CROSS_MODEL_QUERY_TIMEOUT"),
            model_timeout: self.period("JIMM_CROSS_MODEL_QUERY_MODEL_TIMEOUT"),
            program_timeout: self.period("JIMM_CROSS_MODEL_QUERY_PROGRAM_TIMEOUT"),
            per_controller: self.number("JIMM_CROSS_MODEL_QUERY_PER_CONTROLLER"),
        }
    }
}
