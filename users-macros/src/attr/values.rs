//! The values of keys: a string, a name, bounds, …

use syn::{
    Expr, Ident, Lit, LitFloat, LitInt, LitStr, Path, Token, ext::IdentExt, parse::ParseStream, spanned::Spanned,
};

use super::{
    Bounds,
    items::{fill, skip},
};
use crate::report::error;

pub(super) fn flag(key: &Ident, input: ParseStream) -> syn::Result<()> {
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

pub(super) fn string(key: &Ident, input: ParseStream, example: &str) -> syn::Result<LitStr> {
    let example = format!("{key} = \"{example}\"");
    equals(key, input, &example)?;
    input.parse().map_err(|at: syn::Error| {
        error(at.span(), format!("`{key}` takes a string in quotes"), format!("write `{example}`"))
    })
}

/// Reads nothing, or `= "…"`.
pub(super) fn optional_string(key: &Ident, input: ParseStream, example: &str) -> syn::Result<Option<LitStr>> {
    if input.is_empty() || input.peek(Token![,]) { Ok(None) } else { string(key, input, example).map(Some) }
}

pub(super) fn name(key: &Ident, input: ParseStream, example: &str) -> syn::Result<Ident> {
    let example = format!("{key} = {example}");
    equals(key, input, &example)?;
    input.parse().map_err(|at: syn::Error| {
        error(at.span(), format!("`{key}` takes a name, without quotes"), format!("write `{example}`"))
    })
}

pub(super) fn crate_path(key: &Ident, input: ParseStream) -> syn::Result<Path> {
    let help = "write `crate = ::my_auth`, with the name or path under which you import axum-users";
    match input.parse::<Token![=]>() {
        Ok(_) => {}
        Err(_) => return Err(error(key.span(), "`crate` needs a value", help)),
    }
    input.call(Path::parse_mod_style).map_err(|at| error(at.span(), "`crate` takes a path, without quotes", help))
}

pub(super) fn function(key: &Ident, input: ParseStream) -> syn::Result<Path> {
    let help = "write `check = path::to::function`, where `fn function(value: &T) -> Result<(), impl Display>`";
    match input.parse::<Token![=]>() {
        Ok(_) => {}
        Err(_) => return Err(error(key.span(), "`check` needs a value", help)),
    }
    input.parse().map_err(|at: syn::Error| error(at.span(), "`check` takes the path of a function", help))
}

pub(super) fn default(input: ParseStream) -> syn::Result<Option<Expr>> {
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

pub(super) fn names(key: &Ident, input: ParseStream) -> syn::Result<Vec<Ident>> {
    let help = "write `databases(sqlite, postgres, mysql)`, with the ones that you use";
    in_parentheses(key, input, "names", help, |content| {
        let names = content
            .parse_terminated(Ident::parse_any, Token![,])
            .map_err(|at| error(at.span(), "`databases` takes names", help))?;
        if names.is_empty() {
            return Err(error(key.span(), "`databases` has no name", help));
        }
        Ok(names.into_iter().collect())
    })
}

pub(super) fn pattern(key: &Ident, input: ParseStream) -> syn::Result<LitStr> {
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

/// Reads `(min = …, max = …)`.
pub(super) fn bounds<T>(
    key: &Ident,
    input: ParseStream,
    example: &str,
    value: fn(ParseStream) -> syn::Result<T>,
) -> syn::Result<Bounds<T>> {
    let help = format!("write `{example}`, or only one of the bounds");
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

/// Reads the parentheses after a key. After a mistake the remaining tokens are skipped, since syn reports unread tokens.
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

pub(super) fn whole(input: ParseStream) -> syn::Result<u64> {
    let refused = |at| syn::Error::new(at, "expected a whole number, zero or above");
    let number: LitInt = input.parse().map_err(|at: syn::Error| refused(at.span()))?;
    number.base10_parse().map_err(|_| refused(number.span()))
}

pub(super) fn number(input: ParseStream) -> syn::Result<f64> {
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
