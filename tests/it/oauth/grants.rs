//! The refresh tokens of the test provider: each is accepted once, and a second use ends the grant (RFC 9700 section 4.14.2).

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::provider::{Person, Provider};

/// The grants of all people.
pub struct Grants {
    by_token: HashMap<String, Grant>,
    ended: HashSet<u64>,
    /// Every token that was issued.
    issued: Vec<String>,
    number: u64,
    /// How often a refresh token was accepted, and how often one was used again.
    uses: (usize, usize),
    refused: usize,
    replaces: bool,
    lifetime: Value,
    held: watch::Sender<bool>,
}

#[derive(Clone)]
struct Grant {
    number: u64,
    person: Person,
    is_used: bool,
}

impl Default for Grants {
    fn default() -> Self {
        Self {
            by_token: HashMap::new(),
            ended: HashSet::new(),
            issued: Vec::new(),
            number: 0,
            uses: (0, 0),
            refused: 0,
            replaces: true,
            lifetime: json!(3600),
            held: watch::Sender::new(false),
        }
    }
}

impl Grants {
    /// Starts a grant of a person, and returns the token endpoint's response with its tokens.
    pub fn start(&mut self, person: &Person) -> Value {
        self.number += 1;
        self.issue(Grant { number: self.number, person: person.clone(), is_used: false })
    }

    /// Takes a refresh token. Returns new tokens, or `None` if it is not valid.
    pub fn refresh(&mut self, token: &str) -> Option<(Value, Person)> {
        let replaces = self.replaces;
        let grant = self.by_token.get_mut(token)?;
        if grant.is_used {
            self.uses.1 += 1;
            self.ended.insert(grant.number);
        }
        if self.ended.contains(&grant.number) {
            self.refused += 1;
            return None;
        }
        self.uses.0 += 1;
        grant.is_used = replaces;
        let grant = Grant { is_used: false, ..grant.clone() };
        let person = grant.person.clone();
        let mut tokens = self.issue(grant);
        if !replaces {
            tokens.as_object_mut().unwrap().remove("refresh_token");
        }
        Some((tokens, person))
    }

    fn issue(&mut self, grant: Grant) -> Value {
        let number = self.issued.len() + 1;
        let (access, refresh) = (format!("access-token-{number}"), format!("refresh-token-{number}"));
        self.issued.extend([access.clone(), refresh.clone()]);
        self.by_token.insert(refresh.clone(), grant);
        json!({"access_token": access, "refresh_token": refresh, "expires_in": self.lifetime})
    }
}

impl Provider {
    /// Returns every token that was issued.
    pub fn issued(&self) -> Vec<String> {
        self.inner().grants.issued.clone()
    }

    /// Returns how often a refresh token was accepted, and how often one was used again.
    pub fn refreshes(&self) -> (usize, usize) {
        self.inner().grants.uses
    }

    /// Ends all grants, as when people revoke them.
    pub fn end_grants(&self) {
        let mut inner = self.inner();
        let all: HashSet<_> = inner.grants.by_token.values().map(|grant| grant.number).collect();
        inner.grants.ended.extend(all);
    }

    /// Sets whether a refresh replaces the refresh token.
    pub fn replace_refresh_tokens(&self, replaces: bool) {
        self.inner().grants.replaces = replaces;
    }

    /// Sets the lifetime of access tokens in seconds; null omits it.
    pub fn token_lifetime(&self, lifetime: Value) {
        self.inner().grants.lifetime = lifetime;
    }

    /// Accepts refresh tokens but does not respond, until [`Provider::release`].
    pub fn hold(&self) {
        self.inner().grants.held.send_replace(true);
    }

    pub fn release(&self) {
        self.inner().grants.held.send_replace(false);
    }

    /// Waits while the provider does not respond.
    pub async fn while_held(&self) {
        let mut held = self.inner().grants.held.subscribe();
        held.wait_for(|held| !held).await.unwrap();
    }

    /// Waits until a refresh token was refused.
    pub async fn until_refused(&self) {
        while self.inner().grants.refused == 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a refresh token was taken this often.
    pub async fn until_refreshed(&self, times: usize) {
        while self.refreshes().0 < times {
            tokio::task::yield_now().await;
        }
    }
}
