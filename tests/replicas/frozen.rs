//! A network that can stand still.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections to a server until it is frozen. Then it keeps them open, and forwards
/// nothing.
pub struct Network {
    pub address: SocketAddr,
    frozen: watch::Sender<bool>,
}

impl Network {
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (frozen, state) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(&server).await.unwrap();
                let (near, far) = (near.into_split(), far.into_split());
                tokio::spawn(forward(near.0, far.1, state.clone()));
                tokio::spawn(forward(far.0, near.1, state.clone()));
            }
        });
        Self { address, frozen }
    }

    pub fn freeze(&self) {
        self.frozen.send_replace(true);
    }
}

async fn forward(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut frozen: watch::Receiver<bool>,
) {
    let mut bytes = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if *frozen.borrow_and_update() {
            // Both ends stay open.
            std::future::pending::<()>().await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    if *frozen.borrow() {
        std::future::pending::<()>().await;
    }
}
