//! A real Chromium, and the people who use it.

mod audit;
mod finding;
mod gestures;
mod invoice_page;
mod keyboard;
mod notified;
mod page;
mod protocol;
mod visitor;
mod watching;

pub use invoice_page::{SEND, WRITE};
pub use visitor::Visitor;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use self::page::Page;
use self::protocol::DevTools;
use super::eventually;
use super::process::Process;

/// How long the page may take to show something, or a script to end, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Ends with the test.
pub struct Browser {
    devtools: DevTools,
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
        Self { devtools: DevTools::connect(&url).await, process: Some(process), folder }
    }

    /// Somebody with a browser of their own: nothing is shared with other visitors.
    pub async fn visitor(&self) -> Visitor {
        let context = self.devtools.call(None, "Target.createBrowserContext", json!({}));
        let context = context.await.unwrap()["browserContextId"].take();
        let tab = json!({
            "url": "about:blank", "browserContextId": context, "width": 1280, "height": 900,
        });
        Visitor::new(Page::open(&self.devtools, tab).await).await
    }

    /// Another tab of the same browser: cookies and storage are shared.
    pub async fn tab_beside(&self, visitor: &Visitor) -> Visitor {
        let target = json!({ "targetId": visitor.page.target });
        let info = self.devtools.call(None, "Target.getTargetInfo", target).await.unwrap();
        let context = &info["targetInfo"]["browserContextId"];
        let tab = json!({ "url": "about:blank", "browserContextId": context });
        Visitor::new(Page::open(&self.devtools, tab).await).await
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(process) = &self.process
        {
            println!("{}", process.tail());
        }
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
        "--disable-extensions",
        "--lang=en-US",
        // What belongs to no page costs a second of processor time for each window: the first, empty
        // one, and pages that are kept ready for the field of the address.
        "--no-startup-window",
        "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup",
        // With a mouse: headless, it has found none.
        "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
        "--remote-debugging-port=0",
    ]);
    command
}
