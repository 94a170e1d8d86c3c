//! `verify-audit`: is the audit log what was written? Asked of the broker, or of a file that was saved before.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use jimm_proto::params::jimm_audit::{
    AuditBatches, AuditBatchesRequest, AuditCheckpoint, AuditCheckpoints, AuditCheckpointsRequest,
};

use crate::audit_check::{Check, Record, Report, Trust};
use crate::cli::GlobalArgs;
use crate::cli::audit::VerifyAuditArgs;
use crate::error::{Failure, Result};
use crate::session::Session;

pub(super) async fn run(global: &GlobalArgs, args: &VerifyAuditArgs) -> Result<()> {
    let trust = Trust { key: args.key.clone(), anchor: args.anchor.as_deref().map(anchor).transpose()? };
    let report = match &args.file {
        Some(file) => of_file(file, trust)?,
        None => of_broker(global, args, trust).await?,
    };
    args.output.print(&report, &report, || told(&report))?;
    if report.ok {
        return Ok(());
    }
    Err(Failure::failed(format!("the audit log is not what was written: {} faults", report.faults.len())))
}

fn anchor(text: &str) -> Result<(i64, String)> {
    let parts = text.split_once(':').and_then(|(no, hash)| Some((no.parse().ok()?, hash.to_owned())));
    parts.ok_or_else(|| Failure::usage("--anchor takes NUMBER:HASH, as verify-audit printed it"))
}

/// Where everything that is read is written, too.
struct Copy(Option<std::io::BufWriter<std::fs::File>>);

impl Copy {
    fn to(file: Option<&Path>) -> Result<Self> {
        let create = |path: &Path| {
            let file = std::fs::File::options().write(true).create_new(true).open(path);
            file.map_err(|error| Failure::failed(format!("cannot make {}: {error}", path.display())))
        };
        Ok(Self(file.map(create).transpose()?.map(std::io::BufWriter::new)))
    }

    fn add(&mut self, record: &Record) -> Result<()> {
        if let Some(file) = &mut self.0 {
            serde_json::to_writer(&mut *file, record)?;
            file.write_all(b"\n").map_err(|error| Failure::failed(format!("cannot write the copy: {error}")))?;
        }
        Ok(())
    }

    fn end(self) -> Result<()> {
        let Some(mut file) = self.0 else { return Ok(()) };
        file.flush().map_err(|error| Failure::failed(format!("cannot write the copy: {error}")))
    }
}

async fn of_broker(global: &GlobalArgs, args: &VerifyAuditArgs, trust: Trust) -> Result<Report> {
    let session = Session::open(global).await?;
    let (mut check, mut copy) = (Check::new(trust), Copy::to(args.save.as_deref())?);
    let last = checkpoints(&session, &mut check, &mut copy, 0).await?;
    let mut request = AuditBatchesRequest::default();
    loop {
        let page: AuditBatches = session.call("AuditBatches", &request).await?;
        for batch in page.batches {
            check.batch(&batch);
            copy.add(&Record::Batch(batch))?;
        }
        request.after = page.after;
        if request.after.is_empty() {
            break;
        }
    }
    // What was purged meanwhile.
    checkpoints(&session, &mut check, &mut copy, last).await?;
    copy.end()?;
    Ok(check.end())
}

/// The checkpoints after a number: the last one's. Those that follow after the batches say nothing about their ends.
async fn checkpoints(session: &Session, check: &mut Check, copy: &mut Copy, after: i64) -> Result<i64> {
    let is_first = after == 0;
    let mut request = AuditCheckpointsRequest { after_no: after };
    loop {
        let page: AuditCheckpoints = session.call("AuditCheckpoints", &request).await?;
        if is_first && request.after_no == 0 {
            for key in page.keys {
                check.key(&key);
                copy.add(&Record::Key(key))?;
            }
        }
        let Some(last) = page.checkpoints.last().map(|it| it.no) else { return Ok(request.after_no) };
        for checkpoint in page.checkpoints {
            check.checkpoint(&checkpoint, is_first);
            copy.add(&Record::Checkpoint(checkpoint))?;
        }
        if last <= request.after_no {
            return Err(Failure::failed(format!("checkpoint {last} comes again: the numbers do not go up")));
        }
        request.after_no = last;
    }
}

fn of_file(file: &Path, trust: Trust) -> Result<Report> {
    let wrong = |text: String| Failure::failed(format!("{}: {text}", file.display()));
    let opened = std::fs::File::open(file).map_err(|error| wrong(error.to_string()))?;
    let mut check = Check::new(trust);
    let mut late: Vec<AuditCheckpoint> = Vec::new();
    let mut batches = false;
    for (n, line) in BufReader::new(opened).lines().enumerate() {
        let line = line.map_err(|error| wrong(error.to_string()))?;
        match serde_json::from_str(&line).map_err(|error| wrong(format!("line {}: {error}", n + 1)))? {
            Record::Key(key) => check.key(&key),
            Record::Checkpoint(checkpoint) if batches => late.push(checkpoint),
            Record::Checkpoint(checkpoint) => check.checkpoint(&checkpoint, true),
            Record::Batch(batch) => {
                batches = true;
                check.batch(&batch);
            }
        }
    }
    for checkpoint in late {
        check.checkpoint(&checkpoint, false);
    }
    Ok(check.end())
}

fn told(report: &Report) -> String {
    let mut text = String::new();
    for fault in &report.faults {
        let _ = writeln!(text, "FAULT  {fault}");
    }
    let Report { entries, batches, chains, checkpoints, purged, unchained, anchor, .. } = report;
    let _ = writeln!(text, "entries: {entries}, batches: {batches}, chains: {chains}, checkpoints: {checkpoints}");
    if *purged > 0 {
        let _ = writeln!(text, "{purged} entries were purged, as signed statements say");
    }
    if *unchained > 0 {
        let _ = writeln!(text, "{unchained} entries are older than the chains: nothing is known about them");
    }
    for key in &report.keys {
        let _ = writeln!(text, "key     {key}");
    }
    let _ = writeln!(text, "anchor  {anchor}");
    let _ = writeln!(text, "{}", if report.ok { "the audit log is what was written" } else { "NOT what was written" });
    text
}
