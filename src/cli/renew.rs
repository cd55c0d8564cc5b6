//! `handclasp card renew`: the next version of our card, after the name, the addresses or the TLS key changed (W2).

use super::{
    card::{self, CardShown},
    failure::{Done, Failure},
    place::Place,
    screen::Screen,
};
use crate::{
    clock::{Clock as _, SystemClock},
    config::{Config, key_file},
    crypto::keys::{SigningKey, write_secret},
    model::{Digest, org::Card},
    net::cert::TlsIdentity,
    wire,
};
use clap::Args;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Make the next version of our card.
#[derive(Debug, Args)]
pub struct RenewArgs {
    /// The identity key; the one in the keys directory when absent.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

/// Runs the command. The daemon need not run; a reload brings the new card into effect.
pub fn run(args: RenewArgs, place: &Place, screen: Screen) -> Done {
    let config = place.config()?;
    let path = config.keys.path(key_file::CARD);
    let present = card::verify(&read(&path)?)?.card;
    let identity = load_identity(args.identity, &config, &present)?;
    let next = next_card(&present, &config, present_pin(&config)?);
    if next.endpoints == present.endpoints && next.name == present.name && next.tls_pins == present.tls_pins {
        return Err(Failure::refused("the card says already what the configuration says; nothing was changed"));
    }
    let signed = wire::proof::seal_card(next, &identity).map_err(Failure::config)?;
    replace(&path, signed.document.as_bytes())?;
    screen.answer(&CardShown::of(&signed), |card| {
        format!(
            "{}\nNext: reload the daemon (systemctl reload handclasp). Partners over an open link take the card by themselves.\n\
             After a change of the TLS key, reload once more when they have it: docs/operating.md.",
            card.words()
        )
    })
}

/// A text file of the keys directory that is no secret.
pub(super) fn read(path: &Path) -> Done<String> {
    fs::read_to_string(path).map_err(|error| Failure::config(format!("cannot read {}: {error}", path.display())))
}

/// The identity key of the present card: the file that is named, or the one in the keys directory.
pub(super) fn load_identity(named: Option<PathBuf>, config: &Config, card: &Card) -> Done<SigningKey> {
    let path = named.unwrap_or_else(|| config.keys.path(key_file::IDENTITY));
    let next = "bring the identity key back for this command, and name it with --identity FILE";
    let identity = SigningKey::load(&path).map_err(|error| Failure::config(error).next(next))?;
    match identity.public() == card.identity {
        true => Ok(identity),
        false => Err(Failure::config(format!("{} is not the key of the present card", path.display())).next(next)),
    }
}

/// The pin of the TLS key in use.
pub(super) fn present_pin(config: &Config) -> Done<Digest> {
    let certificate = read(&config.keys.path(key_file::TLS_CERTIFICATE))?;
    let key = read(&config.keys.path(key_file::TLS_KEY))?;
    TlsIdentity::parse(&certificate, &key).and_then(|tls| tls.pin()).map_err(Failure::config)
}

/// The pin before stays, so that partners who have not taken the new card yet still know us.
fn next_card(present: &Card, config: &Config, pin: Digest) -> Card {
    let mut tls_pins = vec![pin];
    tls_pins.extend(present.tls_pins.iter().copied().filter(|old| *old != pin).take(1));
    Card {
        name: config.name.clone(),
        version: present.version + 1,
        tls_pins: if present.tls_pins.contains(&pin) { present.tls_pins.clone() } else { tls_pins },
        endpoints: config.federation.advertise.clone(),
        issued_at: SystemClock.now(),
        ..present.clone()
    }
}

/// Puts a file of the keys directory in place of the one that is there: whole or not at all.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Done {
    let draft = path.with_extension("draft");
    // A draft that a crash left behind was never in force.
    let _ = fs::remove_file(&draft);
    write_secret(&draft, bytes).map_err(Failure::fault)?;
    Ok(fs::rename(&draft, path)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        init::{self, Plan},
        place::CONFIG_FILE,
        screen::Form,
    };

    fn renew(dir: &Path) -> Done {
        run(RenewArgs { identity: None }, &Place::new(Some(dir.to_owned()), None), Screen::new(Form::Json))
    }

    #[test]
    fn w2_the_next_card_has_the_new_addresses_and_the_next_number() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (domain, name) = ("acme.example".parse().expect("domain"), "Acme".parse().expect("name"));
        let advertise = vec!["127.0.0.1:7443".to_owned()];
        let plan = Plan { dir: dir.path().to_owned(), advertise, ..Plan::defaults(&domain, &name) };
        init::lay_out(&plan).expect("nothing is in the way");
        assert!(renew(dir.path()).is_err(), "there is nothing to renew");
        let file = dir.path().join(CONFIG_FILE);
        let text = read(&file).expect("written").replace("127.0.0.1:7443", "bridge.acme.example:443");
        fs::write(&file, text).expect("changed");
        renew(dir.path()).expect("renewed");
        let card =
            card::verify(&read(&dir.path().join("keys").join(key_file::CARD)).expect("there")).expect("proven").card;
        assert_eq!((card.version, card.endpoints), (2, vec!["bridge.acme.example:443".to_owned()]));
    }
}
