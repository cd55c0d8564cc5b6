//! The load: authors who post over keep-alive connections until all messages are sent.

use super::{
    connection::{Connection, Post, Repeat},
    tally::Tally,
};
use crate::cli::failure::{Done, Failure};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const RETRY: Duration = Duration::from_millis(20);
const RETRY_FOR: Duration = Duration::from_secs(60);

/// Somebody who writes in a room.
#[derive(Clone, Debug)]
pub struct Author {
    /// Their daemon's client listener.
    pub address: SocketAddr,
    /// Their token.
    pub token: String,
    /// Where they write.
    pub room: String,
}

/// A run of messages.
#[derive(Clone, Debug)]
pub struct Load {
    /// Who writes; connections are dealt out in turn.
    pub authors: Vec<Author>,
    /// How many connections at once.
    pub connections: usize,
    /// Whether a message is sent again when its answer was lost.
    pub repeat: Repeat,
    /// No message is begun after this time.
    pub until: Option<Instant>,
}

/// The numbers that are still to be sent.
#[derive(Debug)]
struct Numbers {
    next: AtomicUsize,
    end: usize,
    until: Option<Instant>,
}

impl Numbers {
    fn take(&self) -> Option<usize> {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return None;
        }
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        (n < self.end).then_some(n)
    }
}

impl Load {
    /// Posts the messages from one number to before another; returns when all are answered.
    pub async fn post(&self, from: usize, end: usize, tally: &Arc<Tally>) -> Done {
        let numbers = Arc::new(Numbers { next: AtomicUsize::new(from), end, until: self.until });
        let mut writers = JoinSet::new();
        for author in self.authors.iter().cycle().take(self.connections.max(self.authors.len()).min(end - from)) {
            let (author, numbers, tally) = (author.clone(), numbers.clone(), tally.clone());
            let repeat = self.repeat;
            writers.spawn(async move { write(&author, repeat, &numbers, &tally).await });
        }
        while let Some(writer) = writers.join_next().await {
            writer.map_err(Failure::fault)??;
        }
        Ok(())
    }
}

async fn write(author: &Author, repeat: Repeat, numbers: &Numbers, tally: &Tally) -> Done {
    let mut post = Post::new(&author.token, &author.room, repeat);
    let mut line = Line { author: author.clone(), repeat, connection: None };
    while let Some(n) = numbers.take() {
        tally.sent(n);
        line.send(post.numbered(n)).await?;
        tally.accepted();
    }
    Ok(())
}

/// A connection that is opened again when it breaks.
struct Line {
    author: Author,
    repeat: Repeat,
    connection: Option<Connection>,
}

impl Line {
    /// Sends until the daemon has accepted it.
    async fn send(&mut self, request: &[u8]) -> Done {
        let mut trouble_since: Option<Instant> = None;
        loop {
            let trouble = match self.try_send(request).await {
                Ok(201) => return Ok(()),
                Ok(status @ (429 | 503)) => format!("status {status}"),
                Ok(status) => return Err(self.refused(status)),
                Err(error) if self.repeat == Repeat::UnderKey => {
                    self.connection = None;
                    error.to_string()
                }
                Err(error) => return Err(Failure::fault(format!("a daemon broke off a connection: {error}"))),
            };
            if trouble_since.get_or_insert_with(Instant::now).elapsed() > RETRY_FOR {
                return Err(Failure::fault(format!("a daemon took nothing for a minute: {trouble}")));
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn try_send(&mut self, request: &[u8]) -> io::Result<u16> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(Connection::open(self.author.address).await?),
        };
        connection.exchange(request).await
    }

    fn refused(&self, status: u16) -> Failure {
        let body = self.connection.as_ref().map(|connection| String::from_utf8_lossy(connection.body()).into_owned());
        Failure::fault(format!("a daemon refused a message with status {status}: {}", body.unwrap_or_default()))
    }
}

/// Posts one message after the other, each when the one before was shown.
pub async fn post_in_turn(author: &Author, from: usize, end: usize, until: Option<Instant>, tally: &Tally) -> Done {
    let mut post = Post::new(&author.token, &author.room, Repeat::Never);
    let mut line = Line { author: author.clone(), repeat: Repeat::Never, connection: None };
    for n in from..end {
        if until.is_some_and(|until| Instant::now() >= until) {
            break;
        }
        tally.sent(n);
        line.send(post.numbered(n)).await?;
        tally.accepted();
        if !tally.wait_complete(n + 1, RETRY_FOR).await {
            return Err(Failure::fault(format!("message {n} was not shown within a minute")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_taken_once_and_none_beyond_the_end() {
        let numbers = Numbers { next: AtomicUsize::new(3), end: 5, until: None };
        assert_eq!([numbers.take(), numbers.take(), numbers.take()], [Some(3), Some(4), None]);
        let late = Numbers { next: AtomicUsize::new(0), end: 5, until: Some(Instant::now()) };
        assert_eq!(late.take(), None);
    }
}
