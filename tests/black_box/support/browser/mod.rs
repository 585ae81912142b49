//! A real Chromium, and the people who use it.

mod audit;
mod finding;
mod gestures;
mod protocol;
mod visitor;
mod watching;

pub use visitor::Visitor;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::target::{
    CreateBrowserContextParams, CreateTargetParams, GetTargetInfoParams,
};
use chromiumoxide::handler::HandlerConfig;
use futures_util::StreamExt;
use tempfile::TempDir;

use super::eventually;
use super::process::Process;

/// How long the page may take to show something, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Ends with the test.
pub struct Browser {
    chromium: chromiumoxide::Browser,
    process: Option<Process>,
    folder: TempDir,
}

impl Browser {
    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let process = Process::start(&mut command(folder.path()), &folder.path().join("log"));
        let address = folder.path().join("profile/DevToolsActivePort");
        let url = eventually("a browser", Duration::from_secs(60), || async {
            let text = std::fs::read_to_string(&address).ok()?;
            let (port, path) = text.split_once('\n')?;
            path.starts_with('/').then(|| format!("ws://127.0.0.1:{port}{}", path.trim()))
        })
        .await;
        let config = HandlerConfig { viewport: None, ..HandlerConfig::default() };
        let (chromium, mut handler) =
            chromiumoxide::Browser::connect_with_config(url, config).await.unwrap();
        // It has an end: the connection's, when the process does.
        tokio::spawn(async move { while handler.next().await.is_some_and(|it| it.is_ok()) {} });
        Self { chromium, process: Some(process), folder }
    }

    /// Somebody with a browser of their own: nothing is shared with other visitors.
    pub async fn visitor(&self) -> Visitor {
        let context =
            self.chromium.create_browser_context(CreateBrowserContextParams::default()).await;
        let target = CreateTargetParams::builder()
            .url("about:blank")
            .browser_context_id(context.unwrap())
            .width(1280)
            .height(900)
            .build()
            .unwrap();
        Visitor::new(self.chromium.new_page(target).await.unwrap()).await
    }

    /// Another tab of the same browser: cookies and storage are shared.
    pub async fn tab_beside(&self, visitor: &Visitor) -> Visitor {
        let info = self
            .chromium
            .execute(GetTargetInfoParams { target_id: Some(visitor.page.target_id().clone()) });
        let info = info.await.unwrap().result.target_info;
        let mut target = CreateTargetParams::new("about:blank");
        target.browser_context_id = info.browser_context_id;
        Visitor::new(self.chromium.new_page(target).await.unwrap()).await
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.process = None;
        // Its children end a moment after it, and write until then.
        let mut attempts = 0..40;
        while std::fs::remove_dir_all(self.folder.path()).is_err() && attempts.next().is_some() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("chromium");
    command.arg(format!("--user-data-dir={}", folder.join("profile").display())).args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-sync",
        "--no-first-run",
        "--lang=en-US",
        // With a mouse: headless, it has found none.
        "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
        "--remote-debugging-port=0",
    ]);
    command
}

/// Where the scripts put what they install.
fn tools() -> PathBuf {
    let tools = std::env::var_os("TALLYROOM_TOOLS").map(PathBuf::from);
    tools.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools"))
}
