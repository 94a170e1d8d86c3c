//! A program in place of the `juju` client that leaves what the real one leaves: a controller's entry in the client's folder,
//! for a simulated controller that runs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jimm_tests::app::{AppOptions, TestApp};
use jimm_tests::process;
use serde_json::{Value, json};

pub(crate) const LONG: Duration = Duration::from_secs(60);
/// The credential's secret, which nobody may ever see again.
pub(crate) const CANARY: &str = "cAn4ry-credential-7731";
/// What the client does when it is asked to make or destroy a controller.
const CLIENT: &str = r#"#!/bin/sh
cd STAGE || exit 9
if [ "$1" = version ]; then cat version; exit 0; fi
echo "$@" >> calls
echo "$JUJU_DATA" > folder
stat -c %a "$JUJU_DATA" "$JUJU_DATA"/*.yaml | sort -u | tr '\n' ' ' > modes
env > environment
[ -f "$JUJU_DATA/credentials.yaml" ] && cp "$JUJU_DATA/credentials.yaml" "$JUJU_DATA/config.yaml" .
case "$(cat mode)" in
good)
  echo "Creating Juju controller"
  echo "with secret CANARY on the way" >&2
  [ "$1" = bootstrap ] && cp made/controllers.yaml made/accounts.yaml "$JUJU_DATA"
  exit 0 ;;
bad)
  echo "Creating Juju controller"
  echo "ERROR failed to bootstrap model: no quota for CANARY" >&2
  exit 1 ;;
slow)
  sleep 1000 &
  echo $! > child
  trap 'echo "cleaning up"; touch cleaned; exit 130' INT
  echo "waiting"
  while :; do sleep 0.1; done ;;
esac
"#;
const CLOUD: &str = "clouds:\n  metal:\n    type: maas\n    auth-types: [oauth1]\n    endpoint: http://metal/MAAS\n    regions: {zone-1: {}}\n";

/// A broker with a stage for its client, and one simulated controller that nobody knows yet.
pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) stage: PathBuf,
    _dir: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new(version: &str) -> Self {
        Self::with(version, &[]).await
    }

    /// The same with further settings.
    pub(crate) async fn with(version: &str, settings: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let stage = dir.path().join("stage");
        fs::create_dir_all(stage.join("made")).expect("a folder");
        let folders = dir.path().join("folders");
        let client = stage.join("juju");
        fs::write(stage.join("version"), version).expect("writes");
        let script = CLIENT.replace("STAGE", &stage.display().to_string()).replace("CANARY", CANARY);
        fs::write(&client, script).expect("writes");
        fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).expect("a program");
        let mut env = vec![
            ("JIMM_JUJU_BINARY".to_owned(), client.display().to_string()),
            ("JIMM_BOOTSTRAP_DIR".to_owned(), folders.display().to_string()),
        ];
        env.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let app = TestApp::with(AppOptions { sims: vec!["3.6".into()], env }).await;
        let sim = &app.sims[0].plan;
        let ca = sim.door().expect("it runs").ca;
        let entry = json!({"uuid": sim.uuid, "api-endpoints": [sim.address()], "ca-cert": ca, "cloud": "metal"});
        let account = json!({"user": sim.user, "password": sim.password});
        let write = |name: &str, it: Value| fs::write(stage.join("made").join(name), it.to_string()).expect("writes");
        write("controllers.yaml", json!({"controllers": {"sim1": entry}, "current-controller": "sim1"}));
        write("accounts.yaml", json!({"controllers": {"sim1": account}}));
        fs::write(stage.join("cloud.yaml"), CLOUD).expect("writes");
        let credential = json!({"credentials": {"metal": {"main": {"auth-type": "oauth1", "maas-oauth": CANARY}}}});
        fs::write(stage.join("creds.yaml"), credential.to_string()).expect("writes");
        Self { app, stage, _dir: dir }
    }

    pub(crate) fn mode(&self, mode: &str) {
        fs::write(self.stage.join("mode"), mode).expect("writes");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.stage.join(name)).unwrap_or_default()
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.stage.join(name).display().to_string()
    }

    pub(crate) async fn bootstrap(&self, more: &[&str]) -> jimm_tests::app::Said {
        let (cloud, credentials) = (self.file("cloud.yaml"), self.file("creds.yaml"));
        let mut args = vec!["bootstrap", "metal", "sim1", "--cloud", &cloud, "--credential-file", &credentials];
        args.extend(more);
        self.app.jimmctl(&args).await
    }

    /// The number of a job that is at work in the client.
    pub(crate) async fn at_work(&self) -> String {
        self.mode("slow");
        let said = self.bootstrap(&["--detach"]).await;
        assert_eq!(said.code, 0, "{}", said.err);
        let job = said.out.trim().to_owned();
        process::eventually("the client is at work", LONG, || async {
            self.app.jimmctl(&["bootstrap-status", &job]).await.out.contains("waiting").then_some(())
        })
        .await;
        job
    }

    pub(crate) async fn failed(&self, job: &str) -> String {
        let said = self.app.jimmctl(&["bootstrap-status", "-f", job]).await;
        assert_eq!(said.code, 1, "{}{}", said.out, said.err);
        said.err
    }

    /// What the client had of secrets is gone, and so is all that it started.
    pub(crate) async fn is_clean(&self) {
        let folder = self.read("folder");
        let child: u32 = self.read("child").trim().parse().unwrap_or(0);
        process::eventually("nothing is left", LONG, || async {
            (!Path::new(folder.trim()).exists() && (child == 0 || !process::alive(child))).then_some(())
        })
        .await;
    }

    /// Everything in the database, as far as it is text.
    pub(crate) async fn database(&self) -> String {
        let sql = "SELECT string_agg(query_to_xml(format('SELECT * FROM %I', table_name), true, false, '')::text, '') \
                   FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
        self.app.db.fetch(sql).await.expect("a dump").unwrap_or_default()
    }
}
