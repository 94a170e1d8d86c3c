//! Entries by time, page after page, each page found from where the one before it ended.

use std::cmp::Ordering;

use chrono::{DateTime, Days, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::chains::class_named;
use super::codec::decode;
use super::{AuditEntry, BatchId, Chain, Place};
use crate::Result;

/// Batches that are read at a time.
const READ: i64 = 16;

/// Which entries to list; what is empty or `None` stands for any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not earlier than.
    pub after: Option<DateTime<Utc>>,
    /// Not later than.
    pub before: Option<DateTime<Utc>>,
    /// The tag of who asked.
    pub identity: String,
    /// `controller/model`.
    pub model: String,
    /// The method asked.
    pub method: String,
    /// Newest first, rather than oldest.
    pub newest_first: bool,
    /// Only what comes after this entry in that order.
    pub from: Option<(DateTime<Utc>, Place)>,
}

impl Filter {
    fn wants(&self, entry: &AuditEntry) -> bool {
        self.after.is_none_or(|after| entry.time >= after)
            && self.before.is_none_or(|before| entry.time <= before)
            && (self.identity.is_empty() || self.identity == entry.origin.identity)
            && (self.model.is_empty() || self.model == entry.origin.model)
            && (self.method.is_empty() || *self.method == *entry.facade_method)
            && self.from.is_none_or(|from| self.order(&(entry.time, entry.place), &from) == Ordering::Greater)
    }

    fn order(&self, a: &(DateTime<Utc>, Place), b: &(DateTime<Utc>, Place)) -> Ordering {
        if self.newest_first { b.cmp(a) } else { a.cmp(b) }
    }

    /// The same with the narrowest times that the page's beginning allows.
    fn narrowed(&self) -> Self {
        let mut narrowed = self.clone();
        if let Some((time, _)) = self.from {
            if self.newest_first {
                narrowed.before = Some(self.before.map_or(time, |before| before.min(time)));
            } else {
                narrowed.after = Some(self.after.map_or(time, |after| after.max(time)));
            }
        }
        narrowed
    }
}

struct Row {
    class: String,
    day: NaiveDate,
    chain: Uuid,
    seq: i64,
    first_time: DateTime<Utc>,
    last_time: DateTime<Utc>,
    entries: Vec<u8>,
}

macro_rules! select {
    ($filter:expr, $bound:expr, $days:expr, $tail:tt) => {
        sqlx::query_as!(
            Row,
            "SELECT class, day, chain, seq, first_time, last_time, entries FROM audit_log
             WHERE ($1::timestamptz IS NULL OR last_time >= $1) AND ($2::timestamptz IS NULL OR first_time <= $2)
               AND ($3 = '' OR $3 = ANY(identities)) AND ($4 = '' OR $4 = ANY(models))
               AND ($5 = '' OR $5 = ANY(methods)) AND day >= $6 AND day <= $7 "
                + $tail
                + " LIMIT $13",
            $filter.after,
            $filter.before,
            $filter.identity,
            $filter.model,
            $filter.method,
            $days.0,
            $days.1,
            $bound.as_ref().map(|bound| bound.0),
            $bound.as_ref().map(|bound| bound.1.chain.class.as_str()),
            $bound.as_ref().map(|bound| bound.1.chain.day),
            $bound.as_ref().map(|bound| bound.1.chain.writer),
            $bound.as_ref().map(|bound| bound.1.seq),
            READ
        )
    };
}

type Bound = Option<(DateTime<Utc>, BatchId)>;

/// The next batches in which there may be something, in the order of their end that comes first.
async fn batches(conn: &mut PgConnection, filter: &Filter, bound: &Bound) -> Result<Vec<Row>> {
    let (never, always) = (NaiveDate::from_ymd_opt(1, 1, 1), NaiveDate::from_ymd_opt(9999, 1, 1));
    // A batch is of the day of its first entry, give or take one where a clock was set back: only these partitions.
    let first = filter.after.and_then(|after| after.date_naive().checked_sub_days(Days::new(2))).or(never);
    let last = filter.before.and_then(|before| before.date_naive().checked_add_days(Days::new(1))).or(always);
    let days = (first.unwrap_or_default(), last.unwrap_or_default());
    // Two statements rather than one with a computed order, which no index could serve.
    Ok(if filter.newest_first {
        select!(
            filter,
            bound,
            days,
            "AND ($8::timestamptz IS NULL
                  OR (last_time, class, day, chain, seq) < ($8, $9::text, $10::date, $11::uuid, $12::bigint))
             ORDER BY last_time DESC, class DESC, day DESC, chain DESC, seq DESC"
        )
        .fetch_all(conn)
        .await?
    } else {
        select!(
            filter,
            bound,
            days,
            "AND ($8::timestamptz IS NULL
                  OR (first_time, class, day, chain, seq) > ($8, $9::text, $10::date, $11::uuid, $12::bigint))
             ORDER BY first_time, class, day, chain, seq"
        )
        .fetch_all(conn)
        .await?
    })
}

/// A page of the entries that pass the filter.
pub async fn list(conn: &mut PgConnection, filter: &Filter, offset: i64, limit: i64) -> Result<Vec<AuditEntry>> {
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    let wanted = count(offset).saturating_add(count(limit));
    let narrowed = filter.narrowed();
    let mut found: Vec<AuditEntry> = Vec::new();
    let mut bound: Bound = None;
    loop {
        let batches = batches(conn, &narrowed, &bound).await?;
        let Some(last) = batches.last() else { break };
        let edge = if filter.newest_first { last.last_time } else { last.first_time };
        bound = Some((edge, id(last)?));
        let were_all = batches.len() < count(READ);
        for batch in batches {
            let entries = decode(id(&batch)?, &batch.entries)?;
            found.extend(entries.into_iter().filter(|entry| filter.wants(entry)));
        }
        found.sort_by(|a, b| filter.order(&(a.time, a.place), &(b.time, b.place)));
        found.truncate(wanted);
        // What comes in further batches lies beyond the edge: nothing of it comes before what there is.
        let is_beyond = |time: DateTime<Utc>| if filter.newest_first { time > edge } else { time < edge };
        if were_all || (found.len() == wanted && found.last().is_none_or(|entry| is_beyond(entry.time))) {
            break;
        }
    }
    Ok(found.into_iter().skip(count(offset)).collect())
}

fn id(row: &Row) -> Result<BatchId> {
    let chain = Chain { class: class_named(&row.class)?, day: row.day, writer: row.chain };
    Ok(BatchId { chain, seq: row.seq })
}
