//! Why not? What stands between the caller and an external person (P5).

use super::{
    Context,
    caller::Caller,
    dto::{self, WhyNotQuery},
};
use crate::{
    api::{
        field::{self, Query},
        problem::Problem,
    },
    core::why,
    model::{Address, grant::Scope},
};
use axum::Json;

/// Ask why something is not possible with an external person
#[utoipa::path(
    get, path = "/api/v1/why-not", tag = "why-not",
    params(WhyNotQuery),
    responses((status = 200, body = dto::WhyNot))
)]
pub async fn why_not(
    axum::extract::State(context): Context,
    caller: Caller,
    Query(query): Query<WhyNotQuery>,
) -> Result<Json<dto::WhyNot>, Problem> {
    let address: Address = field::parse("address", &query.address)?;
    let scopes = Scope::ALL.map(|scope| (scope.as_str(), scope));
    let scope = query.scope.as_deref().map(|text| field::parse_word("scope", text, &scopes)).transpose()?;
    let (state, now) = (context.engine.state(), context.engine.now());
    let reasons = why::why_not(&state, &caller.user, &address, scope.unwrap_or(Scope::Messages), now);
    let show = |reason: &why::Reason| dto::Reason {
        code: reason.code.as_str().to_owned(),
        detail: reason.detail.clone(),
        who: reason.who.as_str().to_owned(),
    };
    Ok(Json(dto::WhyNot { possible: reasons.is_empty(), reasons: reasons.iter().map(show).collect() }))
}
