//! Reports to the admins of one's own org. Neither the reported nor their org is told (P10).

use super::audit;
use crate::{
    core::{command::Answer, draft::Draft, rooms, state::State},
    model::{
        Code, LocalPart, Millis, Reject,
        keeping::{About, Case, Closed, Proof},
        limits,
        text::Reason,
    },
};

const HOUR_MS: u64 = 3_600_000;

/// One of our users reports a message that they see, a room that they are in, or a person.
///
/// # Errors
/// `NOT_FOUND` for what they do not see, `INVALID` without a reason, `RATE_LIMITED`.
pub fn report(
    draft: &mut Draft<'_>,
    user: &LocalPart,
    about: About,
    reason: Reason,
    proof: Proof,
) -> Result<Answer, Reject> {
    if reason.as_str().trim().is_empty() {
        return Err(Reject::field("reason", "must not be empty"));
    }
    check_seen(&draft.state, user, &about)?;
    check_rate(&draft.state, user, draft.now)?;
    let n = draft.state.keeping.cases.get_max().map_or(0, |(n, _)| *n) + 1;
    let (at, subject) = (draft.now, about.to_string());
    draft.put_case(Case { n, at, by: user.clone(), about, reason, closed: None });
    if proof != Proof::default() {
        draft.put_proof(n, proof);
    }
    let actor = draft.state.address(user).to_string();
    audit(draft, actor, "report.made", subject, format!("case {n}"));
    Ok(Answer::done())
}

fn check_seen(state: &State, user: &LocalPart, about: &About) -> Result<(), Reject> {
    match about {
        About::Message { room, index } => {
            let room = rooms::member_of(state, user, *room)?;
            let seen = rooms::visible(state, user, room, *index);
            if seen { Ok(()) } else { Err(Reject::new(Code::NotFound, "there is no such message in this room")) }
        }
        About::Room(room) => rooms::member_of(state, user, *room).map(drop),
        About::Person(person) if state.name_of(person).is_some() => Ok(()),
        About::Person(person) => Err(Reject::new(Code::NotFound, format!("{person} is not known here"))),
    }
}

fn check_rate(state: &State, user: &LocalPart, now: Millis) -> Result<(), Reject> {
    let lately = state.keeping.cases.values().rev().take_while(|case| now.since(case.at) < HOUR_MS);
    if lately.filter(|case| case.by == *user).count() < limits::REPORTS_PER_USER_PER_HOUR_MAX {
        return Ok(());
    }
    let detail = format!("at most {} reports can be made in an hour", limits::REPORTS_PER_USER_PER_HOUR_MAX);
    Err(Reject::limit(Code::RateLimited, "reports", detail))
}

/// An admin has dealt with a case.
///
/// # Errors
/// `NOT_FOUND`, or `CONFLICT` when it is closed already.
pub fn close(draft: &mut Draft<'_>, actor: &str, n: u64, note: Reason) -> Result<Answer, Reject> {
    let case = draft.state.keeping.cases.get(&n).cloned();
    let case = case.ok_or_else(|| Reject::new(Code::NotFound, format!("there is no case {n}")))?;
    if case.closed.is_some() {
        return Err(Reject::new(Code::Conflict, format!("case {n} is closed already")));
    }
    let closed = Closed { by: actor.to_owned(), at: draft.now, note: note.clone() };
    draft.put_case(Case { closed: Some(closed), ..Case::clone(&case) });
    audit(draft, format!("admin:{actor}"), "case.closed", format!("case {n}"), note.to_string());
    Ok(Answer::done())
}
