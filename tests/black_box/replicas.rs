//! Several processes on one PostgreSQL, behind a load balancer, are one service.

use reqwest::Method;
use reqwest::multipart::Form;

use crate::crashes::is_the_one_room;
use crate::support::{Database, Entered, World, sample};

/// The number of processes.
const PROCESSES: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn whichever_process_is_killed_the_others_go_on() {
    let mut world = World::with().page().processes(PROCESSES).start(Database::Postgres).await;
    let deal = world.deal().await;
    let parties = [&deal.buyer, &deal.seller];
    // The link, the cookie and what is written on the page count at each process.
    let visitor = Entered::by(&world.shop.link(&deal.id, "buyer", None).await).await;
    let mut said = Vec::new();
    for victim in 0..PROCESSES {
        let mut ids = Vec::new();
        for number in 0..4 {
            let order = sample(&format!("{victim}-{number}"), &deal.buyer.id, &deal.seller.id);
            ids.push(world.shop.create(&order).await);
        }
        world.kill_process(victim);
        let words = format!("while process {victim} is dead");
        let event = deal.buyer.say(&deal.room, &words).await;
        world.shop.entry(&deal.id, &event).await;
        said.push(words);
        let words = format!("on the page while process {victim} is dead");
        let form = Form::new().text("text", words.clone());
        let writing = visitor.request(Method::POST, "/messages").multipart(form);
        let written = writing.header("accept", "application/json").send().await.unwrap();
        assert!(written.status().is_success(), "{}", written.text().await.unwrap());
        world
            .eventually("what was written on the page", || async {
                let entries = world.shop.entries(&deal.id).await;
                entries.iter().any(|it| it["text"] == words).then_some(())
            })
            .await;
        said.push(words);
        for id in &ids {
            let room = world.shop.room(id).await;
            is_the_one_room(&world, id, &room, parties).await;
        }
        world.launch_process(victim);
        world.wait_for_process(victim).await;
    }
    for person in parties {
        assert!(person.invitations().await.is_empty(), "somebody is invited to a second room");
    }
    for process in 0..PROCESSES {
        let entries = world.api_of(process).entries(&deal.id).await;
        let texts: Vec<_> = entries.iter().filter_map(|it| it["text"].as_str()).collect();
        for words in &said {
            assert_eq!(texts.iter().filter(|it| *it == words).count(), 1, "{words}");
        }
    }
    let (status, _, problems) = world.run(&["verify"]);
    assert!(status.success(), "{problems}");
    let (status, _) = world.terminate_process(0).await;
    assert!(status.success());
}
