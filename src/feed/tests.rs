//! Subscriptions over a real journal.

use super::{Feed, Fresh};
use crate::{
    core::State,
    model::journal::Entry,
    store::{kv::Kv, load, mem_kv::MemKv, reader::Reader},
    testing::fixtures::{domain, local, own_org},
};
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn f31_a_feed_resumed_from_the_very_beginning_misses_nothing() {
    let (kv, org): (Arc<dyn Kv>, _) = (Arc::new(MemKv::new()), own_org(&domain("acme.example")));
    load::create(&*kv, &org).expect("an empty store");
    let mut stage = load::load(&kv).expect("readable").expect("created").stage;
    let feed = Feed::new(Reader::new(kv.clone()), stage.journal_next());
    let greeted = feed.subscribe(&local("alice"), None).expect("a subscription").position();

    let entry = Entry::Me { user: local("alice") };
    let position = stage.journal(&entry).expect("an entry");
    kv.commit(stage.take()).expect("a memory store commits");
    feed.publish(&Arc::new(State::new(org)), vec![Fresh { position, entry: entry.clone(), rows: Vec::new() }]);

    let mut resumed = feed.subscribe(&local("alice"), Some(greeted)).expect("a subscription");
    let items = tokio::time::timeout(Duration::from_secs(10), resumed.next()).await;
    let items = items.expect("the first entry comes").expect("the feed goes on");
    assert_eq!(items.iter().map(|item| &item.entry).collect::<Vec<_>>(), [&entry]);
}
