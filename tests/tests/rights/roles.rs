//! Everybody: one user per kind of right, with that right and no other.

use jimm::facades::registry::Access;

/// Somebody, and the tuple that makes them so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// Has not logged in.
    Stranger,
    /// Has logged in.
    Nobody,
    OfferReader,
    OfferConsumer,
    CloudUser,
    CloudAdmin,
    ModelReader,
    ModelWriter,
    ModelAdmin,
    ControllerAdmin,
    AccountAdmin,
    Auditor,
    BrokerAdmin,
}

use Role::{
    AccountAdmin, Auditor, BrokerAdmin, CloudAdmin, CloudUser, ControllerAdmin, ModelAdmin, ModelReader, ModelWriter,
    Nobody, OfferConsumer, OfferReader, Stranger,
};

pub(crate) const ROLES: [Role; 13] = [
    Stranger,
    Nobody,
    OfferReader,
    OfferConsumer,
    CloudUser,
    CloudAdmin,
    ModelReader,
    ModelWriter,
    ModelAdmin,
    ControllerAdmin,
    AccountAdmin,
    Auditor,
    BrokerAdmin,
];

impl Role {
    /// The heading of the column.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Stranger => "stranger",
            Nobody => "nobody",
            OfferReader => "offer-r",
            OfferConsumer => "offer-c",
            CloudUser => "cloud-u",
            CloudAdmin => "cloud-a",
            ModelReader => "model-r",
            ModelWriter => "model-w",
            ModelAdmin => "model-a",
            ControllerAdmin => "control",
            AccountAdmin => "account",
            Auditor => "auditor",
            BrokerAdmin => "broker",
        }
    }

    /// The user of that role.
    pub(crate) fn user(self) -> String {
        format!("{}@example.com", self.heading())
    }

    /// The relation that the user has, and the kind of thing.
    pub(crate) fn relation(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Stranger | Nobody => return None,
            OfferReader => ("reader", "applicationoffer"),
            OfferConsumer => ("consumer", "applicationoffer"),
            CloudUser => ("can_addmodel", "cloud"),
            CloudAdmin => ("administrator", "cloud"),
            ModelReader => ("reader", "model"),
            ModelWriter => ("writer", "model"),
            ModelAdmin => ("administrator", "model"),
            ControllerAdmin => ("administrator", "controller"),
            AccountAdmin => ("administrator", "serviceaccount"),
            Auditor => ("audit_log_viewer", "broker"),
            BrokerAdmin => ("administrator", "broker"),
        })
    }

    /// Whether the right lets them through.
    pub(crate) fn has(self, access: Access) -> bool {
        let above = matches!(self, ControllerAdmin | BrokerAdmin);
        match access {
            Access::Anyone => true,
            // What is tried is their own.
            Access::User | Access::Own => self != Stranger,
            Access::ModelRead => above || matches!(self, ModelReader | ModelWriter | ModelAdmin),
            Access::ModelWrite => above || matches!(self, ModelWriter | ModelAdmin),
            // What is tried is a model.
            Access::ModelAdmin | Access::ThingAdmin | Access::OfferAdmin => above || self == ModelAdmin,
            Access::CloudUse => above || matches!(self, CloudUser | CloudAdmin),
            Access::CloudAdmin => above || self == CloudAdmin,
            Access::ControllerAdmin => above,
            Access::OfferRead => above || matches!(self, OfferReader | OfferConsumer | ModelAdmin),
            Access::OfferConsume => above || matches!(self, OfferConsumer | ModelAdmin),
            Access::AccountAdmin => self == AccountAdmin,
            Access::AuditViewer => matches!(self, Auditor | BrokerAdmin),
            Access::Admin => self == BrokerAdmin,
            Access::Nobody => false,
        }
    }
}
