pub use users_runtime::*;
