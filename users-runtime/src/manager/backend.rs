//! A backend at work: a name, a transport and a strategy.

use std::sync::Arc;

use crate::port::{Strategy, Transport};

/// A way to log in: what a token is and how it travels, under a name that is part of the routes' paths.
#[derive(Clone)]
pub(crate) struct ActiveBackend {
    pub(crate) name: Arc<str>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) strategy: Arc<dyn Strategy>,
}
