//! Checks whether accounts exist and can be used (MSC3720). No version of the specification has
//! this call, so ruma lacks it. Synapse offers it with
//! `experimental_features: {msc3720_enabled: true}`.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use ruma::UserId;
use ruma::api::client::discovery::get_capabilities::v3::Capabilities;
use serde::Deserialize;
use serde_json::json;

use super::calls::ACCOUNT_STATUS_REFUSALS;
use super::media::{causes_of, failure_of};
use super::{CALL_TIMEOUT, CallFailure, Homeserver};

/// The capability with which the homeserver says that it offers the call.
const CAPABILITY: &str = "org.matrix.msc3720.account_status";
const PATH: [&str; 5] = ["_matrix", "client", "unstable", "org.matrix.msc3720", "account_status"];

#[derive(Deserialize)]
struct Answer {
    account_statuses: BTreeMap<String, Status>,
}

#[derive(Deserialize)]
struct Status {
    exists: bool,
    #[serde(default)]
    deactivated: bool,
}

/// Whether the homeserver can tell which accounts are deactivated.
pub fn tells_account_status(offers: &Capabilities) -> bool {
    offers.get(CAPABILITY).is_some_and(|it| it["enabled"] == true)
}

impl Homeserver {
    /// Returns whether the account exists and is not deactivated, or `None` if the homeserver does
    /// not know.
    pub(super) async fn account_is_usable(
        &self,
        user: &UserId,
    ) -> Result<Option<bool>, CallFailure> {
        let mut url = self.client.homeserver();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(PATH);
        }
        url.query_pairs_mut().append_pair("user_id", self.bot.as_str());
        let token = self.client.access_token().unwrap_or_default();
        let request = self.client.http_client().post(url).bearer_auth(token).timeout(CALL_TIMEOUT);
        let answer = request.json(&json!({ "user_ids": [user] })).send().await;
        let answer = answer.map_err(|error| CallFailure::unknown(causes_of(&error)))?;
        if answer.status() != StatusCode::OK {
            let failure = failure_of(answer, ACCOUNT_STATUS_REFUSALS).await;
            self.token.learn(&Err(&failure));
            return match failure {
                CallFailure::Refused(_) => Ok(None),
                failure => Err(failure),
            };
        }
        let answer: Answer =
            answer.json().await.map_err(|error| CallFailure::unknown(causes_of(&error)))?;
        let status = answer.account_statuses.get(user.as_str());
        Ok(status.map(|it| it.exists && !it.deactivated))
    }
}
