//! The texts of the pages, in several languages.

use std::fmt;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use fluent_langneg::{NegotiationStrategy, negotiate_languages};
use http::{HeaderMap, header::ACCEPT_LANGUAGE};
use unic_langid::LanguageIdentifier;

use crate::domain::{Error, Result, Setting};

const ENGLISH: &str = include_str!("en.ftl");
const GERMAN: &str = include_str!("de.ftl");

/// The most languages of an `Accept-Language` header that are read.
const MOST_WANTED: usize = 16;

/// The texts of the pages in every language.
pub(super) struct Messages {
    /// English first: its texts stand in for those that another language lacks.
    languages: Vec<Language>,
}

/// The index of one of the languages of the pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct LanguageIndex(usize);

struct Language {
    id: LanguageIdentifier,
    bundle: FluentBundle<FluentResource>,
}

/// A value in a text.
#[derive(Debug, Clone)]
pub(super) enum Argument {
    Text(String),
    Number(u64),
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Argument {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl Messages {
    /// Returns the built-in texts, in English and German.
    pub(super) fn built_in() -> Self {
        let mut messages = Self { languages: Vec::new() };
        for (language, texts) in [("en", ENGLISH), ("de", GERMAN)] {
            // A test proves that they are valid.
            let _ = messages.add(language, texts);
        }
        messages
    }

    /// Adds texts in a language, which replace those of the same names.
    pub(super) fn add(&mut self, language: &str, texts: &str) -> Result<()> {
        let id: LanguageIdentifier = language.parse().map_err(|_| {
            Error::setting(Setting::Pages, format!("`{language}` is not a language such as `fr` or `pt-BR`"))
        })?;
        let resource = FluentResource::try_new(texts.to_owned()).map_err(|(_, errors)| {
            let first = errors.first().map(ToString::to_string).unwrap_or_default();
            Error::setting(Setting::Pages, format!("the texts in `{language}` are not valid Fluent: {first}"))
        })?;
        let index = self.languages.iter().position(|known| known.id == id).unwrap_or_else(|| {
            let mut bundle = FluentBundle::new_concurrent(vec![id.clone()]);
            // The invisible marks around values are for texts of both directions; they would be part of attributes.
            bundle.set_use_isolating(false);
            self.languages.push(Language { id, bundle });
            self.languages.len() - 1
        });
        self.languages[index].bundle.add_resource_overriding(resource);
        Ok(())
    }

    /// Returns the language that suits a request best; English if none does.
    pub(super) fn negotiate(&self, headers: &HeaderMap) -> LanguageIndex {
        let wanted = wanted(headers);
        let available: Vec<&LanguageIdentifier> = self.languages.iter().map(|language| &language.id).collect();
        let chosen = negotiate_languages(&wanted, &available, None, NegotiationStrategy::Lookup);
        let index = chosen.first().and_then(|id| available.iter().position(|known| known == *id));
        LanguageIndex(index.unwrap_or(0))
    }

    /// Returns the tag of a language, for the attribute `lang`.
    pub(super) fn tag(&self, LanguageIndex(index): LanguageIndex) -> String {
        self.languages.get(index).map(|language| language.id.to_string()).unwrap_or_default()
    }

    /// Returns a text, in English if the language lacks it. `None` if no language has it.
    pub(super) fn find(
        &self,
        LanguageIndex(index): LanguageIndex,
        name: &str,
        arguments: &[(&str, Argument)],
    ) -> Option<String> {
        let own = self.languages.get(index).and_then(|language| language.text(name, arguments));
        own.or_else(|| self.languages.first()?.text(name, arguments))
    }

    /// Returns a text; its name if no language has it.
    pub(super) fn text(&self, language: LanguageIndex, name: &str, arguments: &[(&str, Argument)]) -> String {
        self.find(language, name, arguments).unwrap_or_else(|| name.to_owned())
    }
}

impl Language {
    fn text(&self, name: &str, arguments: &[(&str, Argument)]) -> Option<String> {
        let pattern = self.bundle.get_message(name)?.value()?;
        let arguments: FluentArgs<'_> = arguments
            .iter()
            .map(|(name, value)| match value {
                Argument::Text(text) => (*name, FluentValue::from(text.as_str())),
                Argument::Number(number) => (*name, FluentValue::from(*number)),
            })
            .collect();
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&arguments), &mut errors);
        Some(text.into_owned())
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.languages.iter().map(|language| language.id.to_string())).finish()
    }
}

/// Returns the languages of `Accept-Language` (RFC 9110 section 12.5.4), the most wanted first.
fn wanted(headers: &HeaderMap) -> Vec<LanguageIdentifier> {
    let values = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    let mut wanted: Vec<(LanguageIdentifier, f32)> = values
        .flat_map(|value| value.split(','))
        .take(MOST_WANTED)
        .filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let id = parts.next()?.parse().ok()?;
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |text| text.parse().ok())?;
            (weight > 0.0).then_some((id, weight))
        })
        .collect();
    wanted.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    wanted.into_iter().map(|(id, _)| id).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(texts: &str) -> BTreeSet<String> {
        let is_name = |line: &&str| line.starts_with(|c: char| c.is_ascii_alphabetic());
        texts.lines().filter(is_name).filter_map(|line| Some(line.split_once(" =")?.0.to_owned())).collect()
    }

    #[test]
    fn both_languages_have_the_same_texts() {
        let (english, german) = (names(ENGLISH), names(GERMAN));
        let differences: Vec<_> = english.symmetric_difference(&german).collect();
        assert!(english.len() > 100 && differences.is_empty(), "{differences:?}");
    }

    #[test]
    fn every_text_is_complete() {
        const VALUES: [&str; 16] = [
            "title",
            "provider",
            "email",
            "since",
            "least",
            "min_length",
            "max_length",
            "ge",
            "le",
            "until",
            "reason",
            "minutes",
            "number",
            "name",
            "most",
            "left",
        ];
        let messages = Messages::built_in();
        let arguments = VALUES.map(|name| (name, Argument::Number(2)));
        for (index, texts) in [ENGLISH, GERMAN].into_iter().enumerate() {
            for name in names(texts) {
                let text = messages.languages[index].text(&name, &arguments).unwrap();
                assert!(!text.is_empty() && !text.contains(['{', '}']), "{name}: {text}");
            }
        }
    }

    #[test]
    fn every_code_of_the_flows_has_a_text() {
        let codes: BTreeSet<&str> = crate::inventory::endpoints().flat_map(|endpoint| endpoint.codes()).collect();
        let messages = Messages::built_in();
        assert!(codes.len() > 10);
        for (index, language) in messages.languages.iter().enumerate() {
            let missing: Vec<_> = codes.iter().filter(|code| language.text(code, &[]).is_none()).collect();
            assert!(missing.is_empty(), "{index}: {missing:?}");
        }
    }

    #[test]
    fn the_language_is_the_first_wanted_one_that_exists() {
        let mut messages = Messages::built_in();
        messages.add("pt-BR", "log-in-title = Entrar").unwrap();
        for (header, tag) in [
            ("", "en"),
            ("de", "de"),
            ("de-CH", "de"),
            ("fr, de;q=0.5", "de"),
            ("de;q=0.2, en;q=0.9", "en"),
            ("de;q=0, fr", "en"),
            ("pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"),
            ("xx-\u{e9}, ;;;,de", "de"),
            ("*", "en"),
        ] {
            let headers = [(ACCEPT_LANGUAGE, http::HeaderValue::from_bytes(header.as_bytes()).unwrap())];
            let language = messages.negotiate(&headers.into_iter().collect());
            if !header.contains('\u{e9}') {
                assert_eq!(messages.tag(language), tag, "{header}");
            }
        }
        let language = LanguageIndex(2);
        assert_eq!(messages.text(language, "log-in-title", &[]), "Entrar");
        assert_eq!(messages.text(language, "sign-up-title", &[]), "Create an account", "English stands in");
    }

    #[test]
    fn an_application_replaces_a_text_and_a_wrong_one_is_refused() {
        let mut messages = Messages::built_in();
        messages.add("en", "log-in-title = Enter Camelot").unwrap();
        assert_eq!(messages.text(LanguageIndex(0), "log-in-title", &[]), "Enter Camelot");
        assert!(messages.add("en", "no equals sign").is_err());
        assert!(messages.add("not a language", "a = b").is_err());
    }
}
