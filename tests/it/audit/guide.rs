//! The instructions of the guide for operators, carried out.

use super::{Audited, databases};
use crate::{docs::page, matrix::DatabaseKind};

/// Returns the statements of the guide for a database, each of which is a block of its own.
fn statements(kind: DatabaseKind) -> Vec<String> {
    let name = match kind {
        DatabaseKind::Sqlite => "SQLite",
        DatabaseKind::Postgres => "PostgreSQL",
        DatabaseKind::MariaDb => "MySQL and MariaDB",
    };
    let guide = page::read("docs/guide/audit-log.md");
    let section = guide.split(&format!("**{name}:**")).nth(1).unwrap_or_else(|| panic!("{name}")).to_owned();
    let section = section.split("\n**").next().unwrap().to_owned();
    section.split("```sql\n").skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_triggers_of_the_guide_protect_the_log_and_let_the_service_work() {
    for kind in databases().await {
        let app = Audited::on(kind).await;
        // The triggers compare with the clock of the database. By this clock, entries of the next century are recent.
        app.clock.advance(std::time::Duration::from_secs(80 * 365 * 24 * 3600));
        for statement in statements(kind) {
            app.database.run(&statement).await;
        }
        let id = app.register("arthur@camelot.bt").await;
        let session = app.login("db", "arthur@camelot.bt").await;
        app.post("/auth/db/logout").bearer(&session).send().await;
        assert_eq!(app.about(&id).await, ["register success", "login success", "logout success"], "{kind:?}");
        for forbidden in ["UPDATE user_audit SET outcome = 'success'", "DELETE FROM user_audit"] {
            let (database, forbidden) = (std::sync::Arc::clone(&app.database), forbidden.to_owned());
            let tried = tokio::spawn(async move { database.run(&forbidden).await }).await;
            assert!(tried.is_err(), "{kind:?}");
        }
        assert_eq!(app.database.count("user_audit", "1 = 1").await, 3, "{kind:?}");
        // Entries that are a year old by this clock may be removed.
        let old = format!("{:016x}{:016x}", 1_600_000_000_000_u64 << 16, 0);
        let insert = "INSERT INTO user_audit (id, occurred_at, event, outcome)";
        app.database.run(&format!("{insert} VALUES ('{old}', 1600000000000, 'login', 'refused')")).await;
        app.users.purge_expired().await.unwrap();
        assert_eq!(app.database.count("user_audit", "1 = 1").await, 3, "{kind:?}");
    }
}
