//! What source and target tell about a model that moves.
//!
//! Juju 3.6 tells how a migration goes in `ModelInfo.migration`; a real 4.1 tells nothing there, keeps the model after
//! the move, and can only be asked whether the model takes calls (measured).

use std::time::Duration;

use jimm_proto::error_code;
use jimm_proto::params::common::{Entities, Entity};
use jimm_proto::params::model_manager::{ModelInfo, ModelInfoResults, ModelMigrationStatus, ModelStatusResults};
use uuid::Uuid;

use crate::broker::Broker;
use crate::broker::remote::MODEL_MANAGER;
use crate::controllers::Facade;
use crate::error::{Error, Kind, Result};

/// How long a controller may take to tell about one model.
pub(super) const ASK: Duration = Duration::from_secs(20);
pub(super) const MODEL_CONFIG: Facade = ("ModelConfig", &[3, 4]);

/// What a controller tells about a model.
pub(crate) enum Told {
    /// It has the model.
    Has(Box<ModelInfo>),
    /// It says that it does not have it, or that it will not speak of it: both look alike.
    HasNot,
}

impl Broker {
    /// Asks a controller about a model, as a superuser. No answer is an error, never "has not".
    pub(crate) async fn ask_about_model(&self, controller: Uuid, model: Uuid) -> Result<Told> {
        let entities = Entities { entities: vec![Entity { tag: format!("model-{model}") }] };
        let answer: Result<ModelInfoResults> = self.ask(controller, MODEL_MANAGER, "ModelInfo", &entities, ASK).await;
        let result = match answer {
            Ok(answer) => answer.results.into_iter().next().unwrap_or_default(),
            Err(e) if is_gone(e.juju_code()) => return Ok(Told::HasNot),
            Err(e) => return Err(e),
        };
        match (result.result, result.error) {
            (Some(info), _) => Ok(Told::Has(Box::new(info))),
            (None, Some(e)) if is_gone(&e.code) => Ok(Told::HasNot),
            (None, Some(e)) => Err(Error::from_controller(e)),
            (None, None) => Err(Error::new(Kind::Controller, "the controller answered nothing about the model")),
        }
    }

    /// Whether a controller has part of a model that is coming in, or has come to nothing. 3.6 shows such a model as busy,
    /// 4.1 speaks of it in `ModelStatus` only (measured).
    pub(in crate::broker) async fn is_importing(&self, controller: Uuid, model: Uuid) -> Result<bool> {
        if let Told::Has(info) = self.ask_about_model(controller, model).await? {
            return Ok(!is_active(&info) && info.life == "alive");
        }
        let entities = Entities { entities: vec![Entity { tag: format!("model-{model}") }] };
        let answer: Result<ModelStatusResults> =
            self.ask(controller, MODEL_MANAGER, "ModelStatus", &entities, ASK).await;
        match answer {
            Ok(answer) => Ok(answer.models.iter().any(|status| status.error.is_none())),
            Err(e) if e.kind() == Kind::ControllerUnavailable => Err(e),
            Err(_) => Ok(false),
        }
    }

    /// Whether a new connection to the model takes ordinary calls: while a model moves it does not. Asked with the
    /// controller's own superuser, because a token is not held back everywhere.
    pub(in crate::broker) async fn takes_calls(&self, controller: Uuid, model: Uuid) -> Result<bool> {
        let session = self.slot(controller).await?.connect_model_with_password(model).await?;
        let answer: Result<serde::de::IgnoredAny> =
            session.call(MODEL_CONFIG, "ModelGet", &serde_json::json!({}), ASK).await;
        session.connection().close();
        match answer {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == Kind::ControllerUnavailable => Err(e),
            Err(_) => Ok(false),
        }
    }
}

fn is_gone(code: &str) -> bool {
    [error_code::UNAUTHORIZED, error_code::NOT_FOUND, error_code::MODEL_NOT_FOUND, error_code::REDIRECTION_REQUIRED]
        .contains(&code)
}

/// Whether a controller that has the model has it in use, and not still in the making.
pub(crate) fn is_active(info: &ModelInfo) -> bool {
    info.life == "alive" && info.status.status != "busy"
}

/// What the source tells of a migration: which one, and how it ended if it has.
pub(crate) fn start_of(migration: &ModelMigrationStatus) -> Option<String> {
    migration.start.map(|at| at.to_string())
}
