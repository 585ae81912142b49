//! The invoice page, in real browsers. Each file tests one of its promises.

mod addressing;
mod asking_in;
mod attachments;
mod bounds;
mod conversation;
mod everyone;
mod faults;
mod files;
mod first_pages;
mod first_paint;
mod first_use;
mod getting_in;
mod honest;
mod invoice;
mod look;
mod no_scripts;
mod notes;
mod notifications;
mod paying;
mod pictures;
mod polls;
mod reading;
mod searching;
mod sessions;
mod signing_in;
mod statuses;
mod suggestions;
mod trouble;
mod two_tabs;
mod who_is_there;
mod widget;

use serde_json::{Value, json};

use crate::support::browser::{SEND, WRITE};
use crate::support::world::Plan;
use crate::support::{Browser, Database, Person, Visitor, World, sample};

/// A transaction with a page, both parties' Matrix users in its room, and a browser.
struct Scene {
    browser: Browser,
    world: World,
    id: String,
    room: String,
    /// The seller's contact with an account, in an ordinary client.
    sam: Person,
}

impl Scene {
    async fn set(database: Database) -> Self {
        Self::set_in(World::with().page(), database).await
    }

    async fn set_in(plan: Plan, database: Database) -> Self {
        let (world, browser) = tokio::join!(plan.start(database), Browser::start());
        let sam = world.person("sam").await;
        let id = world.shop.create(&order("order-1", &sam.id)).await;
        let room = world.shop.room(&id).await;
        sam.join(&room).await;
        Self { browser, world, id, room, sam }
    }

    /// The buyer's contact, who has no Matrix account.
    async fn bea(&self) -> Visitor {
        self.contact("buyer", "bea@birch.example").await
    }

    /// Sam again, on the page.
    async fn sam_on_the_page(&self) -> Visitor {
        self.contact("seller", &self.sam.id).await
    }

    /// Whoever opens the link of this contact.
    async fn contact(&self, party: &str, contact: &str) -> Visitor {
        let link = self.world.shop.link(&self.id, party, Some(contact)).await;
        let visitor = self.browser.visitor().await;
        visitor.open(&link).await;
        visitor.sees("INV-2026-0042").await;
        visitor
    }

    fn page(&self) -> String {
        self.world.page(&format!("/t/{}", self.id))
    }

    /// Waits for an entry that says this; the entry.
    async fn entry(&self, text: &str) -> Value {
        self.world
            .eventually(&format!("an entry {text:?}"), || async {
                let entries = self.world.shop.entries(&self.id).await;
                entries.into_iter().find(|it| it["text"] == text)
            })
            .await
    }
}

/// Between Bea, who has no Matrix account, and two people of the seller, one of whom has.
fn order(external_id: &str, sam: &str) -> Value {
    let mut order = sample(external_id, "@nobody:tally.localhost", sam);
    order["buyer"]["contacts"] = json!([
        { "name": "Bea", "email": "bea@birch.example", "duty": "accounts payable" },
    ]);
    order["seller"]["contacts"] = json!([
        { "name": "Sam", "matrix": sam, "duty": "sales" },
        { "name": "Rita", "email": "rita@acme.example", "duty": "accounts receivable" },
    ]);
    order
}

impl Visitor {
    /// Takes something from the menu of the newest message that says this.
    async fn chooses(&self, words: &str, action: &str) {
        let menu = "Actions for the message by…";
        self.presses_beside_until_offered(words, menu, action).await;
        self.presses_beside(words, action).await;
    }

    /// The same on a page without scripts, where it leads to another page: waits until that is there.
    /// Otherwise the next words could go into the field of the page that is about to be left.
    async fn goes_to(&self, words: &str, action: &str) {
        let before = self.documents();
        self.chooses(words, action).await;
        self.loads_after(before, action).await;
    }

    /// Takes back the newest message that says this.
    async fn removes(&self, words: &str) {
        self.chooses(words, "Remove…").await;
        self.presses_beside(words, "Yes, remove").await;
    }
}
