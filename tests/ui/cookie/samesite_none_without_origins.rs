use axum_users::{Cookie, token::{SameSite}};

/// A cookie that goes out with the requests of all sites, and nobody said whose requests count.
fn everywhere() -> [Cookie; 2] {
    [
        Cookie::new().same_site(SameSite::None),
        Cookie::new().cross_site_cookies(),
    ]
}

fn main() {}
