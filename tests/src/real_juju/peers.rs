//! Clients that others wrote, each on somebody's first day at work: what `make test-peers` does on simulated controllers, on real
//! ones. Their table goes into the page of compatibility.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::StreamExt as _;

use super::ledger::Actor;
use super::story::Story;
use crate::browser;
use crate::client::{Door, approve};
use crate::peers::{Cell, Client, Day, Matrix, Outcome, PAGE, People, Person, Place, REAL, Tools};
use crate::postgres::private_dir;

/// The generation of the controllers, as the days tell them apart.
const GENERATION: &str = "4.1";
/// The cloud of the controllers.
const CLOUD: &str = "bare";
/// Machines start, models go.
const PATIENCE: Duration = Duration::from_mins(4);
/// Longer no day may take.
const LONGEST: Duration = Duration::from_mins(12);
/// Days at a time: most of each is waiting for machines.
const AT_ONCE: usize = 3;

impl Story<'_> {
    /// A day of each; the page is written when every client was there and all went well.
    pub(super) async fn peers(&mut self) -> Result<()> {
        let mut tools = tokio::task::spawn_blocking(Tools::find).await??;
        // The rig may have its programs elsewhere.
        tools.missing.retain(|missing| !missing.starts_with("no juju "));
        tools.juju = [("3.6", "juju36"), ("4.1", "juju")]
            .map(|(it, name)| (it.to_owned(), self.world.rig.program(name)))
            .to_vec();
        for missing in &tools.missing {
            println!("SKIPPED: {missing}");
        }
        let by = Actor { name: "peers".to_owned(), ..self.ctl.clone() };
        let version = self.world.controllers[0].version.clone();
        let (mut matrix, mut whole) = (Matrix::default(), tools.missing.is_empty());
        let (clients, mut days) = (Client::all(&tools), Vec::new());
        for client in &clients {
            let day = self.day_for(client).await;
            days.push(timed(async { day?.spend(client, &tools, None).await }));
        }
        let days: Vec<_> = futures_util::stream::iter(days).buffered(AT_ONCE).collect().await;
        for (client, (took, cells)) in clients.iter().zip(days) {
            let result = cells.and_then(|cells| {
                Cell::tell(client, &version, &cells);
                matrix.add(client, REAL, &version, &cells)?;
                judged(&cells)
            });
            whole &= result.is_ok();
            self.ledger.fact_of(&format!("a day with {client}"), &by, took, result);
        }
        if whole {
            matrix.publish()
        } else {
            println!("{PAGE} is not written: not all of it was tried, or not all went well");
            Ok(())
        }
    }

    /// The first day of somebody whom nobody has seen before: nothing that went wrong on another day is in the way.
    async fn day_for(&mut self, client: &Client) -> Result<Day> {
        let slug = client.to_string().replace([' ', '.'], "-");
        let name = format!("{slug}-{}", &uuid::Uuid::new_v4().simple().to_string()[..6]);
        let (worker, reader) = (format!("{name}@example.com"), format!("{name}-reader@example.com"));
        let who = format!("user-{worker}");
        let may = ["add-permission", &who, "can_addmodel", &format!("cloud-{CLOUD}")];
        self.ledger.run("add-permission", &self.ctl.clone(), &may, &[]).await;
        let place = self.place(&name)?;
        let person = async |email: &str| {
            let url = self.world.approve_url();
            let token = place.door.device_login(async |code| approve(&url, &code, email).await).await?;
            anyhow::Ok(Person { user: email.to_owned(), token })
        };
        let at = browser::trusting(&place.door.ca)?;
        let cookie = browser::session_at(&place.door.address, &self.world.approve_url(), &at, &worker).await?;
        let people = People { worker: person(&worker).await?, cookie, reader: person(&reader).await? };
        Day::begin(place, &people)
    }

    fn place(&self, name: &str) -> Result<Place> {
        let world = self.world;
        private_dir(&world.layout.at("peers"))?;
        let dir = world.layout.at("peers").join(name);
        private_dir(&dir)?;
        let charm = dir.join("rig.charm");
        world.rig.charm(&charm)?;
        let ca = std::fs::read_to_string(&world.ca).context("no certificate of the broker's authority")?;
        Ok(Place {
            door: Door { address: world.address.clone(), ca },
            uuid: world.setting("JIMM_UUID")?,
            ca: world.ca.clone(),
            certificate: world.setting("JIMM_TLS_CERT_PATH")?.into(),
            dir,
            generation: GENERATION.to_owned(),
            cloud: CLOUD.to_owned(),
            cloud_type: "unmanaged".to_owned(),
            charm,
            machines: true,
            patience: PATIENCE,
            longest: LONGEST,
        })
    }
}

/// What comes of it, and how long it takes.
async fn timed(day: impl Future<Output = Result<Vec<Cell>>>) -> (Duration, Result<Vec<Cell>>) {
    let started = Instant::now();
    let cells = day.await;
    (started.elapsed(), cells)
}

/// An error that names what went wrong; more about it was printed before.
fn judged(cells: &[Cell]) -> Result<()> {
    let failed = cells.iter().filter(|cell| cell.outcome == Outcome::Failed);
    let failed: Vec<&str> = failed.map(|cell| cell.command.as_str()).collect();
    ensure!(failed.is_empty(), "went wrong: {}", failed.join("; "));
    Ok(())
}
