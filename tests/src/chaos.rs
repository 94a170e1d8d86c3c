//! A wire that can be cut, or fall silent, between two servers of 127.0.0.1.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the wire does.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Weather {
    /// It carries.
    #[default]
    Fair,
    /// It takes connections and bytes, and carries nothing.
    Silent,
    /// It refuses new connections.
    Cut,
}

/// A proxy in front of one server; it ends with this value.
pub struct Wire {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    open: Arc<Mutex<CancellationToken>>,
    stop: CancellationToken,
}

impl Wire {
    /// A wire to this port of 127.0.0.1.
    pub async fn to(port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let weather = watch::Sender::new(Weather::Fair);
        let open = Arc::new(Mutex::new(CancellationToken::new()));
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(stop.clone().run_until_cancelled_owned(accept(
            listener,
            port,
            weather.subscribe(),
            Arc::clone(&open),
            tasks.clone(),
        )));
        Ok(Self { address, weather, open, stop })
    }

    /// Where to connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what the wire does; a cut also ends what is open.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
        if weather == Weather::Cut {
            self.drop_connections();
        }
    }

    /// Ends every open connection; new ones are taken as before.
    pub fn drop_connections(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *open).cancel();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.drop_connections();
        self.stop.cancel();
    }
}

async fn accept(
    listener: TcpListener,
    port: u16,
    weather: watch::Receiver<Weather>,
    open: Arc<Mutex<CancellationToken>>,
    tasks: TaskTracker,
) {
    while let Ok((near, _)) = listener.accept().await {
        if *weather.borrow() == Weather::Cut {
            continue;
        }
        let until = open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let weather = weather.clone();
        tasks.spawn(until.run_until_cancelled_owned(async move {
            let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
            let (near_in, near_out) = near.into_split();
            let (far_in, far_out) = far.into_split();
            tokio::select! {
                () = carry(near_in, far_out, weather.clone()) => {}
                () = carry(far_in, near_out, weather) => {}
            }
        }));
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if weather.wait_for(|weather| *weather != Weather::Silent).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
