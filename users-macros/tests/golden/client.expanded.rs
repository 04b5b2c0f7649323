/// The registration of a [`User`].
#[derive(::core::fmt::Debug, ::core::clone::Clone)]
#[derive(::axum_users::__private0_1_0::Deserialize)]
#[serde(crate = "::axum_users::__private0_1_0::serde")]
pub struct UserCreate {
    pub email: String,
    /// The password in plain text.
    pub password: ::axum_users::Password,
    #[serde(rename = "fullName")]
    #[serde(default)]
    pub full_name: Option<String>,
}
impl rt::RequestSchema for UserCreate {
    fn send<M: rt::SerializeMap>(
        &self,
        fields: rt::RequestFields<M>,
    ) -> rt::RequestFields<M> {
        fields
            .field("email", &self.email)
            .password("password", &self.password)
            .field("fullName", &self.full_name)
    }
}
impl rt::RequestSchema for UserUpdate {
    fn send<M: rt::SerializeMap>(
        &self,
        fields: rt::RequestFields<M>,
    ) -> rt::RequestFields<M> {
        fields
            .change_password("password", &self.password)
            .change_password("current_password", &self.current_password)
            .change("email", &self.email)
            .change("fullName", &self.full_name)
    }
}
impl rt::RequestSchema for UserAdminUpdate {
    fn send<M: rt::SerializeMap>(
        &self,
        fields: rt::RequestFields<M>,
    ) -> rt::RequestFields<M> {
        fields
            .change_password("password", &self.password)
            .change("email", &self.email)
            .change("is_active", &self.is_active)
            .change("is_superuser", &self.is_superuser)
            .change("is_verified", &self.is_verified)
            .change("fullName", &self.full_name)
            .change("quota", &self.quota)
    }
}
