//! Field tables as JSON Schema, in Pydantic's form.

use serde_json::Value;
use utoipa::{
    Number,
    openapi::{
        Deprecated, RefOr,
        extensions::Extensions,
        schema::{Array, KnownFormat, Object, ObjectBuilder, Ref, Schema, SchemaFormat, SchemaType, Type},
    },
};
use uuid::Uuid;

use crate::{
    domain::{
        IdSeed, Timestamp, UserId,
        field::{Field, FieldKind, Rule, Shape},
    },
    http::{ObjectSchema, ReadType},
    user::{AuthUser, SchemaKind},
};

/// The name of the schema of an account at a provider, as in fastapi-users.
const OAUTH_ACCOUNT: &str = "BaseOAuthAccount";

/// Returns the schemas of a user type, with their names.
pub(super) fn of_user<U: AuthUser>() -> Vec<(String, RefOr<Schema>)> {
    let id_format = id_format::<U::Id>();
    // In a response every field is present; in a request those that the table requires.
    let of_kinds = SchemaKind::ALL.map(|kind| {
        let (name, fields) = (kind.name::<U>(), kind.fields::<U>());
        let schema = match kind {
            SchemaKind::Read => {
                let first = U::HAS_OAUTH.then(|| ("oauth_accounts", oauth_accounts()));
                object(name, first, fields, |_| true, id_format).into()
            }
            SchemaKind::Create | SchemaKind::Update | SchemaKind::AdminUpdate => sent(name, fields),
        };
        (name.to_owned(), schema)
    });
    let account = U::HAS_OAUTH.then(|| (OAUTH_ACCOUNT.to_owned(), oauth_account(id_format).into()));
    of_kinds.into_iter().chain(account).collect()
}

/// Returns an id that looks like those of users.
pub(super) fn sample_id<I: UserId>() -> I {
    I::generate(IdSeed::new(Timestamp::UNIX_EPOCH, [0xa5; 16]))
}

/// Returns `uuid` if the JSON of an id is the text of a UUID, regardless of its type and column.
fn id_format<I: UserId>() -> Option<&'static str> {
    let sample = serde_json::to_value(sample_id::<I>()).ok()?;
    let text = sample.as_str()?;
    let id = Uuid::try_parse(text).ok()?;
    (id.hyphenated().to_string() == text).then_some("uuid")
}

/// Returns the fields of an invitation: those of a registration without the password.
pub(super) fn of_invitation<U: AuthUser>() -> impl Iterator<Item = Field> {
    SchemaKind::Create.fields::<U>().filter(|field| !matches!(field.kind, FieldKind::Password))
}

/// Returns the schema of an object that clients send.
pub(super) fn sent(title: &str, fields: impl Iterator<Item = Field>) -> RefOr<Schema> {
    object(title, None, fields, |field| field.required, None).into()
}

/// Returns the schema of an object that a feature returns. Every field is always present.
pub(super) fn returned(object: &ObjectSchema) -> Object {
    let mut schema = ObjectBuilder::new().schema_type(Type::Object).title(Some(object.name));
    for (name, kind, description) in object.fields {
        let mut field = match kind {
            ReadType::Text => text(name),
            ReadType::OptionalText => nullable(Object::with_type(Type::String).into()),
            ReadType::OptionalTime => nullable(formatted("date-time").into()),
            ReadType::Flag => Object::with_type(Type::Boolean),
            ReadType::Number => Object::with_type(Type::Integer),
            ReadType::TextList => {
                let mut list = Array::new(Object::with_type(Type::String));
                (list.title, list.description) = (Some(title(name)), Some((*description).to_owned()));
                schema = schema.property(*name, list).required(*name);
                continue;
            }
            ReadType::Any => Object::with_type(SchemaType::AnyValue),
        };
        (field.title, field.description) = (Some(title(name)), Some((*description).to_owned()));
        schema = schema.property(*name, field).required(*name);
    }
    schema.build()
}

/// Returns the schema of a string without rules.
pub(super) fn text(title: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).title(Some(title)).build()
}

/// Returns the schema of the accounts at OAuth providers, which are the first field of the read schema in fastapi-users.
fn oauth_accounts() -> Schema {
    let mut list = Array::new(Ref::from_schema_name(OAUTH_ACCOUNT));
    list.title = Some(title("oauth_accounts"));
    list.into()
}

/// Returns the schema of one of these accounts.
fn oauth_account(id_format: Option<&str>) -> Object {
    let id = match id_format {
        Some(format) => formatted(format),
        None => Object::with_type(SchemaType::AnyValue),
    };
    let nullable_of = |kind| nullable(Object::with_type(kind).into());
    let account = [
        ("id", id),
        ("oauth_name", Object::with_type(Type::String)),
        ("access_token", Object::with_type(Type::String)),
        ("expires_at", nullable_of(Type::Integer)),
        ("refresh_token", nullable_of(Type::String)),
        ("account_id", Object::with_type(Type::String)),
        ("account_email", Object::with_type(Type::String)),
    ];
    let schema = ObjectBuilder::new().schema_type(Type::Object).title(Some(OAUTH_ACCOUNT));
    let schema = account.into_iter().fold(schema, |schema, (name, mut field)| {
        field.title = Some(title(name));
        schema.property(name, field).required(name)
    });
    schema.build()
}

/// Returns the schema of a string in a known format, such as `email`.
pub(super) fn formatted(format: &str) -> Object {
    let mut object = Object::with_type(Type::String);
    object.format = Some(SchemaFormat::Custom(format.to_owned()));
    object
}

/// Returns the schema of a password, which is masked in forms and never part of a response. Without `writeOnly`:
/// generators split a schema with it into two, of which the one for requests has another name.
pub(super) fn password() -> Object {
    let mut object = Object::with_type(Type::String);
    object.format = Some(SchemaFormat::KnownFormat(KnownFormat::Password));
    object
}

/// Returns a title such as `Full Name` for `full_name`.
pub(super) fn title(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
    };
    name.split('_').map(capital).collect::<Vec<_>>().join(" ")
}

/// Returns the schema of `inner` or null. The format of a password belongs to the field, not to one alternative.
pub(super) fn nullable(mut inner: Schema) -> Object {
    let mut format = None;
    if let Schema::Object(inner) = &mut inner
        && matches!(inner.format, Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
    {
        format = inner.format.take();
    }
    let mut either = any_of([inner, Object::with_type(Type::Null).into()]);
    either.format = format;
    either
}

/// Returns the schema of a value that fits one of these.
pub(super) fn any_of(alternatives: [Schema; 2]) -> Object {
    let mut outer = Object::with_type(SchemaType::AnyValue);
    let either: Vec<Value> = alternatives.iter().filter_map(|schema| serde_json::to_value(schema).ok()).collect();
    // utoipa's own AnyOf supports no title and no `deprecated`.
    outer.extensions = Some(Extensions::from_iter([("anyOf", either)]));
    outer
}

fn object(
    title: &str,
    first: Option<(&str, Schema)>,
    fields: impl Iterator<Item = Field>,
    required: impl Fn(&Field) -> bool,
    id_format: Option<&str>,
) -> Object {
    let mut object = ObjectBuilder::new().schema_type(Type::Object).title(Some(title));
    if let Some((name, schema)) = first {
        object = object.property(name, schema).required(name);
    }
    for field in fields {
        object = object.property(field.name, property(&field, id_format));
        if required(&field) {
            object = object.required(field.name);
        }
    }
    object.build()
}

fn property(field: &Field, id_format: Option<&str>) -> Schema {
    let schema = match field.kind {
        FieldKind::Id(kind) => match id_format {
            Some(format) => formatted(format).into(),
            None => shaped(&(kind.shape)(), &[]),
        },
        FieldKind::Email => formatted("email").into(),
        FieldKind::Password if field.required => password().into(),
        FieldKind::Password | FieldKind::CurrentPassword => nullable(password().into()).into(),
        FieldKind::Token => Object::with_type(Type::String).into(),
        FieldKind::Flag => Object::with_type(Type::Boolean).into(),
        FieldKind::DroppedFlag => nullable(Object::with_type(Type::Boolean).into()).into(),
        FieldKind::Custom(kind) => shaped(&(kind.shape)(), field.rules),
    };
    annotated(schema, field)
}

/// Returns the schema of a Rust type, with the rules that JSON Schema can express.
fn shaped(shape: &Shape, rules: &[Rule]) -> Schema {
    let mut object = Object::with_type(match shape {
        Shape::Nullable(inner) => return nullable(shaped(inner, rules)).into(),
        Shape::Array => return list(rules).into(),
        Shape::Boolean => SchemaType::new(Type::Boolean),
        Shape::Integer => SchemaType::new(Type::Integer),
        Shape::Number => SchemaType::new(Type::Number),
        Shape::String | Shape::OneOf(_) => SchemaType::new(Type::String),
        Shape::Object => SchemaType::new(Type::Object),
        Shape::Any => SchemaType::AnyValue,
    });
    if let Shape::OneOf(words) = shape {
        object.enum_values = Some(words.iter().map(|word| Value::from(*word)).collect());
    }
    for rule in rules {
        match *rule {
            Rule::Length { min, max } if matches!(shape, Shape::Object) => {
                (object.min_properties, object.max_properties) = (count(min), count(max));
            }
            Rule::Length { min, max } => (object.min_length, object.max_length) = (count(min), count(max)),
            Rule::Range { min, max } => {
                (object.minimum, object.maximum) = (min.map(Number::Float), max.map(Number::Float));
            }
            Rule::Pattern(pattern) => object.pattern = Some(pattern.to_owned()),
            // JSON Schema cannot express an application's function.
            Rule::Check(_) => {}
        }
    }
    object.into()
}

/// Returns the schema of a list. The table has no information about its items.
fn list(rules: &[Rule]) -> Array {
    let mut list = Array::new(Object::with_type(SchemaType::AnyValue));
    for rule in rules {
        if let Rule::Length { min, max } = *rule {
            (list.min_items, list.max_items) = (count(min), count(max));
        }
    }
    list
}

fn count(limit: Option<u64>) -> Option<usize> {
    limit.and_then(|limit| usize::try_from(limit).ok())
}

/// The description of a flag that the schema has for programs that were written for fastapi-users.
const DROPPED: &str = "Ignored, as in fastapi-users. Only superusers change it.";

fn annotated(mut schema: Schema, field: &Field) -> Schema {
    let is_dropped = matches!(field.kind, FieldKind::DroppedFlag);
    let doc = if is_dropped { DROPPED } else { field.doc };
    let description = (!doc.is_empty()).then(|| doc.to_owned());
    let deprecated = (field.deprecated || is_dropped).then_some(Deprecated::True);
    match &mut schema {
        Schema::Object(object) => {
            (object.title, object.description, object.deprecated) = (Some(title(field.name)), description, deprecated);
        }
        Schema::Array(list) => {
            (list.title, list.description, list.deprecated) = (Some(title(field.name)), description, deprecated);
        }
        _ => {}
    }
    schema
}
