//! Lists of operations on two cores: against the naive model, against what must hold whatever crosses when, and with a
//! partner that says what it likes.

use super::super::{
    Org, Pair,
    model::{Crossing, Model, Op, Place, Posted, Who, assert_sound, cross, org_of, perform},
    pair::evidence,
};
use crate::{
    core::command::PeerOp,
    model::{
        Code, Digest,
        grant::Scopes,
        record::{Ack, Credit},
    },
    wire,
};
use arbitrary::{Result, Unstructured};

/// Operations of one input.
const OPS_MAX: usize = 60;

/// Bytes as operations: the first picks what is asked of them.
pub fn operations(bytes: &[u8]) {
    let Some((pick, rest)) = bytes.split_first() else { return };
    let input = &mut Unstructured::new(rest);
    // An input that ends in the middle of an operation is done with the one before.
    let _ = match pick {
        b'm' => like_the_model(input),
        b'c' => whatever_crosses(input),
        b'h' => hostile(input),
        _ => Ok(()),
    };
}

fn like_the_model(input: &mut Unstructured<'_>) -> Result<()> {
    let (mut pair, mut model) = (Pair::open(), Model::default());
    let mut words = 0;
    for _ in 0..OPS_MAX {
        if input.is_empty() {
            break;
        }
        let op = op(input)?;
        let text = format!("words {words}");
        words += usize::from(matches!(op, Op::Say(..)));
        let expected = model.apply(&op);
        let found = perform(&mut pair, &op, &text).map_err(|reject| reject.code);
        assert_eq!(found, expected, "{op:?}");
        pair.sync();
        model.assert_matches(&pair);
    }
    Ok(())
}

fn whatever_crosses(input: &mut Unstructured<'_>) -> Result<()> {
    let mut pair = Pair::open();
    let mut posted = Posted::new();
    let mut step = |n: usize, input: &mut Unstructured<'_>| -> Result<()> {
        let op = common(input)?;
        let words = format!("words {n}");
        let done = perform(&mut pair, &op, &words).is_ok();
        if let (Op::Say(who, place), true) = (op, done) {
            posted.insert(words, (who, place));
        }
        cross(&mut pair, crossing(input)?);
        Ok(())
    };
    for n in 0..OPS_MAX {
        if input.is_empty() || step(n, input).is_err() {
            break;
        }
    }
    for org in [Org::Acme, Org::Globex] {
        pair.grant(org, Scopes::all());
    }
    pair.sync();
    assert_sound(&pair, &posted);
    Ok(())
}

/// Globex also sends records and acks of the input's making. Acme answers, and what it queues stays in form.
fn hostile(input: &mut Unstructured<'_>) -> Result<()> {
    let mut pair = Pair::open();
    for n in 0..OPS_MAX {
        if input.is_empty() {
            break;
        }
        match input.int_in_range(0..=7)? {
            0..=2 => drop(perform(&mut pair, &common(input)?, &format!("words {n}"))),
            3 => {
                let hello = pair.hello(Org::Globex);
                drop(pair.peer(Org::Acme, PeerOp::Heard(Box::new(hello))));
            }
            4 => settle(&mut pair, input)?,
            _ => {
                let length = usize::from(input.arbitrary::<u16>()?).min(input.len());
                forge(&mut pair, input.bytes(length)?);
            }
        }
    }
    for queued in pair.acme.outbox.values() {
        let record = wire::record::decode(&queued.bytes).expect("what is queued is in form");
        assert!(!matches!(record.body, Err(Code::Malformed | Code::UnknownType)), "what is queued is in form");
    }
    Ok(())
}

/// Lines of `"type":…` to `"body":{…}` become the next records of globex's stream, under a chain that fits.
fn forge(pair: &mut Pair, lines: &[u8]) {
    let link = &pair.acme.state.links[&Org::Globex.domain()];
    let Some(inn) = link.streams.inn.clone() else { return };
    let numbered = (inn.cursor + 1..).zip(lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()));
    let records = numbered.filter_map(|(seq, line)| {
        wire::record::decode(&[format!("{{\"seq\":{seq},").as_bytes(), line, b"}"].concat()).ok()
    });
    let records: Vec<_> = records.take_while(|record| record.seq > inn.cursor).collect();
    let out = pair.globex.state.links[&Org::Acme.domain()].streams.out;
    let (Some(out), false) = (out, records.is_empty()) else { return };
    let mut envelope = pair.envelope(Org::Globex, out, 1, 1);
    (envelope.epoch, envelope.from_seq, envelope.prev) = (inn.epoch, inn.cursor + 1, inn.head);
    let seqs = records.iter().zip(envelope.from_seq..).all(|(record, seq)| record.seq == seq);
    if seqs {
        envelope.records = records;
        let pending = pair.acme.pending.values().cloned().collect();
        // A refusal is as good an answer as an ack.
        let _ = pair.peer(Org::Acme, PeerOp::Ingest(Box::new(envelope), evidence(), pending));
    }
}

/// An ack of what acme has queued, or of what it never did.
fn settle(pair: &mut Pair, input: &mut Unstructured<'_>) -> Result<()> {
    let link = &pair.acme.state.links[&Org::Globex.domain()];
    let Some(out) = link.streams.out else { return Ok(()) };
    let cursor = input.int_in_range(0..=40)?;
    let queued = pair.acme.outbox.range((out.epoch.n, out.acked + 1)..=(out.epoch.n, cursor.max(out.acked + 1)));
    let refs = queued.map(|((_, seq), queued)| (*seq, queued.reference.clone())).collect();
    let head = pair.acme.outbox.get(&(out.epoch.n, cursor)).map_or(Digest::ZERO, |queued| queued.head);
    let code = *input.choose(&[Code::NotMember, Code::Scope, Code::Malformed, Code::Frozen, Code::Unavailable])?;
    let rejects = if input.arbitrary()? { vec![(input.int_in_range(0..=40)?, code)] } else { Vec::new() };
    let ack = Ack {
        link: link.peer.link,
        origin: Org::Globex.domain(),
        destination: Org::Acme.domain(),
        epoch: out.epoch,
        cursor,
        head: if input.ratio(1, 4)? { Digest::ZERO } else { head },
        rejects,
        credit: Credit { records: input.arbitrary()?, bytes: input.arbitrary()? },
        sent_at: pair.now,
    };
    drop(pair.peer(Org::Acme, PeerOp::Settle(ack, refs)));
    Ok(())
}

fn org(input: &mut Unstructured<'_>) -> Result<Org> {
    Ok(*input.choose(&[Org::Acme, Org::Globex])?)
}

fn anybody(input: &mut Unstructured<'_>) -> Result<Who> {
    input.int_in_range(0..=5)
}

/// Two people of two orgs.
fn across(input: &mut Unstructured<'_>) -> Result<(Who, Who)> {
    let (one, other) = (input.int_in_range(0..=2)?, input.int_in_range(3..=5)?);
    Ok(if input.arbitrary()? { (one, other) } else { (other, one) })
}

fn group(input: &mut Unstructured<'_>) -> Result<u8> {
    input.int_in_range(1..=4)
}

fn place(input: &mut Unstructured<'_>) -> Result<(Who, Place)> {
    if input.arbitrary()? {
        let (who, other) = across(input)?;
        return Ok((who, Place::With(other)));
    }
    Ok((anybody(input)?, Place::In(group(input)?)))
}

fn crossing(input: &mut Unstructured<'_>) -> Result<Crossing> {
    Ok(match input.int_in_range(0..=13)? {
        0..=5 => Crossing::Nothing,
        6..=7 => Crossing::Greeting(org(input)?),
        8..=11 => Crossing::Envelopes(org(input)?),
        12 => Crossing::LostAck(org(input)?),
        _ => Crossing::Everything,
    })
}

fn op(input: &mut Unstructured<'_>) -> Result<Op> {
    if input.ratio(5, 6)? { common(input) } else { keeping(input) }
}

fn common(input: &mut Unstructured<'_>) -> Result<Op> {
    Ok(match input.int_in_range(0..=19)? {
        0 => Op::Grant(org(input)?),
        1 => Op::Revoke(org(input)?),
        2 => Op::Permit(anybody(input)?),
        3 => Op::Forbid(anybody(input)?),
        4 => pair_of(input, Op::Block)?,
        5 => pair_of(input, Op::Unblock)?,
        6..=8 => pair_of(input, Op::Add)?,
        9 | 10 => create(input)?,
        11..=13 => member(input)?,
        14..=16 => {
            let (who, place) = place(input)?;
            Op::Say(who, place)
        }
        _ => change(input)?,
    })
}

fn pair_of(input: &mut Unstructured<'_>, make: impl Fn(Who, Who) -> Op) -> Result<Op> {
    let (who, other) = across(input)?;
    Ok(make(who, other))
}

/// Ids are random in life: two orgs never make a room with the same one. Acme's are odd here.
fn create(input: &mut Unstructured<'_>) -> Result<Op> {
    let ((who, other), n, people) = (across(input)?, input.int_in_range(0..=1)?, input.arbitrary::<u8>()?);
    let id = if org_of(who) == Org::Acme { 1 + 2 * n } else { 2 + 2 * n };
    let mut members: Vec<Who> =
        (0..6).filter(|member| people >> member & 1 == 1 && *member != who && *member != other).collect();
    members.push(other);
    Ok(Op::Create(who, id, members))
}

fn member(input: &mut Unstructured<'_>) -> Result<Op> {
    let (who, group, other) = (anybody(input)?, group(input)?, anybody(input)?);
    Ok(match input.int_in_range(0..=3)? {
        0 => Op::Invite(who, group, other),
        1 => Op::Remove(who, group, other),
        2 => Op::Promote(who, group, other),
        _ => Op::Demote(who, group, other),
    })
}

/// What somebody does to the last message, or with a tool.
fn change(input: &mut Unstructured<'_>) -> Result<Op> {
    let (who, place) = place(input)?;
    Ok(match input.int_in_range(0..=12)? {
        0 => Op::Edit(who, place),
        1 => Op::Recall(who, place),
        2 => Op::React(who, place, true),
        3 => Op::React(who, place, false),
        4 => Op::Note(who, place),
        5 => Op::Comment(who, place),
        6 => Op::Date(who, place),
        7 => Op::Answer(who, place, true),
        8 => Op::Answer(who, place, false),
        9 => Op::Put(who, place),
        10 => Op::Trash(who, place),
        11 => Op::Undo(who, place),
        _ => Op::Call(who, place),
    })
}

/// What admins keep and delete, what people report, and how rooms and people look.
fn keeping(input: &mut Unstructured<'_>) -> Result<Op> {
    Ok(match input.int_in_range(0..=7)? {
        0 => Op::Bound(anybody(input)?, group(input)?, input.arbitrary()?),
        1 => Op::Picture(anybody(input)?, group(input)?, input.int_in_range(2..=3)?),
        2 => Op::Portray(anybody(input)?, input.int_in_range(2..=3)?),
        3 => {
            let (who, place) = place(input)?;
            Op::Report(who, place)
        }
        4 => Op::Hold(anybody(input)?),
        5 => Op::Release(anybody(input)?),
        6 => {
            let (org, (who, place)) = (org(input)?, place(input)?);
            Op::Trim(org, who, place)
        }
        _ => Op::Erase(*input.choose(&[2, 5])?),
    })
}
