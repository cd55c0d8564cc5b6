//! `handclasp init`: an organization's configuration, keys, card and database, all new (W1).

use super::{
    card::CardShown,
    failure::{Done, Failure},
    keys::make_next,
    place::{CONFIG_FILE, Place},
    screen::Screen,
};
use crate::{
    api::admin::token::{self, AdminToken},
    clock::{Clock as _, SystemClock, SystemRandom, random_16},
    config::{Config, key_file},
    crypto::keys::{SigningKey, write_secret},
    model::{
        Digest, Domain, InstanceId,
        org::{Card, KeyUse, OwnOrg, SignedCard, SigningKey as CardKey},
        text::DisplayName,
    },
    net::cert::{self, TlsIdentity},
    store::{disk::DiskKv, load},
    wire,
};
use clap::Args;
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// Make an organization.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The organization's domain: acme.example. It cannot be changed later.
    #[arg(long)]
    domain: Domain,
    /// What people call the organization; the domain when absent.
    #[arg(long)]
    name: Option<DisplayName>,
    /// Where partners' daemons connect.
    #[arg(long, value_name = "IP:PORT", default_value = "0.0.0.0:7443")]
    listen: SocketAddr,
    /// Under which address partners reach it, up to four times; DOMAIN:PORT when absent.
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Vec<String>,
    /// Where people's programs connect.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:7080")]
    client: SocketAddr,
    /// Where admins connect: a loopback address, or unix:PATH.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7081")]
    admin: String,
}

/// Everything that a new organization needs to be told.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its directory.
    pub dir: PathBuf,
    /// Its domain.
    pub domain: Domain,
    /// What people call it.
    pub name: DisplayName,
    /// The federation listener.
    pub listen: SocketAddr,
    /// Under which addresses partners reach it.
    pub advertise: Vec<String>,
    /// The client listener.
    pub client: SocketAddr,
    /// The admin listener.
    pub admin: String,
    /// What the daemon logs: a level.
    pub log_level: &'static str,
}

/// Runs the command.
pub fn run(args: InitArgs, place: &Place, screen: Screen) -> Done {
    let plan = plan_of(args, place.dir())?;
    let made = lay_out(&plan)?;
    screen.answer(&CardShown::of(&made), |card| {
        let dir = plan.dir.display();
        format!(
            "Made {} in {dir}.\n\n{}\nNext:\n\
             \x20 1. Run the daemon:            handclasp serve --dir {dir}\n\
             \x20 2. Give the partner your card: handclasp card export --dir {dir} --to {}.card\n\
             \x20 3. Pin theirs:                handclasp peer add --dir {dir} PARTNER.card\n\
             \x20 4. Permit:                    handclasp grant on PARTNER.DOMAIN --dir {dir}\n\n\
             {dir}/keys/{identity} signs only cards. Keep it somewhere safe off this machine;\n\
             the daemon runs without it, and only `handclasp card renew` and `handclasp keys` need it again.",
            card.name,
            card.words(),
            card.domain,
            identity = key_file::IDENTITY,
        )
    })
}

fn plan_of(args: InitArgs, dir: PathBuf) -> Done<Plan> {
    let name = match args.name {
        Some(name) => name,
        None => args
            .domain
            .as_str()
            .parse()
            .map_err(|_| Failure::usage("the domain is too long to be the name; give --name"))?,
    };
    let advertise = match args.advertise.as_slice() {
        [] => vec![format!("{}:{}", args.domain, args.listen.port())],
        given => given.to_vec(),
    };
    let Plan { log_level, .. } = Plan::defaults(&args.domain, &name);
    let InitArgs { domain, listen, client, admin, .. } = args;
    Ok(Plan { dir, domain, name, listen, advertise, client, admin, log_level })
}

impl Plan {
    /// An organization with everything on loopback, ports chosen by the system.
    #[must_use]
    pub fn defaults(domain: &Domain, name: &DisplayName) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            dir: PathBuf::from("."),
            domain: domain.clone(),
            name: name.clone(),
            listen: any,
            advertise: Vec::new(),
            client: any,
            admin: any.to_string(),
            log_level: "info",
        }
    }
}

/// Makes the organization on disk. Refuses when any part of one is there already.
pub fn lay_out(plan: &Plan) -> Done<SignedCard> {
    let text = config_text(plan);
    let config = Config::parse(&text, &plan.dir, None).map_err(|complaints| {
        let lines: Vec<_> = complaints.iter().map(|it| format!("\n  {}: {}", it.key, it.text)).collect();
        Failure::usage(format!("these settings cannot be used:{}", lines.concat()))
    })?;
    refuse_existing(&plan.dir, &config)?;
    private_dir(&plan.dir)?;
    private_dir(&config.keys.dir)?;
    let signed = make_keys(plan, &config.keys.dir)?;
    make_database(&signed.card, &config)?;
    // The configuration comes last: where it is, everything is.
    write_public(&plan.dir.join(CONFIG_FILE), &text)?;
    Ok(signed)
}

fn refuse_existing(dir: &Path, config: &Config) -> Done {
    let parts = [dir.join(CONFIG_FILE), config.keys.dir.clone(), config.data_dir.clone()];
    match parts.iter().find(|path| path.exists()) {
        Some(path) => Err(Failure::refused(format!("{} is there already; nothing was changed", path.display()))
            .next("choose another --dir, or move the old organization away")),
        None => Ok(()),
    }
}

fn private_dir(dir: &Path) -> Done {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    let made = made.and_then(|()| fs::set_permissions(dir, fs::Permissions::from_mode(0o700)));
    made.map_err(|error| Failure::fault(format!("cannot make the directory {}: {error}", dir.display())))
}

fn write_public(path: &Path, text: &str) -> Done {
    fs::write(path, text).map_err(|error| Failure::fault(format!("cannot write {}: {error}", path.display())))
}

fn make_keys(plan: &Plan, keys: &Path) -> Done<SignedCard> {
    let identity = SigningKey::generate(&mut SystemRandom);
    let signing = SigningKey::generate(&mut SystemRandom);
    let (certificate, tls_key) = cert::generate(&plan.domain).map_err(Failure::fault)?;
    let pin = TlsIdentity::parse(&certificate, &tls_key).and_then(|tls| tls.pin()).map_err(Failure::fault)?;
    identity.save(&keys.join(key_file::IDENTITY)).map_err(Failure::fault)?;
    signing.save(&keys.join(key_file::SIGNING)).map_err(Failure::fault)?;
    write_secret(&keys.join(key_file::TLS_KEY), tls_key.as_bytes()).map_err(Failure::fault)?;
    write_secret(&keys.join(key_file::TLS_CERTIFICATE), certificate.as_bytes()).map_err(Failure::fault)?;
    AdminToken::create(&keys.join(token::FILE), &mut SystemRandom).map_err(Failure::fault)?;
    let next = make_next(&plan.domain, &keys.join(key_file::TLS_NEXT))?;
    let card = card_of(plan, &identity, &signing, vec![pin, next]);
    let signed = wire::proof::seal_card(card, &identity).map_err(Failure::usage)?;
    write_secret(&keys.join(key_file::CARD), signed.document.as_bytes()).map_err(Failure::fault)?;
    Ok(signed)
}

fn card_of(plan: &Plan, identity: &SigningKey, signing: &SigningKey, tls_pins: Vec<Digest>) -> Card {
    Card {
        domain: plan.domain.clone(),
        name: plan.name.clone(),
        identity: identity.public(),
        version: 1,
        signing_keys: vec![CardKey { key: signing.public(), state: KeyUse::Current }],
        tls_pins,
        endpoints: plan.advertise.clone(),
        features: Vec::new(),
        issued_at: SystemClock.now(),
    }
}

fn make_database(card: &Card, config: &Config) -> Done {
    let instance = InstanceId(random_16(&mut SystemRandom));
    let own = OwnOrg { domain: card.domain.clone(), identity: card.identity, instance, created_at: card.issued_at };
    private_dir(&config.data_dir)?;
    let kv = DiskKv::open(&config.data_dir, config.cache_bytes).map_err(Failure::fault)?;
    load::create(&kv, &own).map_err(Failure::fault)
}

fn config_text(plan: &Plan) -> String {
    let quote = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let advertise: Vec<String> = plan.advertise.iter().map(|endpoint| quote(endpoint)).collect();
    format!(
        "# Handclasp: {domain}. config/handclasp.toml in the source explains every key.\n\n\
         [org]\ndomain = {quoted_domain}\nname = {name}\n\n\
         # Where partners' daemons connect, and under which addresses they reach it (these stand on the card).\n\
         [federation]\nlisten = {listen}\nadvertise = [{advertise}]\n\n\
         # Where people's programs connect: plain HTTP on loopback, or HTTPS with tls_certificate and tls_key.\n\
         [client]\nlisten = {client}\n\n\
         # Where admins connect: a loopback address or unix:PATH.\n\
         [admin]\nlisten = {admin}\n\n\
         [log]\nlevel = {level}\n",
        domain = plan.domain,
        quoted_domain = quote(plan.domain.as_str()),
        name = quote(plan.name.as_str()),
        listen = quote(&plan.listen.to_string()),
        advertise = advertise.join(", "),
        client = quote(&plan.client.to_string()),
        admin = quote(&plan.admin),
        level = quote(plan.log_level),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(dir: &Path) -> Plan {
        let (domain, name) = ("acme.example".parse().expect("domain"), "Acme \"Inc\"".parse().expect("name"));
        let advertise = vec!["127.0.0.1:7443".to_owned()];
        Plan { dir: dir.to_owned(), advertise, ..Plan::defaults(&domain, &name) }
    }

    #[test]
    fn a_new_organization_is_complete_private_and_readable_by_the_daemon() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let root = dir.path().join("acme");
        let made = lay_out(&plan(&root)).expect("nothing is in the way");
        let config = Config::load(&root.join(CONFIG_FILE)).expect("what init writes is valid");
        assert_eq!(config.name.as_str(), "Acme \"Inc\"");
        for file in [
            key_file::IDENTITY,
            key_file::SIGNING,
            key_file::TLS_KEY,
            key_file::TLS_CERTIFICATE,
            token::FILE,
            key_file::CARD,
        ] {
            let mode = fs::metadata(config.keys.dir.join(file)).expect(file).permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        assert_eq!(fs::metadata(&root).expect("made").permissions().mode() & 0o777, 0o700);
        let card = fs::read_to_string(config.keys.dir.join(key_file::CARD)).expect("written");
        assert_eq!(super::super::card::verify(&card).expect("it proves itself").card, made.card);
    }

    #[test]
    fn an_organization_that_is_there_is_never_touched() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        lay_out(&plan(dir.path())).expect("the first time");
        let key = fs::read(dir.path().join("keys").join(key_file::IDENTITY)).expect("made");
        assert!(lay_out(&plan(dir.path())).is_err());
        assert_eq!(fs::read(dir.path().join("keys").join(key_file::IDENTITY)).expect("still there"), key);
    }
}
