//! The content of a mail, as text and as HTML.

use std::fmt::Write;

/// The content of a mail: subject, plain text and HTML.
///
/// Build it with [`Letter::new`], [`Letter::paragraph`] and [`Letter::button`], which escape HTML, or fill the three
/// fields yourself.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The subject, one line.
    pub subject: String,
    /// The plain text body.
    pub text: String,
    /// The HTML body.
    pub html: String,
}

impl Letter {
    /// Creates a letter with a subject and empty bodies.
    #[must_use]
    pub fn new(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), text: String::new(), html: String::new() }
    }

    /// Adds a paragraph of plain text.
    #[must_use]
    pub fn paragraph(mut self, text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        self.separate();
        self.text.push_str(text);
        self.text.push('\n');
        // Writing into a String cannot fail.
        let _ = writeln!(self.html, "<p>{}</p>", escape_html(text));
        self
    }

    /// Adds a link in a separate paragraph. The URL is also shown as text, so that users can see where the link
    /// leads.
    #[must_use]
    pub fn button(mut self, label: impl AsRef<str>, url: impl AsRef<str>) -> Self {
        let (label, url) = (label.as_ref(), url.as_ref());
        self.separate();
        let _ = writeln!(self.text, "{label}:\n{url}");
        let (label, url) = (escape_html(label), escape_html(url));
        let _ = writeln!(self.html, "<p><a href=\"{url}\">{label}</a><br><small>{url}</small></p>");
        self
    }

    fn separate(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }
}

impl std::fmt::Debug for Letter {
    /// Omits the bodies, which contain tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Escapes text for HTML, both in content and in quoted attribute values.
#[must_use]
pub fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_in_html_and_unchanged_in_plain_text() {
        let letter = Letter::new("s").paragraph("<b onclick='x'>&</b>").button("\"go\"", "https://a/?x=<&y='");
        assert_eq!(letter.text, "<b onclick='x'>&</b>\n\n\"go\":\nhttps://a/?x=<&y='\n");
        assert_eq!(
            letter.html,
            "<p>&lt;b onclick=&#39;x&#39;&gt;&amp;&lt;/b&gt;</p>\n<p><a href=\"https://a/?x=&lt;&amp;y=&#39;\">&quot;go&quot;</a>\
             <br><small>https://a/?x=&lt;&amp;y=&#39;</small></p>\n"
        );
    }
}
