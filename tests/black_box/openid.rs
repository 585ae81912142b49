//! People sign in with Matrix accounts, which a real homeserver confirms.

use reqwest::Method;
use serde_json::json;
use tallyroom::config::Config;
use tallyroom::page::openid::{OpenId, Refused};

use crate::support::world::DOMAIN;
use crate::support::{Database, World};

#[tokio::test(flavor = "multi_thread")]
async fn the_homeserver_says_whose_token_it_is() {
    let mut world = World::with().prepare(Database::Sqlite).await;
    world.start_synapse().await;
    let ada = world.person("ada").await;
    let path = format!("/user/{}/openid/request_token", ada.id);
    let (status, token) = ada.call(Method::POST, &path, Some(json!({}))).await;
    assert_eq!((status, &token["matrix_server_name"]), (200, &json!(DOMAIN)), "{token}");
    let token = token["access_token"].as_str().unwrap();

    let config = Config::load(&world.config_file(), std::iter::empty()).unwrap();
    let openid = OpenId::new(&config).unwrap();
    assert_eq!(openid.verify(DOMAIN, token).await.unwrap(), ada.id);
    let unknown = openid.verify(DOMAIN, "canary").await;
    assert!(matches!(unknown, Err(Refused::UnknownToken(_))), "{unknown:?}");

    world.kill_synapse();
    let silent = openid.verify(DOMAIN, token).await.unwrap_err();
    assert!(matches!(silent, Refused::NoAnswer { .. }), "{silent}");
    assert!(!format!("{silent} {silent:?}").contains(token), "{silent}");
}
