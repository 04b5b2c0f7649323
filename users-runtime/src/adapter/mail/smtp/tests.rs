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
    RefusesForNow,
    IsSilent,
    OffersTlsOnly,
    /// Adds further replies to the one to STARTTLS, before encryption.
    InjectsReplies,
    /// Sends the first line of its reply to EHLO forever.
    NeverEndsALine,
    /// Sends lines of its reply to EHLO forever.
    NeverEndsAReply,
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
        if line.starts_with("EHLO") && matches!(how, Server::NeverEndsALine | Server::NeverEndsAReply) {
            let endless: &[u8] = if matches!(how, Server::NeverEndsALine) { b"250-" } else { b"250-fake\r\n" };
            let chunk = endless.repeat(4096);
            let mut sent = 0;
            while out.write_all(&chunk).is_ok() {
                sent += chunk.len();
            }
            return Ok(vec![sent.to_string()]);
        }
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let reply = match (how, verb.as_str()) {
            _ if in_data && line != "." => None,
            (Server::IsSilent, _) => None,
            (Server::OffersTlsOnly, "EHLO") => Some("250-fake\r\n250 8BITMIME\r\n"),
            (Server::InjectsReplies, "EHLO") => Some("250-fake\r\n250 STARTTLS\r\n"),
            (Server::InjectsReplies, "STARTTLS") => Some("220 go on\r\n250-fake\r\n250 AUTH PLAIN\r\n235 welcome\r\n"),
            (_, "EHLO") => Some("250-fake\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n"),
            (_, "AUTH") => Some("235 welcome\r\n"),
            (Server::Refuses, "RCPT") => Some("550 no <ann@example.org> here\r\n"),
            (Server::RefusesForNow, "RCPT") => Some("451 <ann@example.org> later\r\n"),
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
    assert!(seen.lines().any(|line| line.starts_with("Message-ID: <") && line.ends_with("@example.org>")), "{seen}");
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
async fn the_domain_of_the_sender_is_sent_in_ascii() -> Result<()> {
    let (port, served) = serve(Server::Accepts)?;
    let smtp = Smtp::from_url(&format!("smtp://127.0.0.1:{port}"), "Bücher <noreply@bücher.example>")?;
    let sent = smtp.send(&mail("ann@example.org")).await;
    let seen = served.join().unwrap_or_default().join("\n");
    assert!(sent.is_ok(), "{sent:?}");
    for part in
        ["MAIL FROM:<noreply@xn--bcher-kva.example>\n", "<noreply@xn--bcher-kva.example>", "@xn--bcher-kva.example>"]
    {
        assert!(seen.contains(part), "{part} is missing in\n{seen}");
    }
    assert!(seen.is_ascii(), "{seen}");
    Ok(())
}

#[test]
fn every_mail_has_its_own_message_id() {
    let id = || message_id("example.org").unwrap_or_else(|error| unreachable!("{error}"));
    assert_ne!(id(), id());
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
async fn a_refusal_for_now_is_temporary_and_one_for_good_is_not() -> Result<()> {
    for (how, is_temporary) in [(Server::RefusesForNow, true), (Server::Refuses, false), (Server::OffersTlsOnly, false)]
    {
        let url = "smtp://ann:hunter2@127.0.0.1:PORT";
        let (sent, _) = send(how, url, &mail("ann@example.org")).await?;
        assert_eq!(sent.map_err(|error| error.is_temporary()), Err(is_temporary));
    }
    Ok(())
}

/// Sends a mail and returns the text of its error, and whether it is temporary.
async fn error(url: &str) -> Result<(String, bool)> {
    let sent = Smtp::from_url(url, "noreply@example.org")?.send(&mail("ann@example.org")).await;
    Ok(sent.map_err(|error| (error.to_string(), error.is_temporary())).err().unwrap_or_default())
}

#[tokio::test]
async fn a_wrong_name_a_refused_connection_and_a_bad_certificate_are_told_apart() -> Result<()> {
    let (text, is_temporary) = error("smtps://mail.invalid").await?;
    assert!(text.contains("name of the mail server cannot be resolved") && is_temporary, "{text}");

    let free = TcpListener::bind("127.0.0.1:0")?;
    let port = free.local_addr()?.port();
    drop(free);
    let (text, is_temporary) = error(&format!("smtp://127.0.0.1:{port}")).await?;
    assert!(text.contains("no connection to the mail server (connection refused)") && is_temporary, "{text}");

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let server = thread::spawn(move || serve_tls(&listener));
    let (text, is_temporary) = error(&format!("smtps://127.0.0.1:{port}")).await?;
    assert!(text.contains("certificate of the mail server is not valid") && !is_temporary, "{text}");
    assert!(server.join().is_ok());

    let (port, served) = serve(Server::Accepts)?;
    let (text, _) = error(&format!("smtps://127.0.0.1:{port}")).await?;
    assert!(text.contains("could not be reached over TLS"), "{text}");
    assert!(served.join().is_ok());
    Ok(())
}

/// Starts TLS with a certificate that no known authority issued.
fn serve_tls(listener: &TcpListener) -> std::io::Result<()> {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/security_tokens/keys");
    let certificate = CertificateDer::from_pem_file(format!("{keys}/es256-certificate.pem")).map_err(other)?;
    let key = PrivateKeyDer::from_pem_file(format!("{keys}/es256-private.pem")).map_err(other)?;
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(other)?;
    let mut connection = rustls::ServerConnection::new(std::sync::Arc::new(config)).map_err(other)?;
    let (mut stream, _) = listener.accept()?;
    // The client ends the handshake.
    let _ = connection.complete_io(&mut stream);
    Ok(())
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> std::io::Error {
    std::io::Error::other(error)
}

#[tokio::test]
async fn a_server_that_never_ends_a_line_or_a_reply_is_cut_off() -> Result<()> {
    for how in [Server::NeverEndsALine, Server::NeverEndsAReply] {
        let (sent, seen) = send(how, "smtp://127.0.0.1:PORT", &mail("ann@example.org")).await?;
        assert!(sent.is_err_and(|error| !error.is_temporary()));
        // Unread data fills the buffers of the operating system.
        let bytes: usize = seen.parse().unwrap_or(usize::MAX);
        assert!(bytes < 16 * 1024 * 1024, "{bytes} bytes were taken");
    }
    Ok(())
}

#[tokio::test]
async fn replies_that_were_sent_before_encryption_do_not_count_after_it() -> Result<()> {
    let (port, served) = serve(Server::InjectsReplies)?;
    let mut smtp = Smtp::from_url(&format!("smtp://ann:hunter2@mail.example.org:{port}"), "noreply@example.org")?;
    smtp.host = "127.0.0.1".to_owned();
    let error = smtp.send(&mail("ann@example.org")).await.map_err(|error| error.to_string());
    assert!(error.as_ref().is_err_and(|text| text.contains("over TLS")), "{error:?}");
    drop(smtp);
    let seen = served.join().unwrap_or_default().join("\n");
    assert!(!seen.contains("AUTH") && !seen.contains("MAIL"), "{seen}");
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
fn a_sender_that_is_not_one_address_or_needs_smtputf8_is_refused() {
    for from in ["", "noreply", "a@b.org\r\nBcc: c@d.org", "a@b.org, c@d.org", "grüße@example.org", "a@-.example"] {
        assert!(Smtp::from_url("smtp://localhost", from).is_err(), "{from:?}");
    }
}
