//! Many contacts are told of what was said, while the mail server and the service are killed in turn. Afterwards each of them
//! must have one mail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::mailbox::{Mailbox, Taken};
use crate::support::postfix::Postfix;
use crate::support::{Database, World, eventually, sample};

/// The number of contacts of one transaction.
const CONTACTS: usize = 50;
/// How often each of the two is killed.
const KILLS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(600);

/// The mails that one contact got.
#[derive(Default)]
struct Got {
    /// Their number.
    arrived: usize,
    /// Their Message-IDs: several, if the service made several mails.
    ids: BTreeSet<String>,
    /// The names under which Postfix took them: several, if the service handed a mail over more than once, since it was
    /// killed before it noted the answer, or Postfix before it answered.
    queue_ids: BTreeSet<String>,
}

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

    let sending = Instant::now();
    for kill in 1..=2 * KILLS {
        let enough = count * kill / (2 * KILLS + 1);
        let arrived = || async { (mailbox.count() >= enough).then_some(()) };
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

    let got = by_contact(&mailbox.taken());
    let lost = count.saturating_sub(got.len());
    let made_twice = got.values().filter(|it| it.ids.len() > 1).count();
    let handed_over_twice = got.values().filter(|it| it.queue_ids.len() > 1).count();
    let doubled = got.values().filter(|it| it.arrived > 1).count();
    println!(
        "mails: {count} contacts, {} mails arrived, Postfix and Tallyroom each killed {KILLS} times: lost {lost}, \
         doubled {doubled} (with another Message-ID {made_twice}, handed to Postfix twice {handed_over_twice}); \
         {:.0} s with kills, {:.0} s in all",
        got.values().map(|it| it.arrived).sum::<usize>(),
        sending.elapsed().as_secs_f32(),
        started.elapsed().as_secs_f32(),
    );
    // A mail may come twice if something was killed between the end of its text and the answer to it: at most one for each
    // place in which a mail is sent, and each kill.
    lost + made_twice == 0 && got.len() == count
}

fn by_contact(mails: &[Taken]) -> BTreeMap<String, Got> {
    let mut all: BTreeMap<String, Got> = BTreeMap::new();
    for mail in mails {
        let got = all.entry(mail.to.join(",")).or_default();
        got.arrived += 1;
        got.ids.insert(mail.header("Message-ID"));
        // Received: from … by mail.test (Postfix) with ESMTP id 0B412A62401 for …
        let received = mail.header("Received");
        let queue_id = received.split(" id ").nth(1).and_then(|it| it.split_whitespace().next());
        got.queue_ids.insert(queue_id.unwrap_or_default().to_owned());
    }
    all
}
