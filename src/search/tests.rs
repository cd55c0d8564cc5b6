//! The index over a real writer: it follows, goes on after crashes, and is built anew with the same result.

use super::{
    Findings, Place, Search,
    question::{Order, Question, parse},
};
use crate::{
    clock::{Clock, SystemRandom},
    core::{
        Command,
        command::{AdminOp, UserOp},
    },
    engine::{Engine, Parts, Runs},
    model::{
        EventId, Millis, RoomId,
        event::{Act, Edit, Message, Note, NoteBody, Recall},
        room::History,
    },
    store::{kv::Kv, load, mem_kv::MemKv},
    testing::fixtures::{domain, local, own_org, parsed, room_id},
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::oneshot, task::JoinHandle};

const PATIENCE: Duration = Duration::from_secs(20);

/// Every look at it shows a later time, also after a restart.
struct Ticking;

impl Clock for Ticking {
    fn now(&self) -> Millis {
        static NOW: AtomicU64 = AtomicU64::new(1_000_000);
        Millis(NOW.fetch_add(1, Ordering::Relaxed))
    }
}

/// A daemon with nothing but its writer and its search.
struct Desk {
    engine: Engine,
    search: Search,
    stop: oneshot::Sender<()>,
    follower: JoinHandle<()>,
}

fn new_store() -> Arc<MemKv> {
    let kv = Arc::new(MemKv::new());
    load::create(&*kv, &own_org(&domain("acme.example"))).expect("an empty store");
    kv
}

impl Desk {
    fn open(kv: &Arc<MemKv>, index: &Path) -> Self {
        let kv: Arc<dyn Kv> = kv.clone();
        let loaded = load::load(&kv).expect("readable").expect("created");
        let (engine, _running) = Engine::start(Parts {
            kv,
            loaded,
            clock: Arc::new(Ticking),
            random: Box::new(SystemRandom),
            runs: Runs::Task,
            fatal: Box::new(|error| panic!("the store in memory failed: {error}")),
        });
        let (search, follower) = Search::new(engine.clone(), Place::Directory(index.to_owned()), 0);
        let (stop, stopped) = oneshot::channel();
        let follower = tokio::spawn(follower.run(async { drop(stopped.await) }));
        Self { engine, search, stop, follower }
    }

    /// With alice, and a room of hers.
    async fn furnished(kv: &Arc<MemKv>, index: &Path) -> Self {
        let desk = Self::open(kv, index);
        let op = AdminOp::CreateUser { local: local("alice"), name: parsed("Alice"), password: None };
        desk.engine.submit(Command::Admin { actor: "test".to_owned(), op }).await.expect("a new user");
        desk.make_room(1).await;
        desk
    }

    async fn user(&self, op: UserOp) {
        self.engine.submit(Command::User { user: local("alice"), op }).await.expect("allowed");
    }

    async fn make_room(&self, n: u8) {
        let (id, history) = (room_id(n), History::All);
        let description = parsed("");
        self.user(UserOp::CreateRoom { id, name: parsed("Lunch"), description, history, members: Vec::new() }).await;
    }

    async fn say(&self, room: RoomId, text: &str) {
        self.act(room, Message::plain(parsed(text)).into()).await;
    }

    async fn act(&self, room: RoomId, act: Act) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = EventId(u128::from(NEXT.fetch_add(1, Ordering::Relaxed)).to_be_bytes());
        self.user(UserOp::Act { room, id, act }).await;
    }

    async fn ask(&self, question: Question) -> Findings {
        self.search.ask(&local("alice"), question).await.expect("found or not")
    }

    /// The texts that are found, once the index has everything.
    async fn texts(&self, words: &str) -> Vec<String> {
        self.caught_up().await;
        let found = self.ask(question(words)).await;
        assert!(found.is_complete && found.next.is_none());
        let text = |found: super::Found| found.snippet.into_iter().map(|piece| piece.text).collect();
        found.items.into_iter().map(text).collect()
    }

    async fn caught_up(&self) {
        let waiting = async {
            loop {
                let standing = self.search.standing();
                if standing.behind == 0 && !standing.is_building && self.search.shared.shown.load().is_some() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let done = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(done.is_ok(), "the index does not catch up: {:?}", self.search.standing());
    }

    /// Ends in order.
    async fn close(self) {
        drop(self.stop);
        self.follower.await.expect("no panic");
    }
}

fn question(words: &str) -> Question {
    Question {
        clauses: parse(words).expect("a question"),
        room: None,
        author: None,
        at: 0..u64::MAX,
        kind: None,
        order: Order::Newest,
        after: None,
        items_max: 1_000,
    }
}

fn index_dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_of_every_script_are_found_newest_first() {
    let (kv, dir) = (new_store(), index_dir());
    let desk = Desk::furnished(&kv, dir.path()).await;
    let texts = [
        "Die Größe der Straße",
        "café au lait",
        "다음 주 회의는 서울에서 합니다",
        "来週の会議は東京タワーで",
        "下周在上海开会,请准备会议记录",
        "The quick brown fox",
    ];
    for text in texts {
        desk.say(room_id(1), text).await;
    }
    for (words, expected) in [
        ("STRASSE grosse", vec![0]),
        ("Café", vec![1]),
        ("회의", vec![2]),
        ("서울", vec![2]),
        ("東京", vec![3]),
        ("会議", vec![3]),
        ("会议", vec![4]),
        ("会议记录", vec![4]),
        ("会", vec![4, 3]),
        ("qui*", vec![5]),
        ("\"brown fox\"", vec![5]),
        ("\"fox brown\"", vec![]),
        ("fox brown", vec![5]),
        ("fox missing", vec![]),
        ("f", vec![]),
    ] {
        let expected: Vec<&str> = expected.into_iter().map(|n: usize| texts[n]).collect();
        assert_eq!(desk.texts(words).await, expected, "{words}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f31_an_index_that_was_not_committed_goes_on_without_gap_or_double() {
    let (kv, dir) = (new_store(), index_dir());
    let desk = Desk::furnished(&kv, dir.path()).await;
    desk.say(room_id(1), "word 1").await;
    assert_eq!(desk.texts("word").await, ["word 1"]);
    desk.close().await;
    // The store goes on while nobody follows: as after a crash between its commit and the index's.
    let none = index_dir();
    let alone = Desk::open(&kv, none.path());
    alone.say(room_id(1), "word 2").await;
    alone.make_room(2).await;
    alone.say(room_id(2), "word 3").await;
    alone.close().await;
    let again = Desk::open(&kv, dir.path());
    assert_eq!(again.texts("word").await, ["word 3", "word 2", "word 1"]);
    again.say(room_id(2), "word 4").await;
    assert_eq!(again.texts("word").await.len(), 4);
    again.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_ahead_of_the_store_or_beside_it_is_built_anew() {
    let (kv, dir) = (new_store(), index_dir());
    let desk = Desk::furnished(&kv, dir.path()).await;
    desk.say(room_id(1), "kept").await;
    desk.caught_up().await;
    let backup = Arc::new(kv.crash());
    desk.say(room_id(1), "lost").await;
    assert_eq!(desk.texts("lost").await, ["lost"]);
    desk.close().await;
    // A restored backup ends before what the index holds …
    let restored = Desk::open(&backup, dir.path());
    assert_eq!(restored.texts("lost").await, [""; 0]);
    assert_eq!(restored.texts("kept").await, ["kept"]);
    restored.close().await;
    // … or has gone on another way, so that the position alone tells nothing.
    let other = Arc::new(kv.crash());
    let elsewhere = index_dir();
    let desk = Desk::open(&other, elsewhere.path());
    desk.say(room_id(1), "one way").await;
    desk.caught_up().await;
    desk.close().await;
    let desk = Desk::open(&kv, elsewhere.path());
    desk.make_room(3).await;
    desk.say(room_id(3), "another way").await;
    assert_eq!(desk.texts("way").await, ["another way"]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_deleted_damaged_or_built_anew_is_the_same_again() {
    let (kv, dir) = (new_store(), index_dir());
    let index = dir.path().join("search");
    let desk = Desk::furnished(&kv, &index).await;
    desk.make_room(2).await;
    for n in 0..200 {
        desk.say(room_id(1 + n % 2), &format!("word number {n}")).await;
    }
    let before = desk.texts("word").await;
    assert_eq!(desk.search.standing().documents, 200);
    desk.search.rebuild();
    desk.say(room_id(1), "word meanwhile").await;
    assert_eq!(desk.texts("meanwhile").await, ["word meanwhile"]);
    assert_eq!(desk.search.standing().documents, 201);
    let all = desk.texts("word").await;
    assert_eq!(all[1..], before[..]);
    desk.close().await;
    for damage in ["deleted", "damaged", "torn"] {
        match damage {
            "deleted" => std::fs::remove_dir_all(&index).expect("nobody has it open"),
            "damaged" => std::fs::write(index.join("meta.json"), "{}").expect("nobody has it open"),
            _ => tear(&index),
        }
        let desk = Desk::open(&kv, &index);
        assert_eq!(desk.texts("word").await, all, "{damage}");
        assert_eq!(desk.search.standing().documents, 201, "{damage}");
        desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p20_what_is_edited_is_found_by_its_new_words_and_what_is_recalled_not_at_all() {
    let (kv, dir) = (new_store(), index_dir());
    let desk = Desk::furnished(&kv, dir.path()).await;
    let room = room_id(1);
    desk.say(room, "old words").await;
    desk.say(room, "second thoughts").await;
    desk.caught_up().await;
    let index = desk.ask(question("old")).await.items[0].rank.index;
    desk.act(room, Act::Edit(Edit { target: index, text: parsed("new words"), mentions: Vec::new() })).await;
    assert_eq!(desk.texts("new").await, ["new words"]);
    assert_eq!(desk.texts("old").await, [""; 0]);
    assert_eq!(desk.ask(question("new")).await.items[0].rank.index, index, "it stays what and where it was");
    desk.act(room, Act::Recall(Recall { target: index + 1 })).await;
    // At once, before the index knows.
    assert_eq!(desk.ask(question("thoughts")).await.items.len(), 0);
    let body = NoteBody { title: parsed("Plan"), text: Some(parsed("paint the fence")), files: Vec::new() };
    desk.act(room, Note::Posted(body).into()).await;
    assert_eq!(desk.texts("fence").await, ["Plan\npaint the fence"]);
    let note = desk.ask(question("plan")).await.items[0].rank.index;
    desk.act(room, Note::Commented { target: note, text: parsed("in green") }.into()).await;
    assert_eq!(desk.texts("green").await, ["in green"]);
    let standing = desk.search.standing().documents;
    desk.search.rebuild();
    desk.caught_up().await;
    assert_eq!((desk.search.standing().documents, standing), (3, 3));
    assert_eq!(desk.texts("new").await, ["new words"]);
    desk.act(room, Note::Deleted { target: note }.into()).await;
    assert_eq!(desk.texts("fence").await, [""; 0]);
    assert_eq!(desk.texts("green").await, [""; 0], "a comment goes with its note");
    desk.close().await;
}

/// As if the machine had lost power before a file was written whole.
fn tear(index: &Path) {
    let meta = std::fs::read_to_string(index.join("meta.json")).expect("written");
    let meta = meta.replace(&super::directory::boot_id(), "another start");
    std::fs::write(index.join("meta.json"), meta).expect("nobody has it open");
    let files = std::fs::read_dir(index).expect("a directory").map(|file| file.expect("readable").path());
    let terms = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "term"));
    for path in terms {
        let mut bytes = std::fs::read(&path).expect("readable");
        bytes[0] ^= 0xff;
        std::fs::write(path, bytes).expect("nobody has it open");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_hold_every_finding_once_in_both_orders() {
    let (kv, dir) = (new_store(), index_dir());
    let desk = Desk::furnished(&kv, dir.path()).await;
    for n in 0..50 {
        desk.say(room_id(1), &format!("word{} {n}", " word".repeat(n % 7))).await;
        if n % 20 == 0 {
            desk.caught_up().await;
        }
    }
    desk.caught_up().await;
    for order in [Order::Newest, Order::Relevance] {
        let (mut after, mut indexes, mut ranks) = (None, Vec::new(), Vec::new());
        loop {
            let found = desk.ask(Question { order, after, items_max: 7, ..question("word") }).await;
            indexes.extend(found.items.iter().map(|found| found.rank.index));
            ranks.extend(found.items.iter().map(|found| found.rank));
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        assert!(ranks.is_sorted_by(|before, next| before > next), "{order:?}");
        indexes.sort_unstable();
        assert_eq!(indexes.len(), 50, "{order:?}");
        indexes.dedup();
        assert_eq!(indexes.len(), 50, "{order:?}");
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_leave_out_what_was_not_asked_for() {
    let (kv, dir) = (new_store(), index_dir());
    let desk = Desk::furnished(&kv, dir.path()).await;
    desk.make_room(2).await;
    desk.say(room_id(1), "word here").await;
    desk.say(room_id(2), "word there").await;
    desk.caught_up().await;
    let indexes = |found: Findings| found.items.iter().map(|found| found.rank.room).collect::<Vec<_>>();
    let here = Question { room: Some(room_id(1)), ..question("word") };
    assert_eq!(indexes(desk.ask(here).await), [room_id(1)]);
    let mine = Question { author: Some(parsed("alice@acme.example")), ..question("word") };
    assert_eq!(desk.ask(mine).await.items.len(), 2);
    let theirs = Question { author: Some(parsed("bob@acme.example")), ..question("word") };
    assert_eq!(desk.ask(theirs).await.items.len(), 0);
    let newest = desk.ask(question("word")).await.items[0].rank.at;
    let older = Question { at: 0..newest, ..question("word") };
    assert_eq!(indexes(desk.ask(older).await), [room_id(1)]);
    let newer = Question { at: newest..u64::MAX, clauses: Vec::new(), ..question("word") };
    assert_eq!(indexes(desk.ask(newer).await), [room_id(2)]);
    desk.close().await;
}
