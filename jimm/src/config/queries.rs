//! How far queries over many models may go.

use std::time::Duration;

/// How far queries over many models may go.
#[derive(Clone, Debug)]
pub struct QuerySettings {
    /// Deadline of a whole query; what has come by then is answered.
    pub timeout: Duration,
    /// Deadline of one model's controller: to log in there and to get the status.
    pub model_timeout: Duration,
    /// How long the program may take for one model.
    pub program_timeout: Duration,
    /// Models of one controller that are asked about at a time.
    pub per_controller: usize,
}

impl Default for QuerySettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            model_timeout: Duration::from_secs(15),
            program_timeout: Duration::from_secs(2),
            per_controller: 16,
        }
    }
}
