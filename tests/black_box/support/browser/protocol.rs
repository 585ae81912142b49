//! The DevTools protocol of Chromium: commands, answers and events as JSON, over one WebSocket.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::PATIENCE;

type Answer = Result<Value, String>;

/// Something that happened in a page.
pub struct Event {
    pub method: String,
    pub parameters: Value,
}

/// The connection to a browser. Clones share it; it ends when the browser does.
#[derive(Clone)]
pub struct DevTools {
    commands: mpsc::UnboundedSender<Message>,
    state: Arc<Mutex<State>>,
}

/// What the connection waits for, and who listens.
#[derive(Default)]
struct State {
    last_id: u64,
    /// By the id of the command.
    unanswered: HashMap<u64, oneshot::Sender<Answer>>,
    /// By session.
    listeners: HashMap<String, mpsc::UnboundedSender<Event>>,
}

impl DevTools {
    pub async fn connect(url: &str) -> Self {
        // A picture of a page may be larger than the usual limits.
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let (socket, _) = connect_async_with_config(url, Some(config), false).await.unwrap();
        let (mut to_browser, mut from_browser) = socket.split();
        let (commands, mut waiting) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(command) = waiting.recv().await {
                if to_browser.send(command).await.is_err() {
                    return;
                }
            }
        });
        let state = Arc::new(Mutex::new(State::default()));
        let received = state.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = from_browser.next().await {
                if let Ok(text) = message.to_text()
                    && let Ok(message) = serde_json::from_str(text)
                {
                    received.lock().unwrap().take_in(message);
                }
            }
            // Whoever still waits learns that there will be no answer.
            *received.lock().unwrap() = State::default();
        });
        Self { commands, state }
    }

    /// What the browser answers, or why it does not.
    pub async fn call(&self, session: Option<&str>, method: &str, parameters: Value) -> Answer {
        let (answer, answered) = oneshot::channel();
        let command = {
            let mut state = self.state.lock().unwrap();
            state.last_id += 1;
            let id = state.last_id;
            state.unanswered.insert(id, answer);
            let mut command = json!({ "id": id, "method": method, "params": parameters });
            if let Some(session) = session {
                command["sessionId"] = json!(session);
            }
            command
        };
        let sent = self.commands.send(Message::text(command.to_string()));
        sent.map_err(|_| format!("{method}: the browser is gone"))?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer.map_err(|error| format!("{method}: {error}")),
            Ok(Err(_)) => Err(format!("{method}: the browser is gone")),
            Err(_) => Err(format!("{method}: no answer within {PATIENCE:?}")),
        }
    }

    /// The events of a session from now on.
    pub fn events(&self, session: &str) -> mpsc::UnboundedReceiver<Event> {
        let (event, events) = mpsc::unbounded_channel();
        self.state.lock().unwrap().listeners.insert(session.to_owned(), event);
        events
    }
}

impl State {
    fn take_in(&mut self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            let answer = match message.get("error") {
                Some(error) => Err(error.to_string()),
                None => Ok(message["result"].take()),
            };
            if let Some(waiting) = self.unanswered.remove(&id) {
                let _ = waiting.send(answer);
            }
        } else if let (Some(session), Some(method)) =
            (message["sessionId"].as_str(), message["method"].as_str())
            && let Some(listener) = self.listeners.get(session)
        {
            let method = method.to_owned();
            let _ = listener.send(Event { method, parameters: message["params"].take() });
        }
    }
}
