//! Where a scenario plays: two fresh organizations with users, rooms and open streams of events.

use super::{
    connection::Repeat,
    load::{Author, Load},
    stream::Reader,
    tally::Tally,
};
use crate::{
    api::client::dto::{NewRoom, Room},
    cli::{
        daemon::Memory,
        failure::{Done, Failure},
        http::Http,
        twin::{self, ACME, GLOBEX, Org},
    },
};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

/// Until the memory is read that is held after a load.
const SETTLE: Duration = Duration::from_secs(2);

/// A user of one of the two organizations.
#[derive(Clone, Debug)]
pub struct Person {
    /// Whole address.
    pub address: String,
    /// Their daemon's client listener.
    pub daemon: SocketAddr,
    /// The client API, signed in.
    pub http: Http,
}

/// Two organizations with an open link.
#[derive(Debug)]
pub struct Stage {
    /// Who sends in the scenarios with one direction.
    pub acme: Org,
    /// Who receives.
    pub globex: Org,
    /// Processor time of daemons that were killed, seconds.
    pub spent_s: f64,
}

impl Person {
    fn token(&self) -> String {
        self.http.token().unwrap_or_default().to_owned()
    }

    /// This person as an author in a room.
    #[must_use]
    pub fn author(&self, room: &str) -> Author {
        Author { address: self.daemon, token: self.token(), room: room.to_owned() }
    }

    /// Opens this person's stream of events.
    pub async fn watch(&self, stream: usize, tally: &Arc<Tally>) -> Done<Reader> {
        let opened = Reader::open(self.daemon, &self.token(), stream, tally.clone()).await;
        opened.map_err(|error| Failure::fault(format!("the stream of events of {}: {error}", self.address)))
    }
}

impl Stage {
    /// Two fresh organizations under `root`, with an open link.
    pub async fn raise(root: &Path) -> Done<Self> {
        let [acme_ports, globex_ports] = twin::ports()?;
        let acme = Org::raise(root, ACME, acme_ports).await?;
        let globex = Org::raise(root, GLOBEX, globex_ports).await?;
        twin::join(&acme, &globex).await?;
        Ok(Self { acme, globex, spent_s: 0.0 })
    }

    /// Makes a user.
    pub async fn person(org: &Org, local: &str) -> Done<Person> {
        let daemon = org.client_address()?;
        Ok(Person { address: format!("{local}@{}", org.domain), daemon, http: org.add_robot(local).await? })
    }

    /// Two people, one of each organization, with their direct room.
    pub async fn pair(&self, number: usize) -> Done<(Person, Person, String)> {
        let sender = Self::person(&self.acme, &format!("sender{number}")).await?;
        let receiver = Self::person(&self.globex, &format!("receiver{number}")).await?;
        let contact = twin::befriend(&sender.http, &receiver.address).await?;
        let room = contact.room.ok_or_else(|| Failure::fault("a contact without a room"))?;
        Ok((sender, receiver, room))
    }

    /// A group with `each` members of both organizations.
    pub async fn group(&self, each: usize) -> Done<(Vec<Person>, String)> {
        let mut people = Vec::new();
        for number in 0..each {
            people.push(Self::person(&self.acme, &format!("member{number}")).await?);
            people.push(Self::person(&self.globex, &format!("member{number}")).await?);
        }
        let owner = &people[0];
        for other in people.iter().filter(|person| person.daemon != owner.daemon) {
            twin::befriend(&owner.http, &other.address).await?;
        }
        let members = people.iter().skip(1).map(|person| person.address.clone()).collect();
        let new = NewRoom { name: "Bench".to_owned(), members, ..NewRoom::default() };
        let room: Room = owner.http.post("/api/v1/rooms", &new).await?;
        for person in &people {
            wait_members(person, &room.id, people.len()).await?;
        }
        Ok((people, room.id))
    }

    /// Processor time of both daemons so far, seconds.
    #[must_use]
    pub fn cpu_s(&self) -> f64 {
        self.spent_s + self.acme.daemon.cpu_s() + self.globex.daemon.cpu_s()
    }

    /// Lets the daemons finish what they do behind the messages (the search index, pages, memory that goes back to the
    /// system), and tells the memory of the larger one.
    pub async fn settle(&self) -> Memory {
        tokio::time::sleep(SETTLE).await;
        self.acme.daemon.memory().max(self.globex.daemon.memory())
    }

    /// Ends both daemons.
    pub async fn strike(mut self) -> Done {
        self.acme.daemon.stop().await?;
        self.globex.daemon.stop().await
    }
}

async fn wait_members(person: &Person, room: &str, members: usize) -> Done {
    let what = format!("{} sees all {members} members of the group", person.address);
    twin::wait_for(&what, async || {
        let seen: Done<Room> = person.http.read(&format!("/api/v1/rooms/{room}")).await;
        match seen {
            Ok(room) => Ok((room.members_count == members as u64).then_some(())),
            Err(failure) if failure.has_code("NOT_FOUND") || failure.has_code("NOT_MEMBER") => Ok(None),
            Err(failure) => Err(failure),
        }
    })
    .await
}

/// A load by these authors.
#[must_use]
pub fn load(authors: Vec<Author>, connections: usize) -> Load {
    Load { authors, connections, repeat: Repeat::Never, until: None }
}
