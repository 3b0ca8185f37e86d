//! A client that costs almost nothing: one connection kept open, one request at a time, the whole body
//! read into a buffer that is used again. Speaks only what our servers send: HTTP/1.1 with a length.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context as _, bail};

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    line: String,
    body: Vec<u8>,
}

impl Connection {
    /// Connects to `host:port`.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn open(host: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).with_context(|| host.to_owned())?;
        stream.set_nodelay(true)?;
        let stream = BufReader::with_capacity(1 << 16, stream);
        Ok(Self { stream, host: host.to_owned(), line: String::new(), body: Vec::new() })
    }

    /// The body of `path`.
    ///
    /// # Errors
    /// When the connection breaks or the status is not 200.
    pub fn get(&mut self, path: &str) -> anyhow::Result<&[u8]> {
        self.send("GET", path, &[], b"")
    }

    /// Sends a request, its headers besides `Host` and `Content-Length`; gives the body of the answer.
    ///
    /// # Errors
    /// When the connection breaks or the status is not 200.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> anyhow::Result<&[u8]> {
        // Written at once: two small packets would wait for each other.
        let mut message = Vec::new();
        write!(message, "{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host)?;
        for (name, value) in headers {
            write!(message, "{name}: {value}\r\n")?;
        }
        if !body.is_empty() {
            write!(message, "Content-Length: {}\r\n", body.len())?;
        }
        message.extend_from_slice(b"\r\n");
        message.extend_from_slice(body);
        self.stream.get_mut().write_all(&message)?;
        self.answer().with_context(|| format!("{method} {path}"))
    }

    fn answer(&mut self) -> anyhow::Result<&[u8]> {
        self.next_line()?;
        let status = self.line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = None;
        loop {
            self.next_line()?;
            let line = self.line.trim_end();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').context("a header")?;
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        self.body.resize(length.context("an answer with a length")?, 0);
        self.stream.read_exact(&mut self.body)?;
        if status != "200" {
            let start = String::from_utf8_lossy(&self.body[..self.body.len().min(500)]);
            bail!("status {status}: {start}");
        }
        Ok(&self.body)
    }

    fn next_line(&mut self) -> anyhow::Result<()> {
        self.line.clear();
        if self.stream.read_line(&mut self.line)? == 0 {
            bail!("the server ended the connection");
        }
        Ok(())
    }
}
