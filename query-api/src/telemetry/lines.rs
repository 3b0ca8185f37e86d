//! Log lines to standard error from a thread of their own: a reader that stops reading (a full pipe, a
//! stuck collector) costs lines, which are counted, and never stops the service.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Lines that may wait to be written.
const LINES_MAX: usize = 8192;
/// How long the end of the service waits for the last lines.
const FLUSH: Duration = Duration::from_secs(1);

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

/// Takes lines; one call of `write` is one whole event.
#[derive(Clone)]
pub(super) struct Lines {
    sender: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

/// Waits, when dropped, until what was logged is written.
pub(crate) struct Flush(Lines);

impl Lines {
    /// Starts the thread that writes to `out`.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<(Self, Flush)> {
        let (sender, receiver) = sync_channel(LINES_MAX);
        let lines = Self { sender, lost: Arc::default() };
        let lost = Arc::clone(&lines.lost);
        thread::Builder::new().name("log".to_owned()).spawn(move || copy(&receiver, &lost, out))?;
        let flush = Flush(lines.clone());
        Ok((lines, flush))
    }
}

fn copy(receiver: &Receiver<Message>, lost: &AtomicU64, mut out: impl Write) {
    while let Ok(message) = receiver.recv() {
        // Nobody can be told that the log cannot be written.
        match message {
            Message::Line(line) => {
                let _ = out.write_all(&line);
            }
            Message::Flush(done) => {
                let _ = out.flush();
                let _ = done.try_send(());
            }
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(
                out,
                "{{\"level\":\"WARN\",\"message\":\"log lines lost\",\"lines\":{lost}}}"
            );
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sender.try_send(Message::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        let (done, written) = sync_channel(1);
        if self.0.sender.try_send(Message::Flush(done)).is_ok() {
            let _ = written.recv_timeout(FLUSH);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, Lines};
    use std::io::{self, Write};
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Writes when it is let go.
    struct Stuck {
        gate: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.gate.recv();
            let _ = self.written.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stops_stops_nobody() {
        let (open, gate) = channel();
        let (written, output) = channel();
        let (mut lines, flush) = Lines::start(Stuck { gate, written }).unwrap();
        // One line is with the writer, the others wait, the rest is lost.
        for _ in 0..LINES_MAX + 100 {
            lines.write_all(b"line\n").unwrap();
        }
        drop(open);
        // Once it writes again, it says how much is missing.
        let lost = output.iter().find(|line| line.starts_with(b"{\"level\"")).unwrap();
        assert!(String::from_utf8(lost).unwrap().contains("log lines lost"));
        drop(flush);
    }

    #[test]
    fn the_end_waits_for_the_last_line() {
        let (open, gate) = channel();
        let (written, output) = channel();
        drop(open);
        let (mut lines, flush) = Lines::start(Stuck { gate, written }).unwrap();
        lines.write_all(b"a\n").unwrap();
        lines.write_all(b"b\n").unwrap();
        drop(flush);
        let text: Vec<u8> = output.try_iter().flatten().collect();
        assert_eq!(text, b"a\nb\n");
    }
}
