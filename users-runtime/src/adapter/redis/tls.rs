//! Cryptography for TLS to Redis.

/// Says for the whole process that rustls uses ring, unless the application has said something else.
///
/// The client builds its TLS settings itself and takes the process' provider; with two compiled in and none chosen it
/// would panic.
pub(super) fn choose_provider() {
    let _chosen_before = rustls::crypto::ring::default_provider().install_default();
}
