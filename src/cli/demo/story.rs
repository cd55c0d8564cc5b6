//! The story: every chapter does something, waits until both sides see it, and tells it in plain words.

use super::{
    exchange,
    narrator::Narrator,
    person::{Cast, Person, event_of, refused},
    tools,
};
use crate::{
    api::{
        admin::dto::{AuditVerdict, Consequences},
        client::dto::{Contact, FormerMember, Me, NewContact, NewMembers, NewRoom, Room},
        paging::Page,
    },
    cli::{
        failure::{Done, Failure},
        twin::{self, ACME, GLOBEX, Org},
    },
    clock::{SystemRandom, random_16},
    crypto::fingerprint::Fingerprint,
    model::id::hex,
};
use std::path::Path;

const ALICE: Cast = Cast { local: "alice", name: "Alice" };
const CAROL: Cast = Cast { local: "carol", name: "Carol" };
const BOB: Cast = Cast { local: "bob", name: "Bob" };
const DAVE: Cast = Cast { local: "dave", name: "Dave" };
const QUEUED: &str = "Bob, are you still there?";

/// Two organizations and their people.
#[derive(Debug)]
pub struct Town {
    /// The first organization.
    pub acme: Org,
    /// The other one.
    pub globex: Org,
    /// Alice and Carol of Acme, Bob and Dave of Globex.
    pub people: [Person; 4],
    /// Everybody's password.
    pub password: String,
}

/// The rooms of the story.
struct Rooms {
    direct: String,
    group: String,
}

impl Town {
    fn alice(&self) -> &Person {
        &self.people[0]
    }

    fn carol(&self) -> &Person {
        &self.people[1]
    }

    fn bob(&self) -> &Person {
        &self.people[2]
    }

    fn dave(&self) -> &Person {
        &self.people[3]
    }

    /// Ends both daemons.
    pub async fn strike(&mut self) -> Done {
        let (one, other) = tokio::join!(self.acme.daemon.stop(), self.globex.daemon.stop());
        one.and(other)
    }

    /// Keeps both running; fails when one of them ends.
    pub async fn keep(&mut self) -> Done {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            for org in [&mut self.acme, &mut self.globex] {
                if let Some(status) = org.daemon.ended() {
                    let log = org.dir.join("serve.log");
                    let message = format!("the daemon of {} ended by itself ({status})", org.domain);
                    return Err(Failure::fault(message).next(format!("read {}", log.display())));
                }
            }
        }
    }
}

/// Tells the whole story.
pub async fn tell(root: &Path, narrator: &mut Narrator) -> Done<Town> {
    let mut town = found(root, narrator).await?;
    pair(&town, narrator).await?;
    open(&town, narrator).await?;
    let direct = meet(&town, narrator).await?;
    talk(&town, &direct, narrator).await?;
    exchange::tell(town.alice(), town.bob(), &direct, narrator).await?;
    let group = gather(&town, narrator).await?;
    tools::tell(town.alice(), town.bob(), &group, narrator).await?;
    let rooms = Rooms { direct, group };
    revoke(&mut town, &rooms, narrator).await?;
    reopen(&town, &rooms, narrator).await?;
    Ok(town)
}

async fn found(root: &Path, narrator: &mut Narrator) -> Done<Town> {
    narrator.chapter("Two organizations, each with a daemon of its own")?;
    let [acme_ports, globex_ports] = twin::ports()?;
    let raise = async |called: twin::Called, ports| {
        let org = Org::raise(root, called, ports).await?;
        let told =
            format!("{} ({}) runs: process {}, files in {}", called.name, org.domain, pid(&org), org.dir.display());
        Ok((org, told))
    };
    let acme = narrator.step("make and start Acme", raise(ACME, acme_ports)).await?;
    let globex = narrator.step("make and start Globex", raise(GLOBEX, globex_ports)).await?;
    let password = hex(&random_16(&mut SystemRandom))[..12].to_owned();
    let people = async {
        let [alice, carol] = [Person::join(&acme, ALICE, &password), Person::join(&acme, CAROL, &password)];
        let [bob, dave] = [Person::join(&globex, BOB, &password), Person::join(&globex, DAVE, &password)];
        let (alice, carol, bob, dave) = tokio::try_join!(alice, carol, bob, dave)?;
        Ok((
            [alice, carol, bob, dave],
            "Alice and Carol work at Acme, Bob and Dave at Globex; all are signed in".to_owned(),
        ))
    };
    let people = narrator.step("make four users", people).await?;
    Ok(Town { acme, globex, people, password })
}

fn pid(org: &Org) -> String {
    org.daemon.pid().map(|pid| pid.to_string()).unwrap_or_default()
}

async fn pair(town: &Town, narrator: &mut Narrator) -> Done {
    narrator.chapter("The admins exchange cards and compare fingerprints")?;
    for (one, other) in [(&town.acme, &town.globex), (&town.globex, &town.acme)] {
        let pinning = async {
            one.pin(other).await?;
            let fingerprint = Fingerprint::of(&other.card.card.identity);
            Ok(((), format!("{} has pinned {}:\n{fingerprint}", one.domain, other.domain)))
        };
        narrator.step("pin the partner's card", pinning).await?;
    }
    let closed = async {
        let failure = add(town.alice(), &town.bob().address).await.err();
        let failure =
            failure.ok_or_else(|| Failure::fault("a contact was added over a link that nobody has opened"))?;
        Ok(((), format!("Nothing crosses yet. Alice cannot add Bob: \"{}\"", failure.message)))
    };
    narrator.step("nothing crosses without grants", closed).await
}

async fn open(town: &Town, narrator: &mut Narrator) -> Done {
    narrator.chapter("Both admins permit it: only then is the link open")?;
    let (acme, globex) = (&town.acme, &town.globex);
    let first = async {
        acme.grant(globex, "joint launch").await?;
        let link = acme.wait_link(globex, "closed_by_them").await?;
        Ok(((), format!("Acme's admin grants. The link is still {}: one grant is not enough", link.state)))
    };
    narrator.step("acme grants", first).await?;
    let second = async {
        globex.grant(acme, "joint launch").await?;
        tokio::try_join!(acme.wait_link(globex, "open"), globex.wait_link(acme, "open"))?;
        Ok(((), "Globex's admin grants too. Both daemons greet each other: the link is open".to_owned()))
    };
    narrator.step("globex grants", second).await?;
    let told = async {
        for person in &town.people {
            let me: Me = person.http.read("/api/v1/me").await?;
            if me.unread_notifications == 0 {
                return Err(Failure::fault(format!("{} was not notified", person.called)));
            }
        }
        Ok(((), "Everybody is notified that they can talk to the other organization now".to_owned()))
    };
    narrator.step("users are notified", told).await
}

async fn add(person: &Person, address: &str) -> Done<Contact> {
    person.http.post("/api/v1/contacts", &NewContact { address: address.to_owned() }).await
}

async fn meet(town: &Town, narrator: &mut Narrator) -> Done<String> {
    narrator.chapter("Alice adds Bob to her contacts")?;
    let (alice, bob) = (town.alice(), town.bob());
    let adding = async {
        let contact = twin::befriend(&alice.http, &bob.address).await?;
        let room = contact.room.ok_or_else(|| Failure::fault("a contact without a room"))?;
        bob.can_write(&room).await?;
        let name = contact.name.unwrap_or_default();
        Ok((room, format!("{} <{}> is her contact, and both have a room for two at once", name, contact.address)))
    };
    let room = narrator.step("alice adds bob", adding).await?;
    let nobody = async {
        let address = "nobody@globex.example";
        add(alice, address).await?;
        let what = "the partner answers that nobody@globex.example is unavailable";
        twin::wait_for(what, async || {
            let contact: Contact = alice.http.read(&format!("/api/v1/contacts/{address}")).await?;
            Ok((contact.state == "unavailable").then_some(()))
        })
        .await?;
        Ok(((), format!("{address} is \"unavailable\": Globex does not tell whether there is such a person")))
    };
    narrator.step("alice adds somebody who does not exist", nobody).await?;
    Ok(room)
}

async fn talk(town: &Town, room: &str, narrator: &mut Narrator) -> Done {
    narrator.chapter("They talk, in both directions")?;
    let (alice, bob) = (town.alice(), town.bob());
    for (from, to, text) in [(alice, bob, "Hello Bob, Acme here."), (bob, alice, "Hello Alice, good to hear you!")] {
        let saying = async {
            let posted = from.say(room, text).await?;
            to.sees(room, text).await?;
            from.delivery(room, &posted.id, "delivered").await?;
            Ok((
                (),
                format!("{} says \"{text}\". {} sees it; {} sees \"delivered\"", from.called, to.called, from.called),
            ))
        };
        narrator.step("a message crosses", saying).await?;
    }
    Ok(())
}

async fn gather(town: &Town, narrator: &mut Narrator) -> Done<String> {
    narrator.chapter("A group of four")?;
    let (alice, bob) = (town.alice(), town.bob());
    let making = async {
        twin::befriend(&alice.http, &town.dave().address).await?;
        let members = town.people[1..].iter().map(|person| person.address.clone()).collect();
        let new = NewRoom { name: "Launch".to_owned(), members, ..NewRoom::default() };
        let room: Room = alice.http.post("/api/v1/rooms", &new).await?;
        for person in &town.people {
            person.sees_members(&room.id, 4).await?;
        }
        Ok((
            room.id,
            "Alice makes \"Launch\" with Carol, Bob and Dave. All four see all four; Alice is the master".to_owned(),
        ))
    };
    let group = narrator.step("alice makes a group", making).await?;
    let rules = async {
        let path = |address: &str| format!("/api/v1/rooms/{group}/members/{address}");
        let leaving = bob.http.delete::<serde_json::Value>(&path(&bob.address)).await;
        let leaving = refused(leaving, "NO_LEAVING")?;
        let removing = bob.http.delete::<serde_json::Value>(&path(&town.carol().address)).await;
        let removing = refused(removing, "NOT_MASTER")?;
        let (leaving, removing) = (leaving.message, removing.message);
        Ok(((), format!("Bob tries to leave: \"{leaving}\"\nBob tries to remove Carol: \"{removing}\"")))
    };
    narrator.step("members cannot leave or remove", rules).await?;
    let talking = async {
        for person in &town.people {
            let text = format!("{} is here", person.called);
            person.say(&group, &text).await?;
            for other in &town.people {
                other.sees(&group, &text).await?;
            }
        }
        let order = alice.texts(&group).await?;
        for person in &town.people {
            if person.texts(&group).await? != order {
                return Err(Failure::fault(format!("{} sees another order than Alice", person.called)));
            }
        }
        Ok(((), "All four speak, and all four see the same messages in the same order".to_owned()))
    };
    narrator.step("the group talks", talking).await?;
    Ok(group)
}

async fn revoke(town: &mut Town, rooms: &Rooms, narrator: &mut Narrator) -> Done {
    narrator.chapter("Acme's admin revokes, while Globex's daemon is away")?;
    let stopping = async {
        town.globex.daemon.stop().await?;
        Ok(((), "Globex's daemon is stopped, as by an outage".to_owned()))
    };
    narrator.step("globex is away", stopping).await?;
    let queued = queue_and_revoke(town, rooms, narrator).await?;
    acme_after(town, rooms, &queued, narrator).await?;
    let returning = async {
        town.globex.daemon.restart().await?;
        town.globex.wait_link(&town.acme, "closed_by_them").await?;
        Ok(((), "Globex's daemon is back and hears of the revocation at once, with Acme's signature".to_owned()))
    };
    narrator.step("globex learns it", returning).await?;
    globex_after(town, rooms, narrator).await
}

async fn queue_and_revoke(town: &Town, rooms: &Rooms, narrator: &mut Narrator) -> Done<String> {
    let (acme, globex, alice) = (&town.acme, &town.globex, town.alice());
    let queueing = async {
        let posted = alice.say(&rooms.direct, QUEUED).await?;
        alice.delivery(&rooms.direct, &posted.id, "queued").await?;
        Ok((posted.id, format!("Alice says \"{QUEUED}\". It is \"queued\": safe, and waiting for Globex")))
    };
    let queued = narrator.step("a message waits", queueing).await?;
    let asking = async {
        let path = format!("/admin/v1/peers/{}/grant/consequences", globex.domain);
        let it: Consequences = acme.admin.read(&path).await?;
        if it.groups != 1 || it.queued_records == 0 {
            return Err(Failure::fault(format!("the dry run says {} groups, {} queued", it.groups, it.queued_records)));
        }
        Ok((
            (),
            format!(
                "The dry run says what a revocation would end: {} group, {} direct rooms, {} people of theirs, {} record queued",
                it.groups, it.direct_rooms, it.people_theirs, it.queued_records
            ),
        ))
    };
    narrator.step("ask for the consequences", asking).await?;
    let revoking = async {
        let answer = acme.revoke(globex, "contract ended").await?;
        acme.wait_link(globex, "closed_by_us").await?;
        Ok(((), format!("Acme's admin revokes (grant number {}). From this moment nothing crosses", answer.serial)))
    };
    narrator.step("acme revokes", revoking).await?;
    Ok(queued)
}

async fn acme_after(town: &Town, rooms: &Rooms, queued: &str, narrator: &mut Narrator) -> Done {
    let alice = town.alice();
    let undelivered = async {
        alice.delivery(&rooms.direct, queued, "undelivered").await?;
        Ok(((), "At Acme: Alice's waiting message is marked \"undelivered\"; it will never be sent".to_owned()))
    };
    narrator.step("what waited is undelivered", undelivered).await?;
    let refusal = async {
        let failure = refused(alice.say(&rooms.direct, "Bob?").await, "CLOSED_BY_US")?;
        Ok(((), format!("Alice writes to Bob: \"{}\"", failure.message)))
    };
    narrator.step("alice is refused", refusal).await?;
    let exclusion = async {
        for person in [alice, town.carol()] {
            person.sees_members(&rooms.group, 2).await?;
        }
        let excluded = twin::wait_for("the timeline names two excluded people", async || {
            let messages = alice.messages(&rooms.group).await?;
            let events = messages.items.iter().filter_map(event_of).filter(|event| event.kind == "excluded");
            let excluded: Vec<String> = events.flat_map(|event| event.users).collect();
            Ok((excluded.len() == 2).then_some(excluded))
        })
        .await?;
        Ok(((), format!("In the group, {} are excluded; Alice and Carol go on alone", excluded.join(" and "))))
    };
    narrator.step("the partner's people are excluded", exclusion).await
}

async fn globex_after(town: &Town, rooms: &Rooms, narrator: &mut Narrator) -> Done {
    let bob = town.bob();
    let exclusion = async {
        for person in [bob, town.dave()] {
            person.is_out(&rooms.group).await?;
        }
        Ok(((), "At Globex: Bob and Dave are no longer members of the group".to_owned()))
    };
    narrator.step("the same on the other side", exclusion).await?;
    let refusal = async {
        let failure = refused(bob.say(&rooms.direct, "Alice?").await, "CLOSED_BY_THEM")?;
        let texts = bob.texts(&rooms.direct).await?;
        if texts.iter().any(|text| text == QUEUED) {
            return Err(Failure::fault("a message arrived after the revocation"));
        }
        Ok(((), format!("Bob writes to Alice: \"{}\"\nHer last message never arrived", failure.message)))
    };
    narrator.step("bob is refused", refusal).await?;
    let audit = async {
        let mut entries = Vec::new();
        for org in [&town.acme, &town.globex] {
            let verdict: AuditVerdict = org.admin.post("/admin/v1/audit/verify", &serde_json::json!({})).await?;
            if !verdict.ok {
                return Err(Failure::fault(format!("the audit log of {} is broken", org.domain)));
            }
            entries.push(format!("{} entries at {}", verdict.entries, org.domain));
        }
        Ok(((), format!("Both audit logs tell what happened, and their chains hold: {}", entries.join(", "))))
    };
    narrator.step("the audit logs hold", audit).await
}

async fn reopen(town: &Town, rooms: &Rooms, narrator: &mut Narrator) -> Done {
    narrator.chapter("The link is opened again")?;
    let (acme, globex) = (&town.acme, &town.globex);
    let granting = async {
        acme.grant(globex, "new contract").await?;
        tokio::try_join!(acme.wait_link(globex, "open"), globex.wait_link(acme, "open"))?;
        Ok(((), "Acme's admin grants again, and the link is open".to_owned()))
    };
    narrator.step("acme grants again", granting).await?;
    let talking = async {
        let (alice, bob) = (town.alice(), town.bob());
        tokio::try_join!(alice.can_write(&rooms.direct), bob.can_write(&rooms.direct))?;
        let text = "Back again!";
        alice.say(&rooms.direct, text).await?;
        bob.sees(&rooms.direct, text).await?;
        if bob.texts(&rooms.direct).await?.iter().any(|text| text == QUEUED) {
            return Err(Failure::fault("what was queued before the revocation was sent after it"));
        }
        Ok(((), format!("Alice and Bob talk again (\"{text}\"). What was undelivered stays undelivered")))
    };
    narrator.step("the room for two works again", talking).await?;
    let group = &rooms.group;
    let adding = async {
        let alice = town.alice();
        alice.sees_members(group, 2).await?;
        let former: Page<FormerMember> = alice.http.read(&format!("/api/v1/rooms/{group}/former?limit=100")).await?;
        let users: Vec<String> = former.items.into_iter().map(|it| it.address).collect();
        if users.len() != 2 {
            return Err(Failure::fault(format!("{} former members are offered instead of 2", users.len())));
        }
        let _: serde_json::Value =
            alice.http.post(&format!("/api/v1/rooms/{group}/members"), &NewMembers { users }).await?;
        for person in &town.people {
            person.sees_members(group, 4).await?;
        }
        town.dave().say(group, "Good to be back").await?;
        town.carol().sees(group, "Good to be back").await?;
        Ok((
            (),
            "Nobody is back in the group by themselves: Alice adds the former members in one step. Dave says \
                 \"Good to be back\", and Carol sees it"
                .to_owned(),
        ))
    };
    narrator.step("alice adds the former members", adding).await
}
