//! The search scenario: synthetic messages straight into an index, then questions of every sort, one after the other.

use super::{figures::Figures, scenarios::Amount, tally::Sums};
use crate::{
    cli::{
        daemon::Usage,
        failure::{Done, Failure},
    },
    model::{Address, InstanceId, Millis, RoomId, limits},
    search::{
        content::Entry,
        find,
        index::{Followed, Indexer, MEMORY_BYTES_MIN, Place},
        question::{Kind, Order, Question, parse},
        sight::Sight,
    },
};
use std::{path::Path, time::Instant};

const MESSAGES: usize = 1_000_000;
const MESSAGE_BYTES: usize = 200;
const ROOMS: u64 = 1_000;
const PEOPLE: u64 = 500;
const WORDS: u64 = 50_000;
const QUESTIONS: usize = 2_000;

/// SplitMix64: the same messages and questions in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }

    /// Few words are said often, and most seldom.
    fn word(&mut self) -> u64 {
        let range = 1 + self.roll(WORDS);
        let range = 1 + self.roll(range);
        self.roll(range)
    }

    fn room(&mut self) -> RoomId {
        let mut id = [0; 16];
        id[8..].copy_from_slice(&self.roll(ROOMS).to_be_bytes());
        RoomId(id)
    }

    fn person(&mut self) -> Address {
        format!("user{}@acme.example", self.roll(PEOPLE)).parse().expect("an address in form")
    }
}

/// The word of a number: Latin syllables, or Korean ones.
fn spell(word: u64, korean: bool) -> String {
    const LATIN: [&str; 20] = [
        "ka", "lo", "mé", "ri", "su", "ta", "ne", "vo", "di", "pa", "cho", "grü", "fel", "mar", "ön", "sta", "ber",
        "lin", "qui", "zen",
    ];
    let mut text = String::new();
    let mut rest = word;
    loop {
        if korean {
            let syllable = 0xAC00 + u32::try_from(rest % 997).unwrap_or_default() * 11;
            text.extend(char::from_u32(syllable));
            rest /= 997;
        } else {
            text.push_str(LATIN[usize::try_from(rest % 20).unwrap_or_default()]);
            rest /= 20;
        }
        if rest == 0 {
            return text;
        }
    }
}

fn message(dice: &mut Dice) -> String {
    let korean = dice.roll(4) == 0;
    let mut text = String::with_capacity(MESSAGE_BYTES + 16);
    while text.len() < MESSAGE_BYTES {
        text.push_str(&spell(dice.word(), korean));
        text.push(' ');
    }
    text
}

/// Plays the scenario in a fresh directory.
pub fn play(root: &Path, amount: Amount) -> Done<Figures> {
    let messages = amount.messages.unwrap_or(MESSAGES);
    let place = Place::Directory(root.join("search"));
    let mut indexer = Indexer::open(&place, MEMORY_BYTES_MIN).map_err(Failure::fault)?;
    let (began, before) = (Instant::now(), Usage::of_self());
    fill(&mut indexer, messages)?;
    let indexed_s = began.elapsed().as_secs_f64();
    let readable = indexer.settle().map_err(Failure::fault)?;
    let cpu_s = Usage::of_self().cpu_s - before.cpu_s;
    let segments = readable.reader.searcher().segment_readers().len();
    let sight = Sight::whole((0..ROOMS).map(|n| {
        let mut id = [0; 16];
        id[8..].copy_from_slice(&n.to_be_bytes());
        RoomId(id)
    }));
    let mut dice = Dice(2);
    let mut latencies_us = Vec::with_capacity(QUESTIONS);
    for n in 0..QUESTIONS {
        let question = question(&mut dice, n);
        let began = Instant::now();
        find(&readable, &sight, &question).map_err(Failure::fault)?;
        latencies_us.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    latencies_us.sort_unstable();
    let sums = Sums { accepted: messages, complete: messages, latencies_us, ..Sums::default() };
    let mut figures = Figures::new("search", &sums, indexed_s, cpu_s, Usage::of_self().memory);
    // The latencies are those of the questions; the rates those of the messages.
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 messages")]
    let count = messages as f64;
    figures.messages_per_s = (count / indexed_s).round();
    figures.cpu_s_per_1k = (cpu_s / count * 1e6).round() / 1e3;
    let mib = size_bytes(&root.join("search")) >> 20;
    Ok(figures.remark(format!("{QUESTIONS} questions over all rooms; {segments} segments, {mib} MiB")))
}

fn fill(indexer: &mut Indexer, messages: usize) -> Done {
    let mut dice = Dice(1);
    let followed = |next| Followed::new(InstanceId([1; 16]), next, String::new(), false);
    for n in 0..messages as u64 {
        let (room, author) = (dice.room(), dice.person());
        let text = message(&mut dice);
        let entry = Entry { room, index: n, at: Millis(n), author: Some(author), kind: Kind::Message, text };
        indexer.add(entry).map_err(Failure::fault)?;
        if indexer.pending() >= limits::INDEX_DOCUMENTS_PER_COMMIT_MAX {
            indexer.commit(followed(n + 1)).map_err(Failure::fault)?;
        }
    }
    indexer.commit(followed(messages as u64)).map_err(Failure::fault)
}

/// Frequent and seldom words, two at once, phrases, beginnings, Korean, single characters; in one room, by one person.
fn question(dice: &mut Dice, n: usize) -> Question {
    let (frequent, seldom) = (dice.roll(20), dice.word());
    let words = match n % 8 {
        0 => spell(frequent, false),
        1 => spell(seldom, false),
        2 => format!("{} {}", spell(frequent, false), spell(dice.roll(200), false)),
        3 => format!("\"{} {}\"", spell(frequent, false), spell(dice.roll(20), false)),
        4 => spell(20 + seldom, false).chars().take(3).chain(['*']).collect(),
        5 => spell(997 + seldom, true),
        6 => spell(frequent, true),
        _ => format!("{} {}", spell(997 + frequent, true), spell(dice.roll(200), true)),
    };
    Question {
        clauses: parse(&words).expect("words of letters"),
        room: (n % 5 == 1).then(|| dice.room()),
        author: (n % 7 == 1).then(|| dice.person()),
        at: 0..u64::MAX,
        kind: None,
        order: if n.is_multiple_of(3) { Order::Relevance } else { Order::Newest },
        after: None,
        items_max: limits::PAGE_ITEMS_DEFAULT,
    }
}

fn size_bytes(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}
