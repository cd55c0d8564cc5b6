//! What the OpenAPI documents of both APIs share: problems, the bearer scheme, the idempotency key.

use super::{idempotency, problem};
use utoipa::{
    PartialSchema as _,
    openapi::{
        ContentBuilder, OpenApi, PathItem, Ref, RefOr, Required, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

/// Completes a generated document: every operation can answer with a problem, every write takes an idempotency key,
/// and everything needs a bearer token that does not say otherwise.
#[must_use]
pub fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.schemas.insert("Problem".to_owned(), problem::Problem::schema());
    document.security = Some(vec![SecurityRequirement::new("bearer", [""; 0])]);
    document.paths.paths.values_mut().for_each(complete_path);
    document
}

fn complete_path(item: &mut PathItem) {
    let reads = [&mut item.get, &mut item.head, &mut item.options];
    let writes = [&mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
    for operation in writes.into_iter().flatten() {
        add_problem(operation);
        operation.parameters.get_or_insert_default().push(
            ParameterBuilder::new()
                .name(idempotency::HEADER)
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(
                    "1 to 128 visible ASCII characters: the same request under the same key is done once.",
                ))
                .schema(Some(String::schema()))
                .build(),
        );
    }
    reads.into_iter().flatten().for_each(add_problem);
}

fn add_problem(operation: &mut Operation) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description("Nothing was done; the problem says why (RFC 9457).");
    let response = response.content(problem::MEDIA_TYPE, content).build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(response));
}
