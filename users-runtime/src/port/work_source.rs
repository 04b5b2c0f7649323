//! The client for whom work is done, so that no client takes another's share.

use std::net::IpAddr;

use crate::domain::AddressPrefix;

tokio::task_local! {
    static CURRENT: WorkSource;
}

/// The client for whom passwords are hashed. The hasher shares its time among sources: a flood of logins from one of them does
/// not delay the login of another.
///
/// A source is an IPv4 address or the network of an IPv6 address (its first 64 bits, which one customer of an access
/// provider has). Work for unknown clients, and by code that runs outside of a request, shares one source.
///
/// The routes of this library run in the scope of their client. Code that hashes passwords in handlers of its own can do the
/// same:
///
/// ```
/// # use users_runtime as axum_users;
/// use std::net::IpAddr;
///
/// use axum_users::password::WorkSource;
///
/// # async fn example(client: IpAddr, work: impl Future<Output = ()>) {
/// WorkSource::of(Some(client)).scope(work).await;
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct WorkSource(Option<AddressPrefix>);

impl WorkSource {
    /// Returns the source of a client with this address.
    #[must_use]
    pub fn of(client: Option<IpAddr>) -> Self {
        Self(client.map(|address| AddressPrefix::of(address, AddressPrefix::USUAL_IPV6_BITS)))
    }

    /// Returns the source of the calling work; the shared one outside of any scope.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.try_with(|source| *source).unwrap_or_default()
    }

    /// Does `work` for this source. Tasks that it spawns are outside of the scope.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        self.around(work).await
    }

    /// Returns the same future as [`WorkSource::scope`], which contains `work` once.
    pub(crate) fn around<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> WorkSource {
        WorkSource::of(address.parse().ok())
    }

    #[test]
    fn a_source_is_an_ipv4_address_or_an_ipv6_network() {
        assert_eq!(of("203.0.113.7"), of("::ffff:203.0.113.7"));
        assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of(""), WorkSource::default());
    }

    #[tokio::test]
    async fn work_outside_of_every_scope_has_the_common_source() {
        assert_eq!(WorkSource::current(), WorkSource::default());
        of("203.0.113.7")
            .scope(async {
                tokio::task::yield_now().await;
                assert_eq!(WorkSource::current(), of("203.0.113.7"));
                let spawned = tokio::spawn(async { WorkSource::current() });
                assert_eq!(spawned.await.unwrap(), WorkSource::default());
            })
            .await;
        assert_eq!(WorkSource::current(), WorkSource::default());
    }
}
