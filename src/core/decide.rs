//! The one way into the core: a state and a command in, a new state and changes or a refusal out.

use super::{
    acts, archives, calls,
    command::{AdminOp, Answer, Command, PeerOp, UserOp},
    contacts,
    draft::{Change, Draft},
    facts::Facts,
    feeds, files, grants, groups, hello, ingest, keeping, links, photos, recovery, rooms, settle,
    state::State,
    users,
};
use crate::{
    clock::Random,
    model::{Code, Domain, LocalPart, Millis, Reject, audit::AuditNote},
};

/// What a command brought about.
#[derive(Debug)]
pub struct Decision {
    /// What the caller is told, once the changes are durable.
    pub result: Result<Answer, Reject>,
    /// The state after it.
    pub state: State,
    /// What the store has to write. After a refusal: at most its audit entry.
    pub changes: Vec<Change>,
}

/// Decides one command, knowing the items that it is about ([`super::facts::gather`]). A refusal changes nothing but the
/// audit log.
pub fn decide(state: &State, command: Command, facts: Facts, now: Millis, random: &mut dyn Random) -> Decision {
    let trace = refusal_trace(state, &command);
    let mut draft = Draft::new(state.clone(), now, &mut *random).knowing(facts);
    let result = match command {
        Command::User { user, op } => decide_user(&mut draft, &user, op),
        Command::Admin { actor, op } => decide_admin(&mut draft, &actor, op),
        Command::Peer { peer, op } => decide_peer(&mut draft, &peer, op),
        Command::FilesErased(room, index) => files::erased(&mut draft, room, index),
        Command::ReleaseFiles(room, p, digests) => files::release(&mut draft, room, p, &digests),
        Command::GiveUp(room, index) => acts::give_up(&mut draft, room, index),
        Command::Call(note) => {
            calls::note(&mut draft, note);
            Ok(Answer::done())
        }
        Command::Restored => recovery::restored(&mut draft),
        Command::Tick => links::tick(&mut draft),
        Command::Keep(facts) => keeping::apply(&mut draft, facts),
    };
    match result {
        Ok(answer) => {
            let (state, changes) = draft.finish();
            let result = match answer {
                // A quarantine is kept although what brought it about is refused.
                Answer::Refused(reject) => Err(reject),
                answer => Ok(answer),
            };
            Decision { result, state, changes }
        }
        Err(reject) => {
            let mut draft = Draft::new(state.clone(), now, random);
            if let Some((actor, subject)) = trace.filter(|_| is_audited(reject.code)) {
                draft.audit(AuditNote {
                    actor,
                    action: "request.refused",
                    subject,
                    code: Some(reject.code),
                    detail: String::new(),
                });
            }
            let (state, changes) = draft.finish();
            Decision { result: Err(reject), state, changes }
        }
    }
}

/// Slips of the keyboard and of timing are not worth an audit entry; refusals by a rule are (P28).
fn is_audited(code: Code) -> bool {
    !matches!(code, Code::Invalid | Code::NotFound | Code::Exists | Code::Conflict | Code::Opening | Code::RateLimited)
}

fn refusal_trace(state: &State, command: &Command) -> Option<(String, String)> {
    match command {
        Command::User { user, op } => Some((state.address(user).to_string(), op.subject())),
        Command::Admin { actor, op } => Some((format!("admin:{actor}"), op.subject())),
        Command::Peer { peer, .. } => Some((format!("peer:{peer}"), peer.to_string())),
        Command::FilesErased(..)
        | Command::ReleaseFiles(..)
        | Command::GiveUp(..)
        | Command::Call(_)
        | Command::Restored
        | Command::Tick
        | Command::Keep(_) => None,
    }
}

fn decide_user(draft: &mut Draft<'_>, user: &LocalPart, op: UserOp) -> Result<Answer, Reject> {
    users::check_active(&draft.state, user)?;
    match op {
        UserOp::AddContact(address) => contacts::add(draft, user, &address),
        UserOp::RemoveContact(address) => contacts::remove(draft, user, &address),
        UserOp::EditContact(address, overlay) => contacts::edit(draft, user, &address, overlay),
        UserOp::Block(address, switch) => contacts::block(draft, user, &address, switch),
        UserOp::CreateRoom { id, name, description, history, members } => {
            groups::create(draft, user, id, groups::Plan { name, description, history, members })
        }
        UserOp::AddMembers(room, members) => groups::add(draft, user, room, &members),
        UserOp::RemoveMember(room, member) => groups::remove(draft, user, room, &member),
        UserOp::SetRole(room, member, role) => groups::set_role(draft, user, room, &member, role),
        UserOp::ChangeRoom(room, change) => groups::change(draft, user, room, change),
        UserOp::Act { room, id, act } => acts::act(draft, user, (room, id), act, &[]),
        UserOp::Share { room, id, act, sources } => acts::act(draft, user, (room, id), act, &sources),
        UserOp::MarkRead(room, index) => rooms::mark_read(draft, user, room, index),
        UserOp::OpenFeed(secret, room) => feeds::open(draft, user, secret, room),
        UserOp::EndFeeds(room) => feeds::end(draft, user, room),
        UserOp::ReadNotices(before) => users::read_notices(draft, user, before),
        UserOp::Report { about, reason, proof } => keeping::report(draft, user, about, reason, proof),
        UserOp::Rename(name) => users::rename(draft, user, name),
        UserOp::SetPhoto(photo) => photos::set_own(draft, user, photo),
        UserOp::SetSignals(switches) => users::set_signals(draft, user, switches),
        UserOp::SetPassword { hash, keep } => users::set_password(draft, user, hash, keep),
        UserOp::OpenSession(secret, session) => users::open_session(draft, user, secret, session),
        UserOp::EndSession(secret) => users::end_session(draft, user, secret),
    }
}

fn decide_admin(draft: &mut Draft<'_>, actor: &str, op: AdminOp) -> Result<Answer, Reject> {
    match op {
        AdminOp::PinPeer(card) => links::pin(draft, actor, *card),
        AdminOp::UnpinPeer(peer) => links::unpin(draft, actor, &peer),
        AdminOp::PutGrant { peer, expected_serial, grant } => {
            grants::put_own(draft, actor, &peer, expected_serial, *grant)
        }
        AdminOp::ProveGrant(peer, grant) => grants::prove_own(draft, actor, &peer, *grant),
        AdminOp::LiftQuarantine(peer) => links::lift(draft, actor, &peer),
        AdminOp::AcceptLoss(peer) => recovery::accept_loss(draft, actor, &peer),
        AdminOp::ConfirmGrants => grants::confirm(draft, actor),
        AdminOp::CreateUser { local, name, password } => users::create(draft, actor, local, name, password),
        AdminOp::ChangeUser { local, change } => users::change(draft, actor, &local, change),
        AdminOp::SetFilePolicy(policy) => files::set_policy(draft, actor, *policy),
        AdminOp::SetPolicy(policy) => users::set_policy(draft, actor, policy),
        AdminOp::IssueToken(secret, session) => users::issue_token(draft, actor, secret, session),
        AdminOp::EndSessions(local) => users::end_sessions(draft, actor, &local),
        AdminOp::Keep(op) => keeping::decide(draft, actor, op),
        AdminOp::Archive(part) => archives::take(draft, actor, &part),
        AdminOp::ShowCard(card) => Ok(links::show_card(draft, actor, card)),
        AdminOp::BackedUp { name, positions } => Ok(links::backed_up(draft, actor, &name, &positions)),
        AdminOp::Note { action, subject, detail } => {
            draft.audit(AuditNote { actor: format!("admin:{actor}"), action, subject, code: None, detail });
            Ok(Answer::done())
        }
    }
}

fn decide_peer(draft: &mut Draft<'_>, peer: &Domain, op: PeerOp) -> Result<Answer, Reject> {
    match op {
        PeerOp::Greet => hello::greet(draft, peer),
        PeerOp::Heard(heard) => hello::hear(draft, peer, *heard),
        PeerOp::HeardGrant(grant) => grants::hear(draft, peer, *grant),
        PeerOp::HeardCard(card) => links::hear_card(draft, peer, *card),
        PeerOp::Ingest(envelope, evidence, pending) => ingest::apply(draft, peer, *envelope, evidence, &pending),
        PeerOp::Settle(ack, refs) => settle::settle(draft, peer, &ack, &refs),
        PeerOp::Unacceptable { epoch, seq, reference, code } => {
            settle::unacceptable(draft, peer, (epoch, seq), &reference, code)
        }
        PeerOp::Contradiction { code, detail, evidence } => links::quarantine(draft, peer, code, detail, evidence),
        PeerOp::TakeBack(kept) => recovery::take_back(draft, peer, &kept),
        PeerOp::Unshown => recovery::unshown(draft, peer),
        PeerOp::TailGone(epoch) => recovery::tail_gone(draft, peer, epoch),
        PeerOp::FileArrived(digest) => files::arrived(draft, peer, digest),
        PeerOp::FileFault(digest) => files::note_fault(draft, peer, digest),
        PeerOp::RefusedUs(what) => links::refused_us(draft, peer, what),
    }
}
