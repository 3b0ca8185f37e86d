//! What each kind of input gives.

use std::io::Write;

use super::*;

/// The documents of a file as `line entry text`, a refusal marked.
fn documents(path: &Path) -> Vec<String> {
    let mut out = Vec::new();
    let reader = Reader::new(&[path.to_owned()]).unwrap();
    reader
        .read(&mut |document| {
            let Origin { line, entry, .. } = document.origin;
            let mark = if document.refusal.is_some() { " refused" } else { "" };
            let text = String::from_utf8(document.bytes).unwrap();
            out.push(format!("{line} {} {text}{mark}", entry.unwrap_or(0)));
            true
        })
        .unwrap();
    out
}

fn check(name: &str, content: &[u8], expected: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    assert_eq!(documents(&path), expected, "{name}: {}", String::from_utf8_lossy(content));
}

#[test]
fn every_form_of_input() {
    let rows: &[(&str, &str, &[&str])] = &[
        ("a.ndjson", "{\"a\":1}\n{\"a\":2}", &["1 0 {\"a\":1}", "2 0 {\"a\":2}"]),
        ("crlf.ndjson", "{\"a\":1}\r\n\r\n{\"a\":2}\r\n", &["1 0 {\"a\":1}", "3 0 {\"a\":2}"]),
        ("bom.ndjson", "\u{feff}{\"a\":1}\n", &["1 0 {\"a\":1}"]),
        ("rubbish.ndjson", "{\nrubbish\n{\"a\":2}", &["1 0 {", "2 0 rubbish", "3 0 {\"a\":2}"]),
        ("empty.ndjson", "", &[]),
        ("blank.json", "\n \n", &[]),
        ("pretty.json", "\n{\n  \"a\": 1\n}\n", &["2 0 {\n  \"a\": 1\n}"]),
        ("lines.json", "{\"a\":1}\n{\"a\":2}\n", &["1 0 {\"a\":1}", "2 0 {\"a\":2}"]),
        ("broken.json", "{\n  \"a\": \n", &["1 0 {\n  \"a\":"]),
        ("broken-first", "{\"a\":\n{\"a\":2}\n", &["1 0 {\"a\":", "2 0 {\"a\":2}"]),
        ("array.json", "[{\"a\":1},\n {\"a\":2}]", &["1 1 {\"a\":1}", "1 2 {\"a\":2}"]),
        (
            "bundle.json",
            "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[\n{\"resource\":{\"a\": 1}},{\"request\":{\"method\":\"DELETE\",\"url\":\"Task/1\"}},{\"resource\":{\"a\":3}}]}",
            &[
                "1 1 {\"a\": 1}",
                "1 2 {\"request\":{\"method\":\"DELETE\",\"url\":\"Task/1\"}} refused",
                "1 3 {\"a\":3}",
            ],
        ),
        (
            "searchset.ndjson",
            "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[{\"resource\":{},\"search\":{\"mode\":\"outcome\"}},{\"resource\":{\"a\":2},\"search\":{\"mode\":\"match\"}}]}\n{\"b\":1}",
            &["1 2 {\"a\":2}", "2 0 {\"b\":1}"],
        ),
        (
            "history.json",
            "{\"resourceType\":\"Bundle\",\"type\":\"history\"}",
            &["1 0 {\"resourceType\":\"Bundle\",\"type\":\"history\"} refused"],
        ),
        ("no-entry.json", "{\"resourceType\":\"Bundle\",\"type\":\"collection\"}", &[]),
    ];
    for (name, content, expected) in rows {
        check(name, content.as_bytes(), expected);
    }
}

#[test]
fn compressed_by_content_whatever_the_name() {
    let text = b"{\"a\":1}\n{\"a\":2}\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text).unwrap();
    let gzip = gzip.finish().unwrap();
    let expected = ["1 0 {\"a\":1}", "2 0 {\"a\":2}"];
    check("a.ndjson.gz", &gzip, &expected);
    check("a.ndjson", &gzip, &expected);
    check("a.ndjson.zst", &zstd::encode_all(&text[..], 1).unwrap(), &expected);
    // Two members, as `cat a.gz b.gz` makes them.
    let twice = [gzip.clone(), gzip.clone()].concat();
    check("two.gz", &twice, &["1 0 {\"a\":1}", "2 0 {\"a\":2}", "3 0 {\"a\":1}", "4 0 {\"a\":2}"]);
}

#[test]
fn a_truncated_file_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let text = "{\"a\":1}\n".repeat(10_000);
    let whole = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let path = dir.path().join("a.ndjson.zst");
    std::fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let result = Reader::new(&[path]).unwrap().read(&mut |_| true);
    assert!(matches!(result, Err(ReadError::Io { .. })));
}

#[test]
fn folders_are_read_by_name_and_leave_out_what_is_no_document() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("b");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(dir.path().join("c.json"), "{\"file\":3}").unwrap();
    std::fs::write(dir.path().join("a.ndjson"), "{\"file\":1}").unwrap();
    std::fs::write(inner.join("x.jsonl"), "{\"file\":2}").unwrap();
    std::fs::write(dir.path().join("README.md"), "text").unwrap();
    let mut texts = Vec::new();
    let reader = Reader::new(&[dir.path().to_owned()]).unwrap();
    assert_eq!(reader.size_bytes(), 30);
    let consumed = reader.consumed();
    let summary = reader
        .read(&mut |document| {
            texts.push(String::from_utf8(document.bytes).unwrap());
            true
        })
        .unwrap();
    assert_eq!(texts, ["{\"file\":1}", "{\"file\":2}", "{\"file\":3}"]);
    assert_eq!(summary.files, 3);
    assert_eq!(summary.skipped, [dir.path().join("README.md")]);
    assert_eq!(consumed.load(Ordering::Relaxed), 30);
}

#[test]
fn missing_inputs_and_a_receiver_that_has_gone() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Reader::new(&[dir.path().join("no")]), Err(ReadError::Io { .. })));
    let path = dir.path().join("a.ndjson");
    std::fs::write(&path, "{}\n{}\n{}").unwrap();
    let mut got = 0;
    let result = Reader::new(&[path]).unwrap().read(&mut |_| {
        got += 1;
        got < 2
    });
    assert!(matches!(result, Err(ReadError::Stopped)));
    assert_eq!(got, 2);
}
