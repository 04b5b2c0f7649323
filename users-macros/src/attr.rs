//! The grammar of `#[auth(...)]` as data: what was written, with its place. What may stand together is `check`'s matter.

use proc_macro2::TokenTree;
use syn::{
    Attribute, Expr, Ident, Lit, LitFloat, LitInt, LitStr, Meta, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

use crate::{
    model::Role,
    report::{Report, closest, error, list},
};

/// A key as it was written, and what it was given.
pub(crate) struct Given<T> {
    pub(crate) key: Ident,
    pub(crate) value: T,
}

/// A key that may be written once.
pub(crate) type Slot<T> = Option<Given<T>>;

/// What `#[auth(...)]` on the struct says.
#[derive(Default)]
pub(crate) struct StructAttrs {
    pub(crate) table: Slot<LitStr>,
    pub(crate) krate: Slot<Path>,
    pub(crate) read: Slot<Ident>,
    pub(crate) create: Slot<Ident>,
    pub(crate) update: Slot<Ident>,
    pub(crate) admin_update: Slot<Ident>,
    pub(crate) sql: Slot<Ident>,
    pub(crate) routes: Slot<Ident>,
    pub(crate) databases: Slot<Vec<Ident>>,
}

/// What `#[auth(...)]` on a field says.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) roles: Vec<Given<Role>>,
    pub(crate) read: Slot<()>,
    pub(crate) create: Slot<()>,
    pub(crate) update: Slot<()>,
    pub(crate) admin: Slot<()>,
    pub(crate) private: Slot<()>,
    pub(crate) column: Slot<LitStr>,
    pub(crate) rename: Slot<LitStr>,
    pub(crate) default: Slot<Option<Expr>>,
    pub(crate) json: Slot<()>,
    pub(crate) text: Slot<()>,
    pub(crate) length: Slot<Bounds<u64>>,
    pub(crate) range: Slot<Bounds<f64>>,
    pub(crate) pattern: Slot<LitStr>,
    pub(crate) check: Slot<Path>,
    /// Whether an error was noted here. What else is missing may then be that error's fault.
    pub(crate) broken: bool,
}

/// `min = …` and `max = …`, at least one of them.
pub(crate) struct Bounds<T> {
    pub(crate) min: Slot<T>,
    pub(crate) max: Slot<T>,
}

const STRUCT_KEYS: [&str; 9] =
    ["table", "crate", "read", "create", "update", "admin_update", "sql", "routes", "databases"];

const FIELD_KEYS: [&str; 14] = [
    "read", "create", "update", "admin", "private", "column", "rename", "default", "json", "text", "length", "range",
    "pattern", "check",
];

impl StructAttrs {
    /// Reads every `#[auth(...)]` of the struct; mistakes go to `report`.
    pub(crate) fn read(attrs: &[Attribute], report: &Report) -> Self {
        let mut read = Self::default();
        for attr in ours(attrs) {
            each_item(attr, "#[auth(table = \"accounts\")]", report, |key, input| {
                match key.unraw().to_string().as_str() {
                    "table" => fill(&mut read.table, &key, string(&key, input, "accounts")?),
                    "crate" => fill(&mut read.krate, &key, crate_path(&key, input)?),
                    "read" => fill(&mut read.read, &key, name(&key, input, "PublicUser")?),
                    "create" => fill(&mut read.create, &key, name(&key, input, "NewUser")?),
                    "update" => fill(&mut read.update, &key, name(&key, input, "UserPatch")?),
                    "admin_update" => fill(&mut read.admin_update, &key, name(&key, input, "UserAdminPatch")?),
                    "sql" => fill(&mut read.sql, &key, name(&key, input, "ACCOUNT_SQL")?),
                    "routes" => fill(&mut read.routes, &key, name(&key, input, "account")?),
                    "databases" => fill(&mut read.databases, &key, names(&key, input)?),
                    word => Err(unknown_on_struct(&key, word)),
                }
            });
        }
        read
    }
}

impl FieldAttrs {
    /// Reads every `#[auth(...)]` of a field; mistakes go to `report`.
    pub(crate) fn read(attrs: &[Attribute], report: &Report) -> Self {
        let mut read = Self::default();
        let mut broken = false;
        for attr in ours(attrs) {
            broken |= each_item(attr, "#[auth(read, create, update)]", report, |key, input| {
                let word = key.unraw().to_string();
                if let Some(role) = Role::named(&word) {
                    flag(&key, input)?;
                    read.roles.push(Given { key, value: role });
                    return Ok(());
                }
                match word.as_str() {
                    "read" => fill(&mut read.read, &key, flag(&key, input)?),
                    "create" => fill(&mut read.create, &key, flag(&key, input)?),
                    "update" => fill(&mut read.update, &key, flag(&key, input)?),
                    "admin" => fill(&mut read.admin, &key, flag(&key, input)?),
                    "private" => fill(&mut read.private, &key, flag(&key, input)?),
                    "json" => fill(&mut read.json, &key, flag(&key, input)?),
                    "text" => fill(&mut read.text, &key, flag(&key, input)?),
                    "column" => fill(&mut read.column, &key, string(&key, input, "full_name")?),
                    "rename" => fill(&mut read.rename, &key, string(&key, input, "fullName")?),
                    "default" => fill(&mut read.default, &key, default(input)?),
                    "length" => fill(&mut read.length, &key, bounds(&key, input, "length(min = 1, max = 80)", whole)?),
                    "range" => fill(&mut read.range, &key, bounds(&key, input, "range(min = 0, max = 150)", number)?),
                    "pattern" => fill(&mut read.pattern, &key, pattern(&key, input)?),
                    "check" => fill(&mut read.check, &key, function(&key, input)?),
                    word => Err(unknown_on_field(&key, word)),
                }
            });
        }
        read.broken = broken;
        read
    }

    /// The keys that belong to fields of the application's own, as far as they were written.
    pub(crate) fn custom_only(&self) -> Vec<&Ident> {
        fn key<T>(slot: &Slot<T>) -> Option<&Ident> {
            slot.as_ref().map(|given| &given.key)
        }
        [
            key(&self.read),
            key(&self.create),
            key(&self.update),
            key(&self.admin),
            key(&self.private),
            key(&self.rename),
            key(&self.default),
            key(&self.json),
            key(&self.text),
            key(&self.length),
            key(&self.range),
            key(&self.pattern),
            key(&self.check),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The rules, as far as they were written.
    pub(crate) fn rules(&self) -> Vec<&Ident> {
        self.custom_only()
            .into_iter()
            .filter(|key| ["length", "range", "pattern", "check"].iter().any(|rule| key == rule))
            .collect()
    }
}

fn ours(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("auth"))
}

/// Reads `key …, key …` one by one. An item with a mistake is noted and skipped, so that the next one is read too.
/// Answers whether there was a mistake.
fn each_item(
    attr: &Attribute,
    example: &str,
    report: &Report,
    mut read: impl FnMut(Ident, ParseStream) -> syn::Result<()>,
) -> bool {
    let Meta::List(list) = &attr.meta else {
        report.error(&attr.meta, "`auth` needs its keys in parentheses", format!("write `{example}`"));
        return true;
    };
    if list.tokens.is_empty() {
        report.error(&attr.meta, "`#[auth()]` says nothing", format!("write `{example}`, or remove it"));
        return true;
    }
    let mut broken = false;
    let parser = |input: ParseStream| {
        while !input.is_empty() {
            let item = key(input, example).and_then(|key| read(key, input)).and_then(|()| end_of_item(input));
            if let Err(mistake) = item {
                report.push(mistake);
                broken = true;
                skip(input, |rest| rest.peek(Token![,]))?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    if let Err(mistake) = parser.parse2(list.tokens.clone()) {
        report.push(mistake);
        broken = true;
    }
    broken
}

fn key(input: ParseStream, example: &str) -> syn::Result<Ident> {
    input.call(Ident::parse_any).map_err(|at| error(at.span(), "expected a key", format!("write `{example}`")))
}

fn end_of_item(input: ParseStream) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(error(input.span(), "expected `,`", "separate the keys by commas, as in `#[auth(read, create)]`"))
}

fn fill<T>(slot: &mut Slot<T>, key: &Ident, value: T) -> syn::Result<()> {
    if slot.is_some() {
        return Err(error(key.span(), format!("`{key}` is given twice"), "keep one of the two"));
    }
    *slot = Some(Given { key: key.clone(), value });
    Ok(())
}

fn unknown_on_struct(key: &Ident, word: &str) -> syn::Error {
    let help = match closest(word, &STRUCT_KEYS) {
        Some(known) => format!("did you mean `{known}`?"),
        None if FIELD_KEYS.contains(&word) || Role::named(word).is_some() => {
            format!("`#[auth({word})]` goes on a field")
        }
        None => format!("the struct's keys are {}", list(&STRUCT_KEYS)),
    };
    error(key.span(), format!("unknown key `{word}`"), help)
}

fn unknown_on_field(key: &Ident, word: &str) -> syn::Error {
    let known: Vec<&str> = FIELD_KEYS.into_iter().chain(Role::ALL.map(Role::name)).collect();
    let help = match closest(word, &known) {
        // What fastapi-users' users and older texts call it.
        _ if word == "admin_update" => "did you mean `admin`?".to_owned(),
        _ if STRUCT_KEYS.contains(&word) => format!("`#[auth({word} …)]` goes on the struct"),
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("a field's keys are {}, or a role: {}", list(&FIELD_KEYS), list(&Role::ALL.map(Role::name))),
    };
    error(key.span(), format!("unknown key `{word}`"), help)
}

fn flag(key: &Ident, input: ParseStream) -> syn::Result<()> {
    if input.peek(Token![=]) || input.peek(syn::token::Paren) {
        return Err(error(key.span(), format!("`{key}` takes no value"), format!("write `#[auth({key})]`")));
    }
    Ok(())
}

fn equals(key: &Ident, input: ParseStream, example: &str) -> syn::Result<()> {
    match input.parse::<Token![=]>() {
        Ok(_) => Ok(()),
        Err(_) => Err(error(key.span(), format!("`{key}` needs a value"), format!("write `{example}`"))),
    }
}

fn string(key: &Ident, input: ParseStream, example: &str) -> syn::Result<LitStr> {
    let example = format!("{key} = \"{example}\"");
    equals(key, input, &example)?;
    input.parse().map_err(|at: syn::Error| {
        error(at.span(), format!("`{key}` takes a text in quotes"), format!("write `{example}`"))
    })
}

fn name(key: &Ident, input: ParseStream, example: &str) -> syn::Result<Ident> {
    let example = format!("{key} = {example}");
    equals(key, input, &example)?;
    input.parse().map_err(|at: syn::Error| {
        error(at.span(), format!("`{key}` takes a name, without quotes"), format!("write `{example}`"))
    })
}

fn crate_path(key: &Ident, input: ParseStream) -> syn::Result<Path> {
    let help = "write `crate = ::my_name_for_axum_users`, or the path of a module that re-exports it";
    match input.parse::<Token![=]>() {
        Ok(_) => {}
        Err(_) => return Err(error(key.span(), "`crate` needs a value", help)),
    }
    input.call(Path::parse_mod_style).map_err(|at| error(at.span(), "`crate` takes a path, without quotes", help))
}

fn function(key: &Ident, input: ParseStream) -> syn::Result<Path> {
    let help = "write `check = path::to::function`, with `fn function(value: &T) -> Result<(), impl Display>`";
    match input.parse::<Token![=]>() {
        Ok(_) => {}
        Err(_) => return Err(error(key.span(), "`check` needs a value", help)),
    }
    input.parse().map_err(|at: syn::Error| error(at.span(), "`check` takes the path of a function", help))
}

fn default(input: ParseStream) -> syn::Result<Option<Expr>> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(None);
    }
    let equals: Token![=] = input
        .parse()
        .map_err(|at: syn::Error| error(at.span(), "expected `=`", "write `default`, or `default = an_expression`"))?;
    input.parse().map(Some).map_err(|_| {
        error(equals.span(), "`default` takes an expression", "write `default`, or `default = an_expression`")
    })
}

fn names(key: &Ident, input: ParseStream) -> syn::Result<Vec<Ident>> {
    let help = "write `databases(sqlite, postgres, mysql)` with those that you use";
    in_parentheses(key, input, "names", help, |content| {
        let names = content
            .parse_terminated(Ident::parse_any, Token![,])
            .map_err(|at| error(at.span(), "`databases` takes names", help))?;
        if names.is_empty() {
            return Err(error(key.span(), "`databases` names none", help));
        }
        Ok(names.into_iter().collect())
    })
}

fn pattern(key: &Ident, input: ParseStream) -> syn::Result<LitStr> {
    let help = "write `pattern(\"^[a-z]+$\")`";
    in_parentheses(key, input, "a regular expression", help, |content| {
        let text: LitStr = content
            .parse()
            .map_err(|at: syn::Error| error(at.span(), "`pattern` takes a regular expression in quotes", help))?;
        if !content.is_empty() {
            return Err(error(content.span(), "`pattern` takes one regular expression", help));
        }
        Ok(text)
    })
}

/// `(min = …, max = …)`.
fn bounds<T>(
    key: &Ident,
    input: ParseStream,
    example: &str,
    value: fn(ParseStream) -> syn::Result<T>,
) -> syn::Result<Bounds<T>> {
    let help = format!("write `{example}`, or one of the two");
    in_parentheses(key, input, "its bounds", &help, |content| {
        let mut bounds = Bounds { min: None, max: None };
        while !content.is_empty() {
            let bound =
                content.call(Ident::parse_any).map_err(|at| error(at.span(), "expected `min` or `max`", &help))?;
            let slot = match bound.to_string().as_str() {
                "min" => &mut bounds.min,
                "max" => &mut bounds.max,
                word => return Err(error(bound.span(), format!("unknown bound `{word}`"), &help)),
            };
            if content.parse::<Token![=]>().is_err() {
                return Err(error(bound.span(), format!("`{bound}` needs a value"), &help));
            }
            let at = content.span();
            let value = value(content).map_err(|mistake| error(at, mistake.to_string(), &help))?;
            fill(slot, &bound, value)?;
            if !content.is_empty() && content.parse::<Token![,]>().is_err() {
                return Err(error(content.span(), "expected `,`", &help));
            }
        }
        if bounds.min.is_none() && bounds.max.is_none() {
            return Err(error(key.span(), format!("`{key}` has no bound"), &help));
        }
        Ok(bounds)
    })
}

/// Reads what stands in parentheses after a key. After a mistake the rest of it is skipped, since syn complains about
/// what nobody read.
fn in_parentheses<T>(
    key: &Ident,
    input: ParseStream,
    what: &str,
    help: &str,
    read: impl FnOnce(ParseStream) -> syn::Result<T>,
) -> syn::Result<T> {
    if !input.peek(syn::token::Paren) {
        return Err(error(key.span(), format!("`{key}` takes {what} in parentheses"), help));
    }
    let content;
    syn::parenthesized!(content in input);
    let found = read(&content);
    if found.is_err() {
        skip(&content, |_| false)?;
    }
    found
}

/// Skips tokens up to the first of these, or to the end.
fn skip(input: ParseStream, until: impl Fn(ParseStream) -> bool) -> syn::Result<()> {
    while !input.is_empty() && !until(input) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

fn whole(input: ParseStream) -> syn::Result<u64> {
    let refused = |at| syn::Error::new(at, "expected a whole number that is not below zero");
    let number: LitInt = input.parse().map_err(|at: syn::Error| refused(at.span()))?;
    number.base10_parse().map_err(|_| refused(number.span()))
}

fn number(input: ParseStream) -> syn::Result<f64> {
    let minus: Option<Token![-]> = input.parse()?;
    let refused = |at| syn::Error::new(at, "expected a number");
    let literal: Lit = input.parse().map_err(|at: syn::Error| refused(at.span()))?;
    let value = match &literal {
        Lit::Int(whole) => LitInt::base10_parse::<f64>(whole),
        Lit::Float(float) => LitFloat::base10_parse::<f64>(float),
        other => Err(refused(other.span())),
    }
    .map_err(|_| refused(literal.span()))?;
    if !value.is_finite() {
        return Err(refused(literal.span()));
    }
    Ok(if minus.is_some() { -value } else { value })
}
