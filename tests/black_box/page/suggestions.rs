//! As long as nobody has written anything, the page suggests to buyers what they can ask.

use serde_json::json;

use super::{SEND, Scene};
use crate::on_both_databases;
use crate::support::World;

on_both_databases! {
    async fn a_buyer_who_has_nothing_before_them_is_offered_three_questions(database) {
        let scene = Scene::set(database).await;
        let bea = scene.bea().await;
        assert_eq!(bea.count(".questions a").await, 3);
        for width in [390, 820, 1440] {
            bea.size(width, 844).await;
            bea.open(&format!("{}#messages", scene.page())).await;
            bea.sees("Could the due date be extended?").await;
            bea.pictured(&format!("empty-{width}")).await;
        }
        assert_eq!(bea.axe().await, Vec::<String>::new());
        // The seller is not the one to ask.
        assert_eq!(scene.sam_on_the_page().await.count(".questions a").await, 0);

        // Without scripts, the question stands in the field, and no address puts any other words there.
        let plain = scene.browser.tab_beside(&bea).await;
        plain.without_scripts().await;
        plain.open(&scene.page()).await;
        plain.presses("Could you explain one of the items?").await;
        let field = "document.querySelector('#text')?.value";
        plain.until(&format!("{field} === 'Could you explain one of the items?'")).await;
        plain.open(&format!("{}?ask=3", scene.page())).await;
        plain.until(&format!("{field} === ''")).await;

        // In one's own language, and into the field, where it can be changed.
        bea.open(&format!("{}?lang=de", scene.page())).await;
        bea.presses("Können Sie das Zahlungsziel verlängern?").await;
        bea.until(&format!("{field} === 'Können Sie das Zahlungsziel verlängern?'")).await;
        bea.presses("Senden").await;
        scene.entry("Können Sie das Zahlungsziel verlängern?").await;
        // Then there is something.
        bea.until("!document.querySelector('.questions')?.checkVisibility()").await;
        bea.reload().await;
        bea.sees("Können Sie das Zahlungsziel verlängern?").await;
        assert_eq!(bea.count(".questions").await, 0);
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }

    async fn a_shop_sets_its_own_questions(database) {
        let questions = json!([
            { "shop": "shop", "first": "When does it come?", "second": "May I <b>return</b> it?", "third": "Who am I?" },
        ]);
        let plan = World::with().page().config("page", json!({ "questions": questions }));
        let scene = Scene::set_in(plan, database).await;
        let bea = scene.bea().await;
        let offered = bea.js("[...document.querySelectorAll('.questions a')].map(it => it.textContent)").await;
        assert_eq!(offered, json!(["When does it come?", "May I <b>return</b> it?", "Who am I?"]));
        bea.presses("May I <b>return</b> it?").await;
        bea.presses(SEND).await;
        scene.entry("May I <b>return</b> it?").await;
        assert_eq!(bea.console_errors(), Vec::<String>::new());
    }
}
