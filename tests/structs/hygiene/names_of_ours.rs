//! A user module that defines names which the expansion uses internally.

use axum_users::{
    AuthUser, PasswordHash,
    schema::Status,
    store::{Columns, NewAccount},
};

mod rt {
    pub type Words = String;

    pub fn values() -> super::DB {
        7
    }
}

type DB = i32;

/// Would be shadowed by a parameter of the generated code if the expansion were not hygienic.
fn input() -> Option<String> {
    Some("the author's".to_owned())
}

#[derive(AuthUser, Debug, Clone)]
struct S {
    id: i32,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, create, update, default = rt::values())]
    r#type: DB,
    #[auth(read, default = input())]
    account: Option<String>,
    #[auth(read, create, update)]
    user: Option<rt::Words>,
    #[auth(read, create, update)]
    values: Option<String>,
    #[auth(read, create, update)]
    row: Option<String>,
    #[auth(read, create, update)]
    field: Option<String>,
}

fn someone(json: &str) -> S {
    let account = NewAccount {
        id: 1,
        email: "king.arthur@camelot.bt".to_owned(),
        hashed_password: PasswordHash::from_stored("x"),
        status: Status::NEW,
    };
    <S as AuthUser>::new(account, serde_json::from_str(json).unwrap())
}

#[test]
fn an_expression_in_an_attribute_resolves_names_of_its_own_module() {
    let someone = someone(r#"{"email":"a@b.cd","password":"x","user":"u"}"#);
    assert_eq!(someone.account.as_deref(), Some("the author's"));
    assert_eq!((someone.r#type, someone.user.as_deref()), (7, Some("u")));
}

#[test]
fn a_raw_identifier_has_a_json_key_without_the_prefix() {
    let mut someone = someone(r#"{"email":"a@b.cd","password":"x","type":3}"#);
    assert_eq!(serde_json::to_value(someone.read()).unwrap()["type"], 3);
    let update: SUpdate = serde_json::from_str(r#"{"type":4,"user":null}"#).unwrap();
    let changed = AuthUser::update(&mut someone, update).columns();
    assert_eq!((someone.r#type, someone.user), (4, None));
    assert_eq!(changed, Columns::NONE.with(Columns::ROLES).with(Columns::ROLES + 2));
}
