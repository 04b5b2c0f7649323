//! Cryptography for TLS to Redis.

/// Installs ring as the process-wide rustls provider, unless the application has installed one.
///
/// The Redis client uses the process-wide provider; it would panic if several are compiled in and none is installed.
pub(super) fn choose_provider() {
    let _chosen_before = rustls::crypto::ring::default_provider().install_default();
}
