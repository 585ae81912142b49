//! A connection to PostgreSQL that a process keeps for itself, outside the pools.

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::{ACQUIRE_TIMEOUT, StoreError};
use crate::config::DatabaseUrl;

/// Returns how to connect. The connection has a name, for whoever looks at the connections of
/// PostgreSQL.
pub(super) fn options(url: &DatabaseUrl, name: &str) -> Result<PgConnectOptions, StoreError> {
    Ok(url.expose().parse::<PgConnectOptions>()?.application_name(name))
}

/// Opens a connection that notices at once when PostgreSQL ends it. Then it does not connect again by
/// itself.
pub(super) async fn listener(options: PgConnectOptions) -> Result<PgListener, StoreError> {
    // A listener comes from a pool only.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options);
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    Ok(listener)
}
