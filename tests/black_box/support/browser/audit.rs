//! Audits a page: axe-core, print, pictures.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Visitor;
use super::finding::Part;
use crate::support::tools;

/// Everything that axe-core knows of WCAG 2.2 AA, and its best practices.
const RULES: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

impl Visitor {
    /// What axe-core finds, one line for each element.
    pub async fn axe(&self) -> Vec<String> {
        let file = tools().join("axe.min.js");
        let axe = std::fs::read_to_string(&file)
            .unwrap_or_else(|_| panic!("{} is missing: run scripts/axe", file.display()));
        self.js(&format!("{axe}; null")).await;
        // A line that comes in meanwhile would be pale for a moment.
        let still = "(() => { const still = new CSSStyleSheet(); \
             still.replaceSync('* { animation: none !important; transition: none !important; }'); \
             document.adoptedStyleSheets.push(still); })()";
        self.js(still).await;
        let run = format!("axe.run({{ runOnly: {} }})", json!(RULES));
        let report = self.js(&run).await;
        let mut found = Vec::new();
        for violation in report["violations"].as_array().unwrap() {
            for node in violation["nodes"].as_array().unwrap() {
                found.push(format!(
                    "{}: {} {} ({})",
                    violation["id"], node["target"], node["html"], node["failureSummary"]
                ));
            }
        }
        found
    }

    /// Role and name of everything that a screen reader meets.
    pub async fn accessibility_tree(&self) -> Vec<(String, String)> {
        let nodes = self.nodes(&Part::Page, None).await.unwrap();
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        nodes.iter().map(|node| (text(&node["role"]), text(&node["name"]))).collect()
    }

    /// The page on paper.
    pub async fn print_to_pdf(&self) -> Vec<u8> {
        let paper = json!({ "preferCSSPageSize": true, "paperWidth": 8.27, "paperHeight": 11.69 });
        let answer = self.ok("Page.printToPDF", paper).await;
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    /// What can be read on that paper.
    pub async fn printed_text(&self) -> String {
        self.ok("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
        let text = self.text().await;
        self.ok("Emulation.setEmulatedMedia", json!({ "media": "" })).await;
        text
    }

    /// A picture of the whole page in the folder that `TALLYROOM_PICTURES` names, to look at; nothing without it.
    pub async fn pictured(&self, name: &str) {
        if let Some(folder) = std::env::var_os("TALLYROOM_PICTURES") {
            self.capture(&Path::new(&folder).join(format!("{name}.png")), true).await;
        }
    }

    /// The same of what can be seen without scrolling. The size of the picture in bytes.
    pub async fn pictured_as_seen(&self, name: &str) -> Option<u64> {
        let folder = std::env::var_os("TALLYROOM_PICTURES")?;
        let path = Path::new(&folder).join(format!("{name}.png"));
        self.capture(&path, false).await;
        Some(std::fs::metadata(path).unwrap().len())
    }

    async fn capture(&self, path: &Path, is_whole: bool) {
        let how = json!({ "format": "png", "captureBeyondViewport": is_whole });
        let answer = self.ok("Page.captureScreenshot", how).await;
        std::fs::write(path, STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()).unwrap();
    }
}
