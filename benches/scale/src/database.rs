//! The databases of the measurement and their rows.

use std::{env, path::Path};

use sqlx::{AssertSqlSafe, Connection as _, Executor, MySqlConnection, PgConnection, Row, SqliteConnection};

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Sqlite,
    Postgres,
    Mysql,
}

/// A database that is created for the measurement and dropped afterwards.
pub struct Database {
    pub kind: Kind,
    pub name: &'static str,
}

impl Database {
    fn server(&self) -> String {
        let (variable, usual) = match self.kind {
            Kind::Sqlite => return String::new(),
            Kind::Postgres => ("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres"),
            Kind::Mysql => ("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306"),
        };
        env::var(variable).ok().filter(|url| !url.is_empty()).unwrap_or_else(|| usual.to_owned())
    }

    pub fn url(&self, folder: &Path) -> String {
        let server = self.server();
        match (self.kind, server.split_once("://")) {
            (Kind::Postgres | Kind::Mysql, Some((scheme, rest))) => {
                format!("{scheme}://{}/{}", rest.split('/').next().unwrap_or_default(), self.name)
            }
            _ => format!("sqlite://{}?mode=rwc", folder.join(self.name).display()),
        }
    }

    async fn administrate(&self, sql: String) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql);
        match self.kind {
            Kind::Sqlite => Ok(()),
            Kind::Postgres => PgConnection::connect(&self.server()).await?.execute(sql).await.map(drop),
            Kind::Mysql => MySqlConnection::connect(&self.server()).await?.execute(sql).await.map(drop),
        }
    }

    pub async fn make(&self) -> Result<(), sqlx::Error> {
        self.remove().await;
        self.administrate(format!("CREATE DATABASE {}", self.name)).await
    }

    pub async fn remove(&self) {
        let force = if matches!(self.kind, Kind::Postgres) { " WITH (FORCE)" } else { "" };
        // A database that does not exist need not be dropped.
        let _absent = self.administrate(format!("DROP DATABASE IF EXISTS {}{force}", self.name)).await;
    }

    /// Adds users 1 to `count` with unordered ids, the hash of the existing user, and this number of sessions each, the last of which
    /// has expired. Sessions are written in the order of their keys, which is much faster.
    pub async fn fill(&self, url: &str, count: u32, sessions: u32) -> Result<(), sqlx::Error> {
        let last = sessions - 1;
        let hash = "SELECT hashed_password FROM";
        match self.kind {
            Kind::Sqlite => {
                let mut connection = SqliteConnection::connect(url).await?;
                let hash: String =
                    sqlx::query(AssertSqlSafe(format!("{hash} user"))).fetch_one(&mut connection).await?.get(0);
                let fill = format!(
                    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) \
                     INSERT INTO user (id, email, hashed_password, is_active, is_superuser, is_verified) \
                     SELECT printf('%08x-0000-4000-8000-%012x', n * 2654435761 % 4294967296, n), \
                     'user' || n || '@scale.example', $1, TRUE, FALSE, TRUE FROM s"
                );
                sqlx::query(AssertSqlSafe(fill)).bind(hash).execute(&mut connection).await?;
                let sessions = format!(
                    "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < {last}) \
                     INSERT INTO accesstoken (user_id, token, created_at, hashed, session_id, auth_epoch) \
                     SELECT id, substr(id || id, 1, 42) || n, datetime('now', CASE n WHEN {last} THEN '-400 days' ELSE '0 days' END), \
                     TRUE, substr(id, 1, 8) || substr(id, 24) || n, 0 FROM user CROSS JOIN s ORDER BY id, n"
                );
                connection.execute(AssertSqlSafe(sessions)).await?;
                connection.execute("ANALYZE").await?;
                // Filling leaves a write-ahead log of gigabytes, which the next write would have to truncate.
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.map(drop)
            }
            Kind::Postgres => {
                let mut connection = PgConnection::connect(url).await?;
                let hash: String =
                    sqlx::query(AssertSqlSafe(format!("{hash} \"user\""))).fetch_one(&mut connection).await?.get(0);
                let fill = format!(
                    "INSERT INTO \"user\" (id, email, hashed_password, is_active, is_superuser, is_verified) \
                     SELECT (lpad(to_hex(n * 2654435761 % 4294967296), 8, '0') || '-0000-4000-8000-' || \
                     lpad(to_hex(n), 12, '0'))::uuid, 'user' || n || '@scale.example', $1, TRUE, FALSE, TRUE \
                     FROM generate_series(1::bigint, {count}) AS n"
                );
                sqlx::query(AssertSqlSafe(fill)).bind(hash).execute(&mut connection).await?;
                let sessions = format!(
                    "INSERT INTO accesstoken (user_id, token, created_at, hashed, session_id, auth_epoch) \
                     SELECT id, substr(id::text || id::text, 1, 42) || n, \
                     now() - CASE n WHEN {last} THEN INTERVAL '400 days' ELSE INTERVAL '0' END, TRUE, \
                     substr(id::text, 1, 8) || substr(id::text, 24) || n, 0 \
                     FROM \"user\" CROSS JOIN generate_series(0, {last}) AS n ORDER BY id, n"
                );
                connection.execute(AssertSqlSafe(sessions)).await?;
                connection.execute("VACUUM ANALYZE").await.map(drop)
            }
            Kind::Mysql => {
                let mut connection = MySqlConnection::connect(url).await?;
                let hash: String =
                    sqlx::query(AssertSqlSafe(format!("{hash} `user`"))).fetch_one(&mut connection).await?.get(0);
                let fill = format!(
                    "INSERT INTO `user` (id, email, hashed_password, is_active, is_superuser, is_verified) \
                     SELECT LOWER(CONCAT(LPAD(HEX(seq * 2654435761 % 4294967296), 8, '0'), '-0000-4000-8000-', \
                     LPAD(HEX(seq), 12, '0'))), CONCAT('user', seq, '@scale.example'), ?, TRUE, FALSE, TRUE \
                     FROM seq_1_to_{count}"
                );
                sqlx::query(AssertSqlSafe(fill)).bind(hash).execute(&mut connection).await?;
                let sessions = format!(
                    "INSERT INTO accesstoken (user_id, token, created_at, hashed, session_id, auth_epoch) \
                     SELECT id, CONCAT(LEFT(CONCAT(id, id), 42), seq), \
                     UTC_TIMESTAMP(6) - INTERVAL IF(seq = {last}, 400, 0) DAY, TRUE, \
                     CONCAT(LEFT(id, 8), SUBSTRING(id, 24), seq), 0 \
                     FROM `user` FORCE INDEX (PRIMARY) JOIN seq_0_to_{last} ORDER BY id, seq"
                );
                connection.execute(AssertSqlSafe(sessions)).await?;
                connection.execute("ANALYZE TABLE `user`, accesstoken").await.map(drop)
            }
        }
    }
}
