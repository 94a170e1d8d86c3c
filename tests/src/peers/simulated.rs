//! A broker with one simulated controller, on which nobody has spent a day.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::client::Client;
use super::day::{Day, People, Person, Place, READING_SERVICE};
use super::install::{self, Tools};
use super::matrix::Cell;
use crate::app::{AppOptions, TestApp};
use crate::broker::{ADMIN, SERVICE_SECRET};
use crate::{browser, given};

/// Someone who may only read.
const READER: &str = "reader@example.com";

/// The broker with all that a day there needs.
pub struct Simulated {
    app: TestApp,
    day: Day,
}

impl Simulated {
    /// Starts it, with a controller of this shape.
    pub async fn begin(shape: &str) -> Result<Self> {
        let app = TestApp::with(AppOptions { sims: vec![shape.to_owned()], env: Vec::new() }).await;
        app.attach_all().await;
        let charm = app.dir().join("rig.charm");
        install::charm(&charm)?;
        app.idp.add_service(READING_SERVICE, SERVICE_SECRET);
        let person = async |email: &str| anyhow::Ok(Person { user: email.to_owned(), token: app.token(email).await? });
        let cookie = browser::session(&app, &browser::client(&app)?, ADMIN).await?;
        let people = People { worker: person(ADMIN).await?, cookie, reader: person(READER).await? };
        let place = Place {
            door: app.door.clone(),
            uuid: app.plan.uuid.clone(),
            ca: app.plan.tls.ca.clone(),
            certificate: app.plan.tls.cert.clone(),
            dir: app.dir().to_path_buf(),
            generation: shape.to_owned(),
            cloud: given::cloud_of(&app.sims[0].plan).await?,
            cloud_type: "lxd".to_owned(),
            charm,
            machines: false,
            patience: Duration::from_secs(30),
            longest: Duration::from_mins(3),
        };
        let day = Day::begin(place, &people)?;
        Ok(Self { app, day })
    }

    /// A day of this client there.
    pub async fn spend(&self, client: &Client, tools: &Tools, record: Option<&Path>) -> Result<Vec<Cell>> {
        self.day.spend(client, tools, record).await
    }

    /// What the broker logged.
    pub fn broker_log(&self) -> String {
        self.app.broker_log()
    }
}
