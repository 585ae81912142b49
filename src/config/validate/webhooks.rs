//! Checks the webhooks of the config.

use super::super::{
    Secret, WebhooksConfig, draft::Draft, is_shop_name, parse_webhook_url, sections::parse_network,
    webhook_signing_key,
};
use crate::event::EventKind;
use crate::invoice::in_a_line;

/// The greatest number of webhooks in the config.
const MAX_ENDPOINTS: usize = 100;

/// Checks a list of networks at this path.
pub(super) fn check_networks(networks: &[String], path: &str, draft: &mut Draft) {
    for (position, network) in networks.iter().enumerate() {
        if parse_network(network).is_none() {
            draft.refuse(&format!("{path}[{position}]"), &format!("{network:?}"), None);
        }
    }
}

pub(super) fn check(webhooks: &WebhooksConfig, draft: &mut Draft) {
    check_networks(&webhooks.allow_networks, "webhooks.allow_networks", draft);
    if webhooks.endpoints.len() > MAX_ENDPOINTS {
        let found = format!("a list of {}", webhooks.endpoints.len());
        let fix = format!("list at most {MAX_ENDPOINTS} here, and make the others by the API");
        draft.refuse("webhooks.endpoints", &found, Some(&fix));
    }
    // Addresses are not shown, because they may contain a secret, too.
    for (position, endpoint) in webhooks.endpoints.iter().enumerate() {
        let path = |key: &str| format!("webhooks.endpoints[{position}].{key}");
        if !is_shop_name(&endpoint.shop) {
            let found = "an empty text, a longer text, or other characters";
            draft.refuse(&path("shop"), found, None);
        }
        let mut earlier = webhooks.endpoints.iter().take(position);
        if let Err(problem) = parse_webhook_url(&endpoint.url, webhooks.allow_http) {
            draft.refuse(&path("url"), "another text", Some(problem));
        } else if earlier.any(|it| it.shop == endpoint.shop && it.url == endpoint.url) {
            draft.refuse(&path("url"), "the address of an earlier entry of this shop", None);
        }
        if let Some(Err(unknown)) = endpoint.types.as_deref().map(EventKind::list) {
            let known: Vec<&str> = EventKind::names().collect();
            let found = format!("{:?}, which is no type", in_a_line(unknown));
            draft.refuse(
                &path("types"),
                &found,
                Some(&format!("name some of {}", known.join(", "))),
            );
        }
        check_secret(&path("secret"), &endpoint.secret, draft);
        if let Some(secret) = &endpoint.previous_secret {
            check_secret(&path("previous_secret"), secret, draft);
        }
    }
}

fn check_secret(path: &str, secret: &Secret, draft: &mut Draft) {
    if webhook_signing_key(secret).is_none() {
        draft.refuse(path, "a text that is no such secret", None);
    }
}
