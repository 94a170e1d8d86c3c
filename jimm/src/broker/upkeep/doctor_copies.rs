//! Copies at sources that outlive the record of their model. Knows nothing of how they are found.

use jimm_store::migrations::Migration;

use super::doctor::{Found, LEFT, id_of};

/// The copy of a model that moved away and has no record any more.
pub(super) fn outlived(stranger: Found, left: &Migration) -> Found {
    let Found { mut finding, model, host } = stranger;
    finding.id = id_of(&[LEFT, &host.to_string(), &finding.model_uuid]);
    LEFT.clone_into(&mut finding.kind);
    finding.model.clone_from(&left.model_name);
    finding.what = format!(
        "{} was moved from controller {} to {} with migration {} and has left the broker since; {} still has its copy",
        left.model_name, left.source_name, left.target_name, left.id, left.source_name
    );
    "leave it, and do not import it: if the model was destroyed its machines went with it, if it was not, destroying the copy would \
     destroy them"
        .clone_into(&mut finding.repair);
    Found { finding, model, host }
}
