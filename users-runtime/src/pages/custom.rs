//! The fields of the application's struct in forms.

use serde_json::{Map, Number, Value};

use super::{
    fields::id_of,
    page::{Choice, Control, FormField},
    visit::Visit,
};
use crate::{
    domain::field::{Field, FieldKind, Rule, Shape},
    http::Parameters,
    user::{AuthUser, SchemaKind},
};

/// The length above which a text gets several lines.
const LONG: u64 = 255;

/// A custom field that a form can show: a text, a number, a boolean, one of several words, or nothing.
#[derive(Debug, Clone)]
pub(super) struct CustomInput {
    field: Field,
    shape: Shape,
    nullable: bool,
    schema: SchemaKind,
}

impl CustomInput {
    /// Returns the fields of a schema that a form can show. Lists and objects are omitted.
    pub(super) fn all<U: AuthUser>(schema: SchemaKind) -> Vec<Self> {
        schema.fields::<U>().filter_map(|field| Self::of(field, schema)).collect()
    }

    /// Returns the fields that a registration needs and no form can show.
    pub(super) fn impossible<U: AuthUser>() -> Vec<&'static str> {
        let custom = |field: &Field| matches!(field.kind, FieldKind::Custom(_));
        let fields = SchemaKind::Create.fields::<U>().filter(|field| field.required && custom(field));
        fields.filter(|field| Self::of(*field, SchemaKind::Create).is_none()).map(|field| field.name).collect()
    }

    fn of(field: Field, schema: SchemaKind) -> Option<Self> {
        let FieldKind::Custom(kind) = field.kind else { return None };
        let (shape, nullable) = match (kind.shape)() {
            Shape::Nullable(inner) => (*inner, true),
            shape => (shape, false),
        };
        let can_be_shown =
            matches!(shape, Shape::Boolean | Shape::Integer | Shape::Number | Shape::String | Shape::OneOf(_));
        can_be_shown.then_some(Self { field, shape, nullable, schema })
    }

    pub(super) fn name(&self) -> &'static str {
        self.field.name
    }

    fn is_checkbox(&self) -> bool {
        self.shape == Shape::Boolean && !self.nullable
    }

    /// Returns the value that the form sends for this field, as JSON. `None` leaves the field out.
    fn value_of(&self, form: &Parameters) -> Option<Value> {
        let sent = form.text(self.field.name);
        if self.is_checkbox() {
            // A browser sends nothing for a box that is not checked.
            return Some(Value::Bool(sent == Some("true")));
        }
        let sent = sent?.replace("\r\n", "\n");
        if sent.is_empty() {
            return match self.schema {
                SchemaKind::Create => None,
                _ if self.nullable => Some(Value::Null),
                // A number type refuses it as well.
                _ => Some(Value::String(sent)),
            };
        }
        let trimmed = sent.trim();
        Some(match self.shape {
            Shape::Integer => whole(trimmed).map_or(Value::String(sent), Value::Number),
            Shape::Number => {
                let number = whole(trimmed).or_else(|| Number::from_f64(trimmed.parse().ok()?));
                number.map_or(Value::String(sent), Value::Number)
            }
            Shape::Boolean => match trimmed {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => Value::String(sent),
            },
            _ => Value::String(sent),
        })
    }

    /// Returns the fields that a form sends, as an object.
    pub(super) fn object<U: AuthUser>(form: &Parameters, schema: SchemaKind) -> Map<String, Value> {
        let inputs = Self::all::<U>(schema).into_iter();
        inputs.filter_map(|input| Some((input.name().to_owned(), input.value_of(form)?))).collect()
    }

    /// Returns the label: from the application's texts, the first line of the documentation, or the name.
    pub(super) fn label<U: AuthUser>(field: &Field, visit: &Visit<U>) -> String {
        visit.find(&format!("field-{}", field.name), &[]).unwrap_or_else(|| documented(field))
    }

    /// Returns the field of a form, with this text in it.
    pub(super) fn form_field<U: AuthUser>(&self, visit: &Visit<U>, value: String) -> FormField {
        let Field { name, required, .. } = self.field;
        let choice = |value: &str, text: &str| Choice::new(value, visit.text(text));
        let none = self.nullable.then(|| choice("", "no-answer"));
        let control = match &self.shape {
            Shape::Boolean if self.nullable => {
                Control::Choice(none.into_iter().chain([choice("true", "yes"), choice("false", "no")]).collect())
            }
            Shape::Boolean => Control::Checkbox,
            Shape::OneOf(words) => {
                let label =
                    |word: &str| visit.find(&format!("field-{name}-{word}"), &[]).unwrap_or_else(|| humanized(word));
                let words = words.iter().map(|word| Choice::new(*word, label(word)));
                let unset = (!required && !self.nullable && value.is_empty()).then(|| Choice::new("", ""));
                Control::Choice(none.into_iter().chain(unset).chain(words).collect())
            }
            Shape::String if self.longest().is_some_and(|longest| longest > LONG) => Control::Lines,
            _ => Control::Line,
        };
        FormField {
            id: id_of(name),
            name,
            label: Self::label(&self.field, visit),
            hint: self.hint(visit),
            error: None,
            attributes: self.attributes(&control),
            required: self.is_needed(),
            value,
            control,
        }
    }

    /// Returns whether the field must have a value.
    fn is_needed(&self) -> bool {
        let least = self.field.rules.iter().find_map(|rule| match rule {
            Rule::Length { min, .. } => *min,
            _ => None,
        });
        match self.shape {
            Shape::Boolean => false,
            _ if self.schema == SchemaKind::Create => self.field.required,
            _ if self.nullable => false,
            Shape::String => least.is_some_and(|least| least > 0),
            _ => true,
        }
    }

    /// Returns the range of a number.
    fn range(&self) -> (Option<f64>, Option<f64>) {
        let range = self.field.rules.iter().find_map(|rule| match *rule {
            Rule::Range { min, max } => Some((min, max)),
            _ => None,
        });
        range.unwrap_or_default()
    }

    /// Returns a hint about the range of a number.
    fn hint<U: AuthUser>(&self, visit: &Visit<U>) -> Option<String> {
        let number = |number: f64| number.to_string().as_str().into();
        match self.range() {
            (Some(min), Some(max)) => {
                Some(visit.text_with("hint-range", &[("least", number(min)), ("most", number(max))]))
            }
            (Some(min), None) => Some(visit.text_with("hint-least", &[("least", number(min))])),
            (None, Some(max)) => Some(visit.text_with("hint-most", &[("most", number(max))])),
            (None, None) => None,
        }
    }

    fn longest(&self) -> Option<u64> {
        self.field.rules.iter().find_map(|rule| match rule {
            Rule::Length { max, .. } => *max,
            _ => None,
        })
    }

    fn attributes(&self, control: &Control) -> Vec<(&'static str, String)> {
        let mut attributes = Vec::new();
        if *control == Control::Line {
            attributes.push(("type", "text".to_owned()));
        }
        // Not the type `number`: browsers submit an empty text for invalid input, so the input would be lost without an error.
        // The keyboards for numbers lack a minus sign.
        let keyboard = match self.shape {
            Shape::Integer => Some("numeric"),
            Shape::Number => Some("decimal"),
            _ => None,
        };
        let is_positive = self.range().0.is_some_and(|min| min >= 0.0);
        attributes.extend(keyboard.filter(|_| is_positive).map(|mode| ("inputmode", mode.to_owned())));
        if let Some(purpose) = purpose(self.field.name).filter(|_| self.shape == Shape::String) {
            attributes.push(("autocomplete", purpose.to_owned()));
        }
        for rule in self.field.rules {
            match *rule {
                Rule::Length { min, max } if self.shape == Shape::String => {
                    attributes.extend(min.filter(|min| *min > 0).map(|min| ("minlength", min.to_string())));
                    attributes.extend(max.map(|max| ("maxlength", max.to_string())));
                }
                Rule::Pattern(pattern) if *control == Control::Line => {
                    attributes.extend(portable(pattern).map(|pattern| ("pattern", pattern.to_owned())));
                }
                _ => {}
            }
        }
        attributes
    }
}

/// Returns JSON as the text of a form.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn whole(text: &str) -> Option<Number> {
    text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from)).ok()
}

/// Returns the first sentence of the documentation as a label, or the name in words.
pub(super) fn documented(field: &Field) -> String {
    let line = field.doc.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let sentence = line.split_once(". ").map_or(line, |(first, _)| first);
    let label = sentence.trim_end_matches('.').replace('`', "");
    if label.is_empty() { humanized(field.name) } else { label }
}

/// Returns a name in words: `full_name` is "Full name".
fn humanized(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    let mut letters = words.trim().chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Returns the autofill purpose of a field with this name (WCAG 1.3.5).
fn purpose(name: &str) -> Option<&'static str> {
    Some(match name {
        "name" | "full_name" | "display_name" => "name",
        "first_name" | "given_name" => "given-name",
        "last_name" | "family_name" | "surname" => "family-name",
        "nick" | "nickname" => "nickname",
        "organization" | "organisation" | "company" => "organization",
        "phone" | "phone_number" | "telephone" => "tel",
        "birthday" | "date_of_birth" => "bday",
        "website" | "url" => "url",
        "street" | "street_address" | "address" => "street-address",
        "city" => "address-level2",
        "postal_code" | "zip" | "zip_code" => "postal-code",
        "country" => "country-name",
        "language" => "language",
        _ => return None,
    })
}

/// Returns a pattern for HTML, if it has the same meaning there: HTML anchors patterns, and its dialect is that of
/// JavaScript. Classes such as `\d` and flags differ, so only plain ASCII, sets, groups and repetitions are portable.
fn portable(pattern: &str) -> Option<&str> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " _@,:;!#%'\"<>=~+*?.{}()|[]^-".contains(c);
    // Alternatives outside of a group would not be anchored; `--`, `&&` and the like are operations on sets; a `?` after `(`
    // starts a flag.
    let differs = ["(?", "--", "&&", "[[", "{,", "^^"].iter().any(|text| inner.contains(text));
    let mut depth = 0_i32;
    let mut in_set = false;
    let mut is_well_placed = true;
    for c in inner.chars() {
        match c {
            '[' => in_set = true,
            ']' => in_set = false,
            '(' | ')' | '{' | '}' | '|' | '^' if in_set => is_well_placed &= c == '^',
            '(' => depth += 1,
            ')' => depth -= 1,
            '|' => is_well_placed &= depth > 0,
            '^' => is_well_placed = false,
            _ => {}
        }
    }
    (inner.chars().all(is_plain) && !differs && is_well_placed && depth == 0 && !in_set).then_some(inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::Repeated;

    fn input<T: serde::de::DeserializeOwned>(rules: &'static [Rule]) -> CustomInput {
        CustomInput::of(Field::custom::<T>("x").rules(rules), SchemaKind::Update).unwrap()
    }

    fn value<T: serde::de::DeserializeOwned>(form: &str, schema: SchemaKind) -> Option<Value> {
        let form = Parameters::of_query(&format!("/?{form}").parse().unwrap(), Repeated::Refused);
        CustomInput::of(Field::custom::<T>("x"), schema).unwrap().value_of(&form.unwrap())
    }

    #[test]
    fn texts_of_forms_become_values_of_the_type() {
        let update = SchemaKind::Update;
        assert_eq!(value::<String>("x=+a%0D%0Ab+", update), Some(json!(" a\nb ")));
        assert_eq!(value::<String>("x=", update), Some(json!("")));
        assert_eq!(value::<Option<String>>("x=", update), Some(Value::Null));
        assert_eq!(value::<String>("", update), None);
        assert_eq!(value::<i64>("x=+7+", update), Some(json!(7)));
        assert_eq!(value::<u64>("x=18446744073709551615", update), Some(json!(u64::MAX)));
        assert_eq!(value::<i64>("x=seven", update), Some(json!("seven")));
        assert_eq!(value::<f64>("x=-1.5", update), Some(json!(-1.5)));
        assert_eq!(value::<f64>("x=inf", update), Some(json!("inf")));
        assert_eq!(value::<bool>("x=true", update), Some(json!(true)));
        assert_eq!(value::<bool>("", update), Some(json!(false)));
        assert_eq!(value::<Option<bool>>("x=false", update), Some(json!(false)));
        assert_eq!(value::<Option<bool>>("x=", update), Some(Value::Null));
        assert_eq!(value::<Option<i32>>("x=", SchemaKind::Create), None);
        assert!(CustomInput::of(Field::custom::<Vec<String>>("x"), update).is_none());
    }

    #[test]
    fn a_pattern_is_passed_on_only_if_it_means_the_same_in_html() {
        for (pattern, html) in [
            ("^[a-z]+$", Some("[a-z]+")),
            ("^[A-Z]{2}[0-9]{4,8}$", Some("[A-Z]{2}[0-9]{4,8}")),
            ("^(red|green)$", Some("(red|green)")),
            ("^[^@ ]+@[^@ ]+$", Some("[^@ ]+@[^@ ]+")),
            ("[a-z]", None),
            ("^a|b$", None),
            ("^\\d+$", None),
            ("^\\p{L}+$", None),
            ("^(?i)a$", None),
            ("^[a-z&&[^b]]$", None),
            ("^[a(b]$", None),
            ("^a/b$", None),
            ("^ä$", None),
        ] {
            assert_eq!(portable(pattern), html, "{pattern}");
        }
    }

    #[test]
    fn labels_come_from_the_documentation_or_the_name() {
        let field = Field::custom::<String>("full_name");
        assert_eq!(documented(&field), "Full name");
        assert_eq!(
            documented(&field.doc("The `name` to greet the user by. Not unique.")),
            "The name to greet the user by"
        );
    }

    #[test]
    fn a_field_says_what_it_accepts() {
        let of = |input: CustomInput| input.attributes(&Control::Line);
        const LENGTH: &[Rule] = &[Rule::Length { min: Some(1), max: Some(80) }, Rule::Pattern("^[a-z]+$")];
        let text = of(input::<String>(LENGTH));
        assert_eq!(
            text,
            [("type", "text"), ("minlength", "1"), ("maxlength", "80"), ("pattern", "[a-z]+")]
                .map(|(name, value)| (name, value.to_owned()))
        );
        const RANGE: &[Rule] = &[Rule::Range { min: Some(0.0), max: Some(150.5) }];
        let number = of(input::<Option<f64>>(RANGE));
        assert_eq!(number, [("type", "text"), ("inputmode", "decimal")].map(|(name, value)| (name, value.to_owned())));
    }
}
