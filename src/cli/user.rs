//! `handclasp user`: our own users, their permission, passwords and tokens (P3).

use super::{
    ask::{self, SecretFrom},
    failure::{Done, Failure},
    http::Http,
    place::Place,
    scopes::parse_length,
    screen::{Screen, Table, fields, time},
};
use crate::{
    api::{
        admin::dto::{
            TokenAnswer, TokenCreate, UserCreate, UserPatch, UserView,
            keeping::{ErasureAsk, ErasureView},
        },
        password::Password,
    },
    model::{LocalPart, Millis, text::DisplayName},
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

/// Our own users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user.
    Add(AddArgs),
    /// All users.
    List,
    /// One user.
    Show(Who),
    /// Change what a user is called.
    Rename {
        /// Name within the organization.
        user: LocalPart,
        /// What they are called.
        name: DisplayName,
    },
    /// Let a user sign in again.
    Activate(Who),
    /// No signing in, no external messaging.
    Deactivate(Who),
    /// Let a user use external messaging, under either policy.
    Permit(Who),
    /// Take external messaging from a user, whatever the policy says.
    Forbid(Who),
    /// Let a user send files to other organizations.
    PermitFiles(Who),
    /// Take sending files to other organizations from a user.
    ForbidFiles(Who),
    /// Set a user's password.
    Password {
        /// Name within the organization.
        user: LocalPart,
        #[command(flatten)]
        secret: Secret,
    },
    /// Issue a token for a user's programs. It is shown this once.
    Token {
        /// Name within the organization.
        user: LocalPart,
        /// What it is for.
        #[arg(long, default_value = "command line", value_name = "TEXT")]
        label: String,
        /// How long it holds: 90s, 30m, 12h, 30d.
        #[arg(long, value_name = "LENGTH")]
        ends_in: Option<String>,
    },
    /// End all sessions and tokens of a user.
    SignOut(Who),
    /// Erase a person: profile, contacts, notes, notices, sessions. It cannot be taken back.
    Erase {
        /// Name within the organization.
        user: LocalPart,
        /// What happens to what they wrote.
        #[arg(long, default_value = "keep", value_name = "TEXTS")]
        texts: Texts,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// What happens to the texts of an erased person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Texts {
    /// They stay for those who were in the conversation.
    Keep,
    /// They are replaced by their digests.
    Remove,
}

/// Which user.
#[derive(Debug, Args)]
pub struct Who {
    /// Name within the organization.
    user: LocalPart,
}

/// Make a user.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// Name within the organization: alice for alice@acme.example.
    user: LocalPart,
    /// What they are called; the user name when absent.
    #[arg(long, value_name = "NAME")]
    name: Option<DisplayName>,
    #[command(flatten)]
    secret: Secret,
    /// No password: the user signs in by token only.
    #[arg(long, conflicts_with = "password_stdin")]
    no_password: bool,
}

/// Where a password comes from.
#[derive(Debug, Args)]
pub struct Secret {
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

impl Secret {
    fn from(&self) -> SecretFrom {
        if self.password_stdin { SecretFrom::Stdin } else { SecretFrom::Terminal }
    }
}

/// Runs the command.
pub async fn run(command: UserCommand, place: &Place, screen: Screen) -> Done {
    let admin = place.admin()?;
    let admin = &admin;
    match command {
        UserCommand::Add(args) => add(admin, args, screen).await,
        UserCommand::List => list(admin, screen).await,
        UserCommand::Show(who) => screen.answer(&admin.read::<UserView>(&path(&who.user)).await?, words),
        UserCommand::Rename { user, name } => {
            let change = UserPatch { name: Some(name.to_string()), ..UserPatch::default() };
            patch(admin, &user, &change, screen).await
        }
        UserCommand::Activate(who) => patch(admin, &who.user, &active(true), screen).await,
        UserCommand::Deactivate(who) => patch(admin, &who.user, &active(false), screen).await,
        UserCommand::Permit(who) => patch(admin, &who.user, &external(true), screen).await,
        UserCommand::Forbid(who) => patch(admin, &who.user, &external(false), screen).await,
        UserCommand::PermitFiles(who) => patch(admin, &who.user, &files(true), screen).await,
        UserCommand::ForbidFiles(who) => patch(admin, &who.user, &files(false), screen).await,
        UserCommand::Password { user, secret } => {
            let password = ask::new_password(user.as_str(), secret.from())?;
            patch(admin, &user, &UserPatch { password: Some(Password::new(password)), ..UserPatch::default() }, screen)
                .await
        }
        UserCommand::Token { user, label, ends_in } => token(admin, &user, label, ends_in.as_deref(), screen).await,
        UserCommand::Erase { user, texts, yes } => erase(admin, &user, texts, yes, screen).await,
        UserCommand::SignOut(who) => sign_out(admin, &who.user, screen).await,
    }
}

fn active(active: bool) -> UserPatch {
    UserPatch { active: Some(active), ..UserPatch::default() }
}

fn files(permitted: bool) -> UserPatch {
    UserPatch { files: Some(permitted), ..UserPatch::default() }
}

/// Permitted means: not forbidden, and among the chosen ones if the policy asks for that.
fn external(permitted: bool) -> UserPatch {
    UserPatch { external: Some(permitted), chosen: Some(permitted), ..UserPatch::default() }
}

fn path(user: &LocalPart) -> String {
    format!("/admin/v1/users/{user}")
}

async fn add(admin: &Http, args: AddArgs, screen: Screen) -> Done {
    let password = match args.no_password {
        true => None,
        false => Some(ask::new_password(args.user.as_str(), args.secret.from())?),
    };
    let name = args.name.map_or_else(|| args.user.to_string(), |name| name.to_string());
    let user = create(admin, &UserCreate { local: args.user.to_string(), name, password: password.map(Password::new) })
        .await?;
    screen.answer(&user, |user| {
        format!("{}\n{} can talk now: handclasp chat --as {}", words(user), user.name, user.local)
    })
}

/// Makes a user.
pub async fn create(admin: &Http, user: &UserCreate) -> Done<UserView> {
    admin.post("/admin/v1/users", user).await
}

async fn list(admin: &Http, screen: Screen) -> Done {
    let users: Vec<UserView> = admin.read_all("/admin/v1/users").await?;
    screen.answer(&json!({ "items": users }), |_| {
        if users.is_empty() {
            return "No users. Next: handclasp user add NAME".to_owned();
        }
        let table = Table::new(["ADDRESS", "NAME", "ACTIVE", "CHOSEN", "EXTERNAL MESSAGING"]).rows(&users, |user| {
            let external = if user.permitted { "permitted" } else { "not permitted" };
            [user.address.clone(), user.name.clone(), yes(user.active), yes(user.chosen), external.to_owned()]
        });
        table.to_string()
    })
}

async fn patch(admin: &Http, user: &LocalPart, change: &UserPatch, screen: Screen) -> Done {
    let user: UserView = admin.patch(&path(user), change).await?;
    screen.answer(&user, words)
}

async fn token(admin: &Http, user: &LocalPart, label: String, ends_in: Option<&str>, screen: Screen) -> Done {
    let parse = |text: &str| parse_length(text).ok_or_else(|| Failure::usage(format!("`{text}` is no length of time")));
    let ends_in_ms = ends_in.map(parse).transpose().map_err(|failure| failure.next("write 90s, 30m, 12h or 30d"))?;
    let answer = issue_token(admin, user, &TokenCreate { label, ends_in_ms }).await?;
    screen.answer(&answer, |answer| {
        format!(
            "Token for {}, until {} UTC. It is not shown again:\n{}",
            answer.address,
            time(Millis(answer.ends_at)),
            answer.token
        )
    })
}

/// Issues a token for a user.
pub async fn issue_token(admin: &Http, user: &LocalPart, token: &TokenCreate) -> Done<TokenAnswer> {
    admin.post(&format!("{}/tokens", path(user)), token).await
}

async fn sign_out(admin: &Http, user: &LocalPart, screen: Screen) -> Done {
    let _: Value = admin.delete(&format!("{}/sessions", path(user))).await?;
    screen.answer(&json!({ "user": user }), |_| format!("All sessions and tokens of {user} are ended."))
}

async fn erase(admin: &Http, user: &LocalPart, texts: Texts, confirmed: bool, screen: Screen) -> Done {
    if !confirmed {
        ask::confirm(&format!("Erase {user} for ever?"), "add --yes")?;
    }
    let texts = if texts == Texts::Remove { "remove" } else { "keep" }.to_owned();
    let wish = ErasureAsk { confirm: user.to_string(), texts };
    let erasure: ErasureView = admin.post(&format!("{}/erasure", path(user)), &wish).await?;
    screen.answer(&erasure, |erasure| match erasure.done {
        true => format!("{user} is erased. What they wrote stays, under their address."),
        false => format!("{user} is erased. What they wrote goes room by room; docs/export.md says what remains."),
    })
}

fn yes(it: bool) -> String {
    (if it { "yes" } else { "no" }).to_owned()
}

fn words(user: &UserView) -> String {
    fields([
        ("user", format!("{} <{}>", user.name, user.address)),
        ("active", yes(user.active)),
        ("external messaging", external_words(user)),
        (
            "files",
            if user.files { "may be sent, as far as the policy lets anybody" } else { "may not be sent" }.to_owned(),
        ),
        ("password", if user.has_password { "set" } else { "none; signs in by token" }.to_owned()),
        ("since", format!("{} UTC", time(Millis(user.created_at)))),
    ])
}

fn external_words(user: &UserView) -> String {
    match user {
        user if user.permitted => "permitted".to_owned(),
        user if !user.active => "not permitted: the account is not active".to_owned(),
        user => format!("not permitted (handclasp user permit {} changes it)", user.local),
    }
}
