//! What must be absent from the source, because absences cannot be seen in code: the invariants of
//! ARCHITECTURE.md, and a few habits.
//!
//! Text is searched as text, without parsing Rust. Whole-line comments, and code under `#[cfg(test)]` (the
//! end of a file, or a module of its own), are exempt from the rules about code.

use std::fs;
use std::path::{Path, PathBuf};

use e2e::sample::repository;

/// Folders that hold no source of ours.
const NOT_OURS: &[&str] = &["target", ".git", "node_modules", "index-data"];

/// A source file: path from the root, text, and the part before its unit tests.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn without_tests(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default()
    }

    /// Lines that are neither blank nor comments, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.without_tests().lines().enumerate();
        lines
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with("//"))
    }
}

fn files(extensions: &[&str]) -> Vec<Source> {
    let root = repository();
    let mut found = Vec::new();
    collect(&root, &root, extensions, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no {extensions:?} under {}", root.display());
    found
}

fn collect(root: &Path, folder: &Path, extensions: &[&str], found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path: PathBuf = entry.expect("a readable folder").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                collect(root, &path, extensions, found);
            }
            continue;
        }
        let wanted = path.extension().is_some_and(|e| extensions.iter().any(|x| e == *x));
        if !wanted && !extensions.contains(&name.as_str()) {
            continue;
        }
        if let Ok(text) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root).expect("below the root");
            found.push(Source { path: path.to_string_lossy().into_owned(), text });
        }
    }
}

/// Modules compiled for unit tests only, declared by `#[cfg(test)] mod name;`, as path prefixes.
fn test_modules(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let parent = source.path.trim_end_matches("lib.rs").trim_end_matches(".rs");
        let parent = parent.trim_end_matches('/');
        for rest in source.text.split("#[cfg(test)]\nmod ").skip(1) {
            if let Some((name, _)) = rest.split_once(';')
                && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            {
                found.extend([format!("{parent}/{name}.rs"), format!("{parent}/{name}/")]);
            }
        }
    }
    found
}

fn rust_under(folders: &[&str]) -> Vec<Source> {
    let mut sources = files(&["rs"]);
    let tests = test_modules(&sources);
    sources.retain(|source| !tests.iter().any(|test| source.path.starts_with(test)));
    sources.retain(|source| folders.iter().any(|folder| source.path.starts_with(folder)));
    sources
}

/// Fails with every line of `sources` that contains one of `words`.
fn assert_absent(rule: &str, sources: &[Source], words: &[&str]) {
    let mut found = Vec::new();
    for source in sources {
        for (number, line) in source.code() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{}:{number}: {word}: {line}", source.path));
            }
        }
    }
    assert!(found.is_empty(), "{rule}\n{}", found.join("\n"));
}

fn dependencies(manifest: &str) -> Vec<String> {
    let path = repository().join(manifest);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{manifest}: {error}"));
    let mut in_dependencies = false;
    let mut names = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            in_dependencies = line == "[dependencies]";
        } else if in_dependencies && let Some((name, _)) = line.split_once(['.', ' ', '=']) {
            names.push(name.to_owned());
        }
    }
    names
}

#[test]
fn shared_depends_on_no_web_framework_and_no_async_runtime() {
    let forbidden = [
        "axum",
        "hyper",
        "tower",
        "tower-http",
        "actix-web",
        "warp",
        "http",
        "http-body",
        "reqwest",
        "ureq",
        "tokio",
        "async-std",
        "smol",
        "futures",
    ];
    let dependencies = dependencies("shared/Cargo.toml");
    assert!(!dependencies.is_empty(), "the manifest is read");
    let found: Vec<_> = dependencies.iter().filter(|d| forbidden.contains(&d.as_str())).collect();
    assert!(found.is_empty(), "shared depends on {found:?}");
    assert_absent("shared knows no asynchronous code", &rust_under(&["shared/src"]), &["async fn"]);
}

#[test]
fn only_execute_holds_a_searcher() {
    let parse = rust_under(&["query-api/src/parse", "shared/src/param"]);
    assert_absent("parsing does not mention the engine", &parse, &["tantivy", "Searcher"]);
    let plan = rust_under(&["query-api/src/plan", "query-api/src/bundle"]);
    assert_absent("planning opens no index", &plan, &["Index::open", "Searcher", "IndexReader"]);
}

#[test]
fn only_http_knows_statuses() {
    let mut sources = rust_under(&["query-api/src", "shared/src", "indexer/src"]);
    sources.retain(|source| !source.path.starts_with("query-api/src/http"));
    assert_absent("only http knows status codes", &sources, &["StatusCode"]);
    let mut http = rust_under(&["query-api/src/http"]);
    http.retain(|source| source.path != "query-api/src/http/error.rs");
    let words = ["StatusCode::BAD_REQUEST", "StatusCode::INTERNAL_SERVER_ERROR"];
    assert_absent("only http/error.rs builds an error response", &http, &words);
}

#[test]
fn only_operate_calls_the_indexer() {
    let mut sources = rust_under(&["query-api/src"]);
    // A directory is opened in one way only, by whoever opens it.
    let may =
        ["query-api/src/operate", "query-api/src/directory.rs", "query-api/src/http/internal/"];
    sources.retain(|source| !may.iter().any(|place| source.path.starts_with(place)));
    assert_absent("query-api calls the indexer only in operate", &sources, &["indexer::"]);
}

#[test]
fn only_config_reads_environment_and_only_main_the_clock() {
    let mut sources = rust_under(&["query-api/src", "shared/src", "indexer/src"]);
    sources.retain(|source| !source.path.starts_with("shared/src/config"));
    assert_absent("only config reads the environment", &sources, &["env::var", "env::vars"]);
    let clock = ["SystemTime::now", "Timestamp::now", "Zoned::now", "thread_rng", "rand::random"];
    sources.retain(|source| !source.path.ends_with("main.rs"));
    let reasoned = |source: &Source| {
        // A reading with a written reason at the place is a decision, not a slip.
        source.text.contains("clippy::disallowed_methods")
    };
    sources.retain(|source| !reasoned(source));
    assert_absent("the clock and random source are passed in", &sources, &clock);
}

#[test]
fn every_file_says_what_it_does() {
    let silent: Vec<String> = files(&["rs"])
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "files that do not open with `//! `: {silent:?}");
}

#[test]
fn one_way_to_name_modules() {
    let found: Vec<String> = files(&["rs"])
        .into_iter()
        .map(|source| source.path)
        .filter(|path| path.ends_with("/mod.rs"))
        .collect();
    assert!(found.is_empty(), "a module is `name.rs` beside `name/`: {found:?}");
}

#[test]
fn no_test_is_ignored_and_nothing_is_left_to_do() {
    // Put together here so that this file does not find itself.
    let ignored = format!("#[{}", "ignore");
    let words = [ignored.as_str(), "todo!(", "unimplemented!("];
    let mut found = Vec::new();
    for source in files(&["rs"]).iter().filter(|source| source.path != "tests/tidy.rs") {
        for word in words.iter().filter(|word| source.text.contains(**word)) {
            found.push(format!("{}: {word}", source.path));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_path_of_a_machine_and_no_trace_of_a_workshop() {
    let words = ["/home/", "/root/", "/work/", "/Users/", "C:\\Users", "/tmp/"];
    let mut found = Vec::new();
    let kinds = ["rs", "md", "toml", "json", "mjs", "sh", "yml", "yaml", "Makefile"];
    for source in files(&kinds).iter().filter(|source| source.path != "tests/tidy.rs") {
        for (index, line) in source.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{}:{}: {word}", source.path, index + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn markdown_links_lead_somewhere() {
    let mut broken = Vec::new();
    for source in files(&["md"]) {
        let folder = repository().join(&source.path);
        let folder = folder.parent().expect("a file lies in a folder");
        for target in source.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let elsewhere = path.is_empty() || path.contains("://") || path.contains(' ');
            if !elsewhere && !folder.join(path).exists() {
                broken.push(format!("{}: {target}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "links to nothing:\n{}", broken.join("\n"));
}
