//! A served directory answers as a free one does; its server is found, and only by who may.

use std::fs;
use std::path::Path;

use e2e::harness::Server;
use serde_json::Value;

use crate::{directory_of, expect, result, total, try_put};

type Headers<'a> = &'a [(&'a str, &'a str)];

fn serving(data: &Path) -> Option<Value> {
    let text = fs::read(data.join("serving.json")).ok()?;
    Some(serde_json::from_slice(&text).expect("serving.json is JSON"))
}

#[test]
fn verify_and_stats_say_the_same_served_or_not() {
    let data = directory_of(60);
    let commands: [&[&str]; 4] =
        [&["verify"], &["verify", "--json"], &["stats"], &["stats", "--json"]];
    let direct = commands.map(|command| expect(0, &data, command).0);
    let server = Server::start(&data);
    let remote = commands.map(|command| expect(0, &data, command).0);
    assert_eq!(remote, direct);
    // What was written meanwhile counts.
    assert_eq!(try_put(&server.client(), "new", "n1"), Some(1));
    assert_eq!(result(&data, &["verify"])["live"], 61);
    assert_eq!(result(&data, &["stats"])["agree"], true);
}

#[test]
fn a_server_says_where_it_is_until_it_stops() {
    let data = directory_of(5);
    assert_eq!(serving(&data), None);
    let server = Server::start(&data);
    let said = serving(&data).expect("a served directory says so");
    assert_eq!(said["internal"], server.url("internal"));
    assert!(said["pid"].as_u64().is_some_and(|pid| pid > 0), "{said}");
    assert!(said["started"].as_str().is_some_and(|instant| instant.ends_with('Z')), "{said}");
    assert!(server.stop().success());
    assert_eq!(serving(&data), None, "taken back at a clean stop");
}

#[test]
fn a_killed_server_is_not_asked() {
    let data = directory_of(5);
    let mut server = Server::start(&data);
    server.kill();
    assert!(serving(&data).is_some(), "the file of the dead server stays behind");
    assert_eq!(result(&data, &["verify"])["live"], 5);
    assert_eq!(result(&data, &["stats"])["live"], 5);
    // Another holder of the lock is not mistaken for the dead server.
    let server = Server::start(&data);
    let mut said = serving(&data).expect("the next server says where it is");
    said["pid"] = 1.into();
    fs::write(data.join("serving.json"), said.to_string()).expect("a file in the scratch folder");
    let (_, words) = expect(1, &data, &["stats"]);
    assert!(words.contains("in use by query-api"), "{words}");
    drop(server);
}

#[test]
fn only_who_reads_the_token_is_served() {
    let data = directory_of(5);
    let server = Server::start(&data);
    let client = server.client();
    let ask = |headers: &[(&str, &str)], method: &str, path: &str| {
        client.send_to(method, &format!("{}{path}", server.url("internal")), headers, Some(b"{}\n"))
    };
    let token = fs::read_to_string(data.join("internal.token")).expect("the token");
    let right = format!("Bearer {token}");
    let wrong = format!("Bearer {}0", &token[..token.len() - 1]);
    let rows: &[(Headers<'_>, &str, &str, u16)] = &[
        (&[], "POST", "/internal/stats", 401),
        (&[("authorization", &wrong)], "POST", "/internal/stats", 401),
        (&[("authorization", &token)], "POST", "/internal/stats", 401),
        (&[("authorization", "Bearer ")], "POST", "/internal/rebuild", 401),
        (&[("authorization", &right)], "POST", "/internal/nothing", 404),
        (&[("authorization", &right)], "GET", "/internal/stats", 405),
        (&[("authorization", &right)], "POST", "/internal/stats", 200),
    ];
    for (headers, method, path, status) in rows {
        let answer = ask(headers, method, path);
        assert_eq!(answer.status, *status, "{headers:?} {path}: {}", answer.excerpt());
        if *status != 200 {
            let outcome = answer.json().expect("an OperationOutcome");
            assert_eq!(outcome["resourceType"], "OperationOutcome");
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(data.join("internal.token")).expect("the token").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
    assert!(!server.log().contains(&token), "the token is not logged");
    // The FHIR listener has no such path.
    let page = server.url("page").trim_end_matches('/').to_owned();
    let answer = client.send_to(
        "POST",
        &format!("{page}/internal/stats"),
        &[("authorization", &right)],
        None,
    );
    assert_eq!(answer.status, 404);
    assert_eq!(total(&server.client(), ""), 5);
}
