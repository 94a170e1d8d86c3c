//! Progress of moves on standard error: a line for each news, and on a terminal below them a living line a model.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jimm_proto::params::jimm::MigrationStatus;

/// Shows how moves go on.
pub(crate) struct Progress {
    quiet: bool,
    bars: Option<MultiProgress>,
    shown: RefCell<HashMap<String, Shown>>,
}

struct Shown {
    news: String,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        let bars = (!quiet && std::io::stderr().is_terminal()).then(MultiProgress::new);
        Self { quiet, bars, shown: RefCell::new(HashMap::new()) }
    }

    /// Shows one move's state: phase, elapsed time, message.
    pub(crate) fn show(&self, status: &MigrationStatus) {
        if self.quiet {
            return;
        }
        let model = if status.model.is_empty() { &status.model_tag } else { &status.model };
        let state = if status.state == "running" { &status.phase } else { &status.state };
        let news = format!("{model}: {state}: {}", status.message);
        let mut shown = self.shown.borrow_mut();
        let entry = shown
            .entry(status.model_tag.clone())
            .or_insert_with(|| Shown { news: String::new(), bar: self.bars.as_ref().map(new_bar) });
        let line = format!("{news} ({}s)", status.elapsed_seconds);
        if entry.news != news {
            say(self.bars.as_ref(), &line);
        }
        if let Some(bar) = &entry.bar {
            bar.set_message(format!("{model}: {state} ({}s)", status.elapsed_seconds));
            if status.state != "running" {
                bar.finish_and_clear();
            }
        }
        entry.news = news;
    }

    /// Says that the broker cannot be asked at the moment.
    pub(crate) fn away(&self, reason: &str) {
        if self.quiet {
            return;
        }
        let mut shown = self.shown.borrow_mut();
        let entry = shown.entry(String::new()).or_insert_with(|| Shown { news: String::new(), bar: None });
        if entry.news != reason {
            say(self.bars.as_ref(), &format!("waiting for the broker: {reason}"));
            reason.clone_into(&mut entry.news);
        }
    }

    /// Takes the living lines away; what was told stays.
    pub(crate) fn finish(&self) {
        for shown in self.shown.borrow().values() {
            if let Some(bar) = &shown.bar {
                bar.finish_and_clear();
            }
        }
    }
}

/// Writes a line that stays, above the living ones where there are any.
fn say(bars: Option<&MultiProgress>, line: &str) {
    match bars {
        Some(bars) => drop(bars.println(line)),
        None => eprintln!("{line}"),
    }
}

fn new_bar(bars: &MultiProgress) -> ProgressBar {
    let bar = bars.add(ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
