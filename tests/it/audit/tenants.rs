//! A superuser of a tenant reads the rows of the tenant only.

use std::time::Duration;

use axum::Router;
use axum_users::{Backend, DatabaseSessions, SecretKey, Users, audit::audit_routes, schema::Status, store::StoreError};

use super::{databases, texts};
use crate::hashing::weak_hashing;
use crate::{
    http::Http,
    matrix::Database,
    support::{PASSWORD, SECRET},
    tenants::{CAMELOT, CORNWALL, Companies, User, UserCreate, user_routes},
};

#[tokio::test]
async fn a_tenant_reads_its_own_rows_only() {
    for kind in databases().await {
        let database = Database::empty(kind).await;
        let users = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
            .database(database.url())
            .backend(Backend::bearer("jwt", DatabaseSessions::new()))
            .hashing(weak_hashing())
            .tenant(|request: &axum::http::request::Parts| {
                Some(request.headers.get("x-company")?.to_str().ok()?.to_owned())
            })
            .audit_log()
            .build()
            .await
            .unwrap();
        users.migrate().await.unwrap();
        assert_eq!(users.check_schema().await.unwrap(), [], "{kind:?}");
        let routes = Router::new().merge(user_routes(&users)).nest("/audit", audit_routes(&users));
        let http = Http::serve(routes.with_state(users.clone())).await;
        let mut ids = Vec::new();
        for company in [CAMELOT, CORNWALL] {
            let status = Status { is_active: true, is_superuser: true, is_verified: true };
            let create = UserCreate { email: "king@camelot.bt".into(), password: PASSWORD.into(), motto: None };
            let king = users.for_tenant(company.to_owned()).unwrap().create(create, status).await.unwrap();
            ids.push(king.id.to_string());
        }
        let form = [("username", "king@camelot.bt"), ("password", PASSWORD)];
        let wrong = [("username", "king@camelot.bt"), ("password", "a wrong guess")];
        Companies::at(CORNWALL, http.post("/auth/jwt/login")).form(&wrong).send().await;
        for (company, own, other) in [(CAMELOT, &ids[0], &ids[1]), (CORNWALL, &ids[1], &ids[0])] {
            let login = Companies::at(company, http.post("/auth/jwt/login")).form(&form).send().await;
            let token = login.json()["access_token"].as_str().unwrap().to_owned();
            users.drain(Duration::from_secs(30)).await;
            let log = Companies::at(company, http.get("/audit")).bearer(&token).send().await;
            assert_eq!(log.status, 200, "{kind:?}: {log:?}");
            let about = texts(&log.json(), "user_id");
            let expected = if company == CAMELOT { 2 } else { 3 };
            assert_eq!(about, vec![own.clone(); expected], "{kind:?} {company}");
            let foreign = Companies::at(company, http.get(&format!("/audit?user_id={other}"))).bearer(&token);
            foreign.send().await.is(200, "[]");
        }
        let all = users.audit().page().await;
        assert!(matches!(all, Err(StoreError::MissingTenant)), "{kind:?}: {all:?}");
    }
}
