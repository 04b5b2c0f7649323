//! Tokens of providers that are stored: encrypted, refreshed on demand, removed with their link.

#[cfg(feature = "services")]
mod instances;
mod kept;
mod refresh;
mod sealed;

use std::ops::Deref;

use axum_users::{
    SecretKey,
    oauth::{OAuthProvider, ProviderToken, ProviderTokenError, TokenKeys},
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};

use super::{
    provider::{Person, query},
    support::{App, Setup, User},
};

const EMAIL: &str = "arthur@camelot.bt";

fn secret(number: u8) -> SecretKey {
    SecretKey::new((number..number + 32).collect::<Vec<_>>()).unwrap()
}

/// Stores tokens with the key that all tests share.
fn storing(provider: OAuthProvider) -> OAuthProvider {
    provider.store_tokens(TokenKeys::new("a", &secret(1)).unwrap())
}

fn arthur() -> Person {
    Person::verified("1", EMAIL)
}

/// A service that stores tokens, with direct access to its table.
struct Service {
    app: App,
    url: String,
    folder: tempfile::TempDir,
}

impl Deref for Service {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl Service {
    async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    async fn with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("tokens.db").display());
        let setup = Setup { database: Some(url.clone()), provider: storing, ..setup };
        Self { app: App::with(setup).await, url, folder }
    }

    /// Logs Arthur in with a provider.
    async fn arthur(&self, provider: &str) -> User {
        self.log_in(&format!("/auth/{provider}"), arthur()).await.access_token();
        self.user().await
    }

    async fn user(&self) -> User {
        self.users.get_by_email(EMAIL).await.unwrap().unwrap()
    }

    async fn token(&self, user: &User) -> Result<ProviderToken, ProviderTokenError> {
        self.users.provider_token(user, &self.acme).await
    }

    /// Returns the token that is valid now, without its type.
    async fn secret(&self, user: &User) -> String {
        self.token(user).await.unwrap().secret().to_owned()
    }

    /// Returns what the columns hold, in the order of the providers.
    async fn stored(&self) -> Vec<(String, Option<String>)> {
        let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
        let sql = "SELECT access_token, refresh_token FROM oauth_account ORDER BY oauth_name, account_id";
        sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("tokens.db")
    }

    async fn run(&self, sql: &str) {
        let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
        connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    }

    /// Returns the provider's page, as a client of a route gets it.
    async fn page_of(&self, route: &str) -> std::collections::HashMap<String, String> {
        query(&self.start(route).await.url)
    }
}

/// Asserts the reason why there is no token.
macro_rules! refused {
    ($token:expr, $pattern:pat) => {{
        let error = $token.expect_err(stringify!($pattern));
        assert!(matches!(error, $pattern), "{error:?}");
    }};
}
use refused;
