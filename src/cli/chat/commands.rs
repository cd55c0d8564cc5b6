//! The commands that begin with a slash.

use super::{
    show,
    talk::{Flow, Talk},
    target,
};
use crate::{
    api::client::dto::{Call, Contact, Me, Member, NewMembers, NewRole, NewRoom, Room},
    cli::{
        failure::{Done, Failure},
        screen::{Table, ago, clean},
    },
    clock::{Clock as _, SystemClock},
    model::{Address, Millis},
};
use serde_json::{Value, json};

const HELP: &str = "\
  /rooms                     your rooms            /room N or NAME or ADDRESS   go into one
  /members                   who is here           /who                         you, and the partners
  /reply N TEXT              answer message #N     /contacts                    your contacts
  /new NAME ADDRESS ...      make a group          /block ADDRESS, /unblock ADDRESS
  /add ADDRESS ...           masters: add people   /remove ADDRESS              masters: remove somebody
  /master ADDRESS            name a master         /unmaster ADDRESS            end that role
  /send FILE                 send a file or photo  /save N [DIR]                save the files of message #N
  /decline                   say no to a call that rings (answering needs the web app)
  /quit                      leave                 //TEXT                       say something that begins with /";

impl Talk {
    /// Runs a command.
    pub async fn run_command(&mut self, command: &str, words: &str) -> Done<Flow> {
        match command {
            "quit" | "q" | "exit" => return Ok(Flow::End),
            "help" | "h" | "?" => self.say(HELP)?,
            "rooms" => self.list_rooms().await?,
            "room" | "r" => self.go(words).await?,
            "members" => self.list_members().await?,
            "who" => self.who().await?,
            "contacts" => self.list_contacts().await?,
            "reply" => self.reply(words).await?,
            "new" => self.make_group(words).await?,
            "add" => self.add(words).await?,
            "remove" => self.remove(words).await?,
            "master" => self.set_role(words, "master").await?,
            "unmaster" => self.set_role(words, "member").await?,
            "send" => self.send_file(words).await?,
            "save" => self.save_files(words).await?,
            "block" => self.block(words).await?,
            "unblock" => self.unblock(words).await?,
            "decline" => self.decline().await?,
            _ => return Err(Failure::usage(format!("there is no command /{}", clean(command))).next("/help")),
        }
        Ok(Flow::On)
    }

    /// Calls are had in the web app; here one can only say no.
    async fn decline(&mut self) -> Done {
        let Some(path) = self.ringing.decline_path() else { return Err(Failure::usage("no call rings")) };
        let _: Call = self.http.post(&path, &json!({})).await?;
        Ok(())
    }

    async fn list_rooms(&mut self) -> Done {
        self.listed = target::rooms(&self.http).await?;
        let listed = std::mem::take(&mut self.listed);
        self.tell("rooms", &listed)?;
        let table = Table::new(["NO", "ROOM", "KIND", "UNREAD", ""]).rows(listed.iter().zip(1..), |(room, no)| {
            let remark = if room.writable { "" } else { "not writable" };
            [no_words(no), show::room_name(room), show::room_kind(room), no_words(room.unread), remark.to_owned()]
        });
        let is_empty = listed.is_empty();
        self.listed = listed;
        match is_empty {
            true => self.say("You are in no room. /room ADDRESS talks to somebody of a partner organization."),
            false => self.say(table.to_string().trim_end()),
        }
    }

    async fn go(&mut self, words: &str) -> Done {
        let by_number = words.parse::<usize>().ok().and_then(|no| self.listed.get(no.checked_sub(1)?).cloned());
        let room = match by_number {
            Some(room) => self.http.read(&format!("/api/v1/rooms/{}", room.id)).await?,
            None if words.is_empty() => return Err(Failure::usage("which room?").next("/rooms lists them")),
            None => {
                let mut told = Vec::new();
                let room = target::find(&self.http, &self.me, words, |words| told.push(words)).await;
                for words in told {
                    self.say(&words)?;
                }
                room?
            }
        };
        self.enter(room).await
    }

    async fn list_members(&mut self) -> Done {
        let room = self.present()?.id.clone();
        let members: Vec<Member> = self.http.read_all(&format!("/api/v1/rooms/{room}/members")).await?;
        self.tell("members", &members)?;
        let table = Table::new(["ADDRESS", "NAME", "ORGANIZATION", "ROLE"]).rows(&members, |member| {
            let org = member.org_name.clone().unwrap_or_default();
            [member.address.clone(), member.name.clone().unwrap_or_default(), org, member.role.clone()]
        });
        self.say(table.to_string().trim_end())
    }

    async fn who(&mut self) -> Done {
        self.me = self.http.read::<Me>("/api/v1/me").await?;
        let me = self.me.clone();
        self.tell("me", &me)?;
        let permitted = if me.permitted { "may" } else { "may not" };
        self.say(&format!("You are {} <{}> and {permitted} use external messaging.", clean(&me.name), me.address))?;
        let now = SystemClock.now();
        for peer in &me.peers {
            let contact = ago(peer.last_contact_at.map(Millis), now);
            self.say(&format!("  {} ({}): {}, last contact {contact}", clean(&peer.org_name), peer.peer, peer.state))?;
        }
        Ok(())
    }

    async fn list_contacts(&mut self) -> Done {
        let contacts: Vec<Contact> = self.http.read_all("/api/v1/contacts").await?;
        self.tell("contacts", &contacts)?;
        let table = Table::new(["ADDRESS", "NAME", "ORGANIZATION", "STATE", ""]).rows(&contacts, |contact| {
            let name = contact.overlay.name.clone().or_else(|| contact.name.clone()).unwrap_or_default();
            let blocked = if contact.blocked { "blocked" } else { "" };
            let org = contact.org_name.clone().unwrap_or_default();
            [contact.address.clone(), name, org, contact.state.clone(), blocked.to_owned()]
        });
        self.say(table.to_string().trim_end())
    }

    async fn reply(&mut self, words: &str) -> Done {
        let (index, text) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let index = index.trim_start_matches('#').parse().map_err(|_| Failure::usage("write /reply N TEXT"))?;
        self.post(text.trim(), Some(index)).await
    }

    async fn make_group(&mut self, words: &str) -> Done {
        let (people, name): (Vec<&str>, Vec<&str>) = words.split_whitespace().partition(|word| word.contains('@'));
        if people.is_empty() || name.is_empty() {
            return Err(Failure::usage("write /new NAME ADDRESS ..."));
        }
        let members = people.into_iter().map(|address| self.complete(address)).collect::<Done<Vec<_>>>()?;
        let new = NewRoom { name: name.join(" "), members, ..NewRoom::default() };
        let room: Room = self.http.post("/api/v1/rooms", &new).await.map_err(|failure| {
            let next = failure.has_code("EXISTS").then_some("there is a room with exactly these people: /rooms");
            match next {
                Some(next) => failure.next(next),
                None => failure,
            }
        })?;
        self.enter(room).await
    }

    /// An address; `carol@` is a colleague.
    fn complete(&self, text: &str) -> Done<String> {
        let whole = if text.ends_with('@') { format!("{text}{}", self.me.org) } else { text.to_owned() };
        let address: Address = whole.parse().map_err(|error| Failure::usage(format!("{text} {error}")))?;
        Ok(address.to_string())
    }

    async fn add(&mut self, words: &str) -> Done {
        let users = words.split_whitespace().map(|word| self.complete(word)).collect::<Done<Vec<_>>>()?;
        if users.is_empty() {
            return Err(Failure::usage("write /add ADDRESS ..."));
        }
        let room = self.present()?.id.clone();
        let _: Value = self.http.post(&format!("/api/v1/rooms/{room}/members"), &NewMembers { users }).await?;
        self.say("-- asked in; their organization answers")
    }

    async fn remove(&mut self, words: &str) -> Done {
        let (room, address) = (self.present()?.id.clone(), self.complete(words)?);
        self.http.delete::<Value>(&format!("/api/v1/rooms/{room}/members/{address}")).await.map(drop)
    }

    async fn set_role(&mut self, words: &str, role: &str) -> Done {
        let (room, address) = (self.present()?.id.clone(), self.complete(words)?);
        let path = format!("/api/v1/rooms/{room}/members/{address}/role");
        self.http.put::<Value>(&path, &NewRole { role: role.to_owned() }).await.map(drop)
    }

    async fn block(&mut self, words: &str) -> Done {
        let address = self.complete(words)?;
        let _: Value = self.http.put(&format!("/api/v1/contacts/{address}/block"), &json!({})).await?;
        self.say(&format!("-- {address} is blocked: nothing from them is shown, and they are not told"))
    }

    async fn unblock(&mut self, words: &str) -> Done {
        let address = self.complete(words)?;
        let _: Value = self.http.delete(&format!("/api/v1/contacts/{address}/block")).await?;
        self.say(&format!("-- {address} is no longer blocked"))
    }
}

fn no_words(no: u64) -> String {
    match no {
        0 => "-".to_owned(),
        no => no.to_string(),
    }
}
