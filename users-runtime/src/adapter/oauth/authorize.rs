//! The URL of an authorization request.

use url::Url;

use crate::port::AuthorizationRequest;

/// Returns the URL to which the browser is sent, with the parameters in the order of fastapi-users, followed by those of
/// PKCE and by `extra`.
pub(super) fn authorization_url(
    endpoint: &Url,
    client_id: &str,
    request: &AuthorizationRequest<'_>,
    scopes: &[String],
    extra: &[(&str, &str)],
) -> String {
    let mut url = endpoint.clone();
    let mut query = url.query_pairs_mut();
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", request.redirect_uri)
        .append_pair("state", request.state);
    if !scopes.is_empty() {
        query.append_pair("scope", &scopes.join(" "));
    }
    query.append_pair("code_challenge", &request.code_challenge).append_pair("code_challenge_method", "S256");
    query.extend_pairs(extra);
    drop(query);
    url.into()
}
