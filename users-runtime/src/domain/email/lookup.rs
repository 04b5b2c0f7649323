//! The forms in which an address may be stored, to find the account for a text that a person typed.
//!
//! axum-users stores one normal form. Other programs have stored the domain as it was typed: in Punycode, as Chrome sends
//! it, in capitals, or decomposed, as macOS writes it. Each of them is the same mailbox.

use unicode_normalization::UnicodeNormalization;

use super::{CanonicalEmail, DomainName, EmailRules, MAX_OCTETS, is_atom_char, is_visible, typed};
use crate::compat::email as internationalized;

impl CanonicalEmail {
    /// Returns every form under which the account of `text` may be stored, the text itself first. Their number depends on
    /// the text only: one for most addresses, up to seven for a domain outside of ASCII.
    pub(crate) fn candidates(text: &str, rules: EmailRules) -> Vec<Self> {
        let bare = match rules {
            EmailRules::Ascii => text,
            EmailRules::Internationalized => internationalized::without_display_name(text),
        };
        let bare = without_spaces(bare);
        let meant = typed::meant(bare);
        let mut found = vec![Self::of(text), Self::of(bare), Self::of(&meant)];
        if let Some((local, domain)) = meant.rsplit_once('@')
            && let Ok(domain) = DomainName::read(domain)
        {
            let local: String = local.nfc().collect();
            let normal = format!("{local}@{}", domain.unicode);
            let capitals: String = domain.unicode.chars().flat_map(char::to_uppercase).collect();
            let decomposed: String = normal.nfd().collect();
            let forms = [normal, format!("{local}@{}", domain.ascii), format!("{local}@{capitals}"), decomposed];
            found.extend(forms.iter().map(|form| Self::of(form)));
        }
        let mut distinct = Vec::with_capacity(1);
        for form in found {
            if form.may_be_stored() && !distinct.contains(&form) {
                distinct.push(form);
            }
        }
        distinct
    }

    /// Returns one text for all spellings of a mailbox, under which failures are counted. It is the same for every form
    /// that [`CanonicalEmail::candidates`] returns for a text.
    ///
    /// Domains that differ only in letters without another case (`ß` and `ss`) share one, because an account may be stored in
    /// capitals.
    pub(crate) fn for_counters(text: &str, rules: EmailRules) -> String {
        let bare = match rules {
            EmailRules::Ascii => text,
            EmailRules::Internationalized => internationalized::without_display_name(text),
        };
        let bare = typed::meant(without_spaces(bare));
        let (local, domain) = bare.rsplit_once('@').unwrap_or(("", &bare));
        let domain = DomainName::read(domain).map_or_else(|_| domain.to_owned(), |domain| domain.unicode);
        let name = format!("{}@{}", folded(local), folded(&domain));
        // A dot at the end may have hidden what looks like a display name.
        match rules {
            EmailRules::Internationalized if internationalized::without_display_name(&name) != name => {
                Self::for_counters(internationalized::without_display_name(&name), rules)
            }
            _ => name,
        }
    }
}

/// Returns a text without differences of case and composition.
fn folded(text: &str) -> String {
    let mut folded: String = text.nfc().collect();
    // Capital letters may compose differently, and their lower-case forms differently again.
    for _ in 0..3 {
        folded = folded.to_uppercase().to_lowercase().nfc().collect();
    }
    folded
}

/// Returns the text without the spaces around it. A text with a line end is left as it is, since no account can be
/// registered with it.
fn without_spaces(text: &str) -> &str {
    if text.contains(['\r', '\n']) { text } else { text.trim() }
}

/// Returns whether a text may be one mailbox that another program has stored, by rules more lenient than those for new
/// accounts: it has one `@`, and no character on either side that a mail header or an SMTP envelope could misread.
pub(super) fn may_be_mailbox(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let in_local = |c: char| c == '.' || is_atom_char(c) || !c.is_ascii();
    let in_domain = |c: char| matches!(c, '.' | '-' | '_') || c.is_ascii_alphanumeric() || !c.is_ascii();
    text.len() <= MAX_OCTETS
        && is_visible(text)
        && !local.is_empty()
        && local.chars().all(in_local)
        && !domain.is_empty()
        && domain.chars().all(in_domain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        EmailAddress,
        email::{AnyStored, EmailPolicy, ReadEmail},
    };

    fn forms(text: &str, rules: EmailRules) -> Vec<String> {
        CanonicalEmail::candidates(text, rules).into_iter().map(|form| form.as_str().to_owned()).collect()
    }

    #[test]
    fn an_ordinary_address_has_one_form() {
        for rules in [EmailRules::Ascii, EmailRules::Internationalized] {
            assert_eq!(forms("King@Camelot.BT", rules), ["king@camelot.bt"]);
            assert_eq!(forms("king@corp.local", rules), ["king@corp.local"]);
            assert_eq!(forms("king", rules), ["king"]);
            assert!(forms("a\0@camelot.bt", rules).is_empty());
        }
    }

    /// The forms that other programs store for one mailbox are found by a text that spells it differently.
    #[test]
    fn every_spelling_finds_every_stored_form_of_a_domain() {
        let spellings = [
            "a@bücher.example",
            "A@BÜCHER.Example",
            "a@xn--bcher-kva.example",
            "a@bu\u{308}cher.example",
            "a@XN--BCHER-KVA.EXAMPLE",
            "\u{a0}a@bücher。example\u{3000}",
            "a@ｂücher.example",
        ];
        let stored = [
            "a@bücher.example",
            "a@xn--bcher-kva.example",
            "A@Bücher.Example",
            "a@BÜCHER.example",
            "a@bu\u{308}cher.example",
            "a@XN--bcher-kva.example",
        ];
        for spelling in spellings {
            let found = CanonicalEmail::candidates(spelling, EmailRules::Ascii);
            assert!(found.len() <= 6, "{spelling}: {found:?}");
            for stored in stored {
                assert!(found.contains(&CanonicalEmail::of(stored)), "{spelling} does not find {stored}: {found:?}");
            }
        }
    }

    #[test]
    fn what_another_program_stored_is_accepted_for_look_ups_and_what_could_be_misread_is_not() {
        let policy = EmailPolicy::default();
        for text in [
            "a@corp.local",
            "a@localhost",
            "a@nas.home.arpa",
            "é@b.co",
            "a..b@docomo.example",
            "a@b_c.example",
            "a@10.0.0.1",
            " a@b.test\u{a0}",
            "\u{200e}a\u{ff20}corp.local.\u{feff}",
        ] {
            assert!(AnyStored(&policy).read(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "a",
            "a@",
            "@b.co",
            "a@b@c.co",
            "a b@c.co",
            "a@b.co, c@d.co",
            "<a@b.co>",
            "a@b.co\n",
            "a@b\0.co",
            "a\u{200b}@b.co",
            "a@[10.0.0.1]",
            "a@b.co?bcc=c",
        ] {
            assert!(AnyStored(&policy).read(text).is_err(), "{text:?}");
        }
    }

    /// Texts like those that keyboards, input methods and clipboards produce.
    fn typed() -> impl Strategy<Value = String> {
        let space = prop::sample::select(vec!["", " ", "\u{a0}", "\u{3000}", "\t", "\u{200b}", "\u{feff}"]);
        let local = prop::sample::select(vec![
            "king",
            "King.Arthur",
            "ＫＩＮＧ",
            "ärthur",
            "a\u{308}rthur",
            "a+b",
            "o'neill",
            "KİNG",
        ]);
        let at = prop::sample::select(vec!["@", "@", "＠"]);
        let label = prop::sample::select(vec![
            "camelot",
            "CAMELOT",
            "bücher",
            "BÜCHER",
            "bu\u{308}cher",
            "Bu\u{308}cher",
            "xn--bcher-kva",
            "XN--BCHER-KVA",
            "ｃａｍｅｌｏｔ",
            "straße",
            "STRASSE",
            "faß",
            "ΣΊΣΥΦΟΣ",
            "σίσυφος",
            "İstanbul",
            "例え",
            "пример",
            "ﬁ",
            "ﬀ",
            "a\u{200d}b",
            "ǅ",
        ]);
        let dot = prop::sample::select(vec![".", "。", "．", "｡"]);
        let end = prop::sample::select(vec!["example", "EXAMPLE", "рф", "example.", "co.uk", "local"]);
        (space.clone(), local, at, label, dot, end, space).prop_map(|(before, local, at, label, dot, end, after)| {
            format!("{before}{local}{at}{label}{dot}{end}{after}")
        })
    }

    #[test]
    fn brackets_before_a_last_dot_are_counted_like_those_without_it() {
        let rules = EmailRules::Internationalized;
        for text in ["<@>.", "<king@camelot.bt.>."] {
            let name = CanonicalEmail::for_counters(text, rules);
            for form in forms(text, rules) {
                assert_eq!(CanonicalEmail::for_counters(&form, rules), name, "{text} {form}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4096) })]

        /// A text that is accepted at registration is found by every later use of the same text, and of the address
        /// that is shown.
        #[test]
        fn an_accepted_text_finds_what_it_stores(text in prop_oneof![typed(), "\\PC{0,12}@\\PC{1,12}"]) {
            for rules in [EmailRules::Ascii, EmailRules::Internationalized] {
                let mut policy = EmailPolicy::default();
                policy.rules = rules;
                let Ok(address) = EmailAddress::parse(&text, rules) else { continue };
                for spelling in [text.as_str(), address.as_str()] {
                    prop_assert!(AnyStored(&policy).read(spelling).is_ok(), "{spelling:?}");
                    let found = CanonicalEmail::candidates(spelling, rules);
                    prop_assert!(found.contains(&address.canonical()), "{spelling:?}: {found:?}");
                }
            }
        }

        /// Texts that find the same account are counted together: all forms of a text have the same counter name.
        #[test]
        fn every_form_of_a_text_is_counted_under_one_name(text in prop_oneof![typed(), "\\PC{0,12}@\\PC{1,12}"]) {
            for rules in [EmailRules::Ascii, EmailRules::Internationalized] {
                let name = CanonicalEmail::for_counters(&text, rules);
                for form in CanonicalEmail::candidates(&text, rules) {
                    prop_assert_eq!(&name, &CanonicalEmail::for_counters(form.as_str(), rules), "{:?} {:?}", text, form);
                }
            }
        }

        /// A text finds what another program stored as it was typed.
        #[test]
        fn a_text_finds_itself(text in typed()) {
            let itself = CanonicalEmail::of(&text);
            let found = CanonicalEmail::candidates(&text, EmailRules::Ascii);
            prop_assert_eq!(found.contains(&itself), itself.may_be_stored(), "{:?}: {:?}", text, found);
        }
    }
}
