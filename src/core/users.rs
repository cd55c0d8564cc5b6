//! Our own users, sessions, permission and policy (P3, P4).

use super::{
    command::{Answer, Ref, UserChange},
    draft::Draft,
    links, permit, photos, rooms,
    state::State,
};
use crate::model::{
    Code, Digest, Domain, LocalPart, Reject,
    audit::AuditNote,
    grant::Scope,
    journal::Entry,
    limits,
    notice::NoticeKind,
    record::RecordBody,
    signal::Switches,
    text::DisplayName,
    tool::Tool,
    user::{Audience, Policy, Session, User},
};
use std::{collections::BTreeSet, sync::Arc};

/// Whether the user exists and may act at all.
///
/// # Errors
/// `UNAUTHENTICATED`, the same for both.
pub fn check_active(state: &State, user: &LocalPart) -> Result<(), Reject> {
    match state.users.get(user) {
        Some(user) if user.active => Ok(()),
        _ => Err(Reject::new(Code::Unauthenticated, "this account cannot be used; ask your admin")),
    }
}

/// Notes that a user has read all notices before a number.
///
/// # Errors
/// None.
pub fn read_notices(draft: &mut Draft<'_>, user: &LocalPart, before: u64) -> Result<Answer, Reject> {
    draft.read_notices(user, before);
    draft.journal(Entry::Me { user: user.clone() });
    Ok(Answer::done())
}

/// A user changes their own name; partners who know them are told (P9).
///
/// # Errors
/// `NOT_FOUND`.
pub fn rename(draft: &mut Draft<'_>, user: &LocalPart, name: DisplayName) -> Result<Answer, Reject> {
    let known = find(draft, user)?;
    if known.name != name {
        draft.put_user(User { name, ..User::clone(&known) });
        tell_profile(draft, user, &peers_who_know(draft, user));
        let actor = draft.state.address(user).to_string();
        audit(draft, actor, "user.renamed", user.to_string(), String::new());
        draft.journal(Entry::Me { user: user.clone() });
    }
    Ok(Answer::done())
}

/// A user changes which signals they send and see (P22).
///
/// # Errors
/// `NOT_FOUND`.
pub fn set_signals(draft: &mut Draft<'_>, user: &LocalPart, signals: Switches) -> Result<Answer, Reject> {
    let known = find(draft, user)?;
    if known.signals != signals {
        draft.put_user(User { signals, ..User::clone(&known) });
        draft.journal(Entry::Me { user: user.clone() });
    }
    Ok(Answer::done())
}

/// Replaces a password; all sessions but one end.
///
/// # Errors
/// `NOT_FOUND`.
pub fn set_password(draft: &mut Draft<'_>, user: &LocalPart, hash: String, keep: Digest) -> Result<Answer, Reject> {
    let known = find(draft, user)?;
    draft.put_user(User { password: Some(hash), ..User::clone(&known) });
    end_all(draft, user, Some(keep));
    let actor = draft.state.address(user).to_string();
    audit(draft, actor, "user.password_changed", user.to_string(), String::new());
    Ok(Answer::done())
}

/// Signs a user in; beyond the limit the oldest session ends.
///
/// # Errors
/// `INVALID` when the session is not the user's.
pub fn open_session(
    draft: &mut Draft<'_>,
    user: &LocalPart,
    secret: Digest,
    session: Session,
) -> Result<Answer, Reject> {
    let actor = draft.state.address(user).to_string();
    admit(draft, user, secret, session)?;
    audit(draft, actor, "session.opened", user.to_string(), String::new());
    Ok(Answer::done())
}

/// Signs a user out. A session that is gone or not theirs is left alone.
///
/// # Errors
/// None.
pub fn end_session(draft: &mut Draft<'_>, user: &LocalPart, secret: Digest) -> Result<Answer, Reject> {
    if draft.state.sessions.get(&secret).is_some_and(|session| session.user == *user) {
        draft.put_session(secret, None);
        let actor = draft.state.address(user).to_string();
        audit(draft, actor, "session.ended", user.to_string(), String::new());
    }
    Ok(Answer::done())
}

/// Makes a user; whether they are chosen follows the policy for newcomers (P3).
///
/// # Errors
/// `EXISTS`.
pub fn create(
    draft: &mut Draft<'_>,
    actor: &str,
    local: LocalPart,
    name: DisplayName,
    password: Option<String>,
) -> Result<Answer, Reject> {
    if draft.state.users.contains_key(&local) {
        return Err(Reject::new(Code::Exists, format!("there is a user {local} already")));
    }
    let chosen = draft.state.policy.newcomers;
    let created_at = draft.now;
    let user = User {
        local: local.clone(),
        name,
        active: true,
        chosen,
        external: true,
        files: true,
        photo: None,
        password,
        created_at,
        signals: Switches::default(),
    };
    let permitted = user.is_permitted(draft.state.policy);
    draft.put_user(user);
    audit(draft, admin(actor), "user.created", local.to_string(), String::new());
    draft.journal(Entry::Me { user: local.clone() });
    if permitted {
        permission_given(draft, &local);
    }
    Ok(Answer::done())
}

/// Changes a user: name, activity, permission, password.
///
/// # Errors
/// `NOT_FOUND`.
pub fn change(draft: &mut Draft<'_>, actor: &str, local: &LocalPart, change: UserChange) -> Result<Answer, Reject> {
    let before = find(draft, local)?;
    if draft.state.keeping.erasures.contains_key(local) {
        return Err(Reject::new(Code::Conflict, format!("{local} is erased; make a new user instead")));
    }
    let after = changed(&before, &change);
    draft.put_user(after.clone());
    audit(draft, admin(actor), "user.changed", local.to_string(), described(&change));
    draft.journal(Entry::Me { user: local.clone() });
    if change.password.is_some() || (before.active && !after.active) {
        end_all(draft, local, None);
    }
    if before.name != after.name {
        tell_profile(draft, local, &peers_who_know(draft, local));
    }
    let policy = draft.state.policy;
    permission_changed(draft, local, (before.is_permitted(policy), after.is_permitted(policy)));
    Ok(Answer::done())
}

/// Changes who may use external messaging (P3); whoever loses it is excluded at once (P15).
///
/// # Errors
/// None.
pub fn set_policy(draft: &mut Draft<'_>, actor: &str, policy: Policy) -> Result<Answer, Reject> {
    let before = draft.state.policy;
    if before == policy {
        return Ok(Answer::done());
    }
    draft.put_policy(policy);
    let audience = match policy.audience {
        Audience::All => "all",
        Audience::Chosen => "chosen",
    };
    let newcomers = on_off(policy.newcomers);
    let Switches { receipts, typing, presence } = policy.signals;
    let [receipts, typing, presence] = [receipts, typing, presence].map(on_off);
    let detail = format!(
        "audience {audience}, newcomers {newcomers}, edit window {} ms, tools {}, receipts {receipts}, typing {typing}, \
         presence {presence}, relay only {}",
        policy.edit_window_ms,
        tool_words(policy),
        on_off(policy.relay_only)
    );
    audit(draft, admin(actor), "policy.changed", "policy".to_owned(), detail);
    let users = draft.state.users.clone();
    for (local, user) in &users {
        permission_changed(draft, local, (user.is_permitted(before), user.is_permitted(policy)));
    }
    Ok(Answer::done())
}

fn tool_words(policy: Policy) -> String {
    let on: Vec<&str> = Tool::ALL.into_iter().filter(|tool| policy.tools.has(*tool)).map(Tool::as_str).collect();
    if on.is_empty() { "none".to_owned() } else { on.join(" ") }
}

/// Issues a token for a user.
///
/// # Errors
/// `NOT_FOUND`, or `UNAUTHENTICATED` for a deactivated user.
pub fn issue_token(draft: &mut Draft<'_>, actor: &str, secret: Digest, session: Session) -> Result<Answer, Reject> {
    let user = session.user.clone();
    find(draft, &user)?;
    check_active(&draft.state, &user)?;
    admit(draft, &user, secret, session)?;
    audit(draft, admin(actor), "token.issued", user.to_string(), String::new());
    Ok(Answer::done())
}

/// Ends all sessions and tokens of a user.
///
/// # Errors
/// `NOT_FOUND`.
pub fn end_sessions(draft: &mut Draft<'_>, actor: &str, local: &LocalPart) -> Result<Answer, Reject> {
    find(draft, local)?;
    end_all(draft, local, None);
    audit(draft, admin(actor), "sessions.ended", local.to_string(), String::new());
    Ok(Answer::done())
}

/// # Errors
/// `NOT_FOUND`.
pub(super) fn find(draft: &Draft<'_>, user: &LocalPart) -> Result<Arc<User>, Reject> {
    draft.state.users.get(user).cloned().ok_or_else(|| Reject::new(Code::NotFound, format!("no user {user} here")))
}

fn admin(actor: &str) -> String {
    format!("admin:{actor}")
}

fn audit(draft: &mut Draft<'_>, actor: String, action: &'static str, subject: String, detail: String) {
    draft.audit(AuditNote { actor, action, subject, code: None, detail });
}

fn on_off(switch: bool) -> &'static str {
    if switch { "on" } else { "off" }
}

fn changed(user: &User, change: &UserChange) -> User {
    let mut user = user.clone();
    if let Some(name) = &change.name {
        user.name = name.clone();
    }
    if let Some(hash) = &change.password {
        user.password = Some(hash.clone());
    }
    user.active = change.active.unwrap_or(user.active);
    user.chosen = change.chosen.unwrap_or(user.chosen);
    user.external = change.external.unwrap_or(user.external);
    user.files = change.files.unwrap_or(user.files);
    user
}

/// What changed, for the audit log: the values of switches, and only the names of what is personal or secret.
fn described(change: &UserChange) -> String {
    let switch = |name: &str, to: Option<bool>| to.map(|to| format!("{name} {}", on_off(to)));
    [
        change.name.as_ref().map(|_| "name".to_owned()),
        change.password.as_ref().map(|_| "password".to_owned()),
        switch("active", change.active),
        switch("chosen", change.chosen),
        switch("external", change.external),
        switch("files", change.files),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(", ")
}

fn sessions_of(draft: &Draft<'_>, user: &LocalPart) -> Vec<(Digest, Arc<Session>)> {
    let of = |(secret, session): (&Digest, &Arc<Session>)| (session.user == *user).then(|| (*secret, session.clone()));
    draft.state.sessions.iter().filter_map(of).collect()
}

fn end_all(draft: &mut Draft<'_>, user: &LocalPart, keep: Option<Digest>) {
    for (secret, _) in sessions_of(draft, user) {
        if Some(secret) != keep {
            draft.put_session(secret, None);
        }
    }
}

/// Opens a session, ends those whose time is over, and the oldest while there are too many.
fn admit(draft: &mut Draft<'_>, user: &LocalPart, secret: Digest, session: Session) -> Result<(), Reject> {
    if session.user != *user {
        return Err(Reject::field("user", "must be the one whom the session is for"));
    }
    let mut sessions = sessions_of(draft, user);
    let (over, mut live): (Vec<_>, Vec<_>) = sessions.drain(..).partition(|(_, open)| open.ends_at <= draft.now);
    live.sort_by_key(|(_, open)| open.created_at);
    let surplus = (live.len() + 1).saturating_sub(limits::SESSIONS_PER_USER_MAX);
    for (ended, _) in over.into_iter().chain(live.into_iter().take(surplus)) {
        draft.put_session(ended, None);
    }
    draft.put_session(secret, Some(session));
    Ok(())
}

/// What follows when a user's permission was `before` and is `after` (P4, P15).
fn permission_changed(draft: &mut Draft<'_>, user: &LocalPart, (before, after): (bool, bool)) {
    match (before, after) {
        (false, true) => permission_given(draft, user),
        (true, false) => permission_taken(draft, user),
        _ => {}
    }
}

fn permission_given(draft: &mut Draft<'_>, user: &LocalPart) {
    tell_profile(draft, user, &peers_who_know(draft, user));
    for peer in open_peers(draft) {
        draft.notify(user, NoticeKind::Available { peer });
    }
    draft.journal(Entry::Me { user: user.clone() });
}

fn permission_taken(draft: &mut Draft<'_>, user: &LocalPart) {
    // Before the exclusion, which would make the partners of groups forget that they knew the user.
    let peers = peers_who_know(draft, user);
    let address = draft.state.address(user);
    rooms::exclude_user(draft, &address, Code::NotPermitted);
    tell_profile(draft, user, &peers);
    for peer in open_peers(draft) {
        draft.notify(user, NoticeKind::Ended { peer, code: Code::NotPermitted });
    }
    draft.journal(Entry::Me { user: user.clone() });
}

fn open_peers(draft: &Draft<'_>) -> Vec<Domain> {
    let open = |(peer, link): (&Domain, &Arc<_>)| links::is_open(&draft.state, link, draft.now).then(|| peer.clone());
    draft.state.links.iter().filter_map(open).collect()
}

/// The partners with whom the user shares a room, and who therefore show their name. Every accepted contact has one.
fn peers_who_know(draft: &Draft<'_>, user: &LocalPart) -> BTreeSet<Domain> {
    let own = &draft.state.org.domain;
    let rooms = draft.state.rooms_of.get(user).into_iter().flatten();
    rooms.filter_map(|id| draft.state.rooms.get(id)?.other(own).cloned()).filter(|other| other != own).collect()
}

/// Whether a partner shares a room with the user.
pub(super) fn is_known_to(state: &State, user: &LocalPart, peer: &Domain) -> bool {
    let rooms = state.rooms_of.get(user).into_iter().flatten();
    rooms.filter_map(|id| state.rooms.get(id)?.other(&state.org.domain)).any(|other| other == peer)
}

/// Something that partners are shown of a user has changed.
pub(super) fn tell_changed(draft: &mut Draft<'_>, user: &LocalPart) {
    tell_profile(draft, user, &peers_who_know(draft, user));
}

/// A partner comes to know a user of ours: their photo does not come with their name.
pub(super) fn tell_photo(draft: &mut Draft<'_>, user: &LocalPart, peer: &Domain) {
    if draft.state.users.get(user).is_some_and(|user| photos::told(&draft.state, user, peer).is_some()) {
        tell_profile(draft, user, &BTreeSet::from([peer.clone()]));
    }
}

/// A link has opened again: whoever shares a room with the peer may have changed while nothing crossed (P9, P15).
pub(super) fn tell_all_profiles(draft: &mut Draft<'_>, peer: &Domain) {
    let is_known = |user: &&LocalPart| peers_who_know(draft, user).contains(peer);
    let known: Vec<LocalPart> = draft.state.users.keys().filter(is_known).cloned().collect();
    let only = BTreeSet::from([peer.clone()]);
    for user in &known {
        tell_profile(draft, user, &only);
    }
}

/// Tells partners what a user is called and whether they can be reached. Closed links hear nothing; an open one does
/// under any scope, because exclusions in rooms that the partner hosts hang on it (P15).
fn tell_profile(draft: &mut Draft<'_>, user: &LocalPart, peers: &BTreeSet<Domain>) {
    let Some(known) = draft.state.users.get(user).cloned() else { return };
    let available = known.is_permitted(draft.state.policy);
    for peer in peers {
        let (user, photo) = (draft.state.address(user), photos::told(&draft.state, &known, peer));
        let body = RecordBody::Profile { user, name: known.name.clone(), available, photo };
        let permitted = |scope| permit::authorize(&draft.state, peer, scope, draft.now).is_ok();
        if Scope::ALL.into_iter().any(permitted) {
            draft.send(peer, &body, Ref::None);
        }
    }
}
