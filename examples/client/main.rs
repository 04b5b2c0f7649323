//! Logs in at a service and reads a profile: `cargo run --example client -- http://127.0.0.1:8000 EMAIL PASSWORD`, while
//! `cargo run --example server` runs. See `docs/guide/clients.md`.

mod account;
#[cfg(test)]
mod tests;
mod user;

use std::{env, error::Error};

use crate::account::Account;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [url, email, password] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "usage: client URL EMAIL PASSWORD")?;
    let account = Account::log_in(&url, &email, &password).await?;
    let me = account.profile().await?;
    println!("{} is logged in as {}", me.first_name.as_deref().unwrap_or("Somebody"), me.email);
    account.log_out().await?;
    Ok(())
}
