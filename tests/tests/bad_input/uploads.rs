//! Charms that are cut off, are not what their name says, or are huge: the client is told, memory stays flat, and nothing
//! is left behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::listeners::freed;
use crate::support::{World, basic, memory, open_files};
use crate::wire::tls;

const MIB: usize = 1 << 20;
/// The SHA-256 of two GiB of `P`; the controller computes it, too.
const HUGE: &str = "85e279989750e8a6865353987638a4f30f16adadbd5536d78be044199fd26897";
/// How much more memory the broker may take meanwhile, in MiB.
const MORE: u64 = 48;

fn client(world: &World) -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let root = reqwest::Certificate::from_pem(world.app.door.ca.as_bytes()).expect("a certificate");
    reqwest::Client::builder().tls_certs_only([root]).build().expect("a client")
}

fn url(world: &World, name: &str) -> String {
    format!("https://{}/model-{}/charms/{name}", world.app.door.address, world.model)
}

/// Whether the controller has a charm of this name.
async fn is_kept(world: &World, name: &str) -> bool {
    let answer =
        client(world).get(url(world, name)).basic_auth("", Some(&world.token)).send().await.expect("an answer");
    answer.status() == 200
}

async fn put(world: &World, name: &str, body: reqwest::Body) -> (u16, String) {
    let put = client(world).put(url(world, name)).basic_auth("", Some(&world.token));
    let put = put.header("content-type", "application/zip").header("juju-curl", "local:rig-0");
    let answer = put.body(body).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let world = World::new().await;
    let files = open_files(&world.app);
    let charm = vec![b'P'; 2 * MIB];
    let name = format!("rig-{}", &hex::encode(Sha256::digest(&charm))[..7]);
    for (how, length, half) in [
        ("a length that is not kept", format!("Content-Length: {}", charm.len()), charm[..MIB].to_vec()),
        (
            "a chunk that does not end",
            "Transfer-Encoding: chunked".to_owned(),
            [b"100000\r\n", &charm[..MIB / 2]].concat(),
        ),
        ("nothing of it", format!("Content-Length: {}", charm.len()), Vec::new()),
        ("a chunk of no size", "Transfer-Encoding: chunked".to_owned(), b"nonsense\r\n".to_vec()),
    ] {
        let (mut socket, me) = tls(&world.app).await;
        let head = format!(
            "PUT /model-{}/charms/{name} HTTP/1.1\r\nHost: localhost\r\n{}{length}\r\nJuju-Curl: local:rig-0\r\n\r\n",
            world.model,
            basic(&world.token)
        );
        socket.write_all(head.as_bytes()).await.expect("it is taken");
        socket.write_all(&half).await.expect("it is taken");
        socket.flush().await.expect("it is sent");
        drop(socket);
        // One that is left open holds two: what four of them hold is more than is let pass.
        freed(&world.app, files).await;
        assert!(!is_kept(&world, &name).await, "{how}, {}", me.address);
    }
    // A whole one is taken, and its controller is not thought to be away.
    assert_eq!(put(&world, &name, charm.into()).await.0, 200);
    assert!(is_kept(&world, &name).await);
    world.serves().await;
}

#[tokio::test]
async fn an_upload_that_is_not_what_its_name_says_is_refused_in_the_controllers_words() {
    let world = World::new().await;
    let (status, text) = put(&world, "rig-0000000", vec![b'P'; MIB].into()).await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("charm hash mismatch") && text.contains("bad request"), "{text}");
    assert!(!is_kept(&world, "rig-0000000").await);
    world.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gibibytes_pass_through_little_memory() {
    let world = World::new().await;
    let chunk = Bytes::from(vec![b'P'; MIB]);
    // Once, so that what is allocated once is.
    let small = format!("rig-{}", &hex::encode(Sha256::digest(&chunk))[..7]);
    assert_eq!(put(&world, &small, chunk.clone().into()).await.0, 200);
    let before = memory(&world.app);
    let (highest, ended) = (Arc::new(AtomicU64::new(before)), Arc::new(AtomicBool::new(false)));
    let watched = {
        let (highest, ended, pid) = (Arc::clone(&highest), Arc::clone(&ended), world.app.broker_pid());
        std::thread::spawn(move || {
            let mut looks = 0;
            while !ended.load(Ordering::Relaxed) {
                highest.fetch_max(crate::support::memory_of(pid), Ordering::Relaxed);
                looks += 1;
                std::thread::sleep(Duration::from_millis(50));
            }
            looks
        })
    };
    let chunks = stream::iter((0..2048).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    let sent = put(&world, &format!("rig-{}", &HUGE[..7]), reqwest::Body::wrap_stream(chunks)).await;
    ended.store(true, Ordering::Relaxed);
    let looks = watched.join().expect("it looked");
    assert_eq!(sent.0, 200, "{}", sent.1);
    let highest = highest.load(Ordering::Relaxed);
    assert!(looks > 5 && highest < before + MORE, "{highest} MiB, before {before} MiB, seen {looks} times");
    world.serves().await;
}
