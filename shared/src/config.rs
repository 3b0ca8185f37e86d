//! Typed settings, one struct for each concern, and the only reader of the environment.
//!
//! Four layers, each over the one before: built-in defaults, the file of `--config` (or
//! `ROR_CONFIG`), environment variables `ROR_*`, command-line flags. A key that no setting has is
//! refused in every layer, so that a misspelling never runs with a default. Nothing here opens a
//! socket or a directory.

mod doc;
mod settings;

use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::{Table, Value};

pub use doc::markdown;
pub use settings::{
    Access, AnonymousProfile, Engine, Geocoder, Limits, Log, Paging, ProfileRules, ReferenceRule,
    Server, Settings, Tls, Write,
};

/// A setting: its place in the file, its environment variable and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Place in the file: `limits.url_bytes`.
    pub path: &'static str,
    /// Environment variable.
    pub variable: &'static str,
    /// How its text is read outside the file.
    pub kind: Kind,
    /// What it does, with its unit and default.
    pub doc: &'static str,
}

/// How the text of a setting is read from a variable or a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As it stands.
    Text,
    /// A whole number.
    Integer,
    /// Texts separated by commas.
    List,
}

const fn key(path: &'static str, variable: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { path, variable, kind, doc }
}

/// All settings.
pub const KEYS: &[Key] = &[
    key(
        "data_dir",
        "ROR_DATA_DIR",
        Kind::Text,
        "Directory of the store and the index. Default: index-data",
    ),
    key(
        "server.listen",
        "ROR_LISTEN",
        Kind::Text,
        "Address and port of the FHIR service; port 0 takes a free one. Default: 127.0.0.1:8080",
    ),
    key(
        "server.internal_listen",
        "ROR_INTERNAL_LISTEN",
        Kind::Text,
        "Address and port of metrics and health. Default: 127.0.0.1:8081",
    ),
    key(
        "server.public_url",
        "ROR_PUBLIC_URL",
        Kind::Text,
        "Public URL of the FHIR base, for links. Default: the bound address and the first base path",
    ),
    key(
        "server.base_paths",
        "ROR_BASE_PATHS",
        Kind::List,
        "Paths that answer as FHIR base. Default: /fhir,/ws-diffusion-fhir",
    ),
    key("server.tls_cert", "ROR_TLS_CERT", Kind::Text, "PEM file with the certificate chain"),
    key("server.tls_key", "ROR_TLS_KEY", Kind::Text, "PEM file with the private key"),
    key(
        "server.shutdown_seconds",
        "ROR_SHUTDOWN_SECONDS",
        Kind::Integer,
        "Time given to running requests when stopping. Default: 10",
    ),
    key(
        "limits.url_bytes",
        "ROR_LIMITS_URL_BYTES",
        Kind::Integer,
        "Longest URL, at most 65534; a longer search is for POST. Default: 32768",
    ),
    key(
        "limits.body_bytes",
        "ROR_LIMITS_BODY_BYTES",
        Kind::Integer,
        "Largest request body. Default: 4194304",
    ),
    key(
        "limits.body_seconds",
        "ROR_LIMITS_BODY_SECONDS",
        Kind::Integer,
        "Time a request body has to arrive, in seconds. Default: 60",
    ),
    key(
        "limits.unread_seconds",
        "ROR_LIMITS_UNREAD_SECONDS",
        Kind::Integer,
        "Time a caller may take nothing of an answer before it is given up, in seconds. Default: 30",
    ),
    key(
        "limits.unread_bytes",
        "ROR_LIMITS_UNREAD_BYTES",
        Kind::Integer,
        "Most bytes of large answers that callers have not read yet; beyond it 503. Default: 536870912",
    ),
    key(
        "limits.parameters",
        "ROR_LIMITS_PARAMETERS",
        Kind::Integer,
        "Most parameters of one search. Default: 200",
    ),
    key(
        "limits.or_values",
        "ROR_LIMITS_OR_VALUES",
        Kind::Integer,
        "Most values separated by commas in one parameter. Default: 2000",
    ),
    key(
        "limits.sort_keys",
        "ROR_LIMITS_SORT_KEYS",
        Kind::Integer,
        "Most parameters of _sort. Default: 20",
    ),
    key(
        "limits.words",
        "ROR_LIMITS_WORDS",
        Kind::Integer,
        "Most words in the values of one _content or _text. Default: 1000",
    ),
    key(
        "limits.search_values",
        "ROR_LIMITS_SEARCH_VALUES",
        Kind::Integer,
        "Most values of all parameters of one search together. Default: 10000",
    ),
    key(
        "limits.search_words",
        "ROR_LIMITS_SEARCH_WORDS",
        Kind::Integer,
        "Most words of all _content and _text of one search together. Default: 2000",
    ),
    key(
        "limits.chain_depth",
        "ROR_LIMITS_CHAIN_DEPTH",
        Kind::Integer,
        "Most steps of one chain. Default: 8",
    ),
    key(
        "limits.filter_depth",
        "ROR_LIMITS_FILTER_DEPTH",
        Kind::Integer,
        "Most levels of parentheses, brackets and nots in a _filter. Default: 32",
    ),
    key(
        "limits.includes",
        "ROR_LIMITS_INCLUDES",
        Kind::Integer,
        "Most resources that includes add to one page. Default: 10000",
    ),
    key(
        "limits.bundle_entries",
        "ROR_LIMITS_BUNDLE_ENTRIES",
        Kind::Integer,
        "Most entries of a batch or transaction. Default: 5000",
    ),
    key(
        "limits.bundle_answer_bytes",
        "ROR_LIMITS_BUNDLE_ANSWER_BYTES",
        Kind::Integer,
        "Most bytes of the answers to all entries of a batch or transaction. Default: 67108864",
    ),
    key(
        "limits.patch_operations",
        "ROR_LIMITS_PATCH_OPERATIONS",
        Kind::Integer,
        "Most operations of one patch. Default: 500",
    ),
    key(
        "paging.count_default",
        "ROR_PAGING_COUNT_DEFAULT",
        Kind::Integer,
        "Matches on a page when _count is absent. Default: 200",
    ),
    key(
        "paging.count_max",
        "ROR_PAGING_COUNT_MAX",
        Kind::Integer,
        "Most matches on a page; a larger _count is lowered with a warning. Default: 1000",
    ),
    key(
        "engine.workers",
        "ROR_ENGINE_WORKERS",
        Kind::Integer,
        "Requests computed at the same time; 0 for twice the processors. Default: 0",
    ),
    key(
        "engine.queue",
        "ROR_ENGINE_QUEUE",
        Kind::Integer,
        "Requests that may wait for a worker before 503. Default: 512",
    ),
    key(
        "engine.deadline_ms",
        "ROR_ENGINE_DEADLINE_MS",
        Kind::Integer,
        "Longest computation of one request before 504. Default: 10000",
    ),
    key(
        "write.queue",
        "ROR_WRITE_QUEUE",
        Kind::Integer,
        "Changes that may wait for the writer before 503. Default: 4096",
    ),
    key(
        "write.visible_ms",
        "ROR_WRITE_VISIBLE_MS",
        Kind::Integer,
        "Longest wait for a stored change to be searchable before it is answered with X-Not-Yet-Searchable. Default: 5000",
    ),
    key(
        "write.reserve_bytes",
        "ROR_WRITE_RESERVE_BYTES",
        Kind::Integer,
        "Room on the disk below which changes are refused with 507; on a small disk, a sixteenth of it. Default: 268435456",
    ),
    key(
        "write.versions_kept",
        "ROR_WRITE_VERSIONS_KEPT",
        Kind::Integer,
        "Versions kept of each resource, the newest included; marks of deletions are always kept; 0 for all. Default: 0",
    ),
    key(
        "write.references",
        "ROR_WRITE_REFERENCES",
        Kind::Text,
        "What a write that refers to a resource the directory does not hold gets: off, warning or error. Default: warning",
    ),
    key(
        "write.profiles",
        "ROR_WRITE_PROFILES",
        Kind::Text,
        "Where the rules of the ROR profiles are errors: claimed (in documents that claim the profile) or always. Default: claimed",
    ),
    key(
        "geocoder.url",
        "ROR_GEOCODER_URL",
        Kind::Text,
        "Service of street addresses, asked by GET {url}/search/?q=…, which answers GeoCodeJSON. Default: none, addresses are found by their commune",
    ),
    key(
        "geocoder.timeout_ms",
        "ROR_GEOCODER_TIMEOUT_MS",
        Kind::Integer,
        "Longest wait for the service of street addresses. Default: 1500",
    ),
    key(
        "geocoder.min_score_percent",
        "ROR_GEOCODER_MIN_SCORE_PERCENT",
        Kind::Integer,
        "Least score of a street address that is taken without asking, of 100. Default: 70",
    ),
    key(
        "geocoder.cache_entries",
        "ROR_GEOCODER_CACHE_ENTRIES",
        Kind::Integer,
        "Answers of the service kept in memory; 0 for none. Default: 5000",
    ),
    key(
        "geocoder.cache_seconds",
        "ROR_GEOCODER_CACHE_SECONDS",
        Kind::Integer,
        "How long an answer of the service is kept. Default: 86400",
    ),
    key(
        "access.anonymous_profile",
        "ROR_ANONYMOUS_PROFILE",
        Kind::Text,
        "Access profile of callers without credentials: none or 0 to 5. Default: all rights on loopback, else none",
    ),
    key(
        "log.filter",
        "ROR_LOG",
        Kind::Text,
        "What is logged, as a filter of the tracing library. Default: info",
    ),
];

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file of `--config` cannot be read.
    #[error("cannot read the configuration file {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {path} is not TOML: {source}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// An environment variable `ROR_*` that no setting has.
    #[error("the environment variable {name} is no setting; there are: {known}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The variables there are.
        known: String,
    },
    /// A flag names a key that no setting has.
    #[error("\"{0}\" is no setting")]
    UnknownKey(String),
    /// A variable or flag whose text is not of the setting's kind.
    #[error("{path} must be a whole number, not \"{value}\"")]
    NotANumber {
        /// The setting.
        path: &'static str,
        /// The text.
        value: String,
    },
    /// A key or value of the merged layers does not fit.
    #[error("the configuration is not valid: {0}")]
    Shape(Box<toml::de::Error>),
    /// Settings that contradict themselves or each other; all of them.
    #[error("the configuration is not valid: {}", .0.join("; "))]
    Invalid(Vec<String>),
}

/// Where settings come from, besides the defaults.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file of `--config`; without one, that of the variable `ROR_CONFIG`.
    pub file: Option<PathBuf>,
    /// Environment variables; those that do not start with `ROR_` are ignored.
    pub variables: Vec<(String, String)>,
    /// Flags: place in the file (`server.listen`) and text.
    pub flags: Vec<(&'static str, String)>,
}

impl Sources {
    /// The environment of this process, and no file or flag yet.
    pub fn from_environment() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { file: None, variables, flags: Vec::new() }
    }

    /// Reads, merges and checks the layers.
    ///
    /// # Errors
    /// [`ConfigError`] names the first bad layer, or all contradictions of the merged settings.
    pub fn load(&self) -> Result<Settings, ConfigError> {
        let from_variable =
            self.variables.iter().find(|(name, _)| name == CONFIG_VARIABLE).map(|(_, value)| value);
        let file = self.file.clone().or_else(|| from_variable.map(PathBuf::from));
        let mut table = match &file {
            Some(path) => read_file(path)?,
            None => Table::new(),
        };
        for (name, value) in &self.variables {
            if !name.starts_with("ROR_") || name == CONFIG_VARIABLE {
                continue;
            }
            let Some(key) = KEYS.iter().find(|key| key.variable == name) else {
                let known: Vec<_> = KEYS.iter().map(|key| key.variable).collect();
                return Err(ConfigError::UnknownVariable {
                    name: name.clone(),
                    known: known.join(", "),
                });
            };
            set(&mut table, key, value)?;
        }
        for (path, value) in &self.flags {
            let key = KEYS
                .iter()
                .find(|key| key.path == *path)
                .ok_or_else(|| ConfigError::UnknownKey((*path).to_owned()))?;
            set(&mut table, key, value)?;
        }
        let settings = Settings::deserialize(Value::Table(table))
            .map_err(|source| ConfigError::Shape(Box::new(source)))?;
        let problems = settings.problems();
        if problems.is_empty() { Ok(settings) } else { Err(ConfigError::Invalid(problems)) }
    }
}

/// The variable that stands for `--config`.
const CONFIG_VARIABLE: &str = "ROR_CONFIG";

fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    text.parse()
        .map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) })
}

fn set(table: &mut Table, key: &Key, text: &str) -> Result<(), ConfigError> {
    let value = match key.kind {
        Kind::Text => Value::String(text.to_owned()),
        Kind::Integer => text
            .trim()
            .parse()
            .map(Value::Integer)
            .map_err(|_| ConfigError::NotANumber { path: key.path, value: text.to_owned() })?,
        Kind::List => Value::Array(
            text.split(',').map(|item| Value::String(item.trim().to_owned())).collect(),
        ),
    };
    match key.path.split_once('.') {
        None => {
            table.insert(key.path.to_owned(), value);
        }
        Some((section, name)) => {
            let entry = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            // A section of the file that is no table is replaced here and so hides nothing: the
            // same file without the variable is refused by its shape.
            if !entry.is_table() {
                *entry = Value::Table(Table::new());
            }
            let section = entry.as_table_mut().expect("made a table above");
            section.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{AnonymousProfile, ConfigError, KEYS, Sources};
    use std::io::Write as _;

    fn sources(variables: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Sources {
        Sources {
            file: None,
            variables: variables.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            flags: flags.iter().map(|(n, v)| (*n, (*v).into())).collect(),
        }
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn later_layers_win() {
        let file = file("[server]\nlisten = \"127.0.0.1:1\"\ninternal_listen = \"127.0.0.1:2\"\n");
        let mut sources = sources(
            &[("ROR_LISTEN", "127.0.0.1:3"), ("HOME", "/x")],
            &[("limits.url_bytes", "99")],
        );
        sources.file = Some(file.path().to_owned());
        let settings = sources.load().unwrap();
        assert_eq!(settings.server.listen.port(), 3);
        assert_eq!(settings.server.internal_listen.port(), 2);
        assert_eq!(settings.limits.url_bytes, 99);
        assert_eq!(settings.paging.count_default, 200);
    }

    #[test]
    fn every_key_reaches_a_setting() {
        for key in KEYS {
            let text = match key.path {
                "server.listen" | "server.internal_listen" => "127.0.0.1:0",
                "server.public_url" => "https://example.org/fhir",
                "geocoder.url" => "https://example.org/addresses",
                "server.base_paths" => "/a,/b",
                "access.anonymous_profile" => "3",
                "write.references" => "error",
                "write.profiles" => "always",
                "paging.count_max" => "2000",
                _ => "20",
            };
            // Each half of the certificate needs the other.
            let pair = ("server.tls_cert", "x");
            let flags = match key.path {
                "server.tls_cert" => vec![(key.path, text), ("server.tls_key", "x")],
                "server.tls_key" => vec![(key.path, text), pair],
                _ => vec![(key.path, text)],
            };
            sources(&[], &flags).load().unwrap_or_else(|e| panic!("{}: {e}", key.path));
            assert!(key.variable.starts_with("ROR_"));
        }
    }

    #[test]
    fn refuses() {
        let unknown = sources(&[("ROR_LISTN", "x")], &[]).load().unwrap_err();
        assert!(matches!(unknown, ConfigError::UnknownVariable { .. }), "{unknown}");
        let number = sources(&[("ROR_LIMITS_URL_BYTES", "many")], &[]).load().unwrap_err();
        assert!(matches!(number, ConfigError::NotANumber { .. }), "{number}");
        for text in ["[server]\nlissten = \"x\"\n", "[limit]\n", "[server]\nlisten = 4\n"] {
            let file = file(text);
            let mut sources = sources(&[], &[]);
            sources.file = Some(file.path().to_owned());
            let error = sources.load().unwrap_err();
            assert!(matches!(error, ConfigError::Shape(_)), "{text}: {error}");
        }
    }

    #[test]
    fn all_contradictions_at_once() {
        let error = sources(
            &[],
            &[
                ("server.base_paths", "fhir,/x/"),
                ("server.public_url", "ftp://x"),
                ("server.tls_cert", "cert.pem"),
                ("paging.count_default", "2000"),
                ("geocoder.url", "addresses.example/?q="),
                ("geocoder.timeout_ms", "0"),
                ("geocoder.min_score_percent", "101"),
            ],
        )
        .load()
        .unwrap_err();
        let ConfigError::Invalid(problems) = error else { panic!("{error}") };
        assert_eq!(problems.len(), 8, "{problems:?}");
    }

    #[test]
    fn anonymous_profile() {
        // (setting, listening address, profile of a caller without credentials)
        let rows = [
            (None, "127.0.0.1:0", AnonymousProfile::Profile(1)),
            (None, "[::1]:0", AnonymousProfile::Profile(1)),
            (None, "0.0.0.0:0", AnonymousProfile::None),
            (Some("none"), "127.0.0.1:0", AnonymousProfile::None),
            (Some("4"), "0.0.0.0:0", AnonymousProfile::Profile(4)),
        ];
        for (setting, listen, expected) in rows {
            let mut flags = vec![("server.listen", listen)];
            flags.extend(setting.map(|text| ("access.anonymous_profile", text)));
            let settings = sources(&[], &flags).load().unwrap();
            assert_eq!(settings.anonymous_profile(), expected);
        }
        let wrong = sources(&[], &[("access.anonymous_profile", "6")]).load();
        assert!(wrong.is_err());
    }
}
