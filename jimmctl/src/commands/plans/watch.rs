//! `watch-plan`, and the end of `apply-plan`: a living picture of a plan on a terminal, a line for each news elsewhere.
//!
//! The broker carries plans out by itself: this only watches, and takes up watching again when the connection or the
//! broker goes away meanwhile.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jimm_proto::params::jimm_plans::{PlanDetails, PlanModelStatus, PlanStatus, ShowPlanRequest};
use jimm_proto::time::GoTime;

use super::show::{counts, details, proven};
use crate::cli::GlobalArgs;
use crate::cli::plans::PlanArgs;
use crate::error::{Failure, Result};
use crate::output::OutputArgs;
use crate::session::Session;

/// How often the broker is asked.
const POLL: Duration = Duration::from_millis(500);
/// How long the broker may be away before we stop watching.
const AWAY: Duration = Duration::from_secs(600);
/// States of models that are over.
const OVER: [&str; 4] = ["done", "failed", "skipped", "cancelled"];
/// Models that are shown with a line each.
const LINES: usize = 12;

pub(in crate::commands) async fn watch(global: &GlobalArgs, args: &PlanArgs) -> Result<()> {
    let plan = args.plan.ok_or_else(|| Failure::usage("missing the number of the plan"))?;
    follow(global, plan, &args.output).await
}

/// Watches the plan until it has ended or stopped, and prints what came of it.
pub(super) async fn follow(global: &GlobalArgs, plan: i64, output: &OutputArgs) -> Result<()> {
    let mut picture = Picture::new(global.quiet);
    let ended = tokio::select! {
        ended = looking(global, plan, &mut picture) => ended?,
        _ = tokio::signal::ctrl_c() => {
            let hint = format!("the broker goes on with plan {plan}; \"jimmctl watch-plan {plan}\" watches it again");
            return Err(Failure::failed("stopped watching").with_hint(hint));
        }
    };
    picture.clear();
    output.print(&ended, &ended, || details(&ended))?;
    verdict(&ended.status)
}

async fn looking(global: &GlobalArgs, plan: i64, picture: &mut Picture) -> Result<PlanDetails> {
    let mut session = None;
    let mut after = None;
    let mut models = BTreeMap::<String, PlanModelStatus>::new();
    let mut last_seen = Instant::now();
    loop {
        match look(global, &mut session, plan, after).await {
            Ok(told) => {
                last_seen = Instant::now();
                after = Some(told.as_of);
                for it in &told.models {
                    let news = models
                        .get(&it.uuid)
                        .is_none_or(|known| (&known.state, &known.reason) != (&it.state, &it.reason));
                    if news {
                        picture.news(it);
                    }
                    models.insert(it.uuid.clone(), it.clone());
                }
                picture.show(&told.status, &models);
                if matches!(told.status.state.as_str(), "done" | "aborted" | "stopped") {
                    // All models in their order, as they are now.
                    return look(global, &mut session, plan, None).await;
                }
            }
            // An answer with a code is the broker's word; anything else is a broken line, which may come back.
            Err(e) if !e.code().is_empty() || last_seen.elapsed() > AWAY => return Err(e),
            Err(e) => {
                session = None;
                picture.away(&e.to_string());
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn look(
    global: &GlobalArgs,
    session: &mut Option<Session>,
    plan: i64,
    changed_after: Option<GoTime>,
) -> Result<PlanDetails> {
    let open = match session.take() {
        Some(open) => open,
        None => Session::open(&GlobalArgs { no_browser_login: true, ..global.clone() }).await?,
    };
    let answer: PlanDetails = open.call("ShowPlan", &ShowPlanRequest { plan, changed_after }).await?;
    *session = Some(open);
    Ok(answer)
}

/// The exit code tells whether all is well.
fn verdict(plan: &PlanStatus) -> Result<()> {
    let of = |state: &str| plan.models.get(state).copied().unwrap_or_default();
    match plan.state.as_str() {
        "done" if of("failed") > 0 => Err(Failure::failed(format!("{} models were not moved", of("failed")))),
        "done" => match plan.proof.iter().find(|proof| !proof.empty) {
            None => Ok(()),
            Some(proof) => {
                let why = proven(proof).into_iter().next().unwrap_or_default();
                Err(Failure::failed(format!("every model of the plan was moved, but {why}")))
            }
        },
        "stopped" => Err(Failure::failed(format!("the plan has stopped: {}", plan.reason)).with_hint(format!(
            "\"jimmctl retry-plan-model {0}\", \"skip-plan-model {0} MODEL\", then \"resume-plan {0}\"",
            plan.plan
        ))),
        state => Err(Failure::failed(format!("the plan is {state}: {}", plan.reason))),
    }
}

/// What is shown while a plan goes on.
struct Picture {
    quiet: bool,
    began: Instant,
    /// How many models were over when we began to look.
    over: Option<i64>,
    living: Option<(MultiProgress, ProgressBar)>,
    lines: BTreeMap<String, ProgressBar>,
    said: String,
    first: bool,
}

impl Picture {
    fn new(quiet: bool) -> Self {
        let living = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bars = MultiProgress::new();
            let bar = bars.add(ProgressBar::new(0));
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
                bar.set_style(style);
            }
            (bars, bar)
        });
        Self {
            quiet,
            began: Instant::now(),
            over: None,
            living,
            lines: BTreeMap::new(),
            said: String::new(),
            first: true,
        }
    }

    fn say(&self, line: &str) {
        match &self.living {
            _ if self.quiet => {}
            Some((bars, _)) => drop(bars.println(line)),
            None => eprintln!("{line}"),
        }
    }

    /// A model that is in another state than before. Those that wait when we begin are no news.
    fn news(&self, it: &PlanModelStatus) {
        if self.first && (it.state == "waiting" || it.state == "done") && it.reason.is_empty() {
            return;
        }
        let reason = if it.reason.is_empty() { String::new() } else { format!(": {}", it.reason) };
        self.say(&format!("{}: {} ({} to {}){reason}", it.model, it.state, it.from, it.to));
    }

    fn show(&mut self, plan: &PlanStatus, models: &BTreeMap<String, PlanModelStatus>) {
        self.first = false;
        let all: i64 = plan.models.values().sum();
        let over: i64 = OVER.iter().filter_map(|state| plan.models.get(*state)).sum();
        let before = *self.over.get_or_insert(over);
        let head = format!("{}, {}", plan.state, if plan.wave.is_empty() { "last looks" } else { &plan.wave });
        let pace = pace(over - before, all - over, self.began.elapsed());
        if let Some((bars, bar)) = &self.living {
            bar.set_length(u64::try_from(all).unwrap_or_default());
            bar.set_position(u64::try_from(over).unwrap_or_default());
            bar.set_message(format!("{head}: {}{pace}", counts(plan)));
            let under_way = |it: &&PlanModelStatus| !OVER.contains(&it.state.as_str()) && it.state != "waiting";
            let now: Vec<&PlanModelStatus> = models.values().filter(under_way).take(LINES).collect();
            self.lines.retain(|uuid, line| {
                let stays = now.iter().any(|it| it.uuid == *uuid);
                if !stays {
                    line.finish_and_clear();
                }
                stays
            });
            for it in now {
                let line = self.lines.entry(it.uuid.clone()).or_insert_with(|| new_line(bars));
                line.set_message(format!("{}: {} ({} to {})", it.model, it.state, it.from, it.to));
            }
        } else if self.said != head {
            self.say(&format!("plan {} is {head}: {}", plan.plan, counts(plan)));
            self.said = head;
        }
    }

    fn away(&mut self, reason: &str) {
        if self.said != reason {
            self.say(&format!("waiting for the broker: {reason}"));
            reason.clone_into(&mut self.said);
        }
    }

    fn clear(&self) {
        for line in self.lines.values() {
            line.finish_and_clear();
        }
        if let Some((_, bar)) = &self.living {
            bar.finish_and_clear();
        }
    }
}

fn new_line(bars: &MultiProgress) -> ProgressBar {
    let line = bars.add(ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        line.set_style(style);
    }
    line.enable_steady_tick(Duration::from_millis(120));
    line
}

/// How fast it goes and how long the rest takes at that rate; nothing before a model has ended.
#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn pace(ended: i64, left: i64, elapsed: Duration) -> String {
    if ended < 1 || elapsed < Duration::from_secs(1) {
        return String::new();
    }
    let each = elapsed.as_secs_f64() / ended as f64;
    let rest = Duration::from_secs_f64((each * left as f64).min(1e9)).as_secs();
    format!("; {:.1} a minute, about {} min {} s left", 60.0 / each, rest / 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_known_when_something_has_ended() {
        assert_eq!(pace(0, 10, Duration::from_secs(60)), "");
        assert_eq!(pace(30, 60, Duration::from_secs(60)), "; 30.0 a minute, about 2 min 0 s left");
    }

    #[test]
    fn only_an_empty_source_and_no_failure_is_success() {
        let plan = |state: &str, models: &[(&str, i64)], empty: bool| PlanStatus {
            plan: 1,
            kind: "drain".into(),
            state: state.into(),
            reason: String::new(),
            sources: vec!["old".into()],
            requested_by: String::new(),
            created: jimm_proto::time::GoTime::default(),
            finished: None,
            models: models.iter().map(|(state, n)| ((*state).to_owned(), *n)).collect(),
            wave: String::new(),
            waves: 1,
            proof: vec![jimm_proto::params::jimm_plans::PlanProof {
                controller: "old".into(),
                empty,
                models: if empty { Vec::new() } else { vec!["a/b".into()] },
                ..Default::default()
            }],
        };
        assert!(verdict(&plan("done", &[("done", 3)], true)).is_ok());
        for (state, models, empty, why) in [
            ("done", &[("done", 2), ("failed", 1)][..], true, "1 models were not moved"),
            ("done", &[("done", 3)], false, "controller old still has a/b"),
            ("stopped", &[("failed", 1)], true, "the plan has stopped"),
            ("aborted", &[("cancelled", 1)], true, "the plan is aborted"),
        ] {
            let error = verdict(&plan(state, models, empty)).expect_err(why);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
