//! `GET metadata`: the capability statement, made from the table of search parameters and the
//! settings, so that it cannot claim what is not there.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use shared::config::Settings;
use shared::fhir::ResourceType;
use shared::registry::{self, Origin, ParameterType, RecordKind, SearchParameter};

use crate::app::App;
use crate::http::answer::{self, Layout};
use crate::http::error::ApiError;
use crate::http::{negotiate, operation, query};

/// Day of the last change of this statement's form.
const DATE: &str = "2026-11-23";

/// Answers the capability statement.
pub(crate) async fn capabilities(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let text = uri.query().unwrap_or_default();
    negotiate::accepts_json(&headers, query::value(text, "_format").as_deref())?;
    let layout = Layout::of(query::value(text, "_pretty").as_deref());
    Ok(answer::ok(layout.apply(app.capability_statement.clone()), 0))
}

/// The statement of a server at `base_url`, as JSON; its type comes first, for people who read it.
pub(crate) fn statement_json(base_url: &str, settings: &Settings) -> Vec<u8> {
    answer::type_first(statement(base_url, settings))
}

fn statement(base_url: &str, settings: &Settings) -> Value {
    let resources: Vec<Value> =
        ResourceType::ALL.into_iter().map(|t| resource(base_url, t)).collect();
    let mut statement = json!({
        "resourceType": "CapabilityStatement",
        "url": format!("{base_url}/metadata"),
        "name": "HealthOfferDirectory",
        "title": "Health offer directory",
        "version": env!("CARGO_PKG_VERSION"),
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "description": "Search service over the French health offer directory (ROR).",
        "software": {"name": "query-api", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "Health offer directory", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "patchFormat": ["application/fhir+json", "application/json-patch+json"],
        "rest": [{
            "mode": "server",
            "documentation": documentation(settings),
            "security": {"cors": true},
            "resource": resources,
            "interaction": [
                {
                    "code": "search-system",
                    "documentation": "Over the types of _type; over all types without it.",
                },
                {"code": "history-system"},
                {"code": "batch"},
                {"code": "transaction"},
            ],
            "searchParam": result_parameters(settings),
        }],
    });
    let operations = operation::capabilities(base_url, None);
    if !operations.is_empty() {
        statement["rest"][0]["operation"] = operations.into();
    }
    statement
}

/// The rules that hold for all searches, as text.
fn documentation(settings: &Settings) -> String {
    let paging = &settings.paging;
    let limits = &settings.limits;
    format!(
        "Searches by GET and by POST to _search. Parameters are ANDed, values separated by commas are ORed; \\, \\| and \\$ escape. \
         Chains (location.name, focus:HealthcareService.identifier) and _has may be nested and combined, at most {depth} steps deep. \
         A date without a zone is in Europe/Paris. \
         CORRELATION: criteria that read one kind of record (a price, a capacity, an equipment, a dwelling, a public) over the same chain hold together on one and the same record, \
         and criteria chained over one reference hold on one and the same target; ror-correlation=independent asks for each criterion alone. \
         On criteria chained from organization, the suffix :above (organization.identifier:above) also accepts an ancestor by partOf. \
         FULL TEXT: the words of _content and _text are ANDed; \"quoted words\" stand next to each other in one value; -word and -\"quoted words\" exclude; \
         a telephone, FINESS, SIREN, SIRET, ADELI or RPPS number is found as a whole; a word found nowhere is read as the nearest one, and the answer says so. \
         Matches of criteria on prices and capacities name the records that satisfy them, in extensions matched-price and matched-capacity of entry.search. \
         An unknown parameter is ignored with a warning in the Bundle, or refused with Prefer: handling=strict; a bad value or modifier is always refused. \
         A page holds {default} matches unless _count says otherwise, at most {max}; follow the next links to the end. \
         A write is answered when it is stored and searches find it; if searches do not find it within {visible} ms, the answer has the header X-Not-Yet-Searchable. \
         PATCH takes FHIRPath Patch (Parameters) and JSON Patch, by id or by a condition (Location?identifier=…). \
         The condition of a create stands in If-None-Exist; If-Match, If-None-Match and If-Unmodified-Since hold other writes back; a parameter or header that a write does not take is refused. \
         Limits: at most {entries} entries in a batch or transaction and {answers} bytes of answers to them, URL {url} bytes, body {body} bytes, {parameters} parameters, {or} values in one parameter and {values} in all, {words} words in one text parameter and {all_words} in all.",
        depth = limits.chain_depth,
        entries = limits.bundle_entries,
        answers = limits.bundle_answer_bytes,
        visible = settings.write.visible_ms,
        default = paging.count_default,
        max = paging.count_max,
        url = limits.url_bytes,
        body = limits.body_bytes,
        parameters = limits.parameters,
        or = limits.or_values,
        words = limits.words,
        values = limits.search_values,
        all_words = limits.search_words,
    )
}

/// What is answered on every type. Source: FHIR R4, value set `type-restful-interaction`.
const INTERACTIONS: [&str; 9] = [
    "create",
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "search-type",
];

fn resource(base_url: &str, resource_type: ResourceType) -> Value {
    let parameters: Vec<Value> = registry::of_type(resource_type)
        .map(|parameter| search_parameter(resource_type, parameter))
        .collect();
    let mut resource = json!({
        "type": resource_type.as_str(),
        "profile": format!("http://hl7.org/fhir/StructureDefinition/{resource_type}"),
        "interaction": INTERACTIONS.map(|code| json!({"code": code})),
        "versioning": "versioned-update",
        "readHistory": true,
        "updateCreate": true,
        "conditionalCreate": true,
        "conditionalUpdate": true,
        "conditionalDelete": "single",
        "conditionalRead": "full-support",
        "referencePolicy": ["literal", "logical"],
        "searchInclude": includes(resource_type),
        "searchRevInclude": reverse_includes(resource_type),
        "searchParam": parameters,
    });
    let operations = operation::capabilities(base_url, Some(resource_type));
    if !operations.is_empty() {
        resource["operation"] = operations.into();
    }
    if let Some(profile) = profile(resource_type) {
        resource["supportedProfile"] = json!([format!(
            "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/{profile}"
        )]);
    }
    resource
}

/// The profile of the ROR guide 0.7.0 for a type.
const fn profile(resource_type: ResourceType) -> Option<&'static str> {
    match resource_type {
        ResourceType::HealthcareService => Some("ror-healthcareservice"),
        ResourceType::Organization => Some("ror-organization"),
        ResourceType::Location => Some("ror-location"),
        ResourceType::Practitioner => Some("ror-practitioner"),
        ResourceType::PractitionerRole => Some("ror-practitionerrole"),
        ResourceType::Task => Some("ror-task"),
        ResourceType::Measure | ResourceType::MeasureReport => None,
    }
}

/// What a parameter finds and how it may be asked, in sentences.
fn parameter_documentation(parameter: &SearchParameter) -> String {
    let mut sentences = vec![parameter.doc.to_owned()];
    if let Some(record) = parameter.record {
        let kind = record_name(record);
        sentences.push(format!(
            "Criteria on {kind} hold together on one and the same (see ror-correlation)."
        ));
    }
    if !parameter.components.is_empty() {
        sentences.push(format!("Components: {}.", parameter.components.join("$")));
    }
    if parameter.takes_prefix() {
        sentences.push("Prefixes: eq, ne, gt, lt, ge, le, sa, eb, ap.".to_owned());
    }
    if !parameter.modifiers().is_empty() {
        sentences.push(format!("Modifiers: :{}.", parameter.modifiers().join(", :")));
    }
    if parameter.origin == Origin::Ours {
        sentences.push("Defined by this service.".to_owned());
    }
    sentences.join(" ")
}

fn search_parameter(resource_type: ResourceType, parameter: &SearchParameter) -> Value {
    let mut value = json!({
        "name": parameter.code,
        "type": type_code(parameter.kind),
        "documentation": parameter_documentation(parameter),
    });
    if let Some(definition) = definition(resource_type, parameter) {
        value["definition"] = definition.into();
    }
    value
}

const fn record_name(record: RecordKind) -> &'static str {
    match record {
        RecordKind::Price => "a price",
        RecordKind::Capacity => "a capacity",
        RecordKind::Equipment => "an equipment",
        RecordKind::Dwelling => "a dwelling",
        RecordKind::Patient => "a public",
        RecordKind::UseContext => "a use context",
    }
}

/// Source: FHIR R4, value set `search-param-type`.
const fn type_code(kind: ParameterType) -> &'static str {
    match kind {
        ParameterType::Token => "token",
        ParameterType::String | ParameterType::Text => "string",
        ParameterType::Date => "date",
        ParameterType::Number => "number",
        ParameterType::Quantity => "quantity",
        ParameterType::Reference => "reference",
        ParameterType::Uri => "uri",
        ParameterType::Composite => "composite",
        ParameterType::Special => "special",
    }
}

/// Parameters that R4 defines once for several types of people.
const INDIVIDUAL: [&str; 13] = [
    "address",
    "address-city",
    "address-country",
    "address-postalcode",
    "address-state",
    "address-use",
    "email",
    "family",
    "gender",
    "given",
    "phone",
    "phonetic",
    "telecom",
];

/// The canonical URL of a parameter's definition, for those that are published.
fn definition(resource_type: ResourceType, parameter: &SearchParameter) -> Option<String> {
    let code = parameter.code;
    match parameter.origin {
        Origin::R4 => {
            let person = matches!(
                resource_type,
                ResourceType::Practitioner | ResourceType::PractitionerRole
            );
            let id = match code.strip_prefix('_') {
                Some("text") => "DomainResource-text".to_owned(),
                Some(name) => format!("Resource-{name}"),
                None if person && INDIVIDUAL.contains(&code) => format!("individual-{code}"),
                None => format!("{resource_type}-{code}"),
            };
            Some(format!("http://hl7.org/fhir/SearchParameter/{id}"))
        }
        Origin::Ror => {
            let middle = match resource_type {
                ResourceType::HealthcareService => "healthcareservice-",
                ResourceType::Organization => "organization-",
                ResourceType::Location if ["near-insee-code", "commune-cog"].contains(&code) => {
                    "location-"
                }
                ResourceType::Location
                | ResourceType::Practitioner
                | ResourceType::PractitionerRole
                | ResourceType::Task
                | ResourceType::Measure
                | ResourceType::MeasureReport => "",
            };
            Some(format!(
                "https://interop.esante.gouv.fr/ig/fhir/ror/SearchParameter/ror-sp-{middle}{code}"
            ))
        }
        Origin::Ours => None,
    }
}

/// `_include` values from a type: all, and each reference parameter, also narrowed to a target when
/// there are several.
fn includes(source: ResourceType) -> Vec<String> {
    let mut includes = vec!["*".to_owned()];
    for parameter in registry::of_type(source) {
        include_values(source, parameter, parameter.targets, &mut includes);
    }
    includes
}

/// `_revinclude` values to a type.
fn reverse_includes(target: ResourceType) -> Vec<String> {
    let mut includes = Vec::new();
    for source in ResourceType::ALL {
        for parameter in registry::of_type(source).filter(|p| p.targets.contains(&target)) {
            include_values(source, parameter, &[target], &mut includes);
        }
    }
    includes
}

fn include_values(
    source: ResourceType,
    parameter: &SearchParameter,
    targets: &[ResourceType],
    includes: &mut Vec<String>,
) {
    if parameter.kind != ParameterType::Reference || targets.is_empty() {
        return;
    }
    includes.push(format!("{source}:{}", parameter.code));
    if parameter.targets.len() > 1 {
        for target in targets {
            includes.push(format!("{source}:{}:{target}", parameter.code));
        }
    }
}

/// The parameters of every search that shape the answer or combine criteria.
fn result_parameters(settings: &Settings) -> Value {
    let count = format!(
        "Matches on a page: {} without it, at most {}; 0 for the total alone.",
        settings.paging.count_default, settings.paging.count_max
    );
    // (name, type, documentation)
    let rows: [(&str, &str, &str); 17] = [
        ("_type", "token", "Types of a search of the whole directory, separated by commas."),
        (
            "_filter",
            "special",
            "A boolean expression over the parameters, their chains and _has. ref[...] holds its criteria on one target.",
        ),
        (
            "_has",
            "special",
            "_has:Type:reference:parameter: a resource refers to the match and satisfies the parameter, which may be a chain or another _has.",
        ),
        (
            "_include",
            "special",
            "Type:parameter, Type:parameter:Target or *: adds the resources that matches refer to. Without :iterate it also starts from included resources of its type.",
        ),
        ("_revinclude", "special", "Adds the resources that refer to matches."),
        (
            "_sort",
            "special",
            "Order: parameters separated by commas, - before one for descending, chains allowed (organization.price-amount-value). A missing value comes last. near sorts by distance.",
        ),
        (
            "_sort:[parameter]",
            "special",
            "A condition on the records that a key of _sort looks at, with the key's chain (_sort:organization.price-type). It filters nothing: matches without such a record come last and are counted. Defined by this service.",
        ),
        ("_count", "number", &count),
        ("_total", "token", "accurate or none. Totals are always exact."),
        ("_elements", "special", "The elements of matches to show, besides the mandatory ones."),
        ("_summary", "token", "true, text, data, count or false."),
        ("_format", "token", "json."),
        ("_pretty", "token", "true: indented for people."),
        ("_page", "special", "The token of a page, from a next link. Defined by this service."),
        (
            "_explain",
            "token",
            "true: how the search was computed, as an informational outcome. Defined by this service.",
        ),
        (
            "ror-now",
            "date",
            "The instant that open-at=now and capacity-max-age are measured from; links carry it. Defined by this service.",
        ),
        (
            "ror-correlation",
            "token",
            "independent: each criterion is satisfied alone, as R4 reads it. Without it criteria on one kind of record hold on one record. Defined by this service.",
        ),
    ];
    rows.into_iter()
        .map(|(name, kind, text)| json!({"name": name, "type": kind, "documentation": text}))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{statement, statement_json};
    use serde_json::Value;
    use shared::config::Settings;
    use shared::fhir::ResourceType;
    use shared::registry;
    use std::collections::BTreeSet;

    fn names(list: &Value) -> Vec<&str> {
        list.as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect()
    }

    #[test]
    fn says_all_there_is() {
        let json = statement_json("https://ror.example/fhir", &Settings::default());
        assert!(json.starts_with(br#"{"resourceType":"CapabilityStatement","#));
        let statement: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(statement["implementation"]["url"], "https://ror.example/fhir");
        let resources = statement["rest"][0]["resource"].as_array().unwrap();
        assert_eq!(resources.len(), ResourceType::ALL.len());
        for (resource, resource_type) in resources.iter().zip(ResourceType::ALL) {
            assert_eq!(resource["type"], resource_type.as_str());
            let listed = names(&resource["searchParam"]);
            let defined: Vec<_> = registry::of_type(resource_type).map(|p| p.code).collect();
            assert_eq!(listed, defined);
            let distinct: BTreeSet<_> = listed.iter().collect();
            assert_eq!(distinct.len(), listed.len(), "a name stands twice on {resource_type}");
            for parameter in resource["searchParam"].as_array().unwrap() {
                assert!(!parameter["documentation"].as_str().unwrap().is_empty());
            }
        }
        let general = names(&statement["rest"][0]["searchParam"]);
        for name in [
            "_sort:[parameter]",
            "ror-now",
            "_include",
            "_filter",
            "_has",
            "_sort",
            "ror-correlation",
            "_page",
        ] {
            assert!(general.contains(&name), "{name}");
        }
    }

    #[test]
    fn lists_includes() {
        let statement = statement("http://x", &Settings::default());
        let resource = |name: &str| {
            let resources = statement["rest"][0]["resource"].as_array().unwrap();
            resources.iter().find(|r| r["type"] == name).unwrap().clone()
        };
        let has = |list: &Value, value: &str| {
            let values = list.as_array().unwrap();
            assert!(values.iter().any(|v| v == value), "{value} not in {list}");
        };
        let offer = resource("HealthcareService");
        has(&offer["searchInclude"], "*");
        has(&offer["searchInclude"], "HealthcareService:organization");
        has(&offer["searchRevInclude"], "PractitionerRole:service");
        has(&offer["searchRevInclude"], "Task:focus:HealthcareService");
        has(&resource("Organization")["searchInclude"], "Organization:partof");
    }

    #[test]
    fn cites_definitions() {
        let statement = statement("http://x", &Settings::default());
        // (type, parameter, definition)
        let rows = [
            ("Location", "_id", Some("http://hl7.org/fhir/SearchParameter/Resource-id")),
            ("Location", "near", Some("http://hl7.org/fhir/SearchParameter/Location-near")),
            (
                "Practitioner",
                "family",
                Some("http://hl7.org/fhir/SearchParameter/individual-family"),
            ),
            (
                "Organization",
                "price-type",
                Some(
                    "https://interop.esante.gouv.fr/ig/fhir/ror/SearchParameter/ror-sp-organization-price-type",
                ),
            ),
            (
                "Location",
                "capacity-type",
                Some(
                    "https://interop.esante.gouv.fr/ig/fhir/ror/SearchParameter/ror-sp-capacity-type",
                ),
            ),
            ("HealthcareService", "sensitive-unit", None),
        ];
        for (resource_type, code, expected) in rows {
            let resources = statement["rest"][0]["resource"].as_array().unwrap();
            let resource = resources.iter().find(|r| r["type"] == resource_type).unwrap();
            let parameters = resource["searchParam"].as_array().unwrap();
            let parameter = parameters.iter().find(|p| p["name"] == code).unwrap();
            assert_eq!(parameter.get("definition").and_then(Value::as_str), expected, "{code}");
        }
    }
}
