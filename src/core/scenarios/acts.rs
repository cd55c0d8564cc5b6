//! What is done to messages: edits, recalls, reactions, calls to all, on both sides and in both roles (P20, W13, W17).

use super::*;
use crate::{
    core::features::Feature,
    model::{
        event::{Edit, React, Recall},
        item::Item,
        limits,
        notice::NoticeKind,
    },
    testing::fixtures::local,
};

fn edit(target: u64, words: &str) -> Act {
    Act::Edit(Edit { target, text: parsed(words), mentions: Vec::new() })
}

fn recall(target: u64) -> Act {
    Act::Recall(Recall { target })
}

fn react(target: u64, emoji: &str, on: bool) -> Act {
    Act::React(React { target, emoji: parsed(emoji), on })
}

/// Posts and lets it cross; its index at the host, which is its index everywhere.
fn said(pair: &mut Pair, org: Org, user: &str, id: RoomId, words: &str) -> u64 {
    post(pair, org, user, id, words).expect("open");
    pair.sync();
    let said = texts(pair, ACME, id);
    said.iter().rev().find(|(_, text)| text == words).expect("it crossed").0
}

fn items(pair: &Pair, id: RoomId, index: u64) -> [Item; 2] {
    [ACME, GLOBEX].map(|org| pair.side(org).item(id, index))
}

/// Everything crosses, and what has become of the item is the same on both sides.
fn settled(pair: &mut Pair, id: RoomId, index: u64) -> Item {
    pair.sync();
    assert_in_step(pair, id);
    let [one, other] = items(pair, id, index);
    assert_eq!(one, other, "both sides derive the same");
    one
}

/// The people of a group by what they are: acme hosts it, alice is its master.
const PEOPLE: [(Org, &str); 4] = [(ACME, "alice"), (ACME, "carol"), (GLOBEX, "bob"), (GLOBEX, "dave")];

#[test]
fn p20_one_edits_ones_own_message_and_nobody_elses() {
    for (org, author) in PEOPLE {
        let (mut pair, id) = group(ACME);
        let index = said(&mut pair, org, author, id, "first");
        for (side, user) in PEOPLE {
            let edited = act(&mut pair, side, user, id, edit(index, &format!("by {user}")));
            assert_eq!(
                edited.map_err(|reject| reject.code).err(),
                (user != author).then_some(Code::NotAuthor),
                "{user}"
            );
        }
        let item = settled(&mut pair, id, index);
        assert_eq!(item.edits.len(), 1);
        assert_eq!(words_at(&pair, item.edits[0]), format!("by {author}"));
    }
}

fn words_at(pair: &Pair, index: u64) -> String {
    let of = |bytes: &[u8]| match crate::wire::event::open(bytes).expect("an event").event.content {
        crate::model::event::Content::Act(Act::Edit(edit)) => edit.text.as_str().to_owned(),
        other => panic!("an edit, not {other:?}"),
    };
    of(&pair.side(GLOBEX).timelines[&(room_id(9), index)])
}

#[test]
fn p20_author_and_masters_recall_and_the_tombstone_takes_nothing_more() {
    for (org, author) in PEOPLE {
        for (side, user) in PEOPLE {
            let (mut pair, id) = group(ACME);
            let index = said(&mut pair, org, author, id, "oops");
            let may = user == author || user == "alice";
            let recalled = act(&mut pair, side, user, id, recall(index));
            assert_eq!(
                recalled.map_err(|reject| reject.code).err(),
                (!may).then_some(Code::NotAuthor),
                "{user} {author}"
            );
            let item = settled(&mut pair, id, index);
            assert_eq!(item.recalled.map(|trace| trace.by), may.then(|| pair.address(side, user)));
            if may {
                for act_again in [edit(index, "again"), recall(index), react(index, "👍", true)] {
                    assert_eq!(code(act(&mut pair, org, author, id, act_again)), Code::Recalled);
                }
            }
        }
    }
}

#[test]
fn p20_the_window_of_the_authors_org_ends_but_not_for_masters() {
    let (mut pair, id) = group(ACME);
    let [of_carol, of_bob] = [(ACME, "carol"), (GLOBEX, "bob")].map(|(org, user)| said(&mut pair, org, user, id, user));
    let policy = crate::model::user::Policy { edit_window_ms: 60_000, ..Default::default() };
    pair.admin(GLOBEX, crate::core::command::AdminOp::SetPolicy(policy)).expect("an admin sets it");
    pair.now = pair.now.plus(61_000);
    act(&mut pair, ACME, "carol", id, edit(of_carol, "a day is left")).expect("within acme's window");
    assert_eq!(code(act(&mut pair, GLOBEX, "bob", id, edit(of_bob, "late"))), Code::TooLate);
    assert_eq!(code(act(&mut pair, GLOBEX, "bob", id, recall(of_bob))), Code::TooLate);
    pair.now = pair.now.plus(limits::EDIT_WINDOW_MS_DEFAULT);
    assert_eq!(code(act(&mut pair, ACME, "carol", id, recall(of_carol))), Code::TooLate);
    act(&mut pair, ACME, "alice", id, recall(of_bob)).expect("a master recalls any time");
    assert!(settled(&mut pair, id, of_bob).recalled.is_some());
}

#[test]
fn p20_everybody_who_sees_an_item_reacts_once_by_each_emoji() {
    let (mut pair, id) = group(ACME);
    let index = said(&mut pair, GLOBEX, "bob", id, "look");
    for (org, user) in PEOPLE {
        act(&mut pair, org, user, id, react(index, "👍", true)).expect("a member reacts");
        pair.sync();
        assert!(matches!(act(&mut pair, org, user, id, react(index, "👍", true)), Ok(Answer::Outcome(Outcome::Done))));
        act(&mut pair, org, user, id, react(index, "🎉", true)).expect("another emoji");
        pair.sync();
    }
    act(&mut pair, GLOBEX, "dave", id, react(index, "👍", false)).expect("taken back");
    let item = settled(&mut pair, id, index);
    let counts: Vec<_> = item.reactions.iter().map(|it| (it.emoji.as_str(), it.people.len())).collect();
    assert_eq!(counts, [("👍", 3), ("🎉", 4)]);
    for (n, code) in [(limits::EMOJI_PER_ITEM_MAX - 2, None), (1, Some(Code::TooLarge))] {
        let more =
            (0..n as u32).map(|n| char::from_u32(0x1F400 + n + u32::from(code.is_some()) * 64).expect("an emoji"));
        for emoji in more {
            let reacted = act(&mut pair, ACME, "alice", id, react(index, &emoji.to_string(), true));
            assert_eq!(reacted.map_err(|reject| reject.code).err(), code);
        }
    }
}

#[test]
fn p17_what_one_does_not_see_one_does_not_change() {
    let (mut pair, id) = group(ACME);
    let index = said(&mut pair, ACME, "alice", id, "before erin");
    pair.user(ACME, "alice", UserOp::AddMembers(id, vec![pair.address(ACME, "erin")])).expect("a master adds");
    pair.sync();
    for hidden in [recall(index), react(index, "👍", true), recall(0), react(index + 50, "👍", true), edit(0, "x")]
    {
        assert_eq!(code(act(&mut pair, ACME, "erin", id, hidden)), Code::NoSuchItem);
    }
    let joined = room(&pair, ACME, id).next_index - 1;
    assert_eq!(code(act(&mut pair, GLOBEX, "bob", id, react(joined, "👍", true))), Code::NoSuchItem, "no item");
    assert_eq!(code(act(&mut pair, ACME, "frank", id, recall(index))), Code::Unauthenticated, "no user of acme");
    assert_eq!(code(act(&mut pair, GLOBEX, "frank", id, recall(index))), Code::NotFound, "no member");
}

#[test]
fn p20_who_may_be_reached_by_a_call_to_all_is_told_once() {
    let (mut pair, id) = group(ACME);
    post_message(&mut pair, GLOBEX, "bob", id, Message { all: true, ..text("everybody!") }).expect("all may");
    pair.sync();
    let index = texts(&pair, ACME, id)[0].0;
    for (org, user) in PEOPLE {
        let told = pair.side(org).notices_of(user);
        let count = told.iter().filter(|kind| ***kind == NoticeKind::Mentioned { room: id, index }).count();
        assert_eq!(count, usize::from(user != "bob"), "{user}");
    }
}

#[test]
fn p20_an_edit_tells_only_those_whom_it_newly_calls() {
    let (mut pair, id) = group(ACME);
    let carol = pair.address(ACME, "carol");
    let dave = pair.address(GLOBEX, "dave");
    post_message(&mut pair, GLOBEX, "bob", id, Message { mentions: vec![carol.clone()], ..text("carol?") })
        .expect("open");
    pair.sync();
    let index = texts(&pair, ACME, id)[0].0;
    let again = Edit { target: index, text: parsed("carol, dave?"), mentions: vec![carol, dave] };
    act(&mut pair, GLOBEX, "bob", id, Act::Edit(again)).expect("one's own");
    pair.sync();
    for (org, user) in [(ACME, "carol"), (GLOBEX, "dave")] {
        let told = pair.side(org).notices_of(user);
        let count = told.iter().filter(|kind| ***kind == NoticeKind::Mentioned { room: id, index }).count();
        assert_eq!(count, 1, "{user}");
    }
}

#[test]
fn w17_two_who_change_the_same_end_in_the_hosts_order() {
    let (mut pair, id) = group(ACME);
    let index = said(&mut pair, GLOBEX, "bob", id, "contested");
    act(&mut pair, GLOBEX, "bob", id, edit(index, "bob does not know of the recall")).expect("not known yet");
    act(&mut pair, ACME, "alice", id, recall(index)).expect("a master");
    pair.sync();
    let item = settled(&mut pair, id, index);
    assert_eq!((item.edits.len(), item.recalled.is_some()), (0, true));
    let unplaced = &room(&pair, GLOBEX, id).info.unplaced;
    assert_eq!(unplaced.iter().map(|it| it.code).collect::<Vec<_>>(), [Some(Code::Recalled)]);
}

#[test]
fn a34_a_message_and_what_is_done_to_it_cross_in_one_envelope() {
    let (mut pair, id) = group(ACME);
    let Ok(Place::Index(index)) = post(&mut pair, ACME, "alice", id, "quick") else { panic!("acme hosts") };
    act(&mut pair, ACME, "alice", id, edit(index, "quicker")).expect("one's own");
    act(&mut pair, ACME, "carol", id, react(index, "⚡", true)).expect("a member");
    let item = settled(&mut pair, id, index);
    assert_eq!((item.edits.len(), item.reactions.len()), (1, 1));
}

#[test]
fn w17_an_edit_of_what_never_crossed_changes_nothing_and_keeps_its_place() {
    let (mut pair, id) = acquainted();
    post(&mut pair, ACME, "alice", id, "stuck").expect("open");
    pair.revoke(ACME);
    pair.sync();
    assert_eq!(code(act(&mut pair, ACME, "alice", id, edit(0, "closed"))), Code::ClosedByUs);
    assert_eq!(code(act(&mut pair, GLOBEX, "bob", id, react(0, "👍", true))), Code::ClosedByThem);
    pair.grant(ACME, crate::model::grant::Scopes::all());
    pair.sync();
    act(&mut pair, ACME, "alice", id, edit(0, "still stuck")).expect("open again");
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(items(&pair, id, 0).map(|item| item.edits.len()), [1, 0]);
    assert_eq!(
        code(act(&mut pair, GLOBEX, "bob", id, react(0, "👍", true))),
        Code::NoSuchItem,
        "bob has never seen it"
    );
}

#[test]
fn p10_one_who_is_blocked_still_reacts_and_is_told_nothing() {
    let (mut pair, id) = acquainted();
    let index = said(&mut pair, ACME, "alice", id, "hello");
    let bob = pair.address(GLOBEX, "bob");
    pair.user(ACME, "alice", UserOp::Block(bob, crate::core::command::BlockSwitch::On)).expect("own affair");
    act(&mut pair, GLOBEX, "bob", id, react(index, "👍", true)).expect("bob is not told");
    let item = settled(&mut pair, id, index);
    let trace = &item.reactions[0].people[0];
    let state = &pair.side(ACME).state;
    assert!(
        !crate::core::rooms::visible(state, &local("alice"), &state.rooms[&id], trace.index),
        "hidden by its event"
    );
}

#[test]
fn w15_what_the_partner_does_not_offer_is_refused_clearly() {
    let (mut pair, id) = group(ACME);
    let index = said(&mut pair, ACME, "alice", id, "hello");
    let older = |pair: &mut Pair, kept: &[Feature]| {
        let mut hello = pair.hello(GLOBEX);
        hello.features.retain(|name| kept.iter().any(|feature| feature.as_str() == name));
        pair.peer(ACME, crate::core::command::PeerOp::Heard(Box::new(hello))).expect("a hello is heard");
    };
    older(&mut pair, &[Feature::Reactions]);
    act(&mut pair, ACME, "alice", id, react(index, "👍", true)).expect("offered");
    assert_eq!(code(act(&mut pair, ACME, "alice", id, edit(index, "x"))), Code::NotOffered);
    assert_eq!(code(act(&mut pair, ACME, "alice", id, recall(index))), Code::NotOffered);
    assert_eq!(code(post_message(&mut pair, ACME, "alice", id, Message { all: true, ..text("x") })), Code::NotOffered);
    post(&mut pair, ACME, "alice", id, "plain").expect("the first version knows messages");
}
