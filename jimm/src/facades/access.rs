//! The right that a method, a route or a stream needs, as data: what its table carries, what is checked before the
//! parameters are read, what the reference page says, and what the tests try as everybody.

use std::fmt;

use jimm_authz::Relation;
use jimm_proto::access::ModelAccess;

/// The right a caller needs. Choose the one that decides; the use case asks for it, thing by thing, unless
/// [`Access::asked_first`] does. Every choice is tried by the tests in `tests/tests/rights` as everybody: a method that
/// is new needs parameters there and a line in the table beside them.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Access {
    /// Nothing: before the login.
    Anyone,
    /// A login; answers speak of what the caller may see only.
    User,
    /// To be the one whose thing it is, or an administrator of the broker.
    Own,
    /// To read the model.
    ModelRead,
    /// To change what is in the model.
    ModelWrite,
    /// To administer the model.
    ModelAdmin,
    /// To add models to the cloud.
    CloudUse,
    /// To administer the cloud.
    CloudAdmin,
    /// To administer the controller.
    ControllerAdmin,
    /// To see the offer.
    OfferRead,
    /// To consume the offer.
    OfferConsume,
    /// To administer the offer.
    OfferAdmin,
    /// To administer the model, cloud or offer, whichever it is; anything else is for administrators of the broker.
    ThingAdmin,
    /// To administer the service account, or to be it.
    AccountAdmin,
    /// To read the audit log.
    AuditViewer,
    /// To administer the broker.
    Admin,
    /// Nobody has it: the method is there for clients that ask, and is refused.
    Nobody,
}

impl Access {
    /// All of them, in the order of the reference page.
    pub const ALL: [Self; 17] = [
        Self::Anyone,
        Self::User,
        Self::Own,
        Self::ModelRead,
        Self::ModelWrite,
        Self::ModelAdmin,
        Self::CloudUse,
        Self::CloudAdmin,
        Self::ControllerAdmin,
        Self::OfferRead,
        Self::OfferConsume,
        Self::OfferAdmin,
        Self::ThingAdmin,
        Self::AccountAdmin,
        Self::AuditViewer,
        Self::Admin,
        Self::Nobody,
    ];

    /// The relation to the broker that a caller must have before the parameters are read.
    pub fn asked_first(self) -> Option<Relation> {
        match self {
            Self::Admin => Some(Relation::Administrator),
            Self::AuditViewer => Some(Relation::AuditLogViewer),
            _ => None,
        }
    }

    /// The level that a caller must have on the model, where it is a right to a model.
    pub fn on_model(self) -> Option<ModelAccess> {
        match self {
            Self::ModelRead => Some(ModelAccess::Read),
            Self::ModelWrite => Some(ModelAccess::Write),
            Self::ModelAdmin => Some(ModelAccess::Admin),
            _ => None,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::User => "user",
            Self::Own => "own",
            Self::ModelRead => "model: read",
            Self::ModelWrite => "model: write",
            Self::ModelAdmin => "model: admin",
            Self::CloudUse => "cloud: add-model",
            Self::CloudAdmin => "cloud: admin",
            Self::ControllerAdmin => "controller: admin",
            Self::OfferRead => "offer: read",
            Self::OfferConsume => "offer: consume",
            Self::OfferAdmin => "offer: admin",
            Self::ThingAdmin => "thing: admin",
            Self::AccountAdmin => "service account: admin",
            Self::AuditViewer => "audit viewer",
            Self::Admin => "broker: admin",
            Self::Nobody => "nobody",
        }
    }

    /// Who has it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Anyone => "no login is needed",
            Self::User => "every logged-in user; answers speak only of what the user may see",
            Self::Own => {
                "the user whose credential, identity or right is asked about; administrators of the broker for others where that changes nothing of theirs"
            }
            Self::ModelRead => "`reader`, `writer` or `administrator` of each model that is named",
            Self::ModelWrite => "`writer` or `administrator` of the model",
            Self::ModelAdmin => "`administrator` of each model that is named, of its controller or of the broker",
            Self::CloudUse => "`can_addmodel` or `administrator` of the cloud that is named",
            Self::CloudAdmin => {
                "`administrator` of the cloud that is named, of a controller that serves it or of the broker"
            }
            Self::ControllerAdmin => "`administrator` of the controller that is named or of the broker",
            Self::OfferRead => "`reader`, `consumer` or `administrator` of each offer that is named",
            Self::OfferConsume => "`consumer` or `administrator` of each offer that is named",
            Self::OfferAdmin => {
                "`administrator` of each offer that is named, of its model, controller or of the broker"
            }
            Self::ThingAdmin => {
                "`administrator` of each model, cloud or offer that is named; for everything else, of the broker"
            }
            Self::AccountAdmin => {
                "`administrator` of the service account that is named, and the account itself; not administrators of the broker as such"
            }
            Self::AuditViewer => "`audit_log_viewer` or `administrator` of the broker",
            Self::Admin => "`administrator` of the broker",
            Self::Nobody => "nobody: it is refused, whoever asks",
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_are_listed_once() {
        let mut all = Access::ALL.to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), Access::ALL.len());
        assert_eq!(all.first(), Some(&Access::Anyone));
        assert_eq!(all.last(), Some(&Access::Nobody));
    }
}
