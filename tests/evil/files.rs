//! Files of a peer that lies about them, and files that it is not to have (A20, A32).

use handclasp::{
    core::{command::UserOp, photos::of_person},
    crypto::digest::{direct_room, person_id, sha256},
    files::{NewUpload, UploadId},
    model::{
        Code, Digest, EventId, RoomId,
        event::{Event, Message},
        file::{FileName, FileRef, FileSource, MediaType, Photo},
        limits,
        link::LinkState,
        record::RecordBody,
        text::MessageText,
    },
    testing::{
        Node,
        evil::{EvilServer, MADE_AT, Reply},
        fixtures::{address, domain, local, parsed, room_id},
    },
    wire,
};

const MALLORY: &str = "mallory@globex.example";
const MIB: usize = 1024 * 1024;

fn file(bytes: &[u8]) -> FileRef {
    let (name, media_type) = (FileName::clean("x.bin"), MediaType::unknown());
    FileRef { digest: sha256(bytes), bytes: bytes.len() as u64, name, media_type, image: None }
}

fn naming(file: FileRef) -> Message {
    Message { files: vec![file], ..Message::plain(MessageText::none()) }
}

/// A daemon with a direct room of alice and mallory, whose daemon answers what the test wants.
async fn host() -> (Node, EvilServer, RoomId) {
    let node = Node::start("acme.example", &["alice", "carol"]).await;
    let honest = Box::new(|link: &handclasp::testing::evil::EvilLink, _: &_, ack| {
        Reply::Taken(wire::proof::seal_ack(&ack, &link.keys.signing).into())
    });
    let server = EvilServer::start(&node, "globex.example", honest).await;
    node.until_link(&domain("globex.example"), LinkState::Open).await;
    let alice = node.user_address("alice");
    let add = RecordBody::ContactAdd { from: address(MALLORY), name: parsed("Mallory"), to: alice.clone() };
    assert_eq!(server.tell(&node, &add).await, None);
    (node, server, direct_room(&alice, &address(MALLORY)))
}

async fn announce(node: &Node, server: &EvilServer, room: RoomId, file: FileRef) {
    let event = wire::event::seal(Event {
        id: EventId([1; 16]),
        author: Some(address(MALLORY)),
        made_at: MADE_AT,
        content: naming(file).into(),
    });
    assert_eq!(server.tell(node, &RecordBody::RoomSubmit { room, event }).await, None);
}

fn awaits(node: &Node, digest: Digest) -> bool {
    node.engine.state().awaits(&domain("globex.example"), digest)
}

fn faults(node: &Node) -> usize {
    let entries = node.engine.reader().audit(0, 1_000).expect("a store that works");
    entries.iter().filter(|entry| entry.action == "file.refused").count()
}

fn piece(bytes: &[u8], from: u64) -> Vec<u8> {
    let from = usize::try_from(from).expect("small");
    bytes[from..bytes.len().min(from + MIB)].to_vec()
}

#[tokio::test]
async fn a32_an_honest_file_arrives() {
    let (node, server, room) = host().await;
    let bytes = vec![7; 2 * MIB + 5];
    server.give({
        let bytes = bytes.clone();
        move |from| piece(&bytes, from)
    });
    announce(&node, &server, room, file(&bytes)).await;
    node.until("the file is here", |_| !awaits(&node, sha256(&bytes))).await;
    assert_eq!(node.files.bytes(sha256(&bytes)).await, Ok(Some(bytes.len() as u64)));
}

#[tokio::test]
async fn a32_wrong_bytes_are_refused_and_deleted_and_right_ones_taken_later() {
    let (node, server, room) = host().await;
    let bytes = vec![7; MIB + 5];
    server.give({
        let mut wrong = bytes.clone();
        wrong[MIB] ^= 1;
        move |from| piece(&wrong, from)
    });
    announce(&node, &server, room, file(&bytes)).await;
    node.until("the fault is audited", |_| faults(&node) >= 1).await;
    assert!(awaits(&node, sha256(&bytes)));
    assert_eq!(node.files.bytes(sha256(&bytes)).await, Ok(None), "nothing of it stands under the digest");
    let honest = bytes.clone();
    server.give(move |from| piece(&honest, from));
    node.until("the file is here", |_| !awaits(&node, sha256(&bytes))).await;
}

#[tokio::test]
async fn a32_lengths_that_are_not_those_of_the_file_bring_nothing() {
    for lie in [0, 1, MIB - 1, MIB + 1, 8 * MIB] {
        let (node, server, room) = host().await;
        let bytes = vec![7; MIB];
        let (sent, mut asked) = tokio::sync::watch::channel(0);
        server.give(move |_| {
            sent.send_modify(|count| *count += 1);
            vec![7; lie]
        });
        announce(&node, &server, room, file(&bytes)).await;
        asked.wait_for(|count| *count >= 1).await.expect("the server lives");
        // The link itself goes on.
        let profile = RecordBody::Profile { user: address(MALLORY), name: parsed("M"), available: true, photo: None };
        assert_eq!(server.tell(&node, &profile).await, None);
        assert!(awaits(&node, sha256(&bytes)), "{lie}");
        assert_eq!(node.files.bytes(sha256(&bytes)).await, Ok(None));
    }
}

/// What the daemon answers to a question for a file.
async fn ask(node: &Node, server: &EvilServer, room: RoomId, digest: Digest) -> (u16, Vec<u8>) {
    let mut connection = server.keys().connect(node.address).await.expect("the peer is pinned");
    let question = format!("{{\"room\":\"{room}\",\"digest\":\"{digest}\",\"from\":0}}");
    let (status, body) = connection.post("/federation/v1/files", question).await.expect("an answer");
    (status.as_u16(), body.to_vec())
}

#[tokio::test]
async fn a20_a_peer_reads_files_of_its_rooms_and_no_others_and_the_answer_is_the_same() {
    let (node, server, room) = host().await;
    let (secret, shown) = (b"secret".to_vec(), b"shown".to_vec());
    for (n, bytes) in [(1, &secret), (2, &shown)] {
        let upload = NewUpload { bytes: bytes.len() as u64, name: FileName::clean("x"), declared: None, digest: None };
        node.files.begin_upload(&local("alice"), UploadId([n; 16]), upload).await.expect("room");
        let mut writing = node.files.write_upload(&local("alice"), UploadId([n; 16]), 0).await.expect("free");
        writing.push(bytes.clone().into()).await.expect("room");
        writing.close().await.expect("whole");
    }
    let internal = room_id(3);
    let op = UserOp::CreateRoom {
        id: internal,
        name: parsed("Inside"),
        description: parsed(""),
        history: handclasp::model::room::History::All,
        members: vec![node.user_address("carol")],
    };
    node.user("alice", op).await.expect("a room can be made");
    for (room, bytes) in [(internal, &secret), (room, &shown)] {
        let (act, sources) = (naming(file(bytes)).into(), vec![FileSource::Upload]);
        node.user("alice", UserOp::Share { room, id: EventId([9; 16]), act, sources }).await.expect("one's own room");
    }
    assert_eq!(ask(&node, &server, room, sha256(&shown)).await, (200, shown.clone()));
    let nothing = ask(&node, &server, room_id(99), sha256(b"nothing")).await;
    assert_eq!(nothing.0, 404);
    assert_eq!(ask(&node, &server, room, sha256(&secret)).await, nothing);
    assert_eq!(ask(&node, &server, internal, sha256(&secret)).await, nothing);
    // Naming a digest that one only knows gives no bytes, and does not tell whether they are here.
    server.give(|_| Vec::new());
    announce(&node, &server, room, file(&secret)).await;
    assert_eq!(ask(&node, &server, room, sha256(&secret)).await, nothing);
    assert!(awaits(&node, sha256(&secret)), "it is asked for like any other");
}

#[tokio::test]
async fn a26_a_peer_that_never_answers_for_its_files_holds_up_nothing_else() {
    let (node, server, room) = host().await;
    let contents: Vec<Vec<u8>> = (0..5_u8).map(|n| vec![n; 1_000]).collect();
    server.hold_files();
    server.give(|_| Vec::new());
    for bytes in &contents {
        announce(&node, &server, room, file(bytes)).await;
    }
    // Its records are taken, our people talk and upload, and other rooms' files are read.
    let profile = RecordBody::Profile { user: address(MALLORY), name: parsed("M"), available: true, photo: None };
    assert_eq!(server.tell(&node, &profile).await, None);
    let act = Message::plain(parsed("we go on")).into();
    node.user("alice", UserOp::Act { room, id: EventId([8; 16]), act }).await.expect("open");
    let upload = NewUpload { bytes: 4, name: FileName::clean("x"), declared: None, digest: None };
    node.files.begin_upload(&local("alice"), UploadId([7; 16]), upload).await.expect("room");
    let mut writing = node.files.write_upload(&local("alice"), UploadId([7; 16]), 0).await.expect("free");
    writing.push(b"ours"[..].into()).await.expect("room");
    writing.close().await.expect("whole");
    assert!(contents.iter().all(|bytes| awaits(&node, sha256(bytes))), "nothing came, and nothing is given up");
    assert_eq!(faults(&node), 0, "slowness is no lie");
    // Every answer fits one of the files: the others are tried again.
    server.give(|_| vec![0; 1_000]);
    server.release_files();
    node.until("one file is here", |_| !awaits(&node, sha256(&contents[0]))).await;
}

#[tokio::test]
async fn a20_photos_are_given_of_shared_rooms_and_known_people_only() {
    let (node, server, room) = host().await;
    for (n, user) in [(1, "alice"), (2, "carol")] {
        let (digest, _pin) = node.files.keep([n; 16], vec![n; 100]).await.expect("room");
        let photo = Photo { digest, bytes: 100 };
        node.user(user, UserOp::SetPhoto(Some(photo))).await.expect("one's own");
    }
    let photo_of = |n: u8| sha256(&[n; 100]);
    let [alice, carol] = ["alice", "carol"].map(|user| person_id(&node.user_address(user)));
    assert_eq!(ask(&node, &server, alice, photo_of(1)).await, (200, vec![1; 100]));
    let nothing = ask(&node, &server, room_id(99), sha256(b"nothing")).await;
    for (owner, n) in [(carol, 2), (alice, 2), (carol, 1), (room, 1), (room_id(1), 1)] {
        assert_eq!(ask(&node, &server, owner, photo_of(n)).await, nothing, "{owner} {n}");
    }
}

#[tokio::test]
async fn a32_a_photo_that_lies_is_not_shown_and_one_that_is_too_large_not_taken() {
    let (node, server, _) = host().await;
    let profile = |bytes: u64, digest| RecordBody::Profile {
        user: address(MALLORY),
        name: parsed("M"),
        available: true,
        photo: Some(Photo { digest, bytes }),
    };
    assert_eq!(server.tell(&node, &profile(limits::PHOTO_BYTES_MAX + 1, sha256(b"x"))).await, Some(Code::Malformed));
    server.give(|_| vec![9; 50]);
    assert_eq!(server.tell(&node, &profile(50, sha256(&[7; 50]))).await, None);
    node.until("the fault is audited", |_| faults(&node) >= 1).await;
    assert_eq!(of_person(&node.engine.state(), &address(MALLORY)), None);
    server.give(|_| vec![7; 50]);
    node.until("the photo is here", |state| of_person(state, &address(MALLORY)).is_some()).await;
}
