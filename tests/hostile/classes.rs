//! Whether the time of an answer tells what its words do not: what is there and is not the peer's, against what is not
//! there at all (A20, A21, P8).
//!
//! Both questions are asked in turns over one connection, so that whatever else the machine does falls on both, and the
//! medians are compared. A difference that is there stays when more is measured; one that is noise does not.

use handclasp::{
    core::command::{AdminOp, UserChange, UserOp},
    crypto::digest::sha256,
    files::{NewUpload, UploadId},
    model::{
        Code, Digest, EventId, RoomId,
        event::Message,
        file::{FileName, FileSource},
        limits,
        record::RecordBody,
        room::History,
    },
    testing::{
        Node,
        evil::{EvilLink, Reply},
        fixtures::{local, parsed, room_id},
    },
};
use std::time::{Duration, Instant};

/// Medians that differ by less than this share are the same to anybody who asks over a network.
const SHARE_MAX: f64 = 0.05;
/// Or by less than this: a turn of the scheduler.
const SLIGHT: Duration = Duration::from_micros(15);
/// Pairs of questions of the first look, and how often twice as many are asked before a difference counts as one.
const PAIRS: u64 = 100;
const LOOKS: u32 = 4;

/// Asks one kind of question, `there` or not, as the n-th of its kind. The answer's code is the same.
trait Ask {
    /// What has to be done before, and takes no part.
    async fn prepare(&mut self) {}

    async fn ask(&mut self, there: There, n: u64) -> Option<Code>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum There {
    Is,
    IsNot,
}

async fn time_of(asked: &mut impl Ask, there: There, n: u64, code: Code) -> Duration {
    asked.prepare().await;
    let began = Instant::now();
    let answer = asked.ask(there, n).await;
    let took = began.elapsed();
    assert_eq!(answer, Some(code), "{there:?} {n}");
    took
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Fails when the medians differ, however often it is looked.
async fn compare(what: &str, asked: &mut impl Ask, code: Code) {
    let _alone = super::ALONE.lock().await;
    let (mut is, mut is_not, mut n) = (Vec::new(), Vec::new(), 0);
    for look in 0..LOOKS {
        for _ in 0..PAIRS << look {
            // First in turns too: what was asked just before may matter.
            for there in if n % 2 == 0 { [There::Is, There::IsNot] } else { [There::IsNot, There::Is] } {
                let took = time_of(asked, there, n, code).await;
                if there == There::Is { is.push(took) } else { is_not.push(took) }
            }
            n += 1;
        }
        let (one, other) = (median(&mut is), median(&mut is_not));
        let differ = one.abs_diff(other);
        println!("{what}: {one:?} when it is there, {other:?} when not, of {n} each");
        if differ <= SLIGHT || differ.as_secs_f64() <= SHARE_MAX * other.as_secs_f64() {
            return;
        }
    }
    panic!("{what}: the time of the answer tells whether it is there");
}

/// A daemon with a room of its own people and a file in it.
async fn victim() -> (Node, RoomId, Digest) {
    let node = Node::start("acme.example", &["alice", "carol"]).await;
    let room = room_id(3);
    let members = vec![node.user_address("carol")];
    let (name, description, history) = (parsed("Inside"), parsed(""), History::All);
    node.user("alice", UserOp::CreateRoom { id: room, name, description, history, members }).await.expect("a room");
    let upload = NewUpload { bytes: 6, name: FileName::clean("x"), declared: None, digest: None };
    node.files.begin_upload(&local("alice"), UploadId([1; 16]), upload).await.expect("there is space");
    let mut writing = node.files.write_upload(&local("alice"), UploadId([1; 16]), 0).await.expect("free");
    writing.push(b"secret"[..].into()).await.expect("there is space");
    let handclasp::files::Progress::Finished(file) = writing.close().await.expect("whole") else { panic!("whole") };
    let digest = file.digest;
    let act = Message { files: vec![file], ..Message::plain(parsed("look")) }.into();
    let share = UserOp::Share { room, id: EventId([9; 16]), act, sources: vec![FileSource::Upload] };
    node.user("alice", share).await.expect("one's own room");
    (node, room, digest)
}

/// An id that nothing has.
fn nothing(n: u64) -> RoomId {
    let mut id = [5; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    RoomId::group(id)
}

struct Logs(EvilLink, RoomId);

impl Ask for Logs {
    async fn ask(&mut self, there: There, n: u64) -> Option<Code> {
        let room = if there == There::Is { self.1 } else { nothing(n) };
        let question = format!("{{\"room\":\"{room}\",\"from\":0,\"to\":1000}}");
        self.0.post("/federation/v1/rooms/log", question).await.code()
    }
}

#[tokio::test]
async fn a20_a_log_that_is_not_the_peers_and_one_that_is_not_take_the_same_time() {
    let (node, room, _) = victim().await;
    let mut asked = Logs(EvilLink::open(&node, "globex.example").await, room);
    compare("a room's log", &mut asked, Code::NotFound).await;
}

struct Pieces(EvilLink, RoomId, Digest);

impl Ask for Pieces {
    async fn ask(&mut self, there: There, n: u64) -> Option<Code> {
        let (room, digest) = if there == There::Is { (self.1, self.2) } else { (nothing(n), sha256(&n.to_be_bytes())) };
        let question = format!("{{\"room\":\"{room}\",\"digest\":\"{digest}\",\"from\":0}}");
        self.0.post("/federation/v1/files", question).await.code()
    }
}

#[tokio::test]
async fn a20_a_file_that_is_not_the_peers_and_one_that_is_not_take_the_same_time() {
    let (node, room, digest) = victim().await;
    let mut asked = Pieces(EvilLink::open(&node, "globex.example").await, room, digest);
    compare("a file", &mut asked, Code::NotFound).await;
}

/// One link takes so many adds in a day only: another one goes on.
struct Adds<'a> {
    node: &'a Node,
    link: EvilLink,
    left: u32,
    links: u32,
}

impl Ask for Adds<'_> {
    async fn prepare(&mut self) {
        if self.left == 0 {
            self.links += 1;
            self.link = EvilLink::open(self.node, &format!("globex{}.example", self.links)).await;
            self.left = limits::CONTACT_ADDS_PER_LINK_PER_DAY_MAX;
        }
        self.left -= 1;
    }

    async fn ask(&mut self, there: There, n: u64) -> Option<Code> {
        let to = if there == There::Is { "carol@acme.example".to_owned() } else { format!("c{n}@acme.example") };
        let from = format!("mallory{n}@{}", self.link.domain());
        let add = RecordBody::ContactAdd { from: parsed(&from), name: parsed("Mallory"), to: parsed(&to) };
        let record = self.link.record(&add);
        let seq = self.link.next_seq;
        let reply = self.link.send(&[record]).await;
        let Reply::Taken(_) = &reply else { return reply.code() };
        let ack = self.link.ack(&reply);
        ack.rejects.iter().find(|(of, _)| *of == seq).map(|(_, code)| *code)
    }
}

#[tokio::test]
async fn a21_a_name_that_nobody_has_and_one_that_may_not_be_added_take_the_same_time() {
    let (node, ..) = victim().await;
    let change = UserChange { external: Some(false), ..UserChange::default() };
    node.admin(AdminOp::ChangeUser { local: local("carol"), change }).await.expect("an admin may");
    let link = EvilLink::open(&node, "globex.example").await;
    let left = limits::CONTACT_ADDS_PER_LINK_PER_DAY_MAX;
    let mut asked = Adds { node: &node, link, left, links: 0 };
    compare("an add", &mut asked, Code::Unavailable).await;
}

#[tokio::test]
async fn a21_names_are_tried_so_often_in_a_day_and_no_more() {
    let (node, ..) = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let mut counted = 0;
    for n in 0..2 * limits::CONTACT_ADDS_PER_LINK_PER_DAY_MAX {
        let (from, to) = (parsed("mallory@globex.example"), format!("name{n}@acme.example"));
        let code = link.verdict(&RecordBody::ContactAdd { from, name: parsed("Mallory"), to: parsed(&to) }).await;
        let is_over = n >= limits::CONTACT_ADDS_PER_LINK_PER_DAY_MAX;
        assert_eq!(code, Some(if is_over { Code::RateLimited } else { Code::Unavailable }), "{n}");
        counted += u32::from(!is_over);
    }
    assert_eq!(counted, limits::CONTACT_ADDS_PER_LINK_PER_DAY_MAX);
    // Whoever is there is not told apart by the limit either.
    let (from, to) = (parsed("mallory@globex.example"), node.user_address("alice"));
    let code = link.verdict(&RecordBody::ContactAdd { from, name: parsed("Mallory"), to }).await;
    assert_eq!(code, Some(Code::RateLimited));
}
