//! The notes of a side on its page, with and without scripts.

use super::Scene;
use crate::on_both_databases;

on_both_databases! {
    async fn a_side_keeps_notes_that_the_other_side_does_not_see(database) {
        let scene = Scene::set(database).await;
        let sam = scene.sam_on_the_page().await;
        let bea = scene.bea().await;
        // Without notes, the part is folded.
        for who in [&sam, &bea] {
            assert_eq!(who.js("document.getElementById('notes').open").await, false);
        }
        sam.presses("Internal notes, not visible to the other party").await;
        sam.types("New note", "They pay late.\nAsk Rita.").await;
        sam.presses("Add note").await;
        sam.sees("They pay late.").await;
        assert!(sam.url().await.ends_with("#notes"));
        for width in [390, 1440] {
            sam.size(width, 900).await;
            sam.pictured(&format!("notes-{width}")).await;
            let too_wide = sam.js("document.scrollingElement.scrollWidth - innerWidth").await;
            assert!(too_wide.as_i64().unwrap() <= 0, "at {width}: {too_wide} px too wide");
        }
        assert_eq!(sam.axe().await, Vec::<String>::new());
        assert!(!sam.printed_text().await.contains("They pay late."), "a printed invoice may be handed over");

        // What is too long is not sent, and stays. Its letters count in bytes.
        sam.js("document.querySelector('#notes textarea').value = 'ب'.repeat(6000), 0").await;
        let too_long = "document.querySelector('#notes .too-long').offsetParent";
        assert_eq!(sam.js(&format!("!{too_long}")).await, true);
        sam.types("New note", "!").await;
        sam.until(&format!("!!{too_long}")).await;
        sam.presses("Add note").await;
        assert_eq!(sam.js("document.querySelector('#notes textarea').value.length").await, 6_001);
        sam.reload().await;
        sam.sees("They pay late.").await;

        // A colleague sees it, and cannot remove it. The buyer sees nothing of it, now or after a reload.
        let rita = scene.contact("seller", "rita@acme.example").await;
        rita.sees("They pay late.").await;
        assert_eq!(rita.count("#notes li form").await, 0);
        scene.sam.say(&scene.room, "This is for both.").await;
        bea.sees("This is for both.").await;
        assert!(!bea.html().await.contains("They pay late."));
        bea.reload().await;
        bea.sees("This is for both.").await;
        assert!(!bea.html().await.contains("They pay late."));

        // Without scripts it works in the same way.
        let bare = scene.browser.visitor().await;
        bare.without_scripts().await;
        bare.open(&scene.world.shop.link(&scene.id, "seller", Some("rita@acme.example")).await).await;
        bare.presses("Open the invoice").await;
        bare.sees("They pay late.").await;
        bare.types("New note", "I have called them.").await;
        bare.presses("Add note").await;
        bare.sees("I have called them.").await;
        bare.presses("Remove").await;
        bare.presses("Yes, remove").await;
        bare.sees("This note was removed.").await;
        bare.does_not_see("I have called them.").await;
        for who in [&sam, &bea, &rita] {
            assert_eq!(who.console_errors(), Vec::<String>::new());
        }
    }
}
