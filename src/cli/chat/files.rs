//! Sending and saving files.

use super::{show, talk::Talk};
use crate::{
    api::client::dto::{Event, Messages},
    cli::{
        failure::{Done, Failure},
        screen::clean,
        transfer,
    },
};
use std::path::Path;

impl Talk {
    /// Sends a file to the present room.
    pub(super) async fn send_file(&mut self, words: &str) -> Done {
        if words.is_empty() {
            return Err(Failure::usage("which file?").next("/send plan.pdf"));
        }
        let room = self.present()?.id.clone();
        let posted = transfer::send(&self.http, &room, Path::new(words), "").await?;
        self.posted(posted)
    }

    /// Saves the files of a message.
    pub(super) async fn save_files(&mut self, words: &str) -> Done {
        let room = self.present()?.id.clone();
        let (number, dir) = words.split_once(' ').unwrap_or((words, "."));
        let number = number.trim_start_matches('#').parse::<u64>();
        let index = number.map_err(|_| Failure::usage("of which message?").next("/save 12"))?;
        let before = index.saturating_add(1);
        let page: Messages = self.http.read(&format!("/api/v1/rooms/{room}/messages?before={before}&limit=1")).await?;
        let item = page.items.first().filter(|item| item.index == index);
        let event = item.and_then(|item| serde_json::from_str::<Event>(item.event.get()).ok());
        let files = event.map(|event| event.files).unwrap_or_default();
        if files.is_empty() {
            return Err(Failure::refused(format!("message #{index} has no files that you can see")));
        }
        for file in &files {
            let path = transfer::save(&self.http, &room, (&file.digest, &file.name), Path::new(dir.trim())).await?;
            self.say(&format!("   saved {} as {}", clean(&show::file(file)), path.display()))?;
        }
        Ok(())
    }
}
