//! After the story: addresses, sign-ins, and the commands to try.

use super::{narrator::Narrator, story::Town};
use crate::cli::{failure::Done, twin::Org};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Tells people what they can do with the two organizations now.
pub fn invite(town: &Town, narrator: &mut Narrator) -> Done {
    narrator.close("That was the story; every step was checked.")?;
    let program = program();
    let (acme, globex) = (town.acme.dir.display(), town.globex.dir.display());
    let password = &town.password;
    narrator.ready(&json!({ "ready": [sign_ins(&town.acme, &["alice", "carol"], password), sign_ins(&town.globex, &["bob", "dave"], password)] }))?;
    narrator.words(&format!(
        "\nBoth organizations keep running until you press Ctrl-C.\n\n\
         \x20 acme.example    client API {}   admin API {}   in {acme}\n\
         \x20 globex.example  client API {}   admin API {}   in {globex}\n\
         \x20 alice, carol (acme.example) and bob, dave (globex.example) all sign in with the password {password}\n\n\
         In the browser: http://{} as alice, http://{} as bob; as the admins of both at http://{} and http://{}, with the\n\
         \x20 tokens in {acme}/keys/admin.token and {globex}/keys/admin.token.\n\n\
         Try, in two other terminals:\n\
         \x20 {program} chat --as alice bob@globex.example --dir {acme}\n\
         \x20 {program} chat --as bob alice@acme.example --dir {globex}\n\
         and while they talk, as Acme's admin:\n\
         \x20 {program} status --dir {acme}\n\
         \x20 {program} grant off globex.example --dry-run --dir {acme}\n\
         \x20 {program} grant off globex.example --dir {acme}\n\
         \x20 {program} why alice bob@globex.example --dir {acme}\n\
         \x20 {program} grant on globex.example --dir {acme}\n\
         \x20 {program} audit list --dir {acme}",
        town.acme.daemon.ready().client,
        town.acme.daemon.ready().admin,
        town.globex.daemon.ready().client,
        town.globex.daemon.ready().admin,
        town.acme.daemon.ready().client,
        town.globex.daemon.ready().client,
        town.acme.daemon.ready().admin,
        town.globex.daemon.ready().admin,
    ))
}

/// What a program needs that goes on where the story ended.
fn sign_ins(org: &Org, users: &[&str], password: &str) -> Value {
    let ready = org.daemon.ready();
    json!({
        "org": ready.org, "client": ready.client, "admin": ready.admin, "dir": org.dir, "users": users, "password": password,
    })
}

/// This program as one would type it here.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("handclasp"));
    let here = std::env::current_dir().unwrap_or_default();
    match path.strip_prefix(&here) {
        Ok(below) => format!("./{}", below.display()),
        Err(_) => path.display().to_string(),
    }
}
