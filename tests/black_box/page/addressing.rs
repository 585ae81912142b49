//! A message can be addressed to a contact or to a duty, who are mentioned in the room.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Scene, WRITE, order};
use crate::on_both_databases;
use crate::support::{Entered, Visitor};

on_both_databases! {
    async fn a_question_is_addressed_to_a_contact_or_a_duty(database) {
        let scene = Scene::set(database).await;
        let mut terms = order("order-1", &scene.sam.id);
        let more = json!({ "name": "Tom <b>", "email": "tom@acme.example", "duty": "accounts receivable" });
        terms["seller"]["contacts"].as_array_mut().unwrap().push(more);
        let (status, answer) =
            scene.world.shop.patch(&scene.id, &json!({ "seller": terms["seller"] })).await;
        assert_eq!(status, 200, "{answer}");
        let bea = scene.bea().await;
        // Nobody but the other contacts is offered, by what the page shows of them anyway.
        let offered = bea.js("[...document.querySelectorAll('select[name=to] option')].map(it => it.textContent)").await;
        let expected = [
            "everyone", "Sam · sales", "accounts receivable", "Rita · accounts receivable", "Tom <b> · accounts receivable",
        ];
        assert_eq!(offered, json!(expected));
        assert!(!bea.html().await.contains("@acme.example"));

        // To one person, with an account.
        choose(&bea, "Sam · sales").await;
        bea.says("Is it **paid**?").await;
        let said = scene.entry("Sam: Is it **paid**?").await;
        let content = content(&scene, &said).await;
        assert_eq!(content["m.mentions"], json!({ "user_ids": [scene.sam.id] }));
        let pill = format!("<p><a href=\"https://matrix.to/#/{}\">Sam</a>: Is it <strong>paid</strong>?</p>", scene.sam.id);
        assert_eq!(content["formatted_body"], pill.as_str());
        bea.until("document.querySelector('li[data-event] .mention')?.textContent === 'Sam'").await;
        assert_eq!(bea.count("li[data-event] a[href*='matrix.to']").await, 0);
        // The next one is to everyone again.
        bea.says("And by whom?").await;
        let said = scene.entry("And by whom?").await;
        assert_eq!(self::content(&scene, &said).await["m.mentions"], json!({}));

        // To a duty, by an @ at the beginning; without accounts, the guests are named.
        bea.types(WRITE, "").await;
        bea.types_on_keyboard("@").await;
        bea.until("document.activeElement?.name === 'to' && document.querySelector('#text').value === ''").await;
        choose(&bea, "accounts receivable").await;
        bea.says("Who pays?").await;
        let said = scene.entry("accounts receivable: Who pays?").await;
        let content = self::content(&scene, &said).await;
        let mentioned = content["m.mentions"]["user_ids"].as_array().unwrap();
        assert_eq!(mentioned.len(), 2, "{content}");
        assert!(mentioned.iter().all(|it| it.as_str().unwrap().starts_with("@_tallyroom_guest_")), "{content}");
        // A change of the message is addressed to the same, and tells nobody again.
        bea.chooses("Who pays?", "Edit").await;
        bea.until("document.querySelector('select[name=to]').disabled").await;
        bea.types(WRITE, " And when?").await;
        bea.presses("Save").await;
        bea.sees("Who pays? And when?").await;
        let changed = scene.entry("accounts receivable: Who pays? And when?").await;
        let edit = self::content(&scene, &changed).await;
        assert_eq!(edit["m.new_content"]["m.mentions"]["user_ids"].as_array(), Some(mentioned), "{edit}");
        assert_eq!(edit["m.mentions"], json!({}));

        // A draft keeps its addressee, and so does a file that is put back.
        bea.types(WRITE, "To whom was this?").await;
        choose(&bea, "Sam · sales").await;
        bea.js("document.querySelector('select[name=to]').dispatchEvent(new Event('change', { bubbles: true })), 0").await;
        bea.reload().await;
        let sams = "document.querySelector('select[name=to]').selectedOptions[0].textContent === 'Sam · sales'";
        bea.until(&format!("document.querySelector('#text').value === 'To whom was this?' && {sams}")).await;
        bea.clears(WRITE).await;
        let file = scene.world.folder.path().join("proof.txt");
        std::fs::write(&file, "sent on Monday").unwrap();
        bea.attaches(&[&file]).await;
        bea.loses_the_line().await;
        bea.presses("Send").await;
        bea.sees("Waiting for a connection").await;
        bea.until("document.querySelector('select[name=to]').value === ''").await;
        bea.js("document.querySelector('#sending .again').click(), 0").await;
        bea.until(sams).await;
        bea.js("document.querySelector('#chosen button').click(), document.querySelector('select[name=to]').value = '', 0").await;
        bea.has_a_line_again().await;

        // Without scripts.
        let plain = scene.browser.tab_beside(&bea).await;
        plain.without_scripts().await;
        plain.open(&scene.page()).await;
        choose(&plain, "Rita · accounts receivable").await;
        plain.says("Plainly").await;
        let said = scene.entry("Rita: Plainly").await;
        let rita = self::content(&scene, &said).await["m.mentions"]["user_ids"][0].clone();
        assert!(mentioned.contains(&rita), "{rita}");
        assert_eq!(bea.axe().await, Vec::<String>::new());
        let errors = bea.console_errors();
        assert!(errors.iter().all(|it| it.contains("ERR_INTERNET_DISCONNECTED")), "{errors:?}");
    }

    async fn nobody_else_can_be_addressed(database) {
        let scene = Scene::set(database).await;
        let link = scene.world.shop.new_link(&scene.id, &json!({ "party": "buyer", "contact": "bea@birch.example" })).await;
        let bea = Entered::by(link["url"].as_str().unwrap()).await;
        for to in ["@mallory:elsewhere.example", scene.sam.id.as_str(), "seller sales", "buyer accounts payable", "@room"] {
            let form = reqwest::multipart::Form::new().text("text", "never said").text("to", to.to_owned());
            let answer = bea.request(Method::POST, "/messages").multipart(form).send().await.unwrap();
            assert_eq!(answer.status(), 422, "{to}");
            assert!(answer.text().await.unwrap().contains("can no longer be addressed"), "{to}");
        }
        assert!(scene.world.shop.entries(&scene.id).await.iter().all(|it| it["text"] != "never said"));
    }
}

/// Chooses to whom the message is addressed.
async fn choose(visitor: &Visitor, option: &str) {
    let option = json!(option);
    let chosen = visitor
        .js(&format!(
            "(() => {{ const select = document.querySelector('select[name=to]'); \
         const option = [...select.options].find(it => it.textContent === {option}); \
         select.value = option.value; return select.value; }})()"
        ))
        .await;
    assert!(chosen.is_string(), "{option}");
}

/// The content of an event, as a Matrix client sees it.
async fn content(scene: &Scene, entry: &Value) -> Value {
    let event = entry["event_id"].as_str().unwrap();
    scene.sam.event(&scene.room, event).await["content"].take()
}
