//! What the simulated controllers remember before they start: an empty model, one with a long status, many more.

use anyhow::Result;
use serde_json::{Map, json};
use uuid::Uuid;

use crate::sim::{Application, Model, World};
use crate::simulated::SimPlan;

/// Applications of one unit each, so that a status has about 300 KB.
const APPLICATIONS: usize = 205;

/// The models of one controller.
#[derive(Clone, Debug)]
pub(super) struct Seeded {
    /// A model without anything in it.
    pub(super) small: Uuid,
    /// A model with a long status.
    pub(super) large: Uuid,
    /// Models to adopt.
    pub(super) many: Vec<Uuid>,
}

/// Writes a controller's memory before its first start.
pub(super) fn write(sim: &SimPlan, many: u32) -> Result<Seeded> {
    crate::postgres::private_dir(&sim.dir)?;
    let mut world = World { uuid: sim.uuid.parse()?, ..World::default() };
    let mut add = |name: String, applications: usize| {
        let model = model(sim, &name, applications);
        let uuid = model.uuid;
        world.models.insert(uuid, model);
        uuid
    };
    let small = add(format!("small-{}", sim.name), 0);
    let large = add(format!("large-{}", sim.name), APPLICATIONS);
    let many = (0..many).map(|n| add(format!("{}-{n:05}", sim.name), 0)).collect();
    world.save(&sim.dir.join("state.json"))?;
    Ok(Seeded { small, large, many })
}

fn model(sim: &SimPlan, name: &str, applications: usize) -> Model {
    let uuid = Uuid::new_v4();
    let config = json!({"name": name, "uuid": uuid, "type": "lxd", "agent-version": "3.6.11"});
    let application = |n: usize| {
        let app = Application { charm_url: format!("ch:postgresql-{n}"), units: vec![0], ..Application::default() };
        (format!("application-{n:03}"), app)
    };
    Model {
        uuid,
        name: name.to_owned(),
        owner: sim.user.clone(),
        kind: "iaas".to_owned(),
        cloud: "demo".to_owned(),
        region: "here".to_owned(),
        credential: format!("cloudcred-demo_{}_default", sim.user),
        life: "alive".to_owned(),
        agent_version: "3.6.11".to_owned(),
        config: config.as_object().cloned().unwrap_or_else(Map::new),
        users: [(sim.user.clone(), "admin".to_owned())].into(),
        applications: (0..applications).map(application).collect(),
        ..Model::default()
    }
}
