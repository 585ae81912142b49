//! The room of the admins: what the bot tells them, and what it does for them.

use serde_json::{Value, json};

use crate::on_both_databases;
use crate::support::{Entered, Fault, Person, When, World, sample};

/// Everything that the bot said in a room, oldest first.
async fn said(world: &World, person: &Person, room: &str) -> Vec<String> {
    let history = person.history(room).await;
    let of_bot = history.iter().rev().filter(|it| it["sender"] == world.bot());
    of_bot.filter_map(|it| Some(it["content"]["body"].as_str()?.to_owned())).collect()
}

/// Says something in the room and returns the one answer to it.
async fn ask(world: &World, person: &Person, room: &str, words: &str) -> String {
    let question = person.say(room, words).await;
    let is_answer =
        |it: &&Value| it["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == question;
    let answers = || async {
        let history = person.history(room).await;
        let answers: Vec<_> = history.iter().filter(is_answer).cloned().collect();
        assert!(answers.len() <= 1, "{answers:?}");
        answers.first().map(|it| it["content"]["body"].as_str().unwrap().to_owned())
    };
    world.eventually(words, answers).await
}

async fn joined(world: &World, person: &Person) -> String {
    let room = world
        .eventually("an invitation", || async { person.invitations().await.first().cloned() })
        .await;
    person.join(&room).await;
    room
}

on_both_databases! {
    async fn admins_ask_the_bot_and_are_told_of_problems_once(database) {
        let admins = json!({ "admins": ["@admin:tally.localhost", "@nobody:tally.localhost"] });
        let world = World::with().page().proxy().config("bot", admins).start(database).await;
        let admin = world.person("admin").await;
        let room = joined(&world, &admin).await;
        let (buyer, seller) = (world.person("buyer").await, world.person("seller").await);
        let id = world.shop.create(&sample("order-1", &buyer.id, &seller.id)).await;
        let deal = world.shop.room(&id).await;

        assert!(ask(&world, &admin, &room, "!tally").await.contains("!tally problems"));
        let list = ask(&world, &admin, &room, "!tally list").await;
        assert!(list.contains(&format!("{id} order-1 of shop: awaiting_payment, room ready")), "{list}");
        assert_eq!(ask(&world, &admin, &room, "!tally problems").await, "There are no problems.");
        assert!(ask(&world, &admin, &room, "!tally retry order-2").await.starts_with("There is no transaction"));

        // Somebody who declined is invited again.
        buyer.leave(&deal).await;
        world.eventually("the buyer left", || async {
            let transaction = world.shop.transaction(&id).await;
            (transaction["room"]["members"][0]["membership"] == "declined").then_some(())
        }).await;
        ask(&world, &admin, &room, "!tally invite order-1").await;
        world.eventually("an invitation", || async { buyer.invitations().await.first().cloned() }).await;

        // A link comes in a message to the admin alone.
        let answer = ask(&world, &admin, &room, "!tally link order-1 seller").await;
        assert_eq!(answer, "I have sent you the link in a direct message.");
        let direct = joined(&world, &admin).await;
        let message = said(&world, &admin, &direct).await.pop().unwrap();
        let entered = Entered::by(message.lines().last().unwrap()).await;
        assert_eq!(entered.request(reqwest::Method::GET, "").send().await.unwrap().status(), 200);
        let query = "SELECT actor FROM audit_log WHERE action = 'link.made' AND way = 'room'";
        assert_eq!(world.sql_text(query).await.as_deref(), Some(admin.id.as_str()));

        // A transaction is closed.
        let closed = ask(&world, &admin, &room, "!tally close order-1 cancelled").await;
        assert_eq!(closed, "The status is cancelled now.");
        assert_eq!(world.shop.transaction(&id).await["status"], "cancelled");
        let refused = ask(&world, &admin, &room, "!tally close order-1").await;
        assert_eq!(refused, "The status is cancelled, which completed cannot follow.");

        // A problem is told once it has lasted, and so is its end.
        let quiet = ask(&world, &admin, &room, "!tally quiet off").await;
        assert_eq!(quiet, "I tell problems at any time.");
        let refusal = r#"{"errcode":"M_FORBIDDEN","error":"It <b>broke</b>."}"#;
        world.proxy().fault_always("PUT", "state/m.room.topic", Fault::Answer(When::Before, 403, refusal));
        assert_eq!(world.shop.patch(&id, &json!({ "status": "refunded" })).await.0, 200);
        later(&world, "seen_at").await;
        let told = world.eventually("the problem", || async {
            said(&world, &admin, &room).await.into_iter().find(|it| it.starts_with("There is a problem"))
        }).await;
        assert!(told.contains("It <b>broke</b>.") && told.contains(&id), "{told}");
        let problems = ask(&world, &admin, &room, "!tally problems").await;
        assert!(problems.contains("It <b>broke</b>."), "{problems}");
        world.proxy().heal();
        assert_eq!(ask(&world, &admin, &room, "!tally retry order-1").await, "I try again what failed in order-1.");
        later(&world, "gone_at").await;
        world.eventually("the end of the problem", || async {
            said(&world, &admin, &room).await.into_iter().find(|it| it.starts_with("This problem has healed"))
        }).await;
        let all = said(&world, &admin, &room).await;
        assert_eq!(all.iter().filter(|it| it.contains("It <b>broke</b>.")).count(), 3, "{all:?}");
        // No words of the admins are kept.
        let kept = world.sql_text("SELECT MAX(words) FROM admin_commands WHERE answered_at IS NOT NULL").await;
        assert_eq!(kept.as_deref(), Some(""));
    }
}

/// Has the problems be in a state since more than a minute.
async fn later(world: &World, column: &str) {
    let update =
        format!("UPDATE seen_problems SET {column} = {column} - 60000 WHERE {column} IS NOT NULL");
    world
        .eventually("a problem in this state", || async {
            (world.sql(&update).await > 0).then_some(())
        })
        .await;
}
