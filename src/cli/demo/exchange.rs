//! The chapter of files: a photo one way, a document the other.

use super::{narrator::Narrator, person::Person};
use crate::cli::{
    failure::{Done, Failure},
    transfer,
};
use image::{ImageFormat, RgbImage};
use std::io::Cursor;

/// Photo and document cross between two people, and are the same on the other side.
pub async fn tell(alice: &Person, bob: &Person, room: &str, narrator: &mut Narrator) -> Done {
    narrator.chapter("They send each other a photo and a file")?;
    let photo = async {
        let bytes = photo()?;
        alice.sends(room, "stand-12.png", &bytes, "Our stand").await?;
        let item = bob.sees(room, "Our stand").await?;
        let file = bob.receives(room, &item, &bytes).await?;
        let small = bob.http.read_bytes(&format!("{}/thumbnail", transfer::path_of(room, &file.digest))).await?;
        let told = format!(
            "Alice sends {} ({} bytes). Globex's daemon fetches it in the background and checks its SHA-256;\n\
             Bob has it byte for byte, and a small picture of {} bytes",
            file.name,
            bytes.len(),
            small.len()
        );
        Ok(((), told))
    };
    narrator.step("a photo crosses", photo).await?;
    let document = async {
        let bytes = "Joint launch: who brings what\n".repeat(20_000).into_bytes();
        bob.sends(room, "plan.txt", &bytes, "The plan").await?;
        let item = alice.sees(room, "The plan").await?;
        let file = alice.receives(room, &item, &bytes).await?;
        Ok(((), format!("Bob sends {} ({} bytes), and Alice has it", file.name, bytes.len())))
    };
    narrator.step("a file crosses", document).await
}

fn photo() -> Done<Vec<u8>> {
    let shade = |at: u32| u8::try_from(at % 256).unwrap_or(u8::MAX);
    let picture = RgbImage::from_fn(800, 600, |x, y| image::Rgb([shade(x / 3), shade(y / 2), shade(x + y)]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).map_err(Failure::fault)?;
    Ok(bytes.into_inner())
}
