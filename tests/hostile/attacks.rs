//! The attacks, each as fast as it can, for ever.

use super::{enemy::Enemy, town::Town};
use futures_util::future::join_all;
use handclasp::{
    model::Code,
    testing::evil::{EvilLink, Handshake, Reply},
};
use hyper::body::Bytes;
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{sleep, timeout},
};

/// Connections at once, of the attacks that need many.
const MANY: usize = 200;
/// Connections at once, of those that need the processor.
const SOME: usize = 16;
/// Between two bytes of a request that trickles.
const TRICKLE: Duration = Duration::from_secs(1);
/// After a refusal, so that a refused attacker does not only occupy itself.
const BREATH: Duration = Duration::from_millis(1);
const ENVELOPES: &str = "/federation/v1/envelopes";

/// One way to be hostile.
#[derive(Clone, Copy, Debug)]
pub enum Attack {
    /// Envelopes of full length, all good.
    Envelopes,
    /// The same after the link was closed.
    Revoked,
    /// The same with a broken signature.
    Unproven,
    /// Requests that come byte by byte.
    Trickle,
    /// Connections that begin and go no further; answers that nobody takes.
    Stall,
    /// Handshakes without a certificate.
    Handshakes,
    /// Handshake, hello, and away.
    Reconnect,
    /// Heads that are too long, and handshakes that break off.
    Headers,
}

impl Attack {
    /// What the admins of the daemon have done before.
    pub async fn prepare(self, town: &Town, enemy: &Enemy) {
        if matches!(self, Self::Revoked) {
            town.grant(&enemy.keys, "revoked").await;
        }
    }

    pub async fn go_on(self, enemy: &Enemy) {
        match self {
            Self::Envelopes => envelopes(enemy).await,
            Self::Revoked => documents(enemy, |link| link.seal(&link.head(), &enemy.records(link.next_seq))).await,
            Self::Unproven => {
                documents(enemy, |link| broken(link.seal(&link.head(), &enemy.records(link.next_seq)))).await
            }
            Self::Trickle => drop(join_all((0..MANY).map(|_| repeat(enemy, trickle))).await),
            Self::Stall => drop(
                join_all((0..MANY).map(|n| async move {
                    if n % 2 == 0 { repeat(enemy, silent).await } else { repeat(enemy, unread).await }
                }))
                .await,
            ),
            Self::Handshakes => drop(join_all((0..SOME).map(|_| repeat(enemy, stranger))).await),
            Self::Reconnect => drop(join_all((0..SOME).map(|_| repeat(enemy, greet))).await),
            Self::Headers => drop(
                join_all((0..SOME).map(|n| async move {
                    if n % 2 == 0 { repeat(enemy, long_head).await } else { repeat(enemy, break_off).await }
                }))
                .await,
            ),
        }
    }
}

/// Again and again, whatever comes of it.
async fn repeat(enemy: &Enemy, deed: impl AsyncFn(&Enemy) -> io::Result<()>) {
    loop {
        let refused = deed(enemy).await.is_err();
        enemy.count();
        if refused {
            sleep(BREATH).await; // between polls of the attacker
        }
    }
}

async fn envelopes(enemy: &Enemy) {
    let mut link = enemy.link();
    loop {
        let records = enemy.records(link.next_seq);
        enemy.count(); // begun: the answer may take longer than a short test
        match link.send(&records).await {
            Reply::Taken(_) => {}
            Reply::Refused(problem) => {
                assert_eq!(problem.code, Code::RateLimited, "{problem:?}");
                let pause = problem.retry_after_ms.unwrap_or(1);
                sleep(Duration::from_millis(pause)).await; // between polls, as it was told
                if let Ok(connection) = enemy.connect().await {
                    link.speak(connection);
                }
            }
        }
    }
}

/// The same document over many connections.
async fn documents(enemy: &Enemy, make: impl Fn(&EvilLink) -> String) {
    let document = Bytes::from(make(&enemy.link()));
    let post = async |enemy: &Enemy| {
        let mut connection = enemy.connect().await?;
        while connection.post(ENVELOPES, document.clone()).await.is_ok() {
            enemy.count();
        }
        Ok(())
    };
    join_all((0..SOME).map(|_| repeat(enemy, &post))).await;
}

fn broken(document: String) -> String {
    let at = document.find("sig\":\"").expect("a signature") + 10;
    let mut bytes = document.into_bytes();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).expect("still text")
}

async fn trickle(enemy: &Enemy) -> io::Result<()> {
    let mut stream = enemy.handshake().tls(enemy.to).await?;
    let head = format!("POST {ENVELOPES} HTTP/1.1\r\nhost: a.example\r\ncontent-length: 1000000\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await?;
    loop {
        stream.write_all(b"x").await?;
        stream.flush().await?;
        // Cut by the daemon, or time for the next byte.
        match timeout(TRICKLE, stream.read_u8()).await {
            Ok(Ok(_)) | Err(_) => {}
            Ok(Err(cut)) => return Err(cut),
        }
    }
}

/// A connection on which nothing comes.
async fn silent(enemy: &Enemy) -> io::Result<()> {
    let mut stream = enemy.handshake().dial(enemy.to).await?;
    stream.read_u8().await.map(drop)
}

/// Requests whose answers nobody takes.
async fn unread(enemy: &Enemy) -> io::Result<()> {
    let mut stream = enemy.handshake().tls(enemy.to).await?;
    let hello = EvilLink::against(enemy.victim.clone(), enemy.keys.clone(), "127.0.0.1:9").hello();
    let hello = handclasp::wire::proof::seal_hello(&hello, &enemy.keys.signing).expect("a hello in form");
    let request = format!(
        "POST /federation/v1/hello HTTP/1.1\r\nhost: a.example\r\ncontent-length: {}\r\n\r\n{hello}",
        hello.len()
    );
    loop {
        timeout(TRICKLE, stream.write_all(request.as_bytes())).await??;
    }
}

async fn stranger(enemy: &Enemy) -> io::Result<()> {
    let mut stream = Handshake { shown: None, ..enemy.handshake() }.tls(enemy.to).await?;
    stream.read_u8().await.map(drop)
}

async fn greet(enemy: &Enemy) -> io::Result<()> {
    let mut connection = enemy.connect().await?;
    let hello = EvilLink::against(enemy.victim.clone(), enemy.keys.clone(), "127.0.0.1:9").hello();
    let hello = handclasp::wire::proof::seal_hello(&hello, &enemy.keys.signing).expect("a hello in form");
    connection.post("/federation/v1/hello", hello).await.map(drop).map_err(io::Error::other)
}

async fn long_head(enemy: &Enemy) -> io::Result<()> {
    let mut stream = enemy.handshake().tls(enemy.to).await?;
    let head = format!("POST {ENVELOPES} HTTP/1.1\r\nhost: a.example\r\nx: {}\r\n", "y".repeat(9_000));
    loop {
        stream.write_all(head.as_bytes()).await?;
    }
}

/// The beginning of a handshake, and no more.
async fn break_off(enemy: &Enemy) -> io::Result<()> {
    let mut stream = enemy.handshake().dial(enemy.to).await?;
    stream.write_all(&[22, 3, 1, 2, 0, 1, 0]).await
}
