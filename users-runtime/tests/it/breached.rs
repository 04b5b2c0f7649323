//! A range query and a file of breached passwords.

use std::sync::{Arc, Mutex};

use users_runtime::{
    env::BoxFuture,
    password::{HttpBody, HttpGet, HttpGetFailed},
};

/// SHA-1 of `the lady of the lake`, from `printf %s … | sha1sum`.
pub(crate) const LADY: &str = "976FC3F66A1A9AD61BBCBE0C66BCAD85C93B3A76";

/// A service with a fixed response that records its requests.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
    pub(crate) response: Result<String, HttpGetFailed>,
}

impl Service {
    pub(crate) fn returning(response: Result<&str, &str>) -> Self {
        let response = response.map(str::to_owned).map_err(|why| HttpGetFailed(why.to_owned()));
        Self { requests: Arc::default(), response }
    }
}

impl HttpGet for Service {
    fn get<'a>(
        &'a self,
        url: &'a str,
        headers: &'a [(&'static str, &'static str)],
        body: &'a mut HttpBody,
    ) -> BoxFuture<'a, Result<(), HttpGetFailed>> {
        self.requests.lock().unwrap().push(format!("{url} {headers:?}"));
        Box::pin(async { body.push(self.response.clone()?.as_bytes()) })
    }
}

/// A service whose response never ends, or never begins. Counts the bytes that were taken.
#[derive(Clone, Default)]
pub(crate) struct Hostile {
    pub(crate) hangs: bool,
    pub(crate) taken: Arc<Mutex<usize>>,
}

impl HttpGet for Hostile {
    fn get<'a>(
        &'a self,
        _: &'a str,
        _: &'a [(&'static str, &'static str)],
        body: &'a mut HttpBody,
    ) -> BoxFuture<'a, Result<(), HttpGetFailed>> {
        Box::pin(async move {
            if self.hangs {
                return std::future::pending().await;
            }
            loop {
                body.push(&[b'0'; 8192])?;
                *self.taken.lock().unwrap() += 8192;
            }
        })
    }
}

/// A sorted file with the given lines, removed on drop.
pub(crate) struct Lines(pub(crate) std::path::PathBuf);

impl Lines {
    pub(crate) fn new(name: &str, lines: &str) -> Self {
        let path = std::env::temp_dir().join(format!("breached-{}-{name}", std::process::id()));
        std::fs::write(&path, lines).unwrap();
        Self(path)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
