//! Notifications of Postgres: a hint to look now rather than at the next poll. They get lost while the connection is
//! down, so whoever listens polls as well.

use sqlx::PgConnection;
use sqlx::postgres::PgListener;

use crate::{Result, Store};

/// A connection that waits for notifications. It reconnects by itself.
#[derive(Debug)]
pub struct Listener(PgListener);

/// One notification.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notification {
    /// The channel, e.g. [`crate::jobs::CHANNEL_READY`].
    pub channel: String,
    /// What was sent with it.
    pub payload: String,
}

impl Store {
    /// Listens on the channels, with one connection of the pool for as long as the listener lives.
    pub async fn listen(&self, channels: &[&str]) -> Result<Listener> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen_all(channels.iter().copied()).await?;
        Ok(Listener(listener))
    }
}

impl Listener {
    /// The next notification, or `None` when the connection was lost and made again: look at the tables then.
    pub async fn recv(&mut self) -> Result<Option<Notification>> {
        let received = self.0.try_recv().await?;
        Ok(received.map(|n| Notification { channel: n.channel().to_owned(), payload: n.payload().to_owned() }))
    }
}

/// Sends a notification, when the transaction is committed.
pub(crate) async fn notify(conn: &mut PgConnection, channel: &str, payload: &str) -> Result<()> {
    sqlx::query!(r#"SELECT pg_notify($1, $2)::text AS "sent""#, channel, payload).fetch_one(conn).await?;
    Ok(())
}
