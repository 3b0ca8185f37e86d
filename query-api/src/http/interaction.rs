//! The interactions, one module each, and their names.

pub(crate) mod batch;
pub(crate) mod capabilities;
pub(crate) mod create;
pub(crate) mod definition;
pub(crate) mod delete;
pub(crate) mod facets;
pub(crate) mod geocode;
pub(crate) mod history;
pub(crate) mod patch;
pub(crate) mod read;
pub(crate) mod search;
pub(crate) mod update;

use std::fmt;

use axum::http::Method;
use shared::fhir::ResourceType;

/// Where bed-management systems send capacities, under a base path.
pub(crate) const CAPACITY_PATH: &str = "/ws-synchro-dispo-lits-fhir/Location";

/// What a request asks for. Source: FHIR R4, value set `system-restful-interaction` and
/// `type-restful-interaction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Interaction {
    /// The capability statement.
    Capabilities,
    /// The current version of a resource.
    Read,
    /// A version of a resource.
    Vread,
    /// A new resource.
    Create,
    /// The next version of a resource.
    Update,
    /// A change of parts of a resource.
    Patch,
    /// A deletion.
    Delete,
    /// The versions of one resource.
    HistoryInstance,
    /// The versions of all resources of a type.
    HistoryType,
    /// All versions.
    HistorySystem,
    /// Several interactions in one.
    Batch,
    /// Search of one type.
    SearchType,
    /// Search of several types.
    SearchSystem,
    /// An operation.
    Operation,
    /// The page, an unknown path, a method that is not answered.
    Other,
}

impl Interaction {
    /// The interaction of a method on a path template, whose base path is already taken off; `None`
    /// for a path that is not under a base.
    pub(crate) fn of(method: &Method, template: Option<&str>) -> Self {
        let get = method == Method::GET || method == Method::HEAD;
        let post = method == Method::POST;
        match (template, method) {
            (Some("/{type}"), &Method::POST) => return Self::Create,
            (Some("/{type}" | "/{type}/{id}"), &Method::PUT) => return Self::Update,
            (Some("/{type}" | "/{type}/{id}" | CAPACITY_PATH), &Method::PATCH) => {
                return Self::Patch;
            }
            (Some("/{type}" | "/{type}/{id}"), &Method::DELETE) => return Self::Delete,
            (Some("" | "/"), &Method::POST) => return Self::Batch,
            _ => {}
        }
        match template {
            Some("/{type}/{id}/_history") if get => Self::HistoryInstance,
            Some("/{type}/_history") if get => Self::HistoryType,
            Some("/_history") if get => Self::HistorySystem,
            Some("/metadata") if get => Self::Capabilities,
            Some("/{type}/{id}") if get => Self::Read,
            Some("/{type}/{id}/_history/{version}") if get => Self::Vread,
            Some("/{type}") if get => Self::SearchType,
            Some("/{type}/_search") if post => Self::SearchType,
            Some("" | "/") if get => Self::SearchSystem,
            Some("/_search") if post => Self::SearchSystem,
            Some(path) if (get || post) && path.contains(['$', '%']) => Self::Operation,
            _ => Self::Other,
        }
    }

    /// The resource type that a path names, given its template without the base path.
    pub(crate) fn resource_type(template: Option<&str>, path: &str) -> Option<ResourceType> {
        let segments_after_base = template?.matches('/').count();
        template?.strip_prefix("/{type}")?;
        path.rsplit('/').nth(segments_after_base - 1)?.parse().ok()
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Capabilities => "capabilities",
            Self::Read => "read",
            Self::Vread => "vread",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::HistoryInstance => "history-instance",
            Self::HistoryType => "history-type",
            Self::HistorySystem => "history-system",
            Self::Batch => "batch",
            Self::SearchType => "search-type",
            Self::SearchSystem => "search-system",
            Self::Operation => "operation",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Interaction;
    use axum::http::Method;
    use shared::fhir::ResourceType;

    #[test]
    fn names() {
        let rows = [
            (Method::GET, Some("/metadata"), "capabilities"),
            (Method::HEAD, Some("/{type}/{id}"), "read"),
            (Method::GET, Some("/{type}/{id}/_history/{version}"), "vread"),
            (Method::GET, Some("/{type}"), "search-type"),
            (Method::POST, Some("/{type}/_search"), "search-type"),
            (Method::GET, Some(""), "search-system"),
            (Method::POST, Some("/_search"), "search-system"),
            (Method::POST, Some("/{type}"), "create"),
            (Method::PUT, Some("/{type}/{id}"), "update"),
            (Method::PATCH, Some("/{type}"), "patch"),
            (Method::DELETE, Some("/{type}/{id}"), "delete"),
            (Method::GET, Some("/{type}/{id}/_history"), "history-instance"),
            (Method::GET, Some("/{type}/_history"), "history-type"),
            (Method::GET, Some("/_history"), "history-system"),
            (Method::POST, Some("/"), "batch"),
            (Method::GET, Some("/{type}/$facets"), "operation"),
            (Method::POST, Some("/%24geocode"), "operation"),
            (Method::PUT, Some("/metadata"), "other"),
            (Method::GET, None, "other"),
        ];
        for (method, template, expected) in rows {
            assert_eq!(Interaction::of(&method, template).to_string(), expected);
        }
    }

    #[test]
    fn types() {
        let rows = [
            (Some("/{type}"), "/fhir/Task", Some(ResourceType::Task)),
            (Some("/{type}/_search"), "/a/b/Task/_search", Some(ResourceType::Task)),
            (
                Some("/{type}/{id}/_history/{version}"),
                "/f/Task/1/_history/2",
                Some(ResourceType::Task),
            ),
            (Some("/{type}"), "/fhir/Patient", None),
            (Some("/metadata"), "/fhir/metadata", None),
            (None, "/Task", None),
        ];
        for (template, path, expected) in rows {
            assert_eq!(Interaction::resource_type(template, path), expected, "{path}");
        }
    }
}
