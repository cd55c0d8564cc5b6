//! A browser's session: the token in a cookie that no script reads, and a header that no other site can send.

use super::{auth, problem::Problem};
use crate::model::{Code, Digest};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// Every change by cookie bears this header. Another site cannot send it: its browser would ask us first (a preflight),
/// and nothing here ever answers yes.
pub const WEB: HeaderName = HeaderName::from_static("handclasp-web");

const FETCH_SITE: &str = "sec-fetch-site";

/// How browsers reach a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// HTTPS of our own.
    Tls,
    /// Plain HTTP, which leaves this machine only behind a proxy that speaks HTTPS.
    Plain,
}

/// The cookies of one listener.
#[derive(Clone, Debug)]
pub struct Cookies {
    name: String,
    channel: Channel,
}

impl Cookies {
    /// Cookies of this name. It should bear the org and the listener: cookies know no ports, and several daemons may run
    /// on one machine.
    #[must_use]
    pub fn new(name: String, channel: Channel) -> Self {
        Self { name, channel }
    }

    /// The digest of the token that a request bears: as bearer token, or as this cookie.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when there is none; `FORBIDDEN` when the request may come from another site.
    pub fn session(&self, method: &Method, headers: &HeaderMap) -> Result<Digest, Problem> {
        if headers.contains_key(header::AUTHORIZATION) {
            return auth::bearer(headers);
        }
        let token = self.find(headers).ok_or_else(Problem::unauthenticated)?;
        check_site(method, headers)?;
        auth::digest_of(token).ok_or_else(Problem::unauthenticated)
    }

    /// The header that begins a session of this many seconds with this token.
    #[must_use]
    pub fn set(&self, headers: &HeaderMap, token: &str, age_s: u64) -> HeaderValue {
        self.header(headers, token, age_s)
    }

    /// The header that takes the cookie away.
    #[must_use]
    pub fn clear(&self, headers: &HeaderMap) -> HeaderValue {
        self.header(headers, "", 0)
    }

    fn header(&self, headers: &HeaderMap, token: &str, age_s: u64) -> HeaderValue {
        let secure = if self.is_secure(headers) { "; Secure" } else { "" };
        let name = self.full_name(headers);
        let text = format!("{name}={token}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}");
        HeaderValue::from_str(&text).expect("a domain and a token are visible ASCII")
    }

    fn find<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let name = self.full_name(headers);
        let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, token)| token)
    }

    /// A browser lets only this very host set `__Host-` cookies, and only over HTTPS.
    fn full_name(&self, headers: &HeaderMap) -> String {
        if self.is_secure(headers) { format!("__Host-{}", self.name) } else { self.name.clone() }
    }

    /// Only a browser on this machine may go without HTTPS; one behind a proxy names the proxy's host.
    fn is_secure(&self, headers: &HeaderMap) -> bool {
        self.channel == Channel::Tls || !is_loopback(headers)
    }
}

/// Refuses what another site may have caused.
///
/// # Errors
/// `FORBIDDEN`, with what is missing.
pub fn check_site(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let is_ours = match site {
        None | Some(b"same-origin") => true,
        // Typed into the address bar, or opened from a bookmark.
        Some(b"none") => is_read,
        Some(_) => false,
    };
    if is_ours && (is_read || headers.contains_key(WEB)) {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden, format!("a change by cookie comes from our own page, with the header `{WEB}`")))
}

fn is_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|value| value.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    //! The cookie signs in our own page and nobody else's.

    use super::*;
    use crate::{api::entropy::Entropy, clock::SystemRandom};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let value = |text: &str| HeaderValue::from_str(text).expect("ASCII");
        pairs.iter().map(|(name, text)| (HeaderName::from_static(name), value(text))).collect()
    }

    fn cookies(channel: Channel) -> Cookies {
        Cookies::new("handclasp-acme.example".to_owned(), channel)
    }

    #[test]
    fn a_cookie_is_secure_everywhere_but_on_this_machine() {
        for (channel, host, secure) in [
            (Channel::Plain, "127.0.0.1:8080", false),
            (Channel::Plain, "[::1]:8080", false),
            (Channel::Plain, "localhost", false),
            (Channel::Plain, "chat.acme.example", true),
            (Channel::Plain, "127.0.0.1.evil.example", true),
            (Channel::Tls, "127.0.0.1:8080", true),
        ] {
            let set = cookies(channel).set(&headers(&[("host", host)]), "x", 60);
            let set = set.to_str().expect("ASCII");
            assert_eq!(set.ends_with("; Secure"), secure, "{host}");
            assert_eq!(set.starts_with("__Host-handclasp-acme.example=x"), secure, "{host}");
            assert!(set.contains("; HttpOnly; SameSite=Strict"), "{set}");
        }
    }

    #[test]
    fn only_our_own_page_acts_by_cookie() {
        let (token, digest) = auth::issue(&Entropy::new(SystemRandom));
        let cookie = format!("other=1; handclasp-acme.example={token}");
        let own = [("host", "127.0.0.1:1"), ("cookie", cookie.as_str())];
        let ask = |method: Method, more: &[(&'static str, &str)]| {
            cookies(Channel::Plain).session(&method, &headers(&[&own, more].concat()))
        };
        assert_eq!(ask(Method::GET, &[]).expect("a read"), digest);
        assert_eq!(ask(Method::POST, &[("handclasp-web", "1")]).expect("our page"), digest);
        let site = |site| ("sec-fetch-site", site);
        assert_eq!(ask(Method::GET, &[site("none")]).expect("typed"), digest);
        assert_eq!(ask(Method::POST, &[]).expect_err("no header").status, 403);
        for foreign in ["cross-site", "same-site"] {
            assert_eq!(ask(Method::GET, &[site(foreign)]).expect_err(foreign).status, 403);
            assert_eq!(ask(Method::POST, &[site(foreign), ("handclasp-web", "1")]).expect_err(foreign).status, 403);
        }
        assert_eq!(
            ask(Method::DELETE, &[site("none"), ("authorization", "Bearer x")]).expect_err("bearer").status,
            401
        );
    }

    #[test]
    fn a_cookie_of_another_name_is_nobodys() {
        let (token, _) = auth::issue(&Entropy::new(SystemRandom));
        for name in ["handclasp-globex.example", "__Host-handclasp-acme.example"] {
            let cookie = format!("{name}={token}");
            let headers = headers(&[("host", "127.0.0.1:1"), ("cookie", &cookie)]);
            assert_eq!(cookies(Channel::Plain).session(&Method::GET, &headers).expect_err(name).status, 401);
        }
    }
}
