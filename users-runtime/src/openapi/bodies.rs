//! What each route takes.

use utoipa::openapi::{RefOr, schema::Schema};

use super::{fixed, schemas};
use crate::{
    flows::{
        reset_password::{ForgotPassword, ResetPassword},
        verify::{RequestVerifyToken, Verify},
    },
    inventory::Route,
    user::Schema as _,
};

/// The kinds of request body.
pub(super) enum Body {
    /// The login form.
    Form,
    /// A JSON object with a field or two; its schema belongs to one route.
    Loose,
    /// The create schema.
    Create,
    /// The update schema.
    Update,
    /// The superuser's update schema.
    AdminUpdate,
}

/// The body of a route, if it takes one.
pub(super) fn of(route: Route) -> Option<Body> {
    match route {
        Route::Login => Some(Body::Form),
        Route::Register => Some(Body::Create),
        Route::ForgotPassword | Route::ResetPassword | Route::RequestVerifyToken | Route::Verify => Some(Body::Loose),
        Route::UpdateMe => Some(Body::Update),
        Route::UpdateUser => Some(Body::AdminUpdate),
        Route::Logout | Route::Me | Route::UserById | Route::DeleteUser => None,
        Route::Sessions | Route::EndOtherSessions | Route::EndSession => None,
    }
}

/// The name of a schema that belongs to one route.
pub(super) fn name(operation_id: &str) -> String {
    format!("Body_{operation_id}")
}

/// The schema that belongs to one route: the very table that its requests are checked against.
pub(super) fn of_one_route(route: Route, operation_id: &str) -> Option<(String, RefOr<Schema>)> {
    let name = name(operation_id);
    let schema = match route {
        Route::Login => fixed::login_form(&name),
        Route::ForgotPassword => schemas::sent(&name, ForgotPassword::fields()),
        Route::ResetPassword => schemas::sent(&name, ResetPassword::fields()),
        Route::RequestVerifyToken => schemas::sent(&name, RequestVerifyToken::fields()),
        Route::Verify => schemas::sent(&name, Verify::fields()),
        _ => return None,
    };
    Some((name, schema))
}
