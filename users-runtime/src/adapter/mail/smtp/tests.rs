//! Tests of the SMTP adapter against a small scripted server.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread::{self, JoinHandle},
};

use super::*;

/// The behavior of the server.
#[derive(Clone, Copy)]
enum Server {
    Accepts,
    Refuses,
    IsSilent,
    OffersTlsOnly,
}

/// Serves one connection and returns the lines that the client sent.
fn serve(how: Server) -> std::io::Result<(u16, JoinHandle<Vec<String>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let served = thread::spawn(move || dialogue(&listener, how).unwrap_or_default());
    Ok((port, served))
}

fn dialogue(listener: &TcpListener, how: Server) -> std::io::Result<Vec<String>> {
    let (mut out, _) = listener.accept()?;
    let input = BufReader::new(out.try_clone()?);
    let mut lines = Vec::new();
    let mut in_data = false;
    if !matches!(how, Server::IsSilent) {
        out.write_all(b"220 fake ESMTP\r\n")?;
    }
    for line in input.lines() {
        let line = line?;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let reply = match (how, verb.as_str()) {
            _ if in_data && line != "." => None,
            (Server::IsSilent, _) => None,
            (Server::OffersTlsOnly, "EHLO") => Some("250-fake\r\n250 8BITMIME\r\n"),
            (_, "EHLO") => Some("250-fake\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n"),
            (_, "AUTH") => Some("235 welcome\r\n"),
            (Server::Refuses, "RCPT") => Some("550 no <ann@example.org> here\r\n"),
            (_, "DATA") => Some("354 go on\r\n"),
            (_, "QUIT") => Some("221 bye\r\n"),
            _ => Some("250 ok\r\n"),
        };
        in_data = verb == "DATA" || (in_data && line != ".");
        let quit = verb == "QUIT" && !in_data;
        lines.push(line);
        if let Some(reply) = reply {
            out.write_all(reply.as_bytes())?;
        }
        if quit {
            break;
        }
    }
    Ok(lines)
}

fn mail(to: &str) -> Mail {
    let to = EmailAddress::stored(to).unwrap_or_else(|| unreachable!("a test writes one mailbox"));
    Mail {
        to, subject: "Grüße".to_owned(), text: "link:\nhttps://x/#token=t".to_owned(), html: "<p>x</p>".to_owned()
    }
}

async fn send(how: Server, url: &str, mail: &Mail) -> Result<(Result<(), MailError>, String)> {
    let (port, served) = serve(how)?;
    let mut smtp = Smtp::from_url(&url.replace("PORT", &port.to_string()), "The Shop <noreply@example.org>")?;
    if matches!(how, Server::IsSilent) {
        smtp.time = Duration::from_millis(100);
    }
    let sent = smtp.send(mail).await;
    drop(smtp);
    Ok((sent, served.join().unwrap_or_default().join("\n")))
}

#[tokio::test]
async fn a_mail_reaches_the_server_as_text_and_html() -> Result<()> {
    let (sent, seen) = send(Server::Accepts, "smtp://127.0.0.1:PORT", &mail("Ann@example.org")).await?;
    assert!(sent.is_ok(), "{sent:?}");
    for part in [
        "MAIL FROM:<noreply@example.org>",
        "RCPT TO:<Ann@example.org>",
        "From: \"The Shop\" <noreply@example.org>",
        "To: Ann@example.org",
        "Subject: =?utf-8?b?R3LDvMOfZQ==?=",
        "multipart/alternative",
        "text/plain; charset=utf-8",
        "https://x/#token=t",
        "text/html; charset=utf-8",
        "<p>x</p>",
        "QUIT",
    ] {
        assert!(seen.contains(part), "{part} is missing in\n{seen}");
    }
    assert!(!seen.contains("AUTH"), "no credentials are configured");
    Ok(())
}

#[tokio::test]
async fn credentials_are_used_before_the_mail() -> Result<()> {
    let (sent, seen) = send(Server::Accepts, "smtp://ann:hunter2@127.0.0.1:PORT", &mail("ann@example.org")).await?;
    assert!(sent.is_ok(), "{sent:?}");
    // RFC 4616: base64 of NUL ann NUL hunter2.
    let (auth, from) = (seen.find("AUTH PLAIN AGFubgBodW50ZXIy"), seen.find("MAIL FROM"));
    assert!(auth.is_some() && auth < from, "{seen}");
    Ok(())
}

#[tokio::test]
async fn an_international_domain_is_sent_in_ascii() -> Result<()> {
    let (sent, seen) = send(Server::Accepts, "smtp://127.0.0.1:PORT", &mail("ann@bücher.example")).await?;
    assert!(sent.is_ok(), "{sent:?}");
    assert!(seen.contains("RCPT TO:<ann@xn--bcher-kva.example>"), "{seen}");
    Ok(())
}

#[tokio::test]
async fn no_text_of_a_mail_is_interpreted_as_a_header_or_a_command() -> Result<()> {
    let mut mail = mail("ann@example.org");
    mail.subject = "Hi\r\nBcc: eve@example.org".to_owned();
    mail.text = "before\r\n.\r\nRSET\r\n".to_owned();
    let (_, seen) = send(Server::Accepts, "smtp://127.0.0.1:PORT", &mail).await?;
    assert!(!seen.contains("\nBcc"), "{seen}");
    assert_eq!(seen.matches("\n.\n").count(), 1, "the mail ends once:\n{seen}");
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_an_error_without_the_address() -> Result<()> {
    let (sent, _) = send(Server::Refuses, "smtp://127.0.0.1:PORT", &mail("ann@example.org")).await?;
    let error = sent.map_err(|error| error.to_string());
    assert!(error.as_ref().is_err_and(|text| text.contains("550") && !text.contains("ann@")), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_silent_server_times_out() -> Result<()> {
    let (sent, _) = send(Server::IsSilent, "smtp://127.0.0.1:PORT", &mail("ann@example.org")).await?;
    assert!(sent.is_err());
    Ok(())
}

#[tokio::test]
async fn without_starttls_neither_password_nor_mail_is_sent() -> Result<()> {
    // The name is not a loopback name, like that of a real server, but the connection goes to the local one.
    let (port, served) = serve(Server::OffersTlsOnly)?;
    let mut smtp = Smtp::from_url(&format!("smtp://ann:hunter2@mail.example.org:{port}"), "noreply@example.org")?;
    smtp.host = "127.0.0.1".to_owned();
    let sent = smtp.send(&mail("ann@example.org")).await;
    drop(smtp);
    let seen = served.join().unwrap_or_default().join("\n");
    assert!(sent.is_err());
    assert!(!seen.contains("AUTH") && !seen.contains("MAIL"), "{seen}");
    Ok(())
}

#[test]
fn debug_prints_no_credentials() {
    let smtp = Smtp::from_url("smtps://ann:hunter2@mail.example.org", "noreply@example.org");
    assert!(smtp.is_ok_and(|smtp| !format!("{smtp:?}").contains("hunter2") && !format!("{smtp:?}").contains("ann")));
}

#[test]
fn a_sender_that_is_not_one_address_is_refused() {
    for from in ["", "noreply", "a@b.org\r\nBcc: c@d.org", "a@b.org, c@d.org"] {
        assert!(Smtp::from_url("smtp://localhost", from).is_err(), "{from:?}");
    }
}
