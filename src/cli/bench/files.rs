//! Files: a GiB in a hundred files, and one of a GiB whose transfer is interrupted by kill -9.

use super::{
    figures::Figures,
    stage::{Person, Stage},
    tally::Sums,
};
use crate::{
    api::{admin::dto::FilePolicyView, client::dto::Upload},
    cli::{
        failure::{Done, Failure},
        transfer,
        twin::{Org, wait_until},
    },
};
use std::{
    io::Cursor,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const FILES: usize = 100;
const GIB: usize = 1 << 30;
const MIB: f64 = 1_048_576.0;
/// Files named by one message.
const PER_MESSAGE: usize = 10;
const PATIENCE: Duration = Duration::from_secs(180);

/// A hundred files: how fast they are uploaded, and how fast they cross.
pub async fn hundred(stage: Stage, files: Option<usize>) -> Done<Figures> {
    let files = files.unwrap_or(FILES).clamp(1, FILES);
    let (sender, receiver, room) = stage.pair(0).await?;
    let cpu_s = stage.cpu_s();
    let began = Instant::now();
    let mut uploads = Vec::new();
    for n in 0..files {
        uploads.push(put(&sender, n as u64, GIB / FILES).await?);
    }
    let uploaded_s = began.elapsed().as_secs_f64();
    let began = Instant::now();
    for some in uploads.chunks(PER_MESSAGE) {
        transfer::post(&sender.http, &room, some, "").await?;
    }
    for upload in &uploads {
        wait_here(&receiver, &room, upload).await?;
    }
    let crossed_s = began.elapsed().as_secs_f64();
    let mib = (files * (GIB / FILES)) as f64 / MIB;
    let remark =
        format!("{mib:.0} MiB: up at {:.0} MB/s, across at {:.0} MB/s", rate(mib, uploaded_s), rate(mib, crossed_s));
    let sums = Sums { accepted: files, complete: files, ..Sums::default() };
    let memory = stage.settle().await;
    let mut figures = Figures::new("files", &sums, crossed_s, stage.cpu_s() - cpu_s, memory);
    figures.messages_per_s = (files as f64 / crossed_s).round();
    stage.strike().await?;
    Ok(figures.remark(remark))
}

/// One file of a GiB; the receiving daemon is killed in the middle of it.
pub async fn interrupted(mut stage: Stage) -> Done<Figures> {
    for org in [&stage.acme, &stage.globex] {
        let policy = FilePolicyView {
            sending: true,
            bytes_max: 2 * GIB as u64,
            allowed: vec![],
            forbidden: vec![],
            folder_kept_days: None,
        };
        let _: FilePolicyView = org.admin.put("/admin/v1/policy/files", &policy).await?;
    }
    let (sender, receiver, room) = stage.pair(0).await?;
    // The sender's daemon learns what the receiver's takes by a hello.
    let upload = put(&sender, 0, GIB).await?;
    wait_until("the partner's rules are known", PATIENCE, async || {
        match transfer::post(&sender.http, &room, std::slice::from_ref(&upload), "").await {
            Ok(posted) => Ok(Some(posted)),
            Err(failure) if failure.has_code("TOO_LARGE") => Ok(None),
            Err(failure) => Err(failure),
        }
    })
    .await?;
    let parts = stage.globex.dir.join("files/parts");
    wait_until("a third of it is there", PATIENCE, async || Ok((part_bytes(&parts) > GIB as u64 / 3).then_some(())))
        .await?;
    stage.globex.daemon.kill().await?;
    let before = part_bytes(&parts);
    let began = Instant::now();
    stage.globex.daemon.restart().await?;
    wait_here(&receiver, &room, &upload).await?;
    let seconds = began.elapsed().as_secs_f64();
    let sent = sent_bytes(&stage.acme).await?;
    let again = sent.saturating_sub(GIB as f64 as u64);
    let left = (GIB as u64 - before) as f64 / MIB;
    let remark = format!(
        "killed at {:.0} MiB, the rest at {:.0} MB/s; {:.1} MiB were sent again",
        before as f64 / MIB,
        rate(left, seconds),
        again as f64 / MIB
    );
    let sums = Sums { accepted: 1, complete: 1, ..Sums::default() };
    let memory = stage.settle().await;
    let figures = Figures::new("files-resume", &sums, seconds, 0.0, memory);
    stage.strike().await?;
    Ok(figures.remark(remark))
}

async fn put(sender: &Person, seed: u64, bytes: usize) -> Done<Upload> {
    let upload =
        transfer::upload(&sender.http, &format!("{seed}.bin"), bytes as u64, &mut Cursor::new(noise(seed, bytes)))
            .await?;
    if upload.file.is_some() { Ok(upload) } else { Err(Failure::fault("an upload did not become whole")) }
}

/// Bytes that nothing can compress, and no two files share.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}

/// Waits until a file can be read at the receiver.
async fn wait_here(receiver: &Person, room: &str, upload: &Upload) -> Done {
    let digest = upload.file.as_ref().map(|file| file.digest.clone()).unwrap_or_default();
    let path = transfer::path_of(room, &digest);
    wait_until("a file has crossed", PATIENCE, async || {
        match receiver.http.raw(reqwest::Method::HEAD, &path, &[], bytes::Bytes::new()).await {
            Ok(_) => Ok(Some(())),
            Err(_) => Ok(None),
        }
    })
    .await
}

fn part_bytes(parts: &Path) -> u64 {
    let entries = std::fs::read_dir(parts).into_iter().flatten().flatten();
    let length = |path: PathBuf| path.metadata().map_or(0, |entry| entry.len());
    entries.map(|entry| length(entry.path())).max().unwrap_or(0)
}

/// Bytes of files that a daemon has given to its peer, by its own count.
async fn sent_bytes(org: &Org) -> Done<u64> {
    let text = org.admin.read_bytes("/admin/v1/metrics").await?;
    let text = String::from_utf8_lossy(&text);
    let line =
        text.lines().find(|line| line.starts_with("handclasp_file_bytes_total") && line.contains("direction=\"out\""));
    let count = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    count.ok_or_else(|| Failure::fault("the daemon does not count the bytes of files"))
}

fn rate(mib: f64, seconds: f64) -> f64 {
    mib * MIB / 1e6 / seconds.max(1e-6)
}
