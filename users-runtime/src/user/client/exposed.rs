//! Serializes requests, with their secrets.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::domain::Password;

/// The body of a request that a client sends. `#[auth(client)]` implements it for the three request schemas of a struct.
///
/// The schemas deliberately do not implement `Serialize`: a handler that returned one by mistake would return a password.
pub trait RequestSchema {
    /// Writes the fields that the request has. An update has those that are `Some`.
    fn send<M: SerializeMap>(&self, fields: RequestFields<M>) -> RequestFields<M>;
}

/// Serializes a request with its passwords and tokens, for the client that sends it.
///
/// ```
/// use users_runtime::client::{Exposed, Login};
///
/// let login = Login { username: "king.arthur@camelot.bt".to_owned(), password: "a long sword of steel".into() };
/// let body = serde_json::to_string(&Exposed(&login))?; // reqwest: .form(&Exposed(&login)), .json(&Exposed(&registration))
/// assert_eq!(body, r#"{"username":"king.arthur@camelot.bt","password":"a long sword of steel"}"#);
/// assert_eq!(format!("{:?}", Exposed(&login)), "Exposed(***)");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Security
/// The result contains secrets in plain text. Send it only to the service, over TLS. The request schemas themselves do
/// not implement `Serialize`, so searching for this name finds every place that exposes secrets.
pub struct Exposed<'a, T: ?Sized>(pub &'a T);

impl<T: RequestSchema + ?Sized> Serialize for Exposed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let RequestFields { map, error } =
            self.0.send(RequestFields { map: serializer.serialize_map(None)?, error: None });
        match error {
            Some(error) => Err(error),
            None => map.end(),
        }
    }
}

impl<T: ?Sized> fmt::Debug for Exposed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exposed(***)")
    }
}

/// Takes the fields of a request, in the order of the JSON.
#[must_use]
pub struct RequestFields<M: SerializeMap> {
    map: M,
    /// The first error. Fields after it are not written.
    error: Option<M::Error>,
}

impl<M: SerializeMap> RequestFields<M> {
    /// Adds a field.
    pub fn field<T: Serialize + ?Sized>(mut self, name: &'static str, value: &T) -> Self {
        if self.error.is_none() {
            self.error = self.map.serialize_entry(name, value).err();
        }
        self
    }

    /// Adds a field of an update, if it has a value.
    pub fn change<T: Serialize>(self, name: &'static str, value: &Option<T>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// Adds a password in plain text.
    pub fn password(self, name: &'static str, password: &Password) -> Self {
        self.field(name, password.secret())
    }

    /// Adds a password of an update in plain text, if there is one.
    pub fn change_password(self, name: &'static str, password: &Option<Password>) -> Self {
        match password {
            Some(password) => self.password(name, password),
            None => self,
        }
    }
}

impl<M: SerializeMap> fmt::Debug for RequestFields<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestFields(***)")
    }
}
