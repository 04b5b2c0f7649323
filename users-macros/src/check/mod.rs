//! From the written attributes to the model: every rule about a struct and its fields.

mod customs;
mod fields;
mod ids;
mod login;
mod oauth;
mod roles;
mod shape;
mod sql_names;
mod tenant;

use syn::DeriveInput;

use crate::{
    attr::StructAttrs,
    model::{Databases, User},
    report::Report,
};
use fields::Sorted;
pub(crate) use shape::names;

/// Reads and checks a struct for the databases that are `enabled`. The error contains every mistake.
pub(crate) fn user(input: &DeriveInput, enabled: Databases) -> Result<User, syn::Error> {
    let report = Report::default();
    let fields = shape::fields(input, &report);
    let attrs = StructAttrs::read(&input.attrs, &report);
    let is_narrowed = attrs.databases.is_some();
    let databases = shape::databases(&attrs, enabled, &report);
    let table = sql_names::table(attrs.table.as_ref(), &report);
    let session_table = sql_names::session_table(attrs.session_table.as_ref(), &table, &report);
    let oauth_table = oauth::table(&attrs, &table, &session_table, &report);
    let schema = sql_names::schema(attrs.schema.as_ref(), databases, &report);
    let oauth = attrs.oauth.as_ref().map(|given| given.key.clone());
    let client = attrs.client.is_some();
    let names = shape::chosen_names(input, attrs);
    shape::distinct(input, &names, &report);

    let mut sorted = Sorted::default();
    for field in fields.into_iter().flatten() {
        sorted.add(field, &report);
    }
    if fields.is_some() {
        sorted.count(&input.ident, &report);
        sorted.collisions(&report);
        if let Some(oauth) = &oauth {
            sorted.oauth(oauth, &report);
        }
    }
    let Sorted { roles, customs, unmarked, id_source, .. } = sorted;
    let roles = fields.and_then(|_| roles::complete(roles, &unmarked, input, &report));
    report.finish()?;
    match roles {
        Some(roles) => Ok(User {
            ident: input.ident.clone(),
            vis: input.vis.clone(),
            table,
            session_table,
            oauth_table,
            client,
            schema,
            databases,
            id_source,
            is_narrowed,
            names,
            roles,
            customs,
        }),
        // `complete` reported the missing role, so `finish` has already returned.
        None => Err(syn::Error::new(input.ident.span(), "the struct is not complete")),
    }
}
