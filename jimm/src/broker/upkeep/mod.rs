//! What keeps the broker's records true and its secrets sealed, and what it remembers of what happened.

mod audit_keeping;
pub(crate) mod audit_log;
mod doctor;
mod doctor_findings;
mod doctor_repair;
pub(super) mod happenings;
mod housekeeping;
pub mod sealing;
