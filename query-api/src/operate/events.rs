//! How far a task is, as lines for whoever asked for it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use indexer::outcome::Event;
use indexer::progress::Progress;
use tokio::sync::mpsc::Sender;

/// Between two lines of progress.
const LINE_EVERY: Duration = Duration::from_millis(500);

/// Sends events as lines of JSON.
pub(crate) struct Events {
    out: Sender<Bytes>,
    last: Mutex<Instant>,
}

impl Events {
    /// Events into a channel.
    pub(crate) fn new(out: Sender<Bytes>) -> Self {
        Self { out, last: Mutex::new(Instant::now()) }
    }

    /// Sends the event that ends the answer, and waits until there is room for it.
    pub(crate) fn end(&self, event: &Event) {
        // Who asked may have gone away.
        let _ = self.out.blocking_send(line(event));
    }
}

impl Progress for Events {
    fn phase(&self, name: &str) {
        // A reader that is slower than the work misses some of it.
        let _ = self.out.try_send(line(&Event::Phase(name.to_owned())));
    }

    fn advance(&self, documents: u64, bytes: u64, of_bytes: u64) {
        let Ok(mut last) = self.last.lock() else { return };
        if last.elapsed() >= LINE_EVERY {
            *last = Instant::now();
            let _ = self.out.try_send(line(&Event::Progress { documents, bytes, of_bytes }));
        }
    }

    fn finish(&self) {}
}

fn line(event: &Event) -> Bytes {
    let mut line = serde_json::to_vec(event).expect("events are plain data");
    line.push(b'\n');
    line.into()
}
