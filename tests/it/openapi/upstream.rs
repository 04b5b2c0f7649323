//! The document compared with the one that fastapi-users 15 serves for the same routes, which `tests/upstream/document.py` records.
//! The table of the guide lists every difference, and nothing else.

use std::collections::BTreeSet;

use axum_users::{
    AuthUser, Backend, Jwt, PasswordHash, Policy, SecretKey, Users, oauth::OAuthProvider, openapi::openapi_at,
    routes::Prefixes,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::hashing::weak_hashing;
use crate::{
    docs::page::{quoted, read, rows, section},
    support::SECRET,
};

const RECORDED: &str = include_str!("fastapi_users_15.json");

/// The user of the recorded service.
#[derive(AuthUser, Debug, Clone)]
#[auth(oauth)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    #[auth(read, create, update)]
    pub first_name: Option<String>,
}

/// The document of the same service, as text: JSON objects lose their order when they are read.
async fn text(policy: Policy) -> String {
    let users = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
        .database("sqlite::memory:")
        .public_url("https://camelot.bt")
        .policy(policy)
        .hashing(weak_hashing())
        .backend(Backend::bearer("jwt", Jwt::new()))
        .backend(Backend::cookie("cookie", Jwt::new().audience(["cookie"])))
        .build()
        .await
        .unwrap();
    let provider = OAuthProvider::known("github", "id", "secret").unwrap();
    let name = provider.name();
    openapi_at(&users, &Prefixes::usual().oauth(name, "jwt").oauth_associate(name)).to_json().unwrap()
}

/// A place where the documents differ: the keys from the root, and how.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    place: Vec<String>,
    kind: &'static str,
}

/// Returns every difference of `ours`. Of a part that only one document has, the root is returned.
fn differences(ours: &Value, theirs: &Value, place: &[String], found: &mut BTreeSet<Difference>) {
    let at = |key: &str| place.iter().cloned().chain([key.to_owned()]).collect::<Vec<_>>();
    let mut members = |ours: Vec<(String, &Value)>, theirs: Vec<(String, &Value)>| {
        for (key, value) in &ours {
            match theirs.iter().find(|(other, _)| other == key) {
                Some((_, other)) => differences(value, other, &at(key), found),
                None => drop(found.insert(Difference { place: at(key), kind: "added" })),
            }
        }
        for (key, _) in theirs.iter().filter(|(key, _)| ours.iter().all(|(other, _)| other != key)) {
            found.insert(Difference { place: at(key), kind: "missing" });
        }
    };
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            members(entries(ours), entries(theirs));
        }
        (Value::Array(ours), Value::Array(theirs)) => members(named(ours), named(theirs)),
        _ if ours == theirs => {}
        _ => drop(found.insert(Difference { place: place.to_vec(), kind: "changed" })),
    }
}

fn entries(object: &Map<String, Value>) -> Vec<(String, &Value)> {
    object.iter().map(|(key, value)| (key.clone(), value)).collect()
}

/// Returns the items of a list by their name: the name of a parameter, a text such as a required field, or their place.
fn named(list: &[Value]) -> Vec<(String, &Value)> {
    let name = |(index, item): (usize, &Value)| match (item.get("name"), item) {
        (Some(Value::String(name)), _) | (None, Value::String(name)) => name.clone(),
        _ => index.to_string(),
    };
    list.iter().enumerate().map(|(index, item)| (name((index, item)), item)).collect()
}

/// A row of the table.
struct Row {
    patterns: Vec<Vec<String>>,
    kind: String,
    policy: String,
}

impl Row {
    fn explains(&self, difference: &Difference, policy: &str) -> bool {
        let applies = self.policy == "both" || self.policy == policy;
        applies && self.kind == difference.kind && self.patterns.iter().any(|pattern| fits(pattern, &difference.place))
    }
}

/// Returns whether a pattern fits: `*` stands for one key.
fn fits(pattern: &[String], place: &[String]) -> bool {
    pattern.len() == place.len() && pattern.iter().zip(place).all(|(wanted, key)| wanted == "*" || wanted == key)
}

/// Returns the rows: where, the kind, the policy, and why.
fn table() -> Vec<Row> {
    let page = read("docs/guide/openapi.md");
    let rows = rows(section(&page, "## Differences from fastapi-users"));
    let row = |row: Vec<String>| {
        let [places, kind, policy, why] = <[String; 4]>::try_from(row).unwrap();
        assert!(!why.is_empty(), "{places}");
        let patterns = quoted(&places).into_iter().map(|place| place.split(" › ").map(str::to_owned).collect());
        Row { patterns: patterns.collect(), kind, policy }
    };
    rows.into_iter().map(row).collect()
}

#[tokio::test]
async fn the_guide_lists_exactly_the_differences_from_the_recorded_document() {
    let table = table();
    let theirs: Value = serde_json::from_str(RECORDED).unwrap();
    let mut used = BTreeSet::new();
    let mut unexplained = Vec::new();
    for (name, policy) in [("recommended", Policy::recommended()), ("fastapi_users", Policy::fastapi_users())] {
        let ours: Value = serde_json::from_str(&text(policy).await).unwrap();
        let mut found = BTreeSet::new();
        differences(&ours, &theirs, &[], &mut found);
        for difference in found {
            let rows: Vec<_> = (0..table.len()).filter(|row| table[*row].explains(&difference, name)).collect();
            for row in &rows {
                let which = table[*row].patterns.iter().position(|pattern| fits(pattern, &difference.place)).unwrap();
                used.insert((*row, which, name));
            }
            if rows.len() != 1 {
                unexplained.push(format!(
                    "{name}: {} {} is in {} rows",
                    difference.place.join(" › "),
                    difference.kind,
                    rows.len()
                ));
            }
        }
    }
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
    for (index, row) in table.iter().enumerate() {
        for (which, pattern) in row.patterns.iter().enumerate() {
            let policies: &[&str] =
                if row.policy == "both" { &["recommended", "fastapi_users"] } else { &[&row.policy] };
            for policy in policies {
                assert!(
                    used.contains(&(index, which, *policy)),
                    "{} does not occur under {policy}",
                    pattern.join(" › ")
                );
            }
        }
    }
}

#[tokio::test]
async fn paths_have_the_order_of_the_recorded_document() {
    let ours = text(Policy::fastapi_users()).await;
    let compact = RECORDED.replace(": {", ":{");
    let theirs: Value = serde_json::from_str(RECORDED).unwrap();
    let order = |text: &str| {
        let mut paths: Vec<_> = theirs["paths"].as_object().unwrap().keys().collect();
        paths.sort_by_key(|path| text.find(&format!("\"{path}\":{{")).unwrap());
        paths.into_iter().cloned().collect::<Vec<_>>()
    };
    assert_eq!(order(&ours), order(&compact));
}
