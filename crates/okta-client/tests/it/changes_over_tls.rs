//! Changes over real TLS connections that break in every way: compares the outcome that the client reports with what the
//! server saw.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use okta_client::endpoints::{groups, users};
use okta_client::{ApiToken, Client, Config, Error, ErrorKind, OrgUrl, Outcome, Request};
use serde_json::{Map, json};
use sim_tls::{Caller, Identity, Listener};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

/// What the server does with each request once it has read it whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reaction {
    /// Sends this and waits for the next request.
    Answer(&'static str),
    /// Sends this and closes the connection without having announced it.
    AnswerAndClose(&'static str),
    /// Sends nothing and closes.
    Close,
    /// Sends nothing and waits.
    Silence,
    /// Closes before there is TLS.
    Hangup,
}

const DONE: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const CUT: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{\"id\":";
const CUT_REFUSAL: &str =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{\"er";

/// A server on this machine and what it has read.
struct Server {
    port: u16,
    ca_pem: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(reaction: Reaction) -> Self {
        let identity = Identity { name: "test", hosts: &["localhost".to_owned()], protocols: &[] };
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), identity).await.unwrap();
        let (port, ca_pem) = (listener.address().port(), listener.ca_pem().to_owned());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        tokio::spawn(listener.serve(move |caller| talk(caller, Arc::clone(&log), reaction)));
        Self { port, ca_pem, seen }
    }

    fn config(&self) -> Config {
        let org = OrgUrl::parse(&format!("localhost:{}", self.port)).unwrap();
        let mut config = Config::new(org, Arc::new(ApiToken::new("00verysecret".into()).unwrap()));
        config.extra_ca = Some(self.ca_pem.clone());
        config
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn talk(caller: Caller, log: Arc<Mutex<Vec<String>>>, reaction: Reaction) {
    if reaction == Reaction::Hangup {
        return;
    }
    let Some(mut stream) = caller.over_tls().await else { return };
    while let Some(request) = read_request(&mut stream).await {
        log.lock().unwrap().push(request);
        match reaction {
            Reaction::Answer(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            Reaction::AnswerAndClose(answer) => {
                stream.write_all(answer.as_bytes()).await.unwrap();
                let _ = stream.shutdown().await;
                return;
            }
            Reaction::Close | Reaction::Hangup => return,
            Reaction::Silence => std::future::pending().await,
        }
    }
}

/// Reads one whole request; `None` at the end of the connection.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
}

fn change(user: &str) -> Request {
    groups::add_member("00g1", user).unwrap()
}

/// Sends a change to a server with this reaction; returns the error, and the numbers of requests seen and logged.
async fn failed(reaction: Reaction, adjust: impl FnOnce(&mut Config)) -> (Error, usize, usize) {
    let server = Server::start(reaction).await;
    let mut config = server.config();
    adjust(&mut config);
    let (client, log) = Client::new(config).unwrap().recording();
    let error = client.send(&change("00u1")).await.unwrap_err();
    (error, server.seen().len(), log.requests().len())
}

#[tokio::test]
async fn changes_look_right_on_the_wire() {
    let server = Server::start(Reaction::Answer(DONE)).await;
    let client = Client::new(server.config()).unwrap();
    let profile = Map::from_iter([("title".to_owned(), json!("Größte & <beste>"))]);
    client.send(&users::update("00u1", &profile).unwrap()).await.unwrap();
    client.send(&change("00u1")).await.unwrap();
    client.send(&groups::remove_member("00g1", "00u1").unwrap()).await.unwrap();
    let seen = server.seen();
    let body = r#"{"profile":{"title":"Größte & <beste>"}}"#;
    assert!(seen[0].starts_with("POST /api/v1/users/00u1 HTTP/1.1\r\n"), "{}", seen[0]);
    assert!(seen[0].ends_with(&format!("\r\n\r\n{body}")), "{}", seen[0]);
    assert!(seen[0].contains(&format!("content-length: {}\r\n", body.len())), "{}", seen[0]);
    assert!(seen[0].contains("content-type: application/json\r\n"), "{}", seen[0]);
    assert!(seen[1].starts_with("PUT /api/v1/groups/00g1/users/00u1 HTTP/1.1\r\n"), "{}", seen[1]);
    assert_eq!(seen[1].matches("content-length: 0\r\n").count(), 1, "{}", seen[1]);
    assert!(seen[2].starts_with("DELETE /api/v1/groups/00g1/users/00u1 HTTP/1.1\r\n"), "{}", seen[2]);
    assert!(!seen[2].contains("transfer-encoding"), "{}", seen[2]);
}

#[tokio::test]
async fn a_connection_that_is_dropped_leaves_the_outcome_open() {
    let (error, seen, noted) = failed(Reaction::Close, |_| {}).await;
    assert_eq!((error.outcome(), seen, noted), (Outcome::Unknown, 1, 1), "{error}");
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_the_outcome_open() {
    let (error, seen, noted) = failed(Reaction::Silence, |config| config.timeout = Duration::from_millis(300)).await;
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown), "{error}");
    assert_eq!((seen, noted), (1, 1));
}

#[tokio::test]
async fn an_answer_that_is_cut_off_says_no_more_than_its_status() {
    let (error, seen, _) = failed(Reaction::AnswerAndClose(CUT), |_| {}).await;
    assert_eq!((error.outcome(), seen), (Outcome::Unknown, 1), "{error}");
    let (error, seen, _) = failed(Reaction::AnswerAndClose(CUT_REFUSAL), |config| config.pacing.max_attempts = 1).await;
    assert_eq!((error.outcome(), seen), (Outcome::Refused, 1), "{error}");
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let (error, seen, noted) = failed(Reaction::Hangup, |config| config.pacing.max_attempts = 1).await;
    assert_eq!((error.outcome(), seen, noted), (Outcome::NotSent, 0, 0), "{error}");
    let (error, seen, noted) = failed(Reaction::Answer(DONE), |config| config.extra_ca = None).await;
    assert_eq!((error.outcome(), seen, noted), (Outcome::NotSent, 0, 0), "{error}");

    let free = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let nowhere = free.local_addr().unwrap();
    drop(free);
    let unreachable = |config: &mut Config| {
        config.org = OrgUrl::parse(&nowhere.to_string()).unwrap();
        config.pacing.max_attempts = 1;
    };
    let (error, _, noted) = failed(Reaction::Answer(DONE), unreachable).await;
    assert_eq!((error.outcome(), noted), (Outcome::NotSent, 0), "{error}");
}

/// The client keeps connections, and a server may close one at the very moment at which the next request goes out on
/// it. In either case no change arrives twice, and one that is reported as done has arrived.
#[tokio::test]
async fn a_kept_connection_that_has_gone_sends_nothing_twice() {
    let server = Server::start(Reaction::AnswerAndClose(DONE)).await;
    let client = Client::new(server.config()).unwrap();
    for number in 0..40 {
        let user = format!("00u{number}");
        let result = client.send(&change(&user)).await;
        let arrived = server.seen().iter().filter(|seen| seen.contains(&format!("/{user} "))).count();
        match result.map_err(|error| error.outcome()) {
            Ok(_) => assert_eq!(arrived, 1, "{user}"),
            Err(Outcome::Unknown) => assert!(arrived <= 1, "{user} arrived {arrived} times"),
            Err(outcome) => panic!("{user}: {outcome:?}, arrived {arrived} times"),
        }
    }
}
