//! What each type of record says, as JSON.

use super::super::{
    WireError, event,
    file::PhotoV1,
    strict::{self, Integer, ensure, present},
    words::{CallersV1, HistoryV1, RoleV1, RoomKindV1, SettingsV1, ToolV1},
};
use crate::{
    crypto::object::Object,
    model::{
        Address, Digest, RoomId, limits,
        record::{Ask, RecordBody},
        room::{MemberImage, RoomImage, RoomKind},
        text::{Description, DisplayName, RoomName},
        tool::{Callers, Rules, Tool, Tools},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::io::Write as _;

const OBJECT: &str = "record body";

/// The type's name on the wire.
pub(super) fn type_name(body: &RecordBody) -> &'static str {
    match body {
        RecordBody::ContactAdd { .. } => "contact_add",
        RecordBody::ContactAccepted { .. } => "contact_accepted",
        RecordBody::Profile { .. } => "profile",
        RecordBody::RoomState(_) => "room_state",
        RecordBody::RoomInvite { .. } => "room_invite",
        RecordBody::RoomAnswer { .. } => "room_answer",
        RecordBody::RoomEvent { .. } => "room_event",
        RecordBody::RoomSubmit { .. } => "room_submit",
        RecordBody::RoomPlaced { .. } => "room_placed",
        RecordBody::RoomAsk { .. } => "room_ask",
        RecordBody::FilesErased { .. } => "files_erased",
        RecordBody::Void { .. } => "void",
    }
}

/// The largest record of a type, bytes. A whole room with its members needs more than anything else.
pub(super) fn bytes_max(type_name: &str) -> usize {
    if type_name == "room_state" { limits::ROOM_STATE_BYTES_MAX } else { limits::RECORD_BYTES_MAX }
}

/// Writes a body.
pub(super) fn write(body: &RecordBody, bytes: &mut Vec<u8>) {
    match body {
        RecordBody::ContactAdd { from, name, to } | RecordBody::ContactAccepted { from, name, to } => {
            strict::append(&ContactV1 { from: from.clone(), name: name.clone(), to: to.clone() }, bytes);
        }
        RecordBody::Profile { user, name, available, photo } => {
            let (user, name, photo) = (user.clone(), name.clone(), photo.map(|photo| Object(photo.into())));
            strict::append(&ProfileV1 { user, name, available: *available, photo }, bytes);
        }
        RecordBody::RoomState(image) => strict::append(&RoomStateV1::from(&**image), bytes),
        RecordBody::RoomInvite { room, by, users } => {
            strict::append(&InviteV1 { room: *room, by: by.clone(), users: users.clone() }, bytes);
        }
        RecordBody::RoomAnswer { room, accepted, declined } => {
            let accepted =
                accepted.iter().map(|(user, name)| Object(NamedV1 { user: user.clone(), name: name.clone() }));
            strict::append(&AnswerV1 { room: *room, accepted: accepted.collect(), declined: declined.clone() }, bytes);
        }
        RecordBody::RoomEvent { room, index, event } => {
            write!(bytes, "{{\"room\":\"{room}\",\"index\":{index},\"event\":").expect("writing to memory");
            bytes.extend_from_slice(&event.bytes);
            bytes.push(b'}');
        }
        RecordBody::RoomSubmit { room, event } => {
            write!(bytes, "{{\"room\":\"{room}\",\"event\":").expect("writing to memory");
            bytes.extend_from_slice(&event.bytes);
            bytes.push(b'}');
        }
        RecordBody::RoomPlaced { room, index, epoch_n, submits } => {
            let submits = submits.iter().map(|(from, to)| (Integer(*from), Integer(*to))).collect();
            let (index, epoch_n) = (Integer(*index), epoch_n.map(Integer));
            strict::append(&PlacedV1 { room: *room, index, epoch_n, submits }, bytes);
        }
        RecordBody::RoomAsk { room, by, ask } => {
            strict::append(&RoomAskV1 { room: *room, by: by.clone(), ask: ask.into() }, bytes);
        }
        RecordBody::FilesErased { room, index } => {
            strict::append(&FilesErasedV1 { room: *room, index: Integer(*index) }, bytes);
        }
        RecordBody::Void { digest } => strict::append(&VoidV1 { digest: *digest }, bytes),
    }
}

/// Reads a body of the named type.
pub(super) fn read(type_name: &str, body: &RawValue) -> Result<RecordBody, WireError> {
    let text = body.get();
    Ok(match type_name {
        "contact_add" => {
            let ContactV1 { from, name, to } = strict::read(OBJECT, text)?;
            RecordBody::ContactAdd { from, name, to }
        }
        "contact_accepted" => {
            let ContactV1 { from, name, to } = strict::read(OBJECT, text)?;
            RecordBody::ContactAccepted { from, name, to }
        }
        "profile" => {
            let ProfileV1 { user, name, available, photo } = strict::read(OBJECT, text)?;
            let photo = photo.map(|Object(photo)| photo.into_photo(OBJECT)).transpose()?;
            RecordBody::Profile { user, name, available, photo }
        }
        "room_state" => RecordBody::RoomState(Box::new(strict::read::<RoomStateV1>(OBJECT, text)?.into_image()?)),
        "room_invite" => {
            let InviteV1 { room, by, users } = strict::read(OBJECT, text)?;
            check_people(users.len())?;
            RecordBody::RoomInvite { room, by, users }
        }
        "room_answer" => {
            let AnswerV1 { room, accepted, declined } = strict::read(OBJECT, text)?;
            check_people(accepted.len() + declined.len())?;
            let accepted = accepted.into_iter().map(|Object(named)| (named.user, named.name)).collect();
            RecordBody::RoomAnswer { room, accepted, declined }
        }
        "room_event" => {
            let RoomEventV1 { room, index, event } = strict::read(OBJECT, text)?;
            RecordBody::RoomEvent { room, index: index.0, event: event::open_scanned(event.get())? }
        }
        "room_submit" => {
            let RoomSubmitV1 { room, event } = strict::read(OBJECT, text)?;
            RecordBody::RoomSubmit { room, event: event::open_scanned(event.get())? }
        }
        "room_placed" => strict::read::<PlacedV1>(OBJECT, text)?.into_body()?,
        "room_ask" => {
            let RoomAskV1 { room, by, ask } = strict::read(OBJECT, text)?;
            RecordBody::RoomAsk { room, by, ask: ask.into_ask()? }
        }
        "files_erased" => {
            let FilesErasedV1 { room, index } = strict::read(OBJECT, text)?;
            RecordBody::FilesErased { room, index: index.0 }
        }
        "void" => {
            let VoidV1 { digest } = strict::read(OBJECT, text)?;
            RecordBody::Void { digest }
        }
        _ => return Err(WireError::UnknownType { object: OBJECT }),
    })
}

fn check_people(count: usize) -> Result<(), WireError> {
    ensure((1..=limits::MEMBERS_MAX).contains(&count), OBJECT, "users", "must name 1 to 500 people")
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactV1 {
    from: Address,
    name: DisplayName,
    to: Address,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileV1 {
    user: Address,
    name: DisplayName,
    available: bool,
    /// Feature `photos`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    photo: Option<Object<PhotoV1>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InviteV1 {
    room: RoomId,
    by: Address,
    users: Vec<Address>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedV1 {
    user: Address,
    name: DisplayName,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerV1 {
    room: RoomId,
    accepted: Vec<Object<NamedV1>>,
    declined: Vec<Address>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomEventV1<'a> {
    room: RoomId,
    index: Integer,
    #[serde(borrow)]
    event: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomSubmitV1<'a> {
    room: RoomId,
    #[serde(borrow)]
    event: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FilesErasedV1 {
    room: RoomId,
    index: Integer,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VoidV1 {
    digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlacedV1 {
    room: RoomId,
    index: Integer,
    #[serde(default, deserialize_with = "strict::present", skip_serializing_if = "Option::is_none")]
    epoch_n: Option<Integer>,
    submits: Vec<(Integer, Integer)>,
}

impl PlacedV1 {
    fn into_body(self) -> Result<RecordBody, WireError> {
        let runs: Vec<(u64, u64)> = self.submits.into_iter().map(|(from, to)| (from.0, to.0)).collect();
        let ordered = runs.iter().all(|(from, to)| 1 <= *from && from <= to)
            && runs.windows(2).all(|pair| pair[0].1 < pair[1].0)
            && !runs.is_empty();
        ensure(ordered, OBJECT, "submits", "must be runs of ascending numbers")?;
        let count: u64 = runs.iter().map(|(from, to)| to - from + 1).sum();
        ensure(count <= limits::OUTBOX_RECORDS_MAX, OBJECT, "submits", "must name at most 2,000,000 records")?;
        Ok(RecordBody::RoomPlaced {
            room: self.room,
            index: self.index.0,
            epoch_n: self.epoch_n.map(|n| n.0),
            submits: runs,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomAskV1 {
    room: RoomId,
    by: Address,
    ask: AskV1,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum AskV1 {
    Add(Vec<Object<GuestV1>>),
    Remove(Vec<Address>),
    Role(Object<NewRoleV1>),
    Settings(Object<SettingsV1>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GuestV1 {
    user: Address,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    name: Option<DisplayName>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRoleV1 {
    user: Address,
    role: RoleV1,
}

impl From<&Ask> for AskV1 {
    fn from(ask: &Ask) -> Self {
        match ask {
            Ask::Add { users } => {
                let guest = |(user, name): &(Address, Option<DisplayName>)| {
                    Object(GuestV1 { user: user.clone(), name: name.clone() })
                };
                Self::Add(users.iter().map(guest).collect())
            }
            Ask::Remove { users } => Self::Remove(users.clone()),
            Ask::Role { user, role } => Self::Role(Object(NewRoleV1 { user: user.clone(), role: (*role).into() })),
            Ask::Settings(change) => Self::Settings(Object(change.into())),
        }
    }
}

impl AskV1 {
    fn into_ask(self) -> Result<Ask, WireError> {
        Ok(match self {
            Self::Add(guests) => {
                check_people(guests.len())?;
                Ask::Add { users: guests.into_iter().map(|Object(guest)| (guest.user, guest.name)).collect() }
            }
            Self::Remove(users) => {
                check_people(users.len())?;
                Ask::Remove { users }
            }
            Self::Role(Object(NewRoleV1 { user, role })) => Ask::Role { user, role: role.into() },
            Self::Settings(Object(settings)) => Ask::Settings(settings.into_change(OBJECT)?),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomStateV1 {
    room: RoomId,
    kind: RoomKindV1,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    name: Option<RoomName>,
    description: Description,
    history: HistoryV1,
    /// Tools that are on; absent when all are.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<ToolV1>>,
    /// Absent when every member may call all.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    callers: Option<CallersV1>,
    /// Absent when the room has no rule of its own.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    file_bytes_max: Option<Integer>,
    /// Feature `photos`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    photo: Option<Object<PhotoV1>>,
    created_by: Address,
    created_at: Integer,
    members: Vec<Object<MemberV1>>,
    next_index: Integer,
    head: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberV1 {
    user: Address,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    name: Option<DisplayName>,
    role: RoleV1,
    visible_from: Integer,
}

fn tools_on(tools: Tools) -> Option<Vec<ToolV1>> {
    let on = Tool::ALL.into_iter().filter(|tool| tools.has(*tool)).map(Into::into);
    (tools != Tools::default()).then(|| on.collect())
}

fn tools_of(on: Option<Vec<ToolV1>>) -> Result<Tools, WireError> {
    let Some(on) = on else { return Ok(Tools::default()) };
    let on: Vec<Tool> = on.into_iter().map(Into::into).collect();
    ensure(on.is_sorted_by(|one, next| one < next), OBJECT, "tools", "must be in order, each once")?;
    let has = |tool| on.contains(&tool);
    Ok(Tools { note: has(Tool::Note), calendar: has(Tool::Calendar), folder: has(Tool::Folder) })
}

impl From<&RoomImage> for RoomStateV1 {
    fn from(image: &RoomImage) -> Self {
        let member = |member: &MemberImage| MemberV1 {
            user: member.user.clone(),
            name: member.name.clone(),
            role: member.role.into(),
            visible_from: Integer(member.visible_from),
        };
        Self {
            room: image.id,
            kind: image.kind.into(),
            name: image.name.clone(),
            description: image.description.clone(),
            history: image.history.into(),
            tools: tools_on(image.rules.tools),
            callers: Some(image.rules.callers).filter(|callers| *callers != Callers::default()).map(Into::into),
            file_bytes_max: image.rules.file_bytes_max.map(Integer),
            photo: image.photo.map(|photo| Object(photo.into())),
            created_by: image.created_by.clone(),
            created_at: image.created_at.into(),
            members: image.members.iter().map(member).map(Object).collect(),
            next_index: Integer(image.next_index),
            head: image.head,
        }
    }
}

impl RoomStateV1 {
    fn into_image(self) -> Result<RoomImage, WireError> {
        let kind = RoomKind::from(self.kind);
        ensure(kind != RoomKind::Internal, OBJECT, "kind", "must be direct or group")?;
        ensure((kind == RoomKind::Group) == self.name.is_some(), OBJECT, "name", "belongs to groups")?;
        ensure(self.members.len() <= limits::MEMBERS_MAX, OBJECT, "members", "must be at most 500")?;
        let member = |Object(member): Object<MemberV1>| MemberImage {
            user: member.user,
            name: member.name,
            role: member.role.into(),
            visible_from: member.visible_from.0,
        };
        Ok(RoomImage {
            id: self.room,
            kind,
            name: self.name,
            description: self.description,
            history: self.history.into(),
            rules: Rules {
                tools: tools_of(self.tools)?,
                callers: self.callers.map(Into::into).unwrap_or_default(),
                file_bytes_max: self.file_bytes_max.map(|bytes| bytes.0),
            },
            photo: self.photo.map(|Object(photo)| photo.into_photo(OBJECT)).transpose()?,
            created_by: self.created_by,
            created_at: self.created_at.into(),
            members: self.members.into_iter().map(member).collect(),
            next_index: self.next_index.0,
            head: self.head,
        })
    }
}
