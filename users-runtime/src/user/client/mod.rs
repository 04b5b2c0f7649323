//! Bodies of requests and responses for clients in Rust.

mod bodies;
mod exposed;

pub use bodies::{
    BearerResponse, ErrorDetail, ErrorResponse, ForgotPassword, Login, RequestVerifyToken, ResetPassword,
    ValidationProblem, Verify,
};
pub use exposed::{Exposed, RequestFields, RequestSchema};
