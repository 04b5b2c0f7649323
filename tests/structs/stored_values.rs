//! Values are read back exactly as they were written: random values of every kind of field, on every database.

use axum_users::{
    Users,
    store::{CanonicalEmail, Change, Lookup, SqlStore, StoreError, UserStore},
};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    dice::Dice,
    fields_on_databases::{Address, Cents, Plan, User, all_fields, plain},
    servers::Server,
};

/// The number of random users per database.
const USERS: usize = 250;

/// Returns random text of all planes of Unicode, with the characters that databases and JSON treat specially.
fn text(dice: &mut Dice) -> String {
    const SPECIAL: [char; 18] = [
        '\0',
        '\t',
        '\n',
        '\r',
        '\'',
        '"',
        '\\',
        '%',
        ';',
        ' ',
        '\u{7f}',
        '\u{80}',
        '\u{a0}',
        '\u{2028}',
        '\u{feff}',
        '\u{ffff}',
        '\u{10000}',
        '\u{10ffff}',
    ];
    let length = *dice.pick(&[0, 1, 2, 7, 40, 400]);
    (0..length)
        .map(|_| match dice.below(4) {
            0 => *dice.pick(&SPECIAL),
            1 => char::from(b' ' + u8::try_from(dice.below(95)).unwrap()),
            _ => loop {
                let code = u32::try_from(dice.next() % 0x11_0000).unwrap();
                if let Some(character) = char::from_u32(code) {
                    break character;
                }
            },
        })
        .collect()
}

fn bits(dice: &mut Dice) -> u64 {
    match dice.below(4) {
        0 => *dice.pick(&[0, 1, u64::MAX, i64::MAX as u64, i64::MIN as u64, i32::MAX as u64, i16::MAX as u64, 1 << 53]),
        _ => dice.next(),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "any bits are a value")]
fn integers(dice: &mut Dice) -> (i16, i32, i64) {
    (bits(dice) as i16, bits(dice) as i32, bits(dice) as i64)
}

/// Returns any floating-point number except NaN, which equals nothing.
#[allow(clippy::cast_possible_truncation, reason = "any bits are a value")]
fn floats(dice: &mut Dice) -> (f32, f64) {
    let single = f32::from_bits(bits(dice) as u32);
    let double = f64::from_bits(bits(dice));
    (if single.is_nan() { -0.1 } else { single }, if double.is_nan() { 0.1 + 0.2 } else { double })
}

/// Returns a day: mostly in the range of all databases, sometimes far outside of it.
fn day(dice: &mut Dice) -> NaiveDate {
    let special = ["0001-01-01", "9999-12-31", "1970-01-01", "1969-12-31", "2038-01-19", "2000-02-29", "1000-01-01"];
    match dice.below(8) {
        0 => NaiveDate::from_ymd_opt(*dice.pick(&[-262_000, -5000, -1, 0, 10_000, 100_000, 262_000]), 12, 31).unwrap(),
        1 | 2 => dice.pick(&special).parse().unwrap(),
        _ => NaiveDate::from_ymd_opt(1, 1, 1).unwrap().checked_add_days(Days::new(dice.next() % 3_652_000)).unwrap(),
    }
}

/// Returns a time of day, to the microsecond.
fn hour(dice: &mut Dice) -> NaiveTime {
    let microseconds = match dice.below(4) {
        0 => *dice.pick(&[0, 1, 86_399_999_999, 1_000_000, 999_999]),
        1 => dice.next() % 86_400 * 1_000_000,
        _ => dice.next() % 86_400_000_000,
    };
    NaiveTime::MIN + TimeDelta::microseconds(i64::try_from(microseconds).unwrap())
}

fn wall(dice: &mut Dice) -> NaiveDateTime {
    day(dice).and_time(hour(dice))
}

fn instant(dice: &mut Dice) -> DateTime<Utc> {
    wall(dice).and_utc()
}

fn maybe<T>(dice: &mut Dice, value: impl Fn(&mut Dice) -> T) -> Option<T> {
    (dice.below(4) > 0).then(|| value(dice))
}

fn uuid(dice: &mut Dice) -> Uuid {
    let any = Uuid::from_u64_pair(dice.next(), dice.next());
    *dice.pick(&[Uuid::nil(), Uuid::max(), any])
}

fn bytes(dice: &mut Dice) -> Vec<u8> {
    (0..dice.below(40)).map(|_| u8::try_from(dice.below(256)).unwrap()).collect()
}

fn plan(dice: &mut Dice) -> Plan {
    dice.pick(&[Plan::Free, Plan::PaidYearly]).clone()
}

fn address(dice: &mut Dice) -> Address {
    Address {
        street: text(dice),
        number: maybe(dice, |dice| u32::try_from(dice.next() >> 32).unwrap()),
        tags: vec![text(dice)],
    }
}

/// Returns the user with random values in every field.
fn random(user: &User, dice: &mut Dice) -> User {
    let (small, middle, large) = integers(dice);
    let (single, double) = floats(dice);
    User {
        word: text(dice),
        flag: dice.below(2) == 0,
        small,
        middle,
        large,
        single,
        double,
        bytes: bytes(dice),
        other: uuid(dice),
        instant: instant(dice),
        wall: wall(dice),
        day: day(dice),
        hour: hour(dice),
        price: Cents(integers(dice).2),
        plan: plan(dice),
        address: address(dice),
        maybe_word: maybe(dice, text),
        maybe_flag: maybe(dice, |dice| dice.below(2) == 0),
        maybe_small: maybe(dice, |dice| integers(dice).0),
        maybe_middle: maybe(dice, |dice| integers(dice).1),
        maybe_large: maybe(dice, |dice| integers(dice).2),
        maybe_single: maybe(dice, |dice| floats(dice).0),
        maybe_double: maybe(dice, |dice| floats(dice).1),
        maybe_bytes: maybe(dice, bytes),
        maybe_other: maybe(dice, uuid),
        maybe_instant: maybe(dice, instant),
        maybe_wall: maybe(dice, wall),
        maybe_day: maybe(dice, day),
        maybe_hour: maybe(dice, hour),
        maybe_price: maybe(dice, |dice| Cents(integers(dice).2)),
        maybe_plan: maybe(dice, plan),
        maybe_address: maybe(dice, address),
        ..user.clone()
    }
}

/// Returns whether a database may refuse the user: a year that is not from 1 to 9999, an infinite number, or NUL in a text.
fn may_be_refused(user: &User) -> bool {
    let days = [
        Some(user.instant.date_naive()),
        Some(user.wall.date()),
        Some(user.day),
        user.maybe_instant.map(|instant| instant.date_naive()),
        user.maybe_wall.map(|wall| wall.date()),
        user.maybe_day,
    ];
    let numbers = [Some(user.double), user.maybe_double, Some(user.single.into()), user.maybe_single.map(f64::from)];
    let is_far = days.into_iter().flatten().any(|day| !(1..=9999).contains(&day.year()));
    let is_infinite = numbers.into_iter().flatten().any(f64::is_infinite);
    is_far
        || is_infinite
        || user.word.contains('\0')
        || user.maybe_word.as_ref().is_some_and(|word| word.contains('\0'))
}

async fn values_come_back(database: &str, url: &str, seed: u64) {
    let store = SqlStore::<User>::connect(url).await.unwrap();
    store.migrate().await.unwrap();
    let dice = &mut Dice::new(seed);
    let mut stored = 0;
    for number in 0..USERS {
        let written = random(&plain(&format!("{database}.{number}@camelot.bt")), dice);
        let email = CanonicalEmail::of(&written.email);
        let what = format!("{database}, seed {seed}, user {number}");
        match store.insert(written.clone()).await {
            Ok(inserted) => assert_eq!(inserted, written, "{what}: inserted"),
            Err(StoreError::InvalidValue { .. }) => {
                assert!(may_be_refused(&written), "{what}: refused {written:?}");
                assert!(store.find_by_email(&email).await.unwrap().is_none(), "{what}: refused but stored");
                continue;
            }
            Err(error) => panic!("{what}: {error:?}"),
        }
        stored += 1;
        assert_eq!(store.find_by_email(&email).await.unwrap().unwrap().user, written, "{what}: by address");
        let many = [Lookup::by_id(written.id), Lookup::by_id(written.id)];
        for found in store.find(&many).await.unwrap() {
            assert_eq!(found.unwrap().user, written, "{what}: by id");
        }
        let changed = random(&written, dice);
        match store.update(Change::new(changed.clone(), all_fields())).await {
            Ok(updated) => assert_eq!(updated, Some(changed), "{what}: updated"),
            Err(StoreError::InvalidValue { .. }) => {
                assert!(may_be_refused(&changed), "{what}: refused {changed:?}");
                assert_eq!(
                    store.find_by_email(&email).await.unwrap().unwrap().user,
                    written,
                    "{what}: refused but changed"
                );
            }
            Err(error) => panic!("{what}: {error:?}"),
        }
    }
    assert!(stored > USERS / 20, "{database}: {stored} users were accepted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_is_what_is_read_for_every_kind_of_field() {
    let seed = std::env::var("VALUES_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_128);
    let folder = tempfile::tempdir().unwrap();
    values_come_back("sqlite", &format!("sqlite://{}?mode=rwc", folder.path().join("v.db").display()), seed).await;
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        values_come_back(&format!("{server:?}").to_lowercase(), &database.url(), seed).await;
    }
}

/// A time that MySQL and MariaDB would store as zero, alone, so that no other value hides it.
#[tokio::test]
async fn a_time_that_a_database_cannot_hold_is_refused_and_not_stored_as_another() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}?mode=rwc", folder.path().join("times.db").display());
    let mut urls = vec![("SQLite".to_owned(), sqlite)];
    let mut databases = Vec::new();
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        urls.push((format!("{server:?}"), database.url()));
        databases.push(database);
    }
    for (what, url) in urls {
        let store = SqlStore::<User>::connect(&url).await.unwrap();
        store.migrate().await.unwrap();
        let leap_second = NaiveTime::from_hms_micro_opt(23, 59, 59, 1_000_000).unwrap();
        for year in [-262_000, -1, 0, 10_000, 65_535, 65_536, 262_000] {
            let day = NaiveDate::from_ymd_opt(year, 6, 15).unwrap();
            let wall = day.and_hms_micro_opt(1, 2, 3, 4).unwrap();
            let users = [
                User { day, ..plain("day@camelot.bt") },
                User { maybe_day: Some(day), ..plain("maybe.day@camelot.bt") },
                User { hour: leap_second, ..plain("hour@camelot.bt") },
                User { maybe_hour: Some(leap_second), ..plain("maybe.hour@camelot.bt") },
                User { wall, ..plain("wall@camelot.bt") },
                User { maybe_wall: Some(wall), ..plain("maybe.wall@camelot.bt") },
                User { instant: wall.and_utc(), ..plain("instant@camelot.bt") },
                User { maybe_instant: Some(wall.and_utc()), ..plain("maybe.instant@camelot.bt") },
            ];
            for user in users {
                match store.insert(user.clone()).await {
                    Ok(stored) => {
                        assert_eq!(stored, user, "{what} {year}");
                        assert!(store.delete(user.id).await.unwrap());
                    }
                    Err(error) => {
                        assert!(matches!(error, StoreError::InvalidValue { .. }), "{what} {year}: {error:?}");
                        assert!(store.find(&[Lookup::by_id(user.id)]).await.unwrap()[0].is_none(), "{what} {year}");
                    }
                }
            }
        }
    }
}

/// Floating-point numbers of JSON bodies and of fields stored as JSON keep their last bit.
mod numbers {
    use super::*;
    use crate::{
        credentials::{PASSWORD, SECRET},
        http::Http,
    };
    use axum_users::{AuthUser, Backend, Jwt, PasswordHash, SecretKey};

    /// A user with numbers that clients write.
    #[derive(AuthUser, Debug, Clone)]
    pub struct Measured {
        pub id: Uuid,
        pub email: String,
        pub hashed_password: PasswordHash,
        pub is_active: bool,
        pub is_superuser: bool,
        pub is_verified: bool,

        #[auth(read, create, update)]
        pub double: Option<f64>,
        #[auth(read, create, update)]
        pub single: Option<f32>,
        #[auth(read, create, update, json)]
        pub point: Option<Vec<f64>>,
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_floating_point_number_keeps_its_last_bit() {
        let mut urls = vec!["sqlite::memory:".to_owned()];
        let mut databases = Vec::new();
        for server in Server::ALL {
            let Some(database) = server.database().await else { continue };
            urls.push(database.url());
            databases.push(database);
        }
        for url in urls {
            let users = Users::<Measured>::builder(SecretKey::new(SECRET).unwrap())
                .database(url.as_str())
                .backend(Backend::bearer("jwt", Jwt::new()))
                .limits(axum_users::Limits::off())
                .build()
                .await
                .unwrap();
            users.migrate().await.unwrap();
            let http = Http::serve(measured_routes(&users).with_state(users.clone())).await;
            let body = json!({ "email": "arthur@camelot.bt", "password": PASSWORD });
            assert_eq!(http.post("/auth/register").json(body).send().await.status, 201);
            let form = [("username", "arthur@camelot.bt"), ("password", PASSWORD)];
            let token = http.post("/auth/jwt/login").form(&form).send().await.access_token();
            let mut dice = Dice::new(8);
            for _ in 0..200 {
                let (single, double) = floats(&mut dice);
                if !single.is_finite() || !double.is_finite() {
                    continue;
                }
                let sent: Value = json!({ "double": double, "single": single, "point": [double, -double] });
                let read = http.patch("/users/me").bearer(&token).json(sent.clone()).send().await.json();
                assert_eq!(read["double"].as_f64(), Some(double));
                let point: Vec<f64> = serde_json::from_value(read["point"].clone()).unwrap();
                assert_eq!(point, [double, -double]);
                let stored = users.get_by_email("arthur@camelot.bt").await.unwrap().unwrap();
                assert_eq!(stored.double, Some(double));
                assert_eq!(stored.single, Some(single));
                #[allow(clippy::cast_possible_truncation, reason = "the text has the shortest form of an f32")]
                let read = read["single"].as_f64().unwrap() as f32;
                assert_eq!(read, single);
            }
        }
    }
}
