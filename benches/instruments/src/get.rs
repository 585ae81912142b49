//! Reads one address, or several in turns, again and again.

use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use clap::Args;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use serde_json::json;

use crate::client::Connection;
use crate::times::Times;

/// The options of the subcommand.
#[derive(Args)]
pub struct Get {
    /// Host and port of the server.
    #[arg(long)]
    address: String,
    /// Path and query. With several, they are read in turns.
    #[arg(long = "path", required = true)]
    paths: Vec<String>,
    /// The cookie to show, as `name=value`.
    #[arg(long)]
    cookie: Option<String>,
    /// The key to show.
    #[arg(long)]
    token: Option<String>,
    /// The number of timed requests.
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// The number of requests before the timed ones.
    #[arg(long, default_value_t = 10)]
    warm_up: usize,
    /// No further request begins after this number of seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

impl Get {
    /// Measures, and prints the result.
    ///
    /// # Errors
    /// If the server does not answer, or answers something else than 200.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut connection = Connection::open(&self.address).await?;
        let end = Instant::now() + Duration::from_secs(self.seconds);
        let mut times = Times::default();
        let mut bytes = 0;
        let paths = self.paths.iter().cycle();
        for (number, path) in paths.take(self.warm_up + self.count).enumerate() {
            let answer = connection.ask(self.request(path)?).await?;
            ensure!(answer.status == StatusCode::OK, "{path} answered {}", answer.status);
            bytes = answer.body.len();
            if number >= self.warm_up {
                times.add(answer.first_byte);
            }
            if Instant::now() > end {
                break;
            }
        }
        println!("{}", json!({ "times": times.summary(), "bytes": bytes }));
        Ok(())
    }

    fn request(&self, path: &str) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::get(path)
            .header("host", &self.address)
            .header("accept-encoding", "gzip");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Ok(request.body(Full::default())?)
    }
}
