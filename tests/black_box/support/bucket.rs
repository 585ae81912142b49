//! S3-compatible object storage on a folder, with one bucket.

use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const SECRET: &str = "a-secret-of-the-bucket";

/// Starts it on a port of its own; the section `files` of a config that uses it.
pub async fn serve(folder: &Path) -> Value {
    std::fs::create_dir(folder.join("bucket")).unwrap();
    let storage = s3s_fs::FileSystem::new(folder).unwrap();
    let mut service = S3ServiceBuilder::new(storage);
    service.set_auth(SimpleAuth::from_single("id", SECRET));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                server.serve_connection(TokioIo::new(socket), service).await.ok();
            });
        }
    });
    json!({
        "store": "s3://bucket/tallyroom",
        "s3": { "endpoint": format!("http://127.0.0.1:{port}"), "access_key_id": "id",
            "secret_access_key": SECRET },
    })
}
