//! The `state` of flows: what it is bound to, and PKCE.

mod oauth {
    use serde_json::json;

    use crate::oauth::{
        provider::{Person, query},
        support::{App, FLOW_COOKIE, PUBLIC_URL, Setup, callback_path, refused, started},
    };

    fn arthur() -> Person {
        Person::verified("arthur-1", "arthur@camelot.bt")
    }

    #[tokio::test]
    async fn state_bound_to_browser() {
        let app = App::new().await;
        let (own, other) = (app.start("/auth/acme").await, app.start("/auth/acme").await);
        let code = app.provider.approve(&own.url, arthur());
        let path = callback_path("/auth/acme", &code, &own.state);
        refused(&app.get(&path).send().await, "OAUTH_INVALID_STATE");
        for cookie in [other.cookie.as_str(), "", "x", "é", &own.cookie.to_uppercase()] {
            refused(&app.get(&path).cookie(FLOW_COOKIE, cookie).send().await, "OAUTH_INVALID_STATE");
        }
        // Two cookies of the name are ambiguous, and another name is another cookie.
        let twice = format!("{FLOW_COOKIE}={}; {FLOW_COOKIE}={}", other.cookie, own.cookie);
        refused(&app.get(&path).header("cookie", &twice).send().await, "OAUTH_INVALID_STATE");
        refused(&app.get(&path).cookie("fastapiusersoauthcsrf", &own.cookie).send().await, "OAUTH_INVALID_STATE");
        // None of these used it up.
        assert_eq!(app.callback("/auth/acme", &own, &code).await.status, 200);
    }

    #[tokio::test]
    async fn callback_needs_own_authorize() {
        let app = App::new().await;
        let flow = app.start("/auth/acme").await;
        let code = app.provider.approve(&flow.url, arthur());
        let callback = |query: &str| app.get(&format!("/auth/acme/callback?{query}")).cookie(FLOW_COOKIE, &flow.cookie);
        refused(&callback(&format!("code={code}")).send().await, "ACCESS_TOKEN_DECODE_ERROR");
        for state in ["foo", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "%20"] {
            let response = callback(&format!("code={code}&state={state}")).send().await;
            refused(&response, "ACCESS_TOKEN_DECODE_ERROR");
        }
        // A token of another purpose is not a valid state, and neither is a state with one changed character.
        app.verified("king@camelot.bt").await;
        let token = app.password("king@camelot.bt").await;
        refused(&callback(&format!("code={code}&state={token}")).send().await, "ACCESS_TOKEN_DECODE_ERROR");
        let changed = flow.state.replacen('J', "K", 1);
        refused(&callback(&format!("code={code}&state={changed}")).send().await, "ACCESS_TOKEN_DECODE_ERROR");
        assert_eq!(app.provider.take_calls().iter().filter(|path| *path == "/token").count(), 0);
        callback("").send().await.is(400, r#"{"detail":"Bad Request"}"#);
        callback(&format!("state={}", flow.state)).send().await.is(400, r#"{"detail":"Bad Request"}"#);
    }

    #[tokio::test]
    async fn state_used_once() {
        let app = App::new().await;
        let flow = app.start("/auth/acme").await;
        let code = app.provider.approve(&flow.url, arthur());
        assert_eq!(app.callback("/auth/acme", &flow, &code).await.status, 200);
        let again = app.provider.approve(&flow.url, arthur());
        for code in [&code, &again] {
            refused(&app.callback("/auth/acme", &flow, code).await, "OAUTH_INVALID_STATE");
        }
        // Also after a failure of the provider.
        let flow = app.start("/auth/acme").await;
        refused(&app.callback("/auth/acme", &flow, "no-code").await, "OAUTH_PROVIDER_ERROR");
        let code = app.provider.approve(&flow.url, arthur());
        refused(&app.callback("/auth/acme", &flow, &code).await, "OAUTH_INVALID_STATE");
    }

    #[tokio::test]
    async fn state_is_valid_for_ten_minutes() {
        let app = App::new().await;
        let flow = app.start("/auth/acme").await;
        app.advance(599);
        let code = app.provider.approve(&flow.url, arthur());
        assert_eq!(app.callback("/auth/acme", &flow, &code).await.status, 200);
        let flow = app.start("/auth/acme").await;
        app.advance(600);
        let code = app.provider.approve(&flow.url, arthur());
        refused(&app.callback("/auth/acme", &flow, &code).await, "ACCESS_TOKEN_ALREADY_EXPIRED");
    }

    #[tokio::test]
    async fn state_checked_before_exchange() {
        let app = App::new().await;
        let (flow, other) = (app.start("/auth/acme").await, app.start("/auth/hub").await);
        let code = app.provider.approve(&flow.url, arthur());
        app.provider.take_calls();
        let path = callback_path("/auth/acme", &code, &flow.state);
        refused(&app.get(&path).send().await, "OAUTH_INVALID_STATE");
        refused(&app.callback("/auth/acme", &other, &code).await, "OAUTH_INVALID_STATE");
        refused(&app.get(&callback_path("/auth/acme", &code, "x")).send().await, "ACCESS_TOKEN_DECODE_ERROR");
        app.advance(601);
        refused(&app.callback("/auth/acme", &flow, &code).await, "ACCESS_TOKEN_ALREADY_EXPIRED");
        assert_eq!(app.provider.take_calls(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn state_bound_to_flow_and_user() {
        let app = App::new().await;
        app.verified("arthur@camelot.bt").await;
        app.verified("mordred@camelot.bt").await;
        let (token, other) = (app.password("arthur@camelot.bt").await, app.password("mordred@camelot.bt").await);
        let authorize = || app.get("/auth/associate/acme/authorize").bearer(&token);
        let (login, associate) = (app.start("/auth/acme").await, app.start_as(authorize()).await);
        let code = app.provider.approve(&associate.url, arthur());
        // A state of an association is not accepted for a login or another user, and vice versa.
        refused(&app.callback("/auth/acme", &associate, &code).await, "OAUTH_INVALID_STATE");
        let foreign = app.finish_as("/auth/associate/acme", &associate, &code, &other).await;
        foreign.is(400, r#"{"detail":"Bad Request"}"#);
        let code = app.provider.approve(&login.url, arthur());
        let response = app.finish_as("/auth/associate/acme", &login, &code, &token).await;
        response.is(400, r#"{"detail":"Bad Request"}"#);
        // Without a session the callback of an association is 401, before anything else.
        let path = callback_path("/auth/associate/acme", "x", "x");
        app.get(&path).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
        assert!(app.accounts(&token).await.is_empty() && app.accounts(&other).await.is_empty());
        let code = app.provider.approve(&associate.url, arthur());
        let own = app.finish_as("/auth/associate/acme", &associate, &code, &token).await;
        assert_eq!(own.status, 200, "{own:?}");
    }

    #[tokio::test]
    async fn flows_of_two_tabs_finish_in_any_order() {
        for first in [0, 1] {
            let app = App::new().await;
            let one = app.start("/auth/acme").await;
            let authorize = app.get("/auth/hub/authorize").cookie(FLOW_COOKIE, &one.cookie);
            let two = app.start_as(authorize).await;
            assert_eq!(one.cookie, two.cookie, "the browser has one cookie");
            let mut tabs = [("/auth/acme", one, "arthur"), ("/auth/hub", two, "gawain")];
            tabs.rotate_left(first);
            for (route, flow, name) in tabs {
                let person = Person::verified(name, &format!("{name}@camelot.bt"));
                let code = app.provider.approve(&flow.url, person);
                assert_eq!(app.callback(route, &flow, &code).await.status, 200, "{name}");
            }
        }
    }

    #[tokio::test]
    async fn a_cookie_that_the_service_did_not_make_is_replaced() {
        let app = App::new().await;
        for planted in ["", "x", "planted-by-a-sibling-domain", &"A".repeat(44)] {
            let flow = app.start_as(app.get("/auth/acme/authorize").cookie(FLOW_COOKIE, planted)).await;
            assert_ne!(flow.cookie, planted);
            assert_eq!(flow.cookie.len(), 43);
        }
    }

    #[tokio::test]
    async fn pkce_s256_sent_and_checked() {
        let app = App::new().await;
        let (flow, other) = (app.start("/auth/acme").await, app.start("/auth/acme").await);
        let (own, others) = (query(&flow.url), query(&other.url));
        assert_eq!((own["code_challenge"].len(), own["code_challenge_method"].as_str()), (43, "S256"));
        for parameter in ["code_challenge", "nonce", "state"] {
            assert_ne!(own[parameter], others[parameter], "{parameter}");
        }
        // The provider compares the verifier: a code of another flow is refused.
        let stolen = app.provider.approve(&other.url, arthur());
        refused(&app.callback("/auth/acme", &flow, &stolen).await, "OAUTH_PROVIDER_ERROR");
        // A verifier in the query changes nothing.
        let flow = app.start("/auth/acme").await;
        let code = app.provider.approve(&flow.url, arthur());
        let path = format!("{}&code_verifier=attackers", callback_path("/auth/acme", &code, &flow.state));
        assert_eq!(app.callback_as(&flow, app.get(&path)).await.status, 200);
        let flow = app.start("/auth/hub").await;
        assert_eq!(query(&flow.url)["code_challenge_method"], "S256");
    }

    #[tokio::test]
    async fn foreign_scopes_refused() {
        let app = App::having(|provider| provider.optional_scopes(["profile"])).await;
        let scope = async |scopes: &str| {
            let response = app.get(&format!("/auth/acme/authorize{scopes}")).send().await;
            query(&started(&response).url)["scope"].clone()
        };
        assert_eq!(scope("").await, "openid email");
        assert_eq!(scope("?scopes=email").await, "openid email");
        assert_eq!(scope("?scopes=openid&scopes=profile").await, "openid profile");
        for scopes in ["admin", "email+admin", "email%20profile", "EMAIL", "offline_access", ""] {
            let response = app.get(&format!("/auth/acme/authorize?scopes=openid&scopes={scopes}")).send().await;
            assert_eq!(response.status, 422, "{scopes}");
            let problem = &response.json()["detail"][0];
            assert_eq!(problem["loc"], json!(["query", "scopes"]), "{problem}");
            assert!(response.set_cookie().is_none());
        }
    }

    #[tokio::test]
    async fn repeated_parameters_refused() {
        let app = App::new().await;
        let flow = app.start("/auth/acme").await;
        let code = app.provider.approve(&flow.url, arthur());
        let path = callback_path("/auth/acme", &code, &flow.state);
        for twice in ["code=x", "state=x", "iss=a&iss=b", "error=a&error=b"] {
            let response = app.callback_as(&flow, app.get(&format!("{path}&{twice}"))).await;
            assert_eq!(response.status, 422, "{twice}: {response:?}");
        }
        assert_eq!(app.callback_as(&flow, app.get(&path)).await.status, 200);
    }

    #[tokio::test]
    async fn the_redirect_uri_comes_from_the_public_url_only() {
        for (public_url, base_path, redirect_uri) in [
            (PUBLIC_URL, "", "https://app.example.org/auth/acme/callback"),
            (PUBLIC_URL, "/api/v1", "https://app.example.org/api/v1/auth/acme/callback"),
            ("https://app.example.org/castle", "", "https://app.example.org/castle/auth/acme/callback"),
            ("https://app.example.org/castle", "/castle/api", "https://app.example.org/castle/api/auth/acme/callback"),
            ("http://localhost:8000", "", "http://localhost:8000/auth/acme/callback"),
        ] {
            let app = App::with(Setup { public_url, base_path, ..Setup::default() }).await;
            let authorize = app
                .get(&format!("{base_path}/auth/acme/authorize"))
                .header("x-forwarded-host", "evil.example")
                .header("x-forwarded-proto", "http")
                .header("x-forwarded-prefix", "/evil")
                .header("forwarded", "host=evil.example;proto=http")
                .header("x-original-url", "/evil");
            let response = authorize.send().await;
            let url = response.json()["authorization_url"].as_str().unwrap().to_owned();
            assert_eq!(query(&url)["redirect_uri"], redirect_uri);
            assert!(!url.contains("evil"), "{url}");
        }
    }
}
