//! A small server that plays a service of street addresses: it answers what it is told, and remembers
//! what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// What to answer a question with.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: String::new(), body: body.into(), delay: Duration::ZERO }
    }

    pub(crate) fn status(status: u16, headers: &str) -> Self {
        Self { status, headers: headers.to_owned(), ..Self::ok("") }
    }
}

/// The server; it ends with the test process.
pub(crate) struct Service {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
    reply: Arc<Mutex<Reply>>,
}

impl Service {
    pub(crate) fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let url = format!("http://{}/base", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let reply = Arc::new(Mutex::new(reply));
        let service = Self { url, asked: Arc::clone(&asked), reply: Arc::clone(&reply) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (asked, reply) = (Arc::clone(&asked), Arc::clone(&reply));
                // A caller that has gone is no matter.
                thread::spawn(move || answer(&stream, &asked, &reply).ok());
            }
        });
        service
    }

    /// The targets that were asked so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic holds it").clone()
    }

    pub(crate) fn reply_with(&self, reply: Reply) {
        *self.reply.lock().expect("no panic holds it") = reply;
    }
}

fn answer(
    stream: &TcpStream,
    asked: &Mutex<Vec<String>>,
    reply: &Mutex<Reply>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(line) = lines.next() {
        let target = line?.split(' ').nth(1).unwrap_or_default().to_owned();
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        asked.lock().expect("no panic holds it").push(target);
        let reply = reply.lock().expect("no panic holds it").clone();
        thread::sleep(reply.delay);
        let length = reply.body.len();
        let head = format!(
            "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{}\r\n",
            reply.status, reply.headers
        );
        (&*stream).write_all(head.as_bytes())?;
        (&*stream).write_all(&reply.body)?;
    }
    Ok(())
}

/// The answer that finds one address.
pub(crate) fn found(
    label: &str,
    score: f64,
    postcode: &str,
    citycode: &str,
    at: (f64, f64),
) -> Value {
    json!({
        "type": "FeatureCollection", "version": "draft", "query": label,
        "features": [{
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [at.1, at.0]},
            "properties": {
                "label": label, "score": score, "type": "housenumber", "postcode": postcode,
                "citycode": citycode, "city": "Versailles", "housenumber": "7",
                "context": "78, Yvelines, Île-de-France", "importance": 0.6,
            },
        }],
    })
}
