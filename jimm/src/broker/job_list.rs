//! Jobs as administrators see them.

use jimm_proto::params::jimm_upgrades::{JobError, JobInfo, ListJobsRequest, ListJobsResponse, ListedJob};
use jimm_proto::time::GoTime;
use jimm_store::jobs::{self, Job};

use super::Broker;
use crate::error::{Error, Result};

/// Jobs in one answer when nothing is said, and at most.
const COUNT: (i64, i64) = (100, 10_000);

impl Broker {
    /// One job.
    pub async fn job_info(&self, called: &str) -> Result<JobInfo> {
        let job = self.job_called(called).await?;
        let attempt = i64::from(job.attempts);
        let error = Some(job.error.clone()).filter(|error| !error.is_empty());
        let at = GoTime(job.finished_at.unwrap_or(job.updated_at));
        Ok(JobInfo {
            id: job.id,
            status: job.state,
            kind: job.kind,
            subject: job.key,
            message: job.message,
            current_attempt: attempt,
            max_attempts: 0,
            finished_at: job.finished_at.map(GoTime),
            errors: error.into_iter().map(|error| JobError { at, attempt, error }).collect(),
        })
    }

    /// Jobs, the newest first.
    pub async fn list_jobs(&self, request: &ListJobsRequest) -> Result<ListJobsResponse> {
        let count = request.count.unwrap_or(COUNT.0);
        if !(1..=COUNT.1).contains(&count) {
            return Err(Error::bad_request(format!("count must be between 1 and {}.", COUNT.1)));
        }
        let before = match request.cursor.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| Error::bad_request(format!("invalid cursor: {text}")))?),
        };
        let filter = jobs::Filter {
            kinds: request.kinds.clone(),
            states: request.statuses.clone(),
            before,
            ..jobs::Filter::default()
        };
        let mut found = jobs::list(&mut *self.store.acquire().await?, &filter, count + 1).await?;
        let more = i64::try_from(found.len()).unwrap_or(i64::MAX) > count;
        found.truncate(usize::try_from(count).unwrap_or_default());
        let next_cursor = found.last().filter(|_| more).map(|job| job.id.to_string()).unwrap_or_default();
        Ok(ListJobsResponse { jobs: found.into_iter().map(listed).collect(), next_cursor })
    }
}

fn listed(job: Job) -> ListedJob {
    ListedJob {
        id: job.id,
        status: job.state,
        kind: job.kind,
        subject: job.key,
        max_attempts: 0,
        attempt: i64::from(job.attempts),
    }
}
