//! Any bytes on the three listeners: the real daemon behind the real HTTP. It never fails, and its store stays sound.

use super::{
    assert_no_fault, segments,
    world::{ADMIN, ALICE, Face, World},
};

/// Bytes to listeners: each part begins with a letter. `c`, `a` and `f` go to the client, admin and federation
/// listeners as they are; `C` and `A` get the bearer token of alice or the admin behind their first line.
///
/// What was answered to each part.
pub fn http(bytes: &[u8]) -> Vec<Vec<u8>> {
    let world = World::start();
    let answers = segments(bytes).take(8).map(|(pick, request)| {
        let answer = match pick {
            b'c' => world.talk(Face::Client, request),
            b'a' => world.talk(Face::Admin, request),
            b'f' => world.talk(Face::Federation, request),
            b'C' => world.talk(Face::Client, &signed_in(request, ALICE)),
            b'A' => world.talk(Face::Admin, &signed_in(request, ADMIN)),
            _ => Vec::new(),
        };
        assert_no_fault(&answer);
        answer
    });
    let answers = answers.collect();
    world.assert_sound();
    answers
}

fn signed_in(request: &[u8], token: &str) -> Vec<u8> {
    let end = request.windows(2).position(|pair| pair == b"\r\n").map_or(request.len(), |at| at + 2);
    let (line, rest) = request.split_at(end);
    [line, format!("host: localhost\r\nauthorization: Bearer {token}\r\n").as_bytes(), rest].concat()
}
