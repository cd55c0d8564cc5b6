//! Why not? For any of our users and any external address (P5).

use super::{Context, dto::WhyNotQuery};
use crate::{
    api::{
        client::dto::{Reason, WhyNot},
        field::{Query, parse, parse_word},
        problem::Problem,
    },
    core::why::why_not as reasons,
    model::{Address, LocalPart, grant::Scope},
};
use axum::Json;

/// Which conditions keep a user from reaching somebody, and who can change them.
#[utoipa::path(get, path = "/why-not", tag = "users", params(WhyNotQuery), responses(
    (status = 200, body = WhyNot),
))]
pub async fn why_not(context: Context, Query(query): Query<WhyNotQuery>) -> Result<Json<WhyNot>, Problem> {
    let user: LocalPart = parse("user", &query.user)?;
    let address: Address = parse("address", &query.address)?;
    let words = Scope::ALL.map(|scope| (scope.as_str(), scope));
    let scope = query.scope.as_deref().map_or(Ok(Scope::Messages), |text| parse_word("scope", text, &words))?;
    let reasons: Vec<Reason> = reasons(&context.engine.state(), &user, &address, scope, context.engine.now())
        .into_iter()
        .map(|reason| Reason {
            code: reason.code.to_string(),
            detail: reason.detail,
            who: reason.who.as_str().to_owned(),
        })
        .collect();
    Ok(Json(WhyNot { possible: reasons.is_empty(), reasons }))
}
