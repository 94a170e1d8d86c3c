//! What operators say of a controller: labels, taints, and that it gets no models at all.

use jimm_proto::params::jimm::ControllerInfo;
use jimm_proto::params::jimm_placement::{CordonControllerRequest, SetControllerLabelsRequest};
use jimm_store::events::{self, Code, Subject};
use jimm_store::{controllers, placement};
use serde_json::json;

use super::gather::marks_of;
use super::score::{MOST, Marks};
use crate::broker::controllers::told::info;
use crate::broker::{Broker, Requester};
use crate::error::{Error, Result};

/// Labels, and taints, of one controller at most.
const MARKS: usize = 64;
/// How long a name, a value and a reason may be.
const NAME: usize = 63;
const VALUE: usize = 128;
const REASON: usize = 300;

impl Broker {
    /// Adds labels and taints to those of a controller, and removes others.
    pub async fn set_controller_labels(
        &self,
        who: &Requester,
        request: &SetControllerLabelsRequest,
    ) -> Result<ControllerInfo> {
        check(&request.labels)?;
        check(&request.taints)?;
        for name in MOST {
            if let Some(most) = request.labels.get(name)
                && most.parse::<u64>().is_err()
            {
                return Err(Error::bad_request(format!("the label {name} takes a number, and {most:?} is none")));
            }
        }
        let found = self.controller_named(&request.name).await?;
        let mut tx = self.store.begin().await?;
        let row = controllers::get_for_update(&mut tx, found.uuid).await?;
        let row = row.ok_or_else(|| Error::not_found("controller not found"))?;
        let labels = changed(marks_of(&row.labels), &request.labels, &request.remove_labels)?;
        let taints = changed(marks_of(&row.taints), &request.taints, &request.remove_taints)?;
        placement::set_marks(&mut tx, row.uuid, &json!(labels), &json!(taints)).await?;
        let told = json!({"labels": labels, "taints": taints, "by": who.name.as_str()});
        events::note(&mut tx, Code::CONTROLLER_LABELLED, Subject::new(row.uuid, &row.name), &told).await?;
        tx.commit().await?;
        Ok(info(&self.controller_named(&request.name).await?))
    }

    /// Says that a controller gets no models by whatever way, or that it gets them again. Those it has go on.
    pub async fn cordon_controller(
        &self,
        who: &Requester,
        request: &CordonControllerRequest,
    ) -> Result<ControllerInfo> {
        if request.reason.chars().count() > REASON {
            return Err(Error::bad_request(format!("the reason is too long: more than {REASON} characters")));
        }
        let row = self.controller_named(&request.name).await?;
        let (by, subject) = (who.name.as_str(), Subject::new(row.uuid, &row.name));
        let mut tx = self.store.begin().await?;
        let news = if request.cordoned {
            placement::cordon(&mut tx, row.uuid, by, &request.reason, self.clock.now()).await?
        } else {
            placement::uncordon(&mut tx, row.uuid).await?
        };
        if news && request.cordoned {
            let told = json!({"by": by, "reason": request.reason});
            events::note(&mut tx, Code::CONTROLLER_CORDONED, subject, &told).await?;
        } else if news {
            events::note(&mut tx, Code::CONTROLLER_UNCORDONED, subject, &json!({ "by": by })).await?;
        }
        tx.commit().await?;
        if news {
            tracing::info!(controller.name = %row.name, cordoned = request.cordoned, requester = %who.name, "controller cordoned or not any more");
        }
        Ok(info(&self.controller_named(&request.name).await?))
    }
}

/// The marks with others added and some removed.
fn changed(mut there: Marks, add: &Marks, remove: &[String]) -> Result<Marks> {
    for name in remove {
        there.remove(name);
    }
    there.extend(add.clone());
    if there.len() > MARKS {
        return Err(Error::bad_request(format!("more than {MARKS} labels or taints on one controller")));
    }
    Ok(there)
}

fn check(marks: &Marks) -> Result<()> {
    for (name, value) in marks {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let named =
            name.len() <= NAME && name.chars().all(good) && ends(name.chars().next()) && ends(name.chars().last());
        if !named {
            let text = "letters, digits and -_./ between a letter or digit at both ends, 63 at most";
            return Err(Error::bad_request(format!("{name:?} is no name for a label or taint: {text}")));
        }
        if value.chars().count() > VALUE || value.chars().any(char::is_control) {
            let text = format!("{VALUE} characters at most, and none that cannot be seen");
            return Err(Error::bad_request(format!("the value of {name} is none: {text}")));
        }
    }
    Ok(())
}
