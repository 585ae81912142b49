//! The server that takes our mails.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// A server that takes mails by SMTP.
#[derive(Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Its name or address, as certificates have it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// User name and password.
    pub login: Option<(String, String)>,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all: it does not leave this machine.
    None,
    /// By STARTTLS, and no mail is sent if the server does not offer it.
    StartTls,
    /// From its beginning.
    Tls,
}

impl MailServer {
    /// Reads `smtp://[USER:PASSWORD@]HOST[:PORT]`, or `smtps://…`. A connection by `smtp://` that leaves this machine is
    /// encrypted by STARTTLS.
    ///
    /// # Errors
    /// What is wrong, without the text, which may have a password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "no URL")?;
        let host = url.host_str().filter(|it| !it.is_empty()).ok_or("a URL without a host")?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let is_here = match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => host == "localhost" && !matches!(url.host(), Some(Host::Ipv6(_))),
        };
        let (encryption, port) = match url.scheme() {
            "smtps" => (Encryption::Tls, 465),
            "smtp" if is_here => (Encryption::None, 25),
            "smtp" => (Encryption::StartTls, 587),
            _ => return Err("another scheme than smtp:// or smtps://"),
        };
        if !["", "/"].contains(&url.path()) || url.query().is_some() || url.fragment().is_some() {
            return Err("more than host and port");
        }
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8().map_err(|_| "no UTF-8");
            text.map(|it| it.into_owned())
        };
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                Some((decoded(user)?, decoded(password)?))
            }
            _ => return Err("a user name or a password alone"),
        };
        Ok(Self { host, port: url.port().unwrap_or(port), encryption, login })
    }
}

impl std::fmt::Debug for MailServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailServer({}:{}, {:?})", self.host, self.port, self.encryption)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_machine_is_encrypted() {
        for (text, host, port, encryption) in [
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, Encryption::None),
            ("smtp://localhost", "localhost", 25, Encryption::None),
            ("smtp://[::1]:26", "::1", 26, Encryption::None),
            ("smtp://mail.shop.example", "mail.shop.example", 587, Encryption::StartTls),
            (
                "smtp://localhost.shop.example:25",
                "localhost.shop.example",
                25,
                Encryption::StartTls,
            ),
            ("smtps://mail.shop.example/", "mail.shop.example", 465, Encryption::Tls),
        ] {
            let read = MailServer::parse(text).unwrap();
            assert_eq!((read.host.as_str(), read.port, read.encryption), (host, port, encryption));
            assert_eq!(read.login, None);
        }
    }

    #[test]
    fn the_login_may_have_any_characters_and_is_not_printed() {
        let read = MailServer::parse("smtps://in%40voices:p%3A%2Fcanary@mail.example").unwrap();
        assert_eq!(read.login, Some(("in@voices".to_owned(), "p:/canary".to_owned())));
        assert!(!format!("{read:?}").contains("canary"));
        for (text, why) in [
            ("mail.example:25", "another scheme than smtp:// or smtps://"),
            ("https://mail.example", "another scheme than smtp:// or smtps://"),
            ("smtp://", "a URL without a host"),
            ("smtp://mail.example/x", "more than host and port"),
            ("smtp://mail.example?tls=off", "more than host and port"),
            ("smtp://user@mail.example", "a user name or a password alone"),
            ("smtp://:word@mail.example", "a user name or a password alone"),
        ] {
            assert_eq!(MailServer::parse(text).unwrap_err(), why, "{text}");
        }
    }
}
