//! Many contacts are told of what was said, while the mail server and the service are killed in between.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::mailbox::Mailbox;
use crate::support::postfix::Postfix;
use crate::support::{Database, World, eventually, sample};

/// The number of contacts of one transaction.
const CONTACTS: usize = 50;
/// The number of kills, of the mail server and of the service in turn.
const KILLS: usize = 10;
const PATIENCE: Duration = Duration::from_secs(600);

pub async fn run(database: Database, count: usize) -> bool {
    let started = Instant::now();
    let mailbox = Mailbox::start().await;
    let mut postfix = Postfix::with().others(mailbox.port).start().await;
    let mail =
        json!({ "smtp": postfix.url(), "from": "invoices@shop.example", "unread_minutes": 600 });
    let mut world = World::with().page().config("mail", mail).start(database).await;
    let seller = world.person("seller").await;
    for (number, first) in (0..count).step_by(CONTACTS).enumerate() {
        let contacts = (first..count.min(first + CONTACTS))
            .map(|it| json!({ "email": format!("contact-{it}@buyer.example") }));
        let mut order = sample(&format!("order-{number}"), "", &seller.id);
        order["buyer"]["contacts"] = Value::Array(contacts.collect());
        let id = world.shop.create(&order).await;
        let room = world.shop.room(&id).await;
        seller.join(&room).await;
        seller.say(&room, &format!("words-of-{number}.")).await;
    }
    let waiting = format!(
        "SELECT 'all' WHERE (SELECT COUNT(*) FROM mail_contacts WHERE due_at IS NOT NULL) = {count}"
    );
    eventually("all contacts to tell", PATIENCE, || async { world.sql_text(&waiting).await }).await;
    world.sql("UPDATE mail_contacts SET due_at = 1").await;

    for kill in 1..=KILLS {
        let enough = count * kill / (KILLS + 1);
        let arrived = || async { (mailbox.taken().len() >= enough).then_some(()) };
        eventually("the next mails", PATIENCE, arrived).await;
        if kill % 2 == 1 {
            postfix.kill();
            postfix.start_again().await;
        } else {
            world.kill_tallyroom();
            world.start_tallyroom().await;
        }
    }
    let left = "SELECT 'left' FROM mail_contacts WHERE due_at IS NOT NULL \
         UNION ALL SELECT 'left' FROM mails WHERE due_at IS NOT NULL";
    let is_over =
        || async { (world.sql_text(left).await.is_none() && postfix.queued() == 0).then_some(()) };
    eventually("that nothing waits", PATIENCE, is_over).await;

    let mut got: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in mailbox.taken() {
        got.entry(mail.to.join(",")).or_default().push(mail.header("Message-ID"));
    }
    let lost = count - got.len();
    // A mail is the same one if it has the same id: its answer was lost when something was killed.
    let again: usize =
        got.values().map(|ids| ids.len() - ids.iter().collect::<BTreeSet<_>>().len()).sum();
    let doubled = got.values().filter(|ids| ids.iter().collect::<BTreeSet<_>>().len() > 1).count();
    println!(
        "mails: {count} contacts, {KILLS} kills of Postfix and Tallyroom in turn; lost {lost}, doubled {doubled}, \
         {again} came again with the same Message-ID; {} s",
        started.elapsed().as_secs()
    );
    lost == 0 && doubled == 0
}
