//! Servers that are not Tallyfy: a listener, and what each request gets.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

/// A server on a free port of this machine, until the process ends.
pub(crate) struct Server {
    pub(crate) base: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Calls `answer` with the path and the stream of each request; the connection ends with it.
    pub(crate) fn start(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut stream = BufReader::new(stream);
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match stream.read_until(b'\n', &mut head) {
                            Ok(0) | Err(_) => return,
                            Ok(_) => {}
                        }
                    }
                    let head = String::from_utf8(head).unwrap();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    seen.lock().unwrap().push(head);
                    answer(&path, stream.get_mut());
                });
            }
        });
        Self { base, requests }
    }

    /// A server whose answers are all the same bytes.
    pub(crate) fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |_, stream| say(stream, &bytes))
    }

    /// The heads of the requests that came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Writes; that nobody reads is no failure.
pub(crate) fn say(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes);
}

/// An answer with a body.
pub(crate) fn answer(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// An answer of JSON.
pub(crate) fn ok(body: &Value) -> Vec<u8> {
    answer("200 OK", "application/json", body.to_string().as_bytes())
}

/// An answer that consists of its head.
pub(crate) fn head(status: &str, fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n")
        .into_bytes()
}

/// A page of rows.
pub(crate) fn page(rows: &[Value], number: usize, total: usize, pages: usize) -> Value {
    json!({ "data": rows, "meta": { "pagination": {
        "total": total, "count": rows.len(), "per_page": 100, "current_page": number, "total_pages": pages, "links": {},
    } } })
}

/// What an organization without rows answers to that path.
pub(crate) fn empty_organization(path: &str) -> Value {
    match path.split('?').next().unwrap() {
        "/me" => json!({ "data": { "id": 7 } }),
        "/organizations/acme" => json!({ "data": { "id": "acme", "name": "Acme" } }),
        _ => page(&[], 1, 0, 1),
    }
}
