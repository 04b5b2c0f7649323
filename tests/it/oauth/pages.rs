//! Ready pages for logins with providers and for linked accounts.

use axum::Router;
use axum_users::pages::{Pages, page_routes};

use super::{
    provider::Person,
    support::{App, PUBLIC_URL, Setup},
};
use crate::{
    pages::app::{Visitor, location, says},
    support::{Carrier, Http, PASSWORD},
};

/// Starts a service with pages, whose logins are those of the backend `it`.
async fn start() -> (App, Http) {
    let app = App::with(Setup { carrier: Carrier::Cookie, ..Setup::default() }).await;
    let pages = Pages::new("it").provider(&app.acme).provider(&app.hub);
    let routes = Router::new().nest("/account", page_routes(&app.users, pages));
    let http = Http::serve(routes.with_state(app.users.clone())).await;
    (app, http)
}

/// Follows a link to the provider, lets the person agree there, and returns to the callback.
async fn go_through(app: &App, visitor: &mut Visitor<'_>, link: &str, person: Person) -> String {
    let response = visitor.get(&format!("/account/{link}/authorize")).await;
    let url = response.header("location").unwrap_or_else(|| panic!("{}", response.text())).to_owned();
    assert!(url.starts_with("http"), "{url}");
    let parameters = super::provider::query(&url);
    assert_eq!(parameters["redirect_uri"], format!("{PUBLIC_URL}/account/{link}/callback"));
    let code = app.provider.approve(&url, person);
    let callback = super::support::callback_path(&format!("/account/{link}"), &code, &parameters["state"]);
    let response = visitor.get(&callback).await;
    assert_eq!(response.status, 303, "{}", response.text());
    response.header("location").unwrap().to_owned()
}

#[tokio::test]
async fn a_person_logs_in_with_a_provider_links_another_and_removes_it() {
    let (app, http) = start().await;
    let mut arthur = Visitor::of(&http);
    says(&arthur.get("/account/log-in").await, "href=\"oauth/acme/authorize\" class=\"button\">Continue with Acme</a>");
    let person = || Person::verified("a", "arthur@camelot.bt");
    assert_eq!(go_through(&app, &mut arthur, "oauth/acme", person()).await, "../../profile");
    says(&arthur.get("/account/profile").await, "arthur@camelot.bt");
    let page = arthur.get("/account/linked-accounts").await;
    says(&page, "<h2>Acme</h2>");
    says(&page, "href=\"link/hub/authorize\"");
    let other = Person::verified("7", "arthur@hub.example");
    assert_eq!(go_through(&app, &mut arthur, "link/hub", other).await, "../../linked-accounts?notice=account-linked");
    let page = arthur.get("/account/linked-accounts?notice=account-linked").await.text();
    assert!(page.contains("arthur@hub.example") && page.contains("The account is linked."), "{page}");
    let ids: Vec<&str> =
        page.split("name=\"id\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    let removed = arthur.submit("/account/remove-account", &[("id", ids[0])]).await;
    assert_eq!(location(&removed), "/account/linked-accounts?notice=account-removed");
    let last = arthur.submit("/account/remove-account", &[("id", ids[1])]).await;
    assert_eq!(last.status, 400);
    says(&last, "Without this account you could not log in any more.");
}

#[tokio::test]
async fn a_flow_that_fails_leads_to_a_page_that_says_why() {
    let (app, http) = start().await;
    app.verified("arthur@camelot.bt").await;
    let mut visitor = Visitor::of(&http);
    let person = Person::verified("a", "arthur@camelot.bt");
    let next = go_through(&app, &mut visitor, "oauth/acme", person).await;
    assert_eq!(next, "../../log-in?error=OAUTH_USER_ALREADY_EXISTS");
    let page = visitor.get("/account/log-in?error=OAUTH_USER_ALREADY_EXISTS").await;
    says(&page, "There is an account with this address, or the provider&#39;s account is linked already.");
    for (callback, code) in [
        ("error=access_denied&state=x", "access_denied"),
        ("error=%3Cscript%3E&state=x", "OAUTH_PROVIDER_ERROR"),
        ("code=x&state=x", "ACCESS_TOKEN_DECODE_ERROR"),
    ] {
        let response = visitor.get(&format!("/account/oauth/acme/callback?{callback}")).await;
        assert_eq!(response.header("location"), Some(format!("../../log-in?error={code}").as_str()), "{callback}");
    }
    for query in ["error=%3Cscript%3E", "error=log-in-title", "error=x"] {
        let page = visitor.get(&format!("/account/log-in?{query}")).await;
        assert!(!page.text().contains("class=\"errors\""), "{query}");
    }
    assert_eq!(visitor.get("/account/oauth/nobody/authorize").await.status, 404);
}

#[tokio::test]
async fn another_site_starts_no_flow_and_an_old_login_links_nothing() {
    let (app, http) = start().await;
    app.verified("arthur@camelot.bt").await;
    let mut arthur = Visitor::of(&http);
    arthur.submit("/account/log-in", &[("username", "arthur@camelot.bt"), ("password", PASSWORD)]).await;
    for link in ["oauth/acme", "link/acme"] {
        let call = http.get(&format!("/account/{link}/authorize")).header("sec-fetch-site", "cross-site");
        let response = arthur.send(call).await;
        assert!(!response.header("location").unwrap_or_default().starts_with("http"), "{link}: {response:?}");
        assert!(response.headers.get("set-cookie").is_none(), "{link}");
    }
    app.advance(600);
    let response = arthur.get("/account/link/acme/authorize").await;
    assert_eq!(response.header("location"), Some("../../reauthenticate?next=linked-accounts"));
}
