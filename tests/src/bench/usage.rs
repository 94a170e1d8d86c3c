//! What a process has used until now, as the kernel tells it.

use std::time::Duration;

use anyhow::{Context, Result};

/// A tick of the kernel's clock for processes; the same on every Linux of ours.
const TICK: Duration = Duration::from_millis(10);

/// The processor time of a process, all its threads, those that ended too.
pub(super) fn cpu(pid: u32) -> Result<Duration> {
    let fields = stat(pid)?;
    Ok(ticks(&fields, [11, 12]))
}

/// The processor time of a process and all its children, those that ended too.
pub(super) fn cpu_of_family(pid: u32) -> Result<Duration> {
    let mut time = ticks(&stat(pid)?, [11, 12]) + ticks(&stat(pid)?, [13, 14]);
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may have ended meanwhile: then its parent tells of it.
        let Ok(fields) = stat(child) else { continue };
        if fields.get(1).and_then(|parent| parent.parse().ok()) == Some(pid) {
            time += ticks(&fields, [11, 12]);
        }
    }
    Ok(time)
}

/// Resident memory in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a process without memory")?;
    line.split_whitespace().next().and_then(|word| word.parse().ok()).context("a size")
}

/// The fields of `/proc/PID/stat` from the state on.
fn stat(pid: u32) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = text.rsplit_once(')').context("an odd /proc/PID/stat")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

fn ticks(fields: &[String], which: [usize; 2]) -> Duration {
    let count = |at: &usize| fields.get(*at).and_then(|text| text.parse::<u32>().ok()).unwrap_or_default();
    TICK * which.iter().map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_seen() {
        let me = std::process::id();
        let before = cpu(me).expect("our own time");
        let end = std::time::Instant::now() + Duration::from_millis(200);
        while std::time::Instant::now() < end {
            std::hint::black_box((0..1000u32).map(u64::from).sum::<u64>());
        }
        let after = cpu(me).expect("our own time");
        assert!(after > before, "{before:?} {after:?}");
        assert!(cpu_of_family(me).expect("ours") >= after && resident_kib(me).expect("ours") > 100);
    }
}
