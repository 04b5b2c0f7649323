//! The store passes the conformance suite, and what it acknowledged is in the file.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use axum_users::{
    AccessToken, AuthUser, Backend, DatabaseSessions, PasswordHash, SecretKey, Status, Users,
    env::Timestamp,
    schema::UserId,
    store::{
        CanonicalEmail, Change, Columns, EndSessions, Epoch, Found, Lookup, NewAccount, NewSession, SessionKey,
        StoreError, TokenId, TokenState, UserStore,
    },
    testing::{store_conformance, store_races},
    token::Device,
};
use http_body_util::BodyExt;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    codec::Record,
    engine::{RedbStore, Refused, next},
    user::{User, user_routes},
};

/// A user whose id the store makes.
#[derive(AuthUser, Debug, Clone, PartialEq)]
#[auth(read = MemberRead, routes = member)]
pub struct Member {
    pub id: i64,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

impl Record for Member {
    type Custom = ();

    fn custom(&self) {}

    fn restored(account: NewAccount<i64>, (): ()) -> Self {
        member(account)
    }
}

fn member(account: NewAccount<i64>) -> Member {
    let NewAccount { id, email, hashed_password, status } = account;
    let Status { is_active, is_superuser, is_verified } = status;
    Member { id, email, hashed_password, is_active, is_superuser, is_verified }
}

/// A user with something in every field.
fn user(account: NewAccount<Uuid>) -> User {
    let NewAccount { id, email, hashed_password, status } = account;
    let Status { is_active, is_superuser, is_verified } = status;
    let (full_name, quota) = (Some("Arthur".to_owned()), 7);
    User { id, email, hashed_password, is_active, is_superuser, is_verified, full_name, quota }
}

fn arthur() -> User {
    user(NewAccount {
        id: Uuid::generate([7; 16]),
        email: "Arthur@camelot.example".to_owned(),
        hashed_password: PasswordHash::from_stored("a hash"),
        status: Status::NEW,
    })
}

/// A folder with as many files as are asked for.
struct Files(TempDir, AtomicU32);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap(), AtomicU32::new(0))
    }

    fn next(&self) -> PathBuf {
        self.0.path().join(format!("{}.redb", self.1.fetch_add(1, Ordering::Relaxed)))
    }

    async fn fresh<U: Record>(&self) -> RedbStore<U> {
        RedbStore::open(self.next()).await.unwrap()
    }
}

fn change(user: User, columns: Columns) -> Change<User> {
    Change::new(user, columns)
}

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_timestamp(1_800_000_000 + 60 * minute, 0).unwrap()
}

#[tokio::test]
async fn the_store_conforms() {
    let files = Files::new();
    store_conformance(|| files.fresh(), user).await.unwrap();
    store_conformance(|| files.fresh(), member).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_survives_races() {
    let files = Files::new();
    store_races(|| files.fresh(), member).await.unwrap(); // ids made by the store have a race more
}

/// Everything that a store can acknowledge, under the addresses and names that `assert_all` asks for.
async fn write_all(store: Arc<RedbStore<User>>) {
    store.migrate().await.unwrap();
    let arthur = store.insert(arthur()).await.unwrap();
    let mut renamed = User { full_name: Some("King".to_owned()), quota: 0, ..arthur.clone() };
    renamed.email = "king@camelot.example".to_owned();
    let mut renaming = change(renamed, Columns::EMAIL.with(Columns::ROLES));
    renaming.end_sessions = EndSessions::AllBut(TokenId("spared".to_owned()), minute(60));
    store.update(renaming).await.unwrap().unwrap();
    store.revoke(&TokenId("revoked".to_owned()), minute(60)).await.unwrap();
    let session = NewSession {
        key: SessionKey::hashed(&AccessToken::new("a token")),
        id: TokenId("session".to_owned()),
        subject: arthur.id.to_string(),
        epoch: Epoch(1),
        at: minute(0),
        device: Device::new("2001:db8::7".parse().ok(), Some("a browser")),
    };
    let key = session.key.clone();
    let sessions = Arc::clone(&store).session_store().unwrap();
    sessions.add(session, 20).await.unwrap();
    sessions.touch(&key, minute(5)).await.unwrap();
}

async fn assert_all(store: &RedbStore<User>) {
    let found = store.find_by_email(&CanonicalEmail::of("king@camelot.example")).await.unwrap().unwrap();
    let expected = User {
        email: "king@camelot.example".to_owned(),
        full_name: Some("King".to_owned()), // named by the change; the quota was not
        ..arthur()
    };
    assert_eq!((found.user, found.epoch), (expected, Epoch(1)));
    assert!(store.find_by_email(&CanonicalEmail::of("arthur@camelot.example")).await.unwrap().is_none());
    let note = |name: &str| Lookup::User { id: arthur().id, token: Some(TokenId(name.to_owned())) };
    let session = Lookup::Session(SessionKey::hashed(&AccessToken::new("a token")));
    let found = store.find(&[note("spared"), note("revoked"), session]).await.unwrap();
    let [spared, revoked, session] = <[Option<Found<User>>; 3]>::try_from(found).unwrap();
    assert_eq!(spared.unwrap().token, TokenState::KeptAt(Epoch(1)));
    assert_eq!(revoked.unwrap().token, TokenState::Revoked);
    assert_eq!(session.unwrap().session.unwrap().last_seen_at, Some(minute(5)));
    assert_eq!(store.check_schema().await.unwrap(), []);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_file_is_opened_again() {
    let files = Files::new();
    let file = files.next();
    write_all(Arc::new(RedbStore::open(&file).await.unwrap())).await;
    assert_all(&RedbStore::open(&file).await.unwrap()).await;
}

/// As a crash leaves it: the file is copied while the store is open, without a farewell.
#[tokio::test]
async fn what_was_acknowledged_is_in_the_file_before_it_is_closed() {
    let files = Files::new();
    let (file, copy) = (files.next(), files.next());
    let store = Arc::new(RedbStore::open(&file).await.unwrap());
    write_all(Arc::clone(&store)).await;
    std::fs::copy(&file, &copy).unwrap();
    assert_all(&RedbStore::open(&copy).await.unwrap()).await;
}

#[tokio::test]
async fn a_transaction_that_fails_leaves_nothing() {
    let store = Files::new().fresh::<User>().await;
    store.migrate().await.unwrap();
    let failed = store.write(|transaction| {
        next(transaction, "session")?;
        Err::<(), _>(Refused(StoreError::failed("a full disk, say")))
    });
    assert!(matches!(failed.await, Err(StoreError::Failed(_))));
    let number = store.write(|transaction| next(transaction, "session")).await.unwrap();
    assert_eq!(number, 1);
}

#[tokio::test]
async fn a_panic_of_the_engine_is_an_error_and_the_store_goes_on() {
    let store = Files::new().fresh::<User>().await;
    store.migrate().await.unwrap();
    let panicked = store.write::<()>(|_| panic!("as a bug of the engine would"));
    assert!(matches!(panicked.await, Err(StoreError::Failed(_))));
    store.insert(arthur()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_write_that_gets_no_turn_is_unavailable() {
    let store = Arc::new(Files::new().fresh::<User>().await);
    let (release, held) = mpsc::channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let writer = Arc::clone(&store);
    let first = tokio::spawn(async move {
        let wait = move |_: &_| {
            begun.send(()).unwrap();
            held.recv().unwrap();
            Ok(())
        };
        writer.write(wait).await
    });
    has_begun.await.unwrap();
    let second = tokio::spawn(async move { store.migrate().await });
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_secs(6)).await;
    assert!(matches!(second.await.unwrap(), Err(StoreError::Unavailable(_))));
    release.send(()).unwrap();
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_passes_by_itself_is_unavailable_and_the_rest_has_failed() {
    let files = Files::new();
    let file = files.next();
    let _open = RedbStore::<User>::open(&file).await.unwrap();
    assert!(matches!(RedbStore::<User>::open(&file).await, Err(StoreError::Unavailable(_))));
    let meaning = |kind: ErrorKind| Refused::from(redb::StorageError::Io(kind.into())).0;
    assert!(matches!(meaning(ErrorKind::StorageFull), StoreError::Unavailable(_)));
    assert!(matches!(meaning(ErrorKind::InvalidData), StoreError::Failed(_)));

    let other = files.next();
    std::fs::write(&other, "no database at all").unwrap();
    assert!(matches!(RedbStore::<User>::open(&other).await, Err(StoreError::Failed(_))));
    let empty = files.fresh::<User>().await;
    assert_eq!(empty.check_schema().await.unwrap().len(), 6);
    assert!(matches!(empty.find(&[Lookup::by_id(arthur().id)]).await, Err(StoreError::Failed(_))));
}

async fn service(file: &Path) -> axum::Router {
    let users = Users::<User>::builder(SecretKey::generate().unwrap())
        .store(RedbStore::open(file).await.unwrap())
        .backend(Backend::bearer("session", DatabaseSessions::new()))
        .build()
        .await
        .unwrap();
    users.migrate().await.unwrap();
    user_routes(&users).with_state(users)
}

async fn send(app: &axum::Router, request: Request<Body>) -> (StatusCode, serde_json::Value) {
    let answer = app.clone().oneshot(request).await.unwrap();
    let (status, body) = (answer.status(), answer.into_body().collect().await.unwrap().to_bytes());
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn a_session_outlives_the_process() {
    let files = Files::new();
    let file = files.next();
    let app = service(&file).await;
    let json = r#"{"email":"king@camelot.bt","password":"a long sword","full_name":"Arthur"}"#;
    let register = Request::post("/auth/register").header(header::CONTENT_TYPE, "application/json");
    assert_eq!(send(&app, register.body(json.into()).unwrap()).await.0, StatusCode::CREATED);
    let login = Request::post("/auth/session/login").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let form = "username=KING@camelot.bt&password=a long sword";
    let (status, answer) = send(&app, login.body(form.into()).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    drop(app);

    let app = service(&file).await;
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let me = Request::get("/users/me").header(header::AUTHORIZATION, bearer);
    let (status, me) = send(&app, me.body(Body::empty()).unwrap()).await;
    assert_eq!((status, &me["full_name"], &me["quota"]), (StatusCode::OK, &"Arthur".into(), &100.into()));
}
