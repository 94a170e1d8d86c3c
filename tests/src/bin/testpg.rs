//! Starts, names and stops the Postgres cluster that tests share, and one to check queries against.

use anyhow::{Result, bail};
use jimm_tests::postgres::Cluster;

fn main() -> Result<()> {
    let shared = Cluster::shared_dir();
    let scratch = shared.with_file_name(
        shared
            .file_name()
            .map_or_else(|| "jimm-scratch-postgres".into(), |name| name.to_string_lossy().replace("test", "scratch")),
    );
    match std::env::args().nth(1).as_deref() {
        Some("url") => println!("{}", Cluster::shared()?.url("postgres")),
        Some("stop") => Cluster::remove(&shared)?,
        Some("scratch") => {
            Cluster::remove(&scratch)?;
            println!("{}", Cluster::start(&scratch, None)?.url("postgres"));
        }
        Some("drop-scratch") => Cluster::remove(&scratch)?,
        _ => bail!("usage: testpg url|stop|scratch|drop-scratch"),
    }
    Ok(())
}
