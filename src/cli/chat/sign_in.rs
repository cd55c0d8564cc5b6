//! Signing in: a token from the environment or of the last time, else a password.

use crate::{
    api::client::dto::{Me, NewSession, SignIn},
    api::password::Password,
    cli::{
        ask::{self, SecretFrom},
        failure::{Done, Failure},
        http::{Endpoint, Http},
        place::Place,
    },
};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Whose client API.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    /// Where it is; that of the organization in the directory when absent.
    pub url: Option<&'a str>,
    /// The file with the certificates to trust; those of the system when absent.
    pub authorities: Option<&'a Path>,
}

/// The client API signed in as a user, and what it says of them.
pub async fn sign_in(user: &str, server: Server<'_>, from: SecretFrom, place: &Place) -> Done<(Http, Me)> {
    let endpoint = match server.url {
        Some(url) => Endpoint::parse(url),
        None => place.client_endpoint()?,
    };
    let http = Http::trusting(endpoint, server.authorities)?;
    if let Some(token) = std::env::var("HANDCLASP_TOKEN").ok().filter(|token| !token.is_empty()) {
        let http = http.with_token(token);
        let me = http.read("/api/v1/me").await?;
        return Ok((http, check_user(user, me)?));
    }
    let cache = cache_file(user, server.url, place);
    if from == SecretFrom::Terminal
        && let Some(token) = read_token(&cache)
    {
        let http = http.clone().with_token(token);
        match http.read("/api/v1/me").await {
            Ok(me) => return Ok((http, check_user(user, me)?)),
            Err(failure) if failure.has_code("UNAUTHENTICATED") => {}
            Err(failure) => return Err(failure),
        }
    }
    by_password(user, http, from, &cache).await
}

async fn by_password(user: &str, http: Http, from: SecretFrom, cache: &Path) -> Done<(Http, Me)> {
    let password = ask::password(&format!("Password of {user}: "), from)?;
    let label = Some("handclasp chat".to_owned());
    let sign_in = SignIn { user: user.to_owned(), password: Password::new(password), label };
    let session: NewSession = http.post("/api/v1/session", &sign_in).await.map_err(|mut failure| {
        if failure.has_code("UNAUTHENTICATED") {
            failure.next = Some(format!("an admin can set a new password: handclasp user password {user}"));
        }
        failure
    })?;
    if let Err(error) = write_token(cache, &session.token) {
        eprintln!("(the sign-in is not kept: {}: {error})", cache.display());
    }
    let http = http.with_token(session.token);
    let me = http.read("/api/v1/me").await?;
    Ok((http, me))
}

/// A token of somebody else must not speak in their name by mistake.
fn check_user(user: &str, me: Me) -> Done<Me> {
    let local = me.address.split('@').next().unwrap_or_default();
    match user == me.address || user == local {
        true => Ok(me),
        false => Err(Failure::refused(format!("the token is that of {}, not of {user}", me.address))
            .next("unset HANDCLASP_TOKEN, or name its user with --as")),
    }
}

/// In the org's directory when the daemon is that org's; in one's own home for a daemon elsewhere.
fn cache_file(user: &str, server: Option<&str>, place: &Place) -> PathBuf {
    let plain = |text: &str| text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>();
    match server {
        None => place.dir().join("chat").join(format!("{}.token", plain(user))),
        Some(url) => {
            let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
            home.join(".handclasp").join(format!("{}_at_{}.token", plain(user), plain(url)))
        }
    }
}

/// Keeps a token, so that `handclasp chat --as USER --dir DIR` asks for no password.
pub fn remember(dir: &Path, user: &str, token: &str) -> Done {
    Ok(write_token(&cache_file(user, None, &Place::new(Some(dir.to_owned()), None)), token)?)
}

fn read_token(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|token| !token.is_empty())
}

fn write_token(path: &Path, token: &str) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    // A file with wider access would keep it: it is made anew.
    let _ = fs::remove_file(path);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{token}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_kept_token_is_private_and_replaces_the_one_before() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("chat").join("alice.token");
        assert_eq!(read_token(&path), None);
        for token in ["one", "two"] {
            write_token(&path, token).expect("written");
            assert_eq!(read_token(&path).as_deref(), Some(token));
            assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn names_cannot_lead_out_of_the_directory() {
        let place = Place::new(Some("/srv/acme".into()), None);
        assert_eq!(cache_file("../x", None, &place), PathBuf::from("/srv/acme/chat/___x.token"));
    }
}
