//! Field tables as JSON Schema, in Pydantic's form.

use serde_json::Value;
use utoipa::{
    Number,
    openapi::{
        Deprecated, RefOr,
        extensions::Extensions,
        schema::{Array, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type},
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

/// Returns the four schemas of a user type, with their names.
pub(super) fn of_user<U: AuthUser>() -> [(String, RefOr<Schema>); 4] {
    let id_format = id_format::<U::Id>();
    // In a response every field is present; in a request those that the table requires.
    SchemaKind::ALL.map(|kind| {
        let (name, fields) = (kind.name::<U>(), kind.fields::<U>());
        let schema = match kind {
            SchemaKind::Read => {
                let first = U::HAS_OAUTH.then(|| ("oauth_accounts", oauth_accounts(id_format)));
                object(name, first, fields, |_| true, id_format).into()
            }
            SchemaKind::Create | SchemaKind::Update | SchemaKind::AdminUpdate => sent(name, fields),
        };
        (name.to_owned(), schema)
    })
}

/// Returns `uuid` if the JSON of an id is the text of a UUID, whatever its type and its column are.
fn id_format<I: UserId>() -> Option<&'static str> {
    const SEED: IdSeed = IdSeed::new(Timestamp::UNIX_EPOCH, [0xa5; 16]);
    let sample = serde_json::to_value(I::generate(SEED)).ok()?;
    let text = sample.as_str()?;
    let id = Uuid::try_parse(text).ok()?;
    (id.hyphenated().to_string() == text).then_some("uuid")
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

/// Returns the schema of a list of strings.
pub(super) fn texts(title: &str) -> Array {
    let mut list = Array::new(Object::with_type(Type::String));
    list.title = Some(title.to_owned());
    list
}

/// Returns the schema of the accounts at OAuth providers, which are the first field of the read schema in fastapi-users.
fn oauth_accounts(id_format: Option<&str>) -> Schema {
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
    let schema = ObjectBuilder::new().schema_type(Type::Object).title(Some("OAuthAccountRead"));
    let schema = account.into_iter().fold(schema, |schema, (name, mut field)| {
        field.title = Some(title(name));
        schema.property(name, field).required(name)
    });
    let mut list = Array::new(schema.build());
    list.title = Some(title("oauth_accounts"));
    list.into()
}

/// Returns the schema of a string in a known format, such as `email`.
pub(super) fn formatted(format: &str) -> Object {
    let mut object = Object::with_type(Type::String);
    object.format = Some(SchemaFormat::Custom(format.to_owned()));
    object
}

/// Returns the schema of a password, which is masked in forms and never part of a response.
pub(super) fn password() -> Object {
    let mut object = Object::with_type(Type::String);
    object.format = Some(SchemaFormat::KnownFormat(KnownFormat::Password));
    object.write_only = Some(true);
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

/// Returns the schema of `inner` or null. `format` and `writeOnly` of a password belong to the field, not to one
/// alternative.
pub(super) fn nullable(mut inner: Schema) -> Object {
    let mut outer = Object::with_type(SchemaType::AnyValue);
    if let Schema::Object(inner) = &mut inner
        && inner.write_only.is_some()
    {
        (outer.write_only, outer.format) = (inner.write_only.take(), inner.format.take());
    }
    let null = Schema::from(Object::with_type(Type::Null));
    let either: Vec<Value> = [inner, null].iter().filter_map(|schema| serde_json::to_value(schema).ok()).collect();
    // utoipa's own AnyOf supports no title, `deprecated` or `writeOnly`.
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
    // A dropped flag is validated and ignored, so it is not documented.
    for field in fields.filter(|field| !matches!(field.kind, FieldKind::DroppedFlag)) {
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
        FieldKind::Flag | FieldKind::DroppedFlag => Object::with_type(Type::Boolean).into(),
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

fn annotated(mut schema: Schema, field: &Field) -> Schema {
    let description = (!field.doc.is_empty()).then(|| field.doc.to_owned());
    let deprecated = field.deprecated.then_some(Deprecated::True);
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
