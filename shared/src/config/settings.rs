//! The settings themselves, their defaults, and what makes them contradict each other.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// All settings. The keys are described in [`super::KEYS`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Directory of the store and the index.
    pub data_dir: PathBuf,
    /// Listeners and addresses.
    pub server: Server,
    /// What a caller may ask for.
    pub limits: Limits,
    /// Sizes of pages.
    pub paging: Paging,
    /// How much is computed at once, and for how long.
    pub engine: Engine,
    /// How changes are taken.
    pub write: Write,
    /// Who knows street addresses.
    pub geocoder: Geocoder,
    /// Who may see what.
    pub access: Access,
    /// What is logged.
    pub log: Log,
}

/// Listeners and addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address of the FHIR service.
    pub listen: SocketAddr,
    /// Address of metrics and health.
    pub internal_listen: SocketAddr,
    /// Public URL of the FHIR base, without a slash at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Paths that answer as FHIR base; the first is the default of links.
    pub base_paths: Vec<String>,
    /// Certificate chain (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,
    /// Time given to running requests when stopping.
    pub shutdown_seconds: u64,
}

/// The files of TLS, when the service speaks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tls<'a> {
    /// Certificate chain (PEM).
    pub cert: &'a PathBuf,
    /// Private key (PEM).
    pub key: &'a PathBuf,
}

/// What a caller may ask for; beyond it the answer is a 4xx that names the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Longest path and query of a URL, in bytes.
    pub url_bytes: usize,
    /// Largest request body, in bytes.
    pub body_bytes: usize,
    /// Time a request body has to arrive, in seconds.
    pub body_seconds: u64,
    /// Time a caller may take nothing of an answer, in seconds.
    pub unread_seconds: u64,
    /// Most bytes of answers that callers have not read yet.
    pub unread_bytes: usize,
    /// Most parameters of one search.
    pub parameters: usize,
    /// Most values separated by commas in one parameter.
    pub or_values: usize,
    /// Most parameters of `_sort`.
    pub sort_keys: usize,
    /// Most words in the values of one text parameter.
    pub words: usize,
    /// Most values of all parameters of one search.
    pub search_values: usize,
    /// Most words of all text parameters of one search.
    pub search_words: usize,
    /// Most steps of one chain.
    pub chain_depth: usize,
    /// Most levels of parentheses, brackets and nots in a `_filter`.
    pub filter_depth: usize,
    /// Most resources that includes add to one page.
    pub includes: usize,
    /// Most entries of a batch or transaction.
    pub bundle_entries: usize,
    /// Most bytes of the answers to the entries of one batch or transaction.
    pub bundle_answer_bytes: usize,
    /// Most operations of one patch.
    pub patch_operations: usize,
}

/// Sizes of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Paging {
    /// Matches on a page when `_count` is absent.
    pub count_default: u32,
    /// Most matches on a page.
    pub count_max: u32,
}

/// How much is computed at once, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Engine {
    /// Requests computed at the same time; 0 for twice the processors.
    pub workers: usize,
    /// Requests that may wait for a worker.
    pub queue: usize,
    /// Longest computation of one request, in milliseconds.
    pub deadline_ms: u64,
}

/// How changes are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Write {
    /// Changes that may wait for the one writer.
    pub queue: usize,
    /// Longest wait, in milliseconds, for a durable change to be found by searches.
    pub visible_ms: u64,
    /// Room on the disk, in bytes, below which changes are refused; at most a sixteenth of the disk.
    pub reserve_bytes: u64,
    /// Versions kept of each resource, the newest included; 0 for all.
    pub versions_kept: u32,
    /// What becomes of a write that refers to what does not exist.
    pub references: ReferenceRule,
    /// Where the rules of the ROR profiles are errors.
    pub profiles: ProfileRules,
}

/// What becomes of a write that refers to a resource the directory does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReferenceRule {
    /// Nothing is said.
    Off,
    /// It is done, and the answer warns.
    #[default]
    Warning,
    /// It is refused.
    Error,
}

/// Where the rules of the ROR profiles are errors, and not warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileRules {
    /// In documents whose `meta.profile` claims the profile.
    #[default]
    Claimed,
    /// In every document.
    Always,
}

/// A service of street addresses that speaks `GeoCodeJSON`, and how far it is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Geocoder {
    /// What stands before `/search/`, without a slash at the end; no service without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Longest wait for an answer, in milliseconds.
    pub timeout_ms: u64,
    /// Least score, of 100, of an address that is taken without asking.
    pub min_score_percent: u8,
    /// Most answers kept in memory; 0 for none.
    pub cache_entries: usize,
    /// How long an answer is kept, in seconds.
    pub cache_seconds: u64,
}

/// Who may see what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Profile of callers without credentials; see [`Settings::anonymous_profile`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_profile: Option<AnonymousProfile>,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Directives of the tracing library: `info`, `query_api=debug,info`.
    pub filter: String,
}

/// The rights of a caller without credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnonymousProfile {
    /// No access but to the capability statement.
    None,
    /// Access profile 0 to 5; 1 sees everything.
    Profile(u8),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("index-data"),
            server: Server::default(),
            limits: Limits::default(),
            paging: Paging::default(),
            engine: Engine::default(),
            write: Write::default(),
            geocoder: Geocoder::default(),
            access: Access::default(),
            log: Log::default(),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            internal_listen: (Ipv4Addr::LOCALHOST, 8081).into(),
            public_url: None,
            base_paths: vec!["/fhir".to_owned(), "/ws-diffusion-fhir".to_owned()],
            tls_cert: None,
            tls_key: None,
            shutdown_seconds: 10,
        }
    }
}

impl Limits {
    /// Time a caller may take nothing of an answer.
    pub fn unread(&self) -> Duration {
        Duration::from_secs(self.unread_seconds)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            url_bytes: 32 * 1024,
            body_bytes: 4 * 1024 * 1024,
            body_seconds: 60,
            unread_seconds: 30,
            unread_bytes: 512 << 20,
            parameters: 200,
            or_values: 2000,
            sort_keys: 20,
            words: 1000,
            search_values: 10_000,
            search_words: 2000,
            chain_depth: 8,
            filter_depth: 32,
            includes: 10_000,
            bundle_entries: 5_000,
            bundle_answer_bytes: 64 << 20,
            patch_operations: 500,
        }
    }
}

impl Default for Paging {
    fn default() -> Self {
        Self { count_default: 200, count_max: 1000 }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self { workers: 0, queue: 512, deadline_ms: 10_000 }
    }
}

impl Default for Write {
    fn default() -> Self {
        Self {
            queue: 4096,
            visible_ms: 5_000,
            reserve_bytes: 256 << 20,
            versions_kept: 0,
            references: ReferenceRule::default(),
            profiles: ProfileRules::default(),
        }
    }
}

impl Default for Geocoder {
    fn default() -> Self {
        Self {
            url: None,
            timeout_ms: 1_500,
            min_score_percent: 70,
            cache_entries: 5_000,
            cache_seconds: 86_400,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned() }
    }
}

impl Settings {
    /// The rights of a caller without credentials: as set; otherwise all of them while only this
    /// machine can call, and none as soon as others can.
    pub fn anonymous_profile(&self) -> AnonymousProfile {
        match self.access.anonymous_profile {
            Some(profile) => profile,
            None if self.server.listen.ip().is_loopback() => AnonymousProfile::Profile(1),
            None => AnonymousProfile::None,
        }
    }

    /// What contradicts itself, as sentences; empty when all is well.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = self.server.problems();
        let limits = &self.limits;
        let positive = [
            ("limits.url_bytes", limits.url_bytes as u64),
            ("limits.body_bytes", limits.body_bytes as u64),
            ("limits.body_seconds", limits.body_seconds),
            ("limits.unread_seconds", limits.unread_seconds),
            ("limits.unread_bytes", limits.unread_bytes as u64),
            ("limits.parameters", limits.parameters as u64),
            ("limits.or_values", limits.or_values as u64),
            ("limits.words", limits.words as u64),
            ("limits.search_values", limits.search_values as u64),
            ("limits.search_words", limits.search_words as u64),
            ("limits.chain_depth", limits.chain_depth as u64),
            ("limits.filter_depth", limits.filter_depth as u64),
            ("limits.bundle_entries", limits.bundle_entries as u64),
            ("limits.bundle_answer_bytes", limits.bundle_answer_bytes as u64),
            ("limits.patch_operations", limits.patch_operations as u64),
            ("write.queue", self.write.queue as u64),
            ("paging.count_default", u64::from(self.paging.count_default)),
            ("engine.deadline_ms", self.engine.deadline_ms),
            ("geocoder.timeout_ms", self.geocoder.timeout_ms),
        ];
        for (name, value) in positive {
            if value == 0 {
                problems.push(format!("{name} must be greater than 0"));
            }
        }
        if self.geocoder.min_score_percent > 100 {
            problems.push("geocoder.min_score_percent must be at most 100".to_owned());
        }
        if let Some(url) = &self.geocoder.url
            && !is_plain_url(url)
        {
            problems.push(format!(
                "geocoder.url: \"{url}\" must be an http or https URL without query or fragment"
            ));
        }
        if limits.url_bytes > URL_BYTES_MAX {
            problems.push(format!("limits.url_bytes must be at most {URL_BYTES_MAX}"));
        }
        if self.paging.count_default > self.paging.count_max {
            problems.push("paging.count_default must not exceed paging.count_max".to_owned());
        }
        problems
    }
}

/// The HTTP library reads no longer request target.
const URL_BYTES_MAX: usize = 65_534;

impl Server {
    /// The files of TLS; `None` for plain HTTP.
    pub fn tls(&self) -> Option<Tls<'_>> {
        let (cert, key) = (self.tls_cert.as_ref()?, self.tls_key.as_ref()?);
        Some(Tls { cert, key })
    }

    /// Time given to running requests when stopping.
    pub fn shutdown(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.base_paths.is_empty() {
            problems.push("server.base_paths must name at least one path".to_owned());
        }
        for (i, path) in self.base_paths.iter().enumerate() {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./~".contains(c);
            let well_formed = path.len() > 1
                && path.starts_with('/')
                && !path.ends_with('/')
                && !path.contains("//")
                && path.chars().all(plain);
            if !well_formed {
                problems.push(format!(
                    "server.base_paths: \"{path}\" must start with a slash, not end with one, and hold only letters, digits and -_.~/"
                ));
            }
            if self.base_paths[..i].contains(path) {
                problems.push(format!("server.base_paths names \"{path}\" twice"));
            }
        }
        if let Some(url) = &self.public_url
            && !is_plain_url(url)
        {
            problems.push(format!(
                "server.public_url: \"{url}\" must be an http or https URL without query or fragment"
            ));
        }
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            problems.push("server.tls_cert and server.tls_key need each other".to_owned());
        }
        problems
    }
}

/// Whether a text is an http or https URL without query or fragment.
fn is_plain_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_graphic() && !"\"\\<>?#".contains(c);
    rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(plain))
}

impl Serialize for AnonymousProfile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::Profile(profile) => serializer.serialize_str(&profile.to_string()),
        }
    }
}

impl<'de> Deserialize<'de> for AnonymousProfile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Number(u8),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Number(number) => number.to_string(),
        };
        match text.as_str() {
            "none" => Ok(Self::None),
            "0" | "1" | "2" | "3" | "4" | "5" => Ok(Self::Profile(text.as_bytes()[0] - b'0')),
            _ => Err(serde::de::Error::custom(format!(
                "access.anonymous_profile must be none or 0 to 5, not \"{text}\""
            ))),
        }
    }
}
