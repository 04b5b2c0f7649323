//! Two user types in one module and in one router.

use axum::{Router, extract::FromRef};
use axum_users::{AuthUser, PasswordHash, Users};
use uuid::Uuid;

#[derive(AuthUser, Debug, Clone)]
struct Customer {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
}

#[derive(AuthUser, Debug, Clone)]
#[auth(table = "employee")]
struct Employee {
    id: i32,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, admin, default = "nowhere".to_owned())]
    office: String,
}

#[derive(Clone)]
struct Shop {
    customers: Users<Customer>,
    employees: Users<Employee>,
}

impl FromRef<Shop> for Users<Customer> {
    fn from_ref(shop: &Shop) -> Self {
        shop.customers.clone()
    }
}

impl FromRef<Shop> for Users<Employee> {
    fn from_ref(shop: &Shop) -> Self {
        shop.employees.clone()
    }
}

#[expect(dead_code, reason = "that it compiles is the test")]
fn app(shop: Shop) -> Router {
    Router::new()
        .nest("/shop", customer_routes(&shop.customers))
        .nest("/office", employee_routes(&shop.employees))
        .with_state(shop)
}

#[test]
fn each_user_type_has_its_own_table() {
    assert_eq!((CUSTOMER_SQL.table, EMPLOYEE_SQL.table), ("user", "employee"));
    assert!(EMPLOYEE_SQL.sqlite.delete.contains("\"employee\"") && !CUSTOMER_SQL.sqlite.delete.contains("employee"));
}
