//! Commands asked of the server that holds the data directory.
//!
//! The server says in `serving.json` where its internal listener is; the secret for it stands in a file
//! that only the directory's owner can read. A killed server leaves both behind, so they count only while
//! the lock of the store is held by the very process they name: the secret is never sent to another.

use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use serde::Serialize;
use shared::data_dir::{Serving, read_token};

use crate::outcome::{Event, Outcome};
use crate::progress::Progress;

/// Longest text of a refusal that is read.
const REFUSAL_LEN_MAX: u64 = 1 << 20;

/// Why a server did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// What the directory says of its server cannot be read.
    #[error("the server of this directory cannot be asked: {0}")]
    Unknown(io::Error),
    /// No answer, or half of one.
    #[error("the server at {url} (process {pid}) does not answer: {reason}")]
    Silent {
        /// Where it was asked.
        url: String,
        /// Its process.
        pid: u32,
        /// What happened.
        reason: String,
    },
    /// The server was asked and said why not.
    #[error("{0}")]
    Refused(String),
}

/// A server that may hold the directory.
#[derive(Debug)]
pub struct Remote {
    agent: ureq::Agent,
    serving: Serving,
    token: String,
}

impl Remote {
    /// The server that the directory names; `None` when it names none.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn of(data_dir: &Path) -> Result<Option<Self>, RemoteError> {
        let Some(serving) = Serving::read(data_dir).map_err(RemoteError::Unknown)? else {
            return Ok(None);
        };
        let token = read_token(data_dir).map_err(RemoteError::Unknown)?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build()
            .into();
        Ok(Some(Self { agent, serving, token }))
    }

    /// Whether `holder`, as the lock of the store names it, is this server.
    pub fn is(&self, holder: &str) -> bool {
        holder.ends_with(&format!("process {}", self.serving.pid))
    }

    /// Has a command done. `options` is what it needs to know, `body` what it reads after that.
    ///
    /// # Errors
    /// [`RemoteError`]; what was done until then depends on the command.
    pub fn call(
        &self,
        command: &str,
        options: &impl Serialize,
        body: impl Read,
        progress: &dyn Progress,
    ) -> Result<Outcome, RemoteError> {
        let url = format!("{}/internal/{command}", self.serving.internal);
        let silent = |reason: String| RemoteError::Silent {
            url: url.clone(),
            pid: self.serving.pid,
            reason,
        };
        let mut first = serde_json::to_vec(options).map_err(|error| silent(error.to_string()))?;
        first.push(b'\n');
        let mut body = first.as_slice().chain(body);
        let request =
            self.agent.post(&url).header("authorization", format!("Bearer {}", self.token));
        let mut response = request
            .content_type("application/octet-stream")
            .send(ureq::SendBody::from_reader(&mut body))
            .map_err(|error| silent(error.to_string()))?;
        let status = response.status();
        let mut answer = BufReader::new(response.body_mut().as_reader());
        if !status.is_success() {
            let mut text = String::new();
            let read = answer.take(REFUSAL_LEN_MAX).read_to_string(&mut text);
            read.map_err(|error| silent(error.to_string()))?;
            return Err(RemoteError::Refused(refusal(&text)));
        }
        let mut line = String::new();
        loop {
            line.clear();
            match answer.read_line(&mut line) {
                Ok(0) => return Err(silent("it stopped before the end".to_owned())),
                Ok(_) => {}
                Err(error) => return Err(silent(error.to_string())),
            }
            match serde_json::from_str(&line).map_err(|error| silent(error.to_string()))? {
                Event::Phase(name) => progress.phase(&name),
                Event::Progress { documents, bytes, of_bytes } => {
                    progress.advance(documents, bytes, of_bytes);
                }
                Event::Done(outcome) => return Ok(outcome),
                Event::Failed(reason) => return Err(RemoteError::Refused(reason)),
            }
        }
    }
}

/// What an `OperationOutcome` says.
fn refusal(text: &str) -> String {
    let outcome: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let said = outcome["issue"].as_array().into_iter().flatten();
    let said: Vec<&str> = said.filter_map(|issue| issue["diagnostics"].as_str()).collect();
    if said.is_empty() { format!("the server refused: {text}") } else { said.join("; ") }
}
