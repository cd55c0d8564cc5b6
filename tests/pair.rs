//! Two organizations with real daemons, from both sides and in both roles: every product rule, and what may break.

#[path = "pair/acts.rs"]
mod acts;
#[path = "pair/admin.rs"]
mod admin;
#[path = "pair/afterwards.rs"]
mod afterwards;
#[path = "pair/archives.rs"]
mod archives;
#[path = "pair/backup.rs"]
mod backup;
#[path = "pair/calls.rs"]
mod calls;
#[path = "pair/cli.rs"]
mod cli;
#[path = "pair/contacts.rs"]
mod contacts;
#[path = "pair/disk.rs"]
mod disk;
#[path = "pair/feeds.rs"]
mod feeds;
#[path = "pair/files.rs"]
mod files;
#[path = "pair/folder.rs"]
mod folder;
#[path = "pair/grants.rs"]
mod grants;
#[path = "pair/groups.rs"]
mod groups;
#[path = "pair/harness/mod.rs"]
mod harness;
#[path = "pair/holds.rs"]
mod holds;
#[path = "pair/keeping.rs"]
mod keeping;
#[path = "pair/keys.rs"]
mod keys;
#[path = "pair/messages.rs"]
mod messages;
#[path = "pair/network.rs"]
mod network;
#[path = "pair/recovery.rs"]
mod recovery;
#[path = "pair/restart.rs"]
mod restart;
#[path = "pair/revocation.rs"]
mod revocation;
#[path = "pair/rotation.rs"]
mod rotation;
#[path = "pair/search.rs"]
mod search;
#[path = "pair/signals.rs"]
mod signals;
#[path = "pair/tools.rs"]
mod tools;
