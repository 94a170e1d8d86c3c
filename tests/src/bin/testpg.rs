//! Starts, names and stops the Postgres cluster that tests share.

use anyhow::{Result, bail};
use jimm_tests::postgres::Cluster;

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("url") => println!("{}", Cluster::shared()?.url("postgres")),
        Some("stop") => Cluster::remove(&Cluster::shared_dir())?,
        _ => bail!("usage: testpg url|stop"),
    }
    Ok(())
}
