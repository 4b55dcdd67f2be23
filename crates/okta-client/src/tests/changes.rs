//! Changes: sent once, unless it is certain that nothing was executed; the outcome of failed ones; and the log of sent
//! requests. In virtual time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::server::{EPOCH, Reply, Server};
use crate::endpoints::users::{self, Lifecycle, NewUser, SignIn};
use crate::endpoints::{groups, org};
use crate::error::{Error, ErrorKind, Unreachable};
use crate::models::{Org, User};
use crate::{Bucket, Outcome, Request, code};

const PASSWORD: &str = "Pa55;word-of-ada";

fn add_member() -> Request {
    groups::add_member("00g1", "00u1").unwrap()
}

fn new_user() -> Request {
    let profile = json!({"login": "ada@example.com", "email": "ada@example.com", "firstName": "Ada", "lastName": "L"});
    let sign_in = SignIn::Password { value: SecretString::from(PASSWORD), change_at_first_sign_in: false };
    let Value::Object(profile) = profile else { unreachable!() };
    users::create(&NewUser { profile, sign_in, activate: true }).unwrap()
}

fn done() -> Reply {
    Reply::json(204, "")
}

/// Returns the error of a change to which the server always responds with `reply`, and how often the server saw it.
async fn failed(reply: fn() -> Reply) -> (Error, usize) {
    let server = Server::script(vec![reply]);
    let error = server.client(|_| {}).send(&add_member()).await.unwrap_err();
    (error, server.seen().len())
}

#[tokio::test(start_paused = true)]
async fn a_change_is_sent_with_its_method_and_body() {
    let server = Server::new(|_| Reply::json(200, r#"{"id":"00u9","status":"ACTIVE"}"#));
    let client = server.client(|_| {});
    let user: User = client.send(&new_user()).await.unwrap().json().unwrap();
    assert_eq!((user.id.as_str(), user.status.as_deref()), ("00u9", Some("ACTIVE")));
    let seen = &server.seen()[0];
    assert_eq!((&seen.method, seen.path.as_str()), (&Method::POST, "/api/v1/users"));
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(seen.headers["authorization"], "SSWS 00verysecret");
    let sent: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(sent["credentials"]["password"]["value"], PASSWORD);
    assert_eq!(sent["profile"]["firstName"], "Ada");
}

#[tokio::test(start_paused = true)]
async fn an_empty_change_says_that_it_is_empty() {
    let server = Server::new(|_| done());
    let client = server.client(|_| {});
    let response = client.send(&add_member()).await.unwrap();
    assert_eq!((response.status, response.body.len()), (204, 0));
    client.send(&groups::remove_member("00g1", "00u1").unwrap()).await.unwrap();
    let seen = server.seen();
    assert_eq!((&seen[0].method, seen[0].path.as_str()), (&Method::PUT, "/api/v1/groups/00g1/users/00u1"));
    assert_eq!(seen[0].headers["content-length"], "0");
    assert!(!seen[0].headers.contains_key("content-type") && seen[0].body.is_empty());
    assert_eq!(seen[1].method, Method::DELETE);
    assert!(!seen[1].headers.contains_key("content-length"));
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_is_waited_out_and_the_change_goes_on() {
    let server = Server::script(vec![
        || Reply::json(429, r#"{"errorCode":"E0000047"}"#).quota(100, 0, EPOCH + 30.0).date(EPOCH),
        || Reply::json(429, r#"{"errorCode":"E0000047"}"#).quota(0, 0, EPOCH + 99.0).date(EPOCH + 31.0),
        done,
    ]);
    let client = server.client(|_| {});
    assert_eq!(client.send(&add_member()).await.unwrap().status, 204);
    let waited = server.seen()[1].at.as_secs_f64();
    assert!((30.0..33.0).contains(&waited), "{waited}");
    assert_eq!(server.seen().len(), 3);
    assert_eq!(client.traffic()[0].bucket, Bucket::Groups);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_to_be_sent_promptly_is_not_sent_after_a_wait() {
    // Okta's concurrency limit has no window: the pause is short.
    for (limit, sent) in [(100, 1), (0, 2)] {
        let spent = move || Reply::json(429, "{}").quota(limit, 0, EPOCH + 30.0).date(EPOCH);
        let calls = AtomicUsize::new(0);
        let server = Server::new(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => spent(),
            _ => done(),
        });
        let client = server.client(|_| {});
        let begun = tokio::time::Instant::now();
        let result = client.send(&add_member().promptly()).await;
        assert_eq!(server.seen().len(), sent, "{result:?}");
        if let Err(error) = result {
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::NotSent), "{error}");
            assert!(begun.elapsed() >= Duration::from_secs(30), "the way is free again when it fails");
            assert_eq!(client.send(&add_member().promptly()).await.unwrap().status, 204);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_without_end_has_changed_nothing() {
    let (error, times) = failed(|| Reply::json(429, "{}")).await;
    assert_eq!((error.kind(), error.outcome(), times), (ErrorKind::RateLimited, Outcome::Refused, 20));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_done_is_not_sent_again() {
    let lost: [fn() -> Reply; 8] = [
        || Reply::json(500, r#"{"errorCode":"E0000009"}"#),
        || Reply::json(502, "<html>"),
        || Reply::json(503, ""),
        || Reply::json(504, ""),
        || Reply::failure(Error::new(ErrorKind::Timeout, "late")),
        || Reply::failure(Error::new(ErrorKind::Unreachable(Unreachable::Broken), "reset")),
        || Reply::json(200, "<html>captive portal</html>"),
        || Reply::json(302, ""),
    ];
    for reply in lost {
        let (error, times) = failed(reply).await;
        assert_eq!((error.outcome(), times), (Outcome::Unknown, 1), "{error}");
        assert_eq!(error.path(), Some("/api/v1/groups/00g1/users/00u1"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_final_and_certain() {
    for status in [400, 401, 403, 404, 405, 409, 412] {
        let server = Server::new(move |_| Reply::json(status, "{}"));
        let error = server.client(|_| {}).send(&add_member()).await.unwrap_err();
        assert_eq!((error.status(), error.outcome()), (Some(status), Outcome::Refused));
        assert_eq!(server.seen().len(), 1);
    }
    let (error, times) = failed(|| Reply::json(501, r#"{"errorCode":"E0000060"}"#)).await;
    assert_eq!((error.kind(), error.outcome(), times), (ErrorKind::Conflict, Outcome::Refused, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_asks_for_another_try_gets_one() {
    let server = Server::script(vec![|| Reply::json(409, r#"{"errorCode":"E0000268"}"#), done]);
    server.client(|_| {}).send(&add_member()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_never_made_is_tried_again() {
    let unmade = || Reply::failure(Error::new(ErrorKind::Unreachable(Unreachable::Refused), "refused").not_sent());
    let server = Server::script(vec![unmade, done]);
    server.client(|_| {}).send(&add_member()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
    let (error, times) = failed(unmade).await;
    assert_eq!((error.outcome(), times), (Outcome::NotSent, 2), "a host that never answered is given up soon");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_after_a_refused_try_is_still_a_lost_answer() {
    let server = Server::script(vec![|| Reply::json(429, "{}"), || Reply::json(500, "")]);
    let error = server.client(|_| {}).send(&add_member()).await.unwrap_err();
    assert_eq!((error.outcome(), server.seen().len()), (Outcome::Unknown, 2));
}

#[tokio::test(start_paused = true)]
async fn stopping_tells_whether_the_change_was_on_its_way() {
    let spent = || Reply::json(429, "{}").quota(100, 0, EPOCH + 60.0).date(EPOCH);
    let slow = || done().after(Duration::from_secs(200));
    for (reply, outcome) in [(spent as fn() -> Reply, Outcome::NotSent), (slow, Outcome::Unknown)] {
        let server = Server::script(vec![reply]);
        let cancel = CancellationToken::new();
        let client = server.client(|config| config.cancel = cancel.clone());
        let stop = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            cancel.cancel();
        };
        let request = add_member();
        let (result, ()) = tokio::join!(client.send(&request), stop);
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Cancelled, outcome));
        let late = client.send(&request).await.unwrap_err();
        assert_eq!((late.outcome(), server.seen().len()), (Outcome::NotSent, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_no_record_is_reported_where_it_is_read() {
    for body in ["", "[]", "{", r#"{"status":"ACTIVE"}"#] {
        let server = Server::new(move |_| Reply::json(200, body));
        let response = server.client(|_| {}).send(&new_user()).await.unwrap();
        let error = response.json::<User>().unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{body:?}");
        assert!(error.to_string().starts_with("POST /api/v1/users: "), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_record_holds_every_try_that_left_and_no_other() {
    let server = Server::script(vec![
        || Reply::failure(Error::new(ErrorKind::Unreachable(Unreachable::Refused), "refused").not_sent()),
        || Reply::json(429, "{}"),
        || Reply::json(200, r#"{"id":"00o1"}"#),
        || Reply::failure(Error::new(ErrorKind::Timeout, "late")),
    ]);
    let client = server.client(|_| {});
    let (recording, log) = client.recording();
    recording.get::<Org>(&org::get()).await.unwrap();
    let deactivate = users::lifecycle("00u1", Lifecycle::Deactivate { send_email: false }).unwrap();
    recording.send(&deactivate).await.unwrap_err();
    client.send(&add_member()).await.unwrap_err();
    let sent: Vec<(String, Option<u16>)> = log.requests().iter().map(|sent| (sent.to_string(), sent.status)).collect();
    assert_eq!(
        sent,
        [
            ("GET /api/v1/org".to_owned(), Some(429)),
            ("GET /api/v1/org".to_owned(), Some(200)),
            ("POST /api/v1/users/00u1/lifecycle/deactivate?sendEmail=false".to_owned(), None),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_password_is_shown_nowhere() {
    let refused = r#"{"errorCode":"E0000014","errorSummary":"Password requirements were not met"}"#;
    let server = Server::new(move |_| Reply::json(403, refused));
    let (client, log) = server.client(|_| {}).recording();
    let request = new_user();
    let error = client.send(&request).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, Some(code::CREDENTIAL_REFUSED)));
    let shown = request.body.as_ref().unwrap().masked();
    assert_eq!(shown["credentials"]["password"]["value"], "[hidden]");
    let text = format!("{error} {error:?} {request} {request:?} {shown} {:?} {:?}", log.requests(), client);
    assert!(!text.contains(PASSWORD), "{text}");
    let response = Server::new(|_| Reply::json(200, r#"{"activationToken":"XE6wE17zmphl3KqAPFxO"}"#));
    let activate = users::lifecycle("00u1", Lifecycle::Activate { send_email: false }).unwrap();
    let response = response.client(|_| {}).send(&activate).await.unwrap();
    assert!(!format!("{response:?}").contains("XE6wE17"));
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_taken_is_recognised() {
    let taken = r#"{"errorCode":"E0000001","errorSummary":"Api validation failed: login","errorCauses":[
        {"errorSummary":"login: An object with this field already exists in the current organization"}]}"#;
    let server = Server::new(move |_| Reply::json(400, taken));
    let error = server.client(|_| {}).send(&new_user()).await.unwrap_err();
    assert!(error.is_duplicate_login() && error.outcome() == Outcome::Refused);
    assert_eq!(users::update("00u1", &Map::new()).unwrap().bucket, Bucket::UserWrite);
}
