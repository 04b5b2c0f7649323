//! Complete flows over both transports, what they return, where browsers end up, and their documentation.

use axum_users::{
    Policy,
    oauth::{OAuthProvider, ReturnTo},
    openapi::openapi_at,
    routes::{Prefixes, RouteGroup},
    token::Refresh,
};
use serde_json::{Value, json};
use tracing::Level;

use super::{
    provider::{Person, query},
    support::{App, FLOW_COOKIE, Setup, callback_path, refused},
};
use crate::{
    log::Log,
    support::{COOKIE, Carrier, PASSWORD, Response},
};

fn arthur() -> Person {
    Person::verified("1", "arthur@camelot.bt")
}

/// Returns where a response sends the browser.
#[track_caller]
fn location(response: &Response) -> &str {
    assert_eq!(response.status, 303, "{response:?}");
    response.header("location").unwrap()
}

mod oauth {
    use super::*;

    #[tokio::test]
    async fn flows_return_what_fastapi_users_returns() {
        let app = App::new().await;
        let response = app.get("/auth/acme/authorize").send().await;
        assert_eq!(response.header("cache-control"), Some("no-store"));
        let body = response.json();
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["authorization_url"]);
        let cookie = response.header("set-cookie").unwrap();
        assert!(cookie.starts_with("__Host-fastapiusersoauthcsrf="), "{cookie}");
        for attribute in ["Max-Age=600", "Path=/", "HttpOnly", "Secure", "SameSite=lax"] {
            assert!(cookie.to_lowercase().contains(&attribute.to_lowercase()), "{attribute}: {cookie}");
        }
        let url = body["authorization_url"].as_str().unwrap();
        let names: Vec<_> =
            url.split_once('?').unwrap().1.split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
        let upstream = ["response_type", "client_id", "redirect_uri", "state", "scope"];
        assert_eq!(names, [&upstream[..], &["code_challenge", "code_challenge_method", "nonce"]].concat());

        let flow = super::super::support::started(&response);
        let code = app.provider.approve(&flow.url, arthur());
        let response = app.callback("/auth/acme", &flow, &code).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.json().as_object().unwrap().keys().collect::<Vec<_>>(), ["access_token", "token_type"]);
        assert_eq!(response.json()["token_type"], "bearer");
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert!(response.set_cookie().is_none(), "the cookie of flows is shared with those of other tabs");

        // An association returns the user.
        let token = response.access_token();
        let response = app.associate("hub", &token, Person::unverified("7", "king@hub.example")).await;
        assert_eq!(response.status, 200, "{response:?}");
        let accounts = response.json()["oauth_accounts"].clone();
        assert_eq!(
            accounts.as_array().unwrap()[1].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["access_token", "account_email", "account_id", "expires_at", "id", "oauth_name", "refresh_token"]
        );
        assert_eq!(accounts[1]["account_id"], "7");
        assert_eq!(app.seen(&token).await["oauth_accounts"], accounts);
    }

    #[tokio::test]
    async fn a_cookie_backend_sets_its_cookie() {
        let app = App::with(Setup { carrier: Carrier::Cookie, ..Setup::default() }).await;
        let response = app.log_in("/auth/acme", arthur()).await;
        assert_eq!((response.status.as_u16(), response.text().as_str()), (204, ""));
        let (name, token) = response.set_cookie().unwrap();
        assert_eq!(name, COOKIE);
        assert_eq!(app.seen(token).await["email"], "arthur@camelot.bt");
        // A login replaces the session that the browser had.
        let flow = app.start("/auth/acme").await;
        let code = app.provider.approve(&flow.url, arthur());
        let cookies = format!("{FLOW_COOKIE}={}; {COOKIE}={token}", flow.cookie);
        let path = callback_path("/auth/acme", &code, &flow.state);
        let response = app.get(&path).header("cookie", &cookies).send().await;
        assert_eq!(response.status, 204, "{response:?}");
        assert_eq!(app.me(token).await.status, 401);
        let token = response.set_cookie().unwrap().1;
        assert_eq!(app.associate("hub", token, Person::verified("7", "a@b.example")).await.status, 200);
        assert_eq!(app.accounts(token).await.len(), 2);
    }

    #[tokio::test]
    async fn a_callback_begins_a_login_that_can_be_refreshed() {
        let refreshing = |carrier: Carrier| carrier.backend("it").refresh(Refresh::new());
        let staying: fn(OAuthProvider) -> OAuthProvider = |provider| provider;
        for (carrier, provider) in [
            (Carrier::Bearer, staying),
            (Carrier::Bearer, returning),
            (Carrier::Cookie, staying),
            (Carrier::Cookie, returning),
        ] {
            let app = App::with(Setup { carrier, backend: refreshing, provider, ..Setup::default() }).await;
            let response = app.log_in("/auth/acme", arthur()).await;
            let in_fragment = response.header("location").and_then(|page| Some(page.split_once('#')?.1.to_owned()));
            let token = match &in_fragment {
                Some(fragment) => {
                    let told = query(&format!("?{fragment}"));
                    assert_eq!((&*told["token_type"], &*told["expires_in"]), ("bearer", "3600"));
                    told["refresh_token"].clone()
                }
                None => response.refresh_token(),
            };
            let call = app.post("/auth/it/refresh");
            let refreshed = match carrier {
                Carrier::Bearer => call.json(json!({ "refresh_token": token })).send().await,
                Carrier::Cookie => call.cookie("__Secure-fastapiusersauth-refresh", &token).send().await,
            };
            assert_eq!(app.seen(&refreshed.access_token()).await["email"], "arthur@camelot.bt");
            assert_ne!(refreshed.refresh_token(), token);
        }
    }

    fn returning(provider: OAuthProvider) -> OAuthProvider {
        let pages = ReturnTo::pages("/welcome", "https://www.example.org/login?from=oauth").unwrap();
        provider.return_to(pages.or_path("/settings").unwrap().or_origin("https://www.example.org").unwrap())
    }

    #[tokio::test]
    async fn browsers_return_to_the_front_end() {
        let app = App::with(Setup { carrier: Carrier::Cookie, provider: returning, ..Setup::default() }).await;
        let response = app.log_in("/auth/acme", arthur()).await;
        assert_eq!(location(&response), "/welcome");
        assert_eq!(response.header("cache-control"), Some("no-store"));
        let token = response.set_cookie().unwrap().1;
        // Refusals go to the other page, with their code.
        app.verified("gawain@camelot.bt").await;
        let response = app.log_in("/auth/acme", Person::verified("2", "gawain@camelot.bt")).await;
        assert_eq!(location(&response), "https://www.example.org/login?from=oauth&error=OAUTH_USER_ALREADY_EXISTS");
        let response = app.get("/auth/acme/callback?code=x&state=x").send().await;
        assert_eq!(location(&response), "https://www.example.org/login?from=oauth&error=ACCESS_TOKEN_DECODE_ERROR");
        let response = app.get("/auth/acme/callback?error=access_denied").send().await;
        assert_eq!(location(&response), "https://www.example.org/login?from=oauth&error=access_denied");
        let response = app.get("/auth/acme/callback?error=%3Cscript%3E%0d%0aX:y").send().await;
        assert_eq!(location(&response), "https://www.example.org/login?from=oauth&error=OAUTH_PROVIDER_ERROR");
        // So do associations.
        let response = app.associate("hub", token, Person::verified("7", "king@hub.example")).await;
        assert_eq!(location(&response), "/welcome");
        assert_eq!(app.accounts(token).await.len(), 2);
    }

    /// Browsers send cookies with `SameSite=Lax` from another site only with `GET`.
    #[tokio::test]
    async fn a_callback_that_is_a_form_is_repeated_as_get_with_the_cookies_of_the_site() {
        for carrier in Carrier::BOTH {
            let app = App::with(Setup { posts: true, carrier, ..Setup::default() }).await;
            app.verified("arthur@camelot.bt").await;
            let response = app.try_password("arthur@camelot.bt", PASSWORD).await;
            let token = match carrier {
                Carrier::Bearer => response.access_token(),
                Carrier::Cookie => response.set_cookie().unwrap().1.to_owned(),
            };
            let route = "/auth/associate/acme";
            let flow = app.start_as(app.get(&format!("{route}/authorize")).token(carrier, &token)).await;
            let code = app.provider.approve(&flow.url, Person::verified("a &+=1", "king@acme.example"));
            let posted = [("state", flow.state.as_str()), ("code", &code), ("user", "{}"), ("code_challenge", "x")];
            let response = app.post(&format!("{route}/callback")).form(&posted).send().await;
            assert_eq!((response.status.as_u16(), response.text().as_str()), (303, ""));
            let location = response.header("location").unwrap().to_owned();
            assert_eq!(location, format!("?state={}&code={code}", flow.state));
            assert!(app.accounts(&token).await.is_empty(), "the form alone does nothing");
            let done = app.finish_as(route, &flow, &code, &token).await;
            assert_eq!(done.status, 200, "{done:?}");
            assert_eq!(app.accounts(&token).await.len(), 1);
        }
        let app = App::new().await;
        assert_eq!(app.post("/auth/acme/callback").form(&[("code", "x")]).send().await.status, 405);
    }

    #[tokio::test]
    async fn a_page_that_is_not_set_leaves_the_json() {
        let app = App::having(|provider| provider.return_to(ReturnTo::page_after_success("/welcome").unwrap())).await;
        assert!(location(&app.log_in("/auth/acme", arthur()).await).starts_with("/welcome#"));
        refused(&app.get("/auth/acme/callback?error=access_denied").send().await, "access_denied");
        let app = App::having(|provider| provider.return_to(ReturnTo::page_after_failure("/login").unwrap())).await;
        app.log_in("/auth/acme", arthur()).await.access_token();
        let response = app.get("/auth/acme/callback?error=access_denied").send().await;
        assert_eq!(location(&response), "/login?error=access_denied");
    }

    #[tokio::test]
    async fn an_issuer_is_asked_for_the_address_unless_other_scopes_are_set() {
        let app = App::having(|provider| provider.scopes([])).await;
        assert_eq!(query(&app.start("/auth/acme").await.url)["scope"], "openid email");
    }

    #[tokio::test]
    async fn a_bearer_token_is_in_the_fragment() {
        let app = App::having(returning).await;
        let response = app.log_in("/auth/acme", arthur()).await;
        let (page, fragment) = location(&response).split_once('#').unwrap();
        assert_eq!(page, "/welcome");
        let fragment = query(&format!("?{fragment}"));
        assert_eq!(fragment["token_type"], "bearer");
        assert_eq!(app.seen(&fragment["access_token"]).await["email"], "arthur@camelot.bt");
        assert_eq!(response.text(), "");
    }

    #[tokio::test]
    async fn open_redirect_refused() {
        let app = App::with(Setup { carrier: Carrier::Cookie, provider: returning, ..Setup::default() }).await;
        for page in ["/settings?tab=accounts", "https://www.example.org/anything"] {
            let encoded: String = page.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let authorize = app.get(&format!("/auth/acme/authorize?return_to={encoded}"));
            let flow = app.start_as(authorize).await;
            let code = app.provider.approve(&flow.url, arthur());
            assert_eq!(location(&app.callback("/auth/acme", &flow, &code).await), page);
        }
        for page in [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "/settings/../admin",
            "https://www.example.org.evil.example/",
            "https://www.example.org@evil.example/",
            "javascript:alert(1)",
            "/admin",
        ] {
            let encoded: String = page.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let response = app.get(&format!("/auth/acme/authorize?return_to={encoded}")).send().await;
            assert_eq!(response.status, 422, "{page}: {response:?}");
            assert!(response.set_cookie().is_none());
        }
        // At the callback this parameter is ignored.
        let flow = app.start("/auth/acme").await;
        let code = app.provider.approve(&flow.url, arthur());
        let path = format!("{}&return_to=https://evil.example", callback_path("/auth/acme", &code, &flow.state));
        assert_eq!(location(&app.callback_as(&flow, app.get(&path)).await), "/welcome");
        // Without pages, no page can be chosen.
        let app = App::new().await;
        assert_eq!(app.get("/auth/acme/authorize?return_to=/settings").send().await.status, 422);
    }

    #[tokio::test]
    async fn unverified_users_are_refused_where_a_login_needs_verification() {
        let policy = Policy::recommended().require_verification(true);
        let app = App::with(Setup { policy, ..Setup::default() }).await;
        refused(&app.log_in("/auth/acme", arthur()).await, "LOGIN_USER_NOT_VERIFIED");
        let body = json!({ "email": "arthur@camelot.bt" });
        app.post("/auth/request-verify-token").json(body).send().await.is(202, "null");
        let token = app.hooks.token("on_after_request_verify", "arthur@camelot.bt").await;
        app.post("/auth/verify").json(json!({ "token": token })).send().await;
        assert_eq!(app.log_in("/auth/acme", arthur()).await.status, 200);
    }

    #[tokio::test]
    async fn a_suspended_user_is_refused_and_a_compromised_password_does_not_matter() {
        let policy = Policy::recommended().tell_suspended_users();
        let app = App::with(Setup { policy, ..Setup::default() }).await;
        assert_eq!(app.log_in("/auth/acme", arthur()).await.status, 200);
        let id = app.users.get_by_email("arthur@camelot.bt").await.unwrap().unwrap().id;
        app.users.suspend(id, None, Some("treason")).await.unwrap();
        refused(&app.log_in("/auth/acme", arthur()).await, "LOGIN_BAD_CREDENTIALS");
        app.users.lift_suspension(id).await.unwrap();
        app.users.require_password_change(id).await.unwrap();
        assert_eq!(app.log_in("/auth/acme", arthur()).await.status, 200);
    }

    #[tokio::test]
    async fn linking_needs_a_recent_login_unless_the_policy_says_otherwise() {
        let app = App::new().await;
        app.verified("arthur@camelot.bt").await;
        let token = app.password("arthur@camelot.bt").await;
        assert_eq!(app.associate("acme", &token, arthur()).await.status, 200);
        let id = app.accounts(&token).await[0]["id"].as_str().unwrap().to_owned();
        app.advance(20 * 60);
        for response in
            [app.get("/auth/associate/hub/authorize").bearer(&token).send().await, app.unlink(&token, &id).await]
        {
            assert_eq!(response.status, 401, "{response:?}");
        }
        assert_eq!(app.accounts(&token).await.len(), 1, "looking is allowed");
        let policy = Policy::recommended().allow_password_change_without_current();
        let app = App::with(Setup { policy, ..Setup::default() }).await;
        app.verified("arthur@camelot.bt").await;
        let token = app.password("arthur@camelot.bt").await;
        app.advance(20 * 60);
        let response = app.get("/auth/associate/hub/authorize").bearer(&token).send().await;
        assert_eq!(response.status, 200, "{response:?}");
    }

    #[tokio::test]
    async fn events_name_the_reason() {
        let (log, _guard) = Log::start(Level::DEBUG);
        let app = App::new().await;
        let flow = app.start("/auth/acme").await;
        let code = app.provider.approve(&flow.url, arthur());
        let path = callback_path("/auth/acme", &code, &flow.state);
        let of_event = |kind: &str| {
            let lines = log.lines(&format!("event=\"{kind}\""));
            log.take();
            lines
        };
        log.take();
        for (call, reason) in [
            (app.get(&path), "another browser"),
            (app.get("/auth/acme/callback?code=x&state=x"), "bad state"),
            (app.get("/auth/acme/callback?error=access_denied"), "provider"),
        ] {
            assert_eq!(call.send().await.status, 400);
            let lines = of_event("oauth");
            assert!(lines.len() == 1 && lines[0].contains(reason), "{reason}: {lines:?}");
        }
        let token = app.callback("/auth/acme", &flow, &code).await.access_token();
        let lines = log.take();
        for kind in ["register", "oauth_link", "login"] {
            assert!(lines.contains(&format!("event=\"{kind}\"")), "{kind}: {lines}");
        }
        refused(&app.callback("/auth/acme", &flow, &code).await, "OAUTH_INVALID_STATE");
        assert!(of_event("oauth")[0].contains("used state"));
        let id = app.accounts(&token).await[0]["id"].as_str().unwrap().to_owned();
        refused(&app.unlink(&token, &id).await, "OAUTH_LAST_WAY_IN");
        let lines = of_event("oauth_unlink");
        assert!(lines.len() == 1 && lines[0].contains("last way in"), "{lines:?}");
    }

    #[tokio::test]
    async fn the_document_has_the_mounted_providers() {
        let app = App::new().await;
        let prefixes = Prefixes::usual()
            .oauth("acme", "it")
            .oauth_id_tokens("acme", "it")
            .oauth_associate("hub")
            .with(RouteGroup::OAuthAccounts);
        let document = serde_json::to_value(openapi_at(&app.users, &prefixes)).unwrap();
        let operation = |method: &str, path: &str| &document["paths"][path][method];
        for (method, path, id, statuses) in [
            ("get", "/auth/acme/authorize", "oauth_acme_it_authorize_auth_acme_authorize_get", "200 400 422 429"),
            ("get", "/auth/acme/callback", "oauth_acme_it_callback_auth_acme_callback_get", "200 400 422 429"),
            ("post", "/auth/acme/token", "oauth_acme_it_token_auth_acme_token_post", "200 400 422 429"),
            (
                "get",
                "/auth/associate/hub/authorize",
                "oauth_associate_hub_authorize_auth_associate_hub_authorize_get",
                "200 400 401 422 429",
            ),
            (
                "get",
                "/auth/associate/hub/callback",
                "oauth_associate_hub_callback_auth_associate_hub_callback_get",
                "200 400 401 422 429",
            ),
            ("get", "/users/me/oauth-accounts", "oauth_accounts_list_users_me_oauth_accounts_get", "200 401"),
            (
                "delete",
                "/users/me/oauth-accounts/{id}",
                "oauth_accounts_unlink_users_me_oauth_accounts__id__delete",
                "204 400 401 404",
            ),
        ] {
            let found = operation(method, path);
            assert_eq!(found["operationId"], id, "{path}");
            let responses = found["responses"].as_object().unwrap_or_else(|| panic!("{path} is missing"));
            let mut listed: Vec<_> = responses.keys().map(String::as_str).collect();
            listed.sort_unstable();
            assert_eq!(listed.join(" "), statuses, "{path}");
        }
        let read = &document["components"]["schemas"]["UserRead"];
        assert_eq!(read["properties"]["oauth_accounts"]["type"], "array", "{read}");
        let names = |path: &str| -> Vec<Value> {
            let parameters = operation("get", path)["parameters"].as_array().unwrap();
            parameters.iter().map(|parameter| parameter["name"].clone()).collect()
        };
        assert_eq!(names("/auth/acme/authorize"), [json!("scopes"), json!("return_to")]);
        assert_eq!(names("/auth/acme/callback"), [json!("code"), json!("state"), json!("error"), json!("iss")]);
        // Without them, the document has no provider.
        let usual = serde_json::to_value(openapi_at(&app.users, &Prefixes::usual())).unwrap();
        assert!(usual["paths"].as_object().unwrap().keys().all(|path| !path.contains("callback")));
    }
}
