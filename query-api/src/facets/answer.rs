//! Counts → `Parameters`, or a table of comma-separated values.

use serde_json::{Value, json};
use shared::error::Issue;

use super::{Bucket, Coding, FacetCounts, Facets};
use crate::bundle;

/// The counts as a `Parameters` resource, with what the caller should know.
pub(crate) fn parameters(facets: &Facets, issues: &[Issue]) -> Value {
    let mut list = vec![json!({"name": "total", "valueInteger": facets.total})];
    list.extend(facets.facets.iter().map(facet));
    if !issues.is_empty() {
        let mut outcome = Vec::new();
        bundle::write_outcome(&mut outcome, issues.iter());
        let outcome: Value = serde_json::from_slice(&outcome).expect("our own JSON");
        list.push(json!({"name": "outcome", "resource": outcome}));
    }
    json!({"resourceType": "Parameters", "parameter": list})
}

fn facet(counts: &FacetCounts) -> Value {
    let mut parts = vec![
        json!({"name": "name", "valueCode": counts.name}),
        json!({"name": "parameter", "valueString": counts.parameter}),
        json!({"name": "matches", "valueInteger": counts.matches}),
    ];
    if let Some(without) = counts.without_value {
        parts.push(json!({"name": "without-value", "valueInteger": without}));
    }
    parts.push(json!({"name": "distinct", "valueInteger": counts.distinct}));
    parts.push(json!({"name": "left-out", "valueInteger": counts.distinct - counts.buckets.len()}));
    parts.extend(counts.buckets.iter().map(bucket));
    json!({"name": "facet", "part": parts})
}

fn bucket(bucket: &Bucket) -> Value {
    let mut parts = Vec::new();
    let mut add = |name: &str, value: Option<&Coding>| {
        parts.extend(value.map(|value| json!({"name": name, "valueCoding": coding(value)})));
    };
    add("value", bucket.value.as_ref());
    let count = match &bucket.capacity {
        None => "count",
        Some(capacity) => {
            add("capacity-type", capacity.kind.as_ref());
            add("capacity-status", capacity.status.as_ref());
            "records"
        }
    };
    if let Some(capacity) = &bucket.capacity {
        parts.push(json!({"name": "sum", "valueDecimal": number(capacity.sum)}));
    }
    parts.push(json!({"name": count, "valueInteger": bucket.count}));
    if let Some(criteria) = &bucket.criteria {
        parts.push(json!({"name": "criteria", "valueString": criteria}));
    }
    json!({"name": "bucket", "part": parts})
}

fn coding(value: &Coding) -> Value {
    let mut coding = json!({"code": value.code});
    if let Some(system) = &value.system {
        coding["system"] = json!(system);
    }
    if let Some(display) = &value.display {
        coding["display"] = json!(display);
    }
    coding
}

/// A sum as people write it: whole numbers without a fraction.
fn number(sum: f64) -> Value {
    if sum.fract() == 0.0 && sum.abs() < 1e15 { json!(sum as i64) } else { json!(sum) }
}

/// The columns of the table.
const COLUMNS: [&str; 15] = [
    "facet",
    "parameter",
    "matches",
    "without_value",
    "distinct",
    "system",
    "code",
    "display",
    "count",
    "capacity_type",
    "capacity_type_display",
    "capacity_status",
    "capacity_status_display",
    "sum",
    "criteria",
];

/// The counts as comma-separated values, UTF-8, a header line first, lines ended by CR LF. The first row
/// is the total, as a facet of its own name. Source: RFC 4180.
pub(crate) fn csv(facets: &Facets) -> Vec<u8> {
    let mut out = Vec::new();
    row(&mut out, &COLUMNS.map(str::to_owned));
    let total = facets.total.to_string();
    let mut first = COLUMNS.map(|_| String::new());
    first[0].push_str("total");
    first[2].clone_from(&total);
    first[8] = total;
    row(&mut out, &first);
    for counts in &facets.facets {
        for bucket in &counts.buckets {
            let part = |value: Option<&Coding>| {
                let text = |text: Option<&String>| text.cloned().unwrap_or_default();
                let display = text(value.and_then(|value| value.display.as_ref()));
                (text(value.map(|value| &value.code)), display)
            };
            let capacity = bucket.capacity.as_ref();
            let (code, display) = part(bucket.value.as_ref());
            let (kind, kind_display) = part(capacity.and_then(|c| c.kind.as_ref()));
            let (status, status_display) = part(capacity.and_then(|c| c.status.as_ref()));
            let system = bucket.value.as_ref().and_then(|value| value.system.clone());
            let cells = [
                counts.name.to_owned(),
                counts.parameter.clone(),
                counts.matches.to_string(),
                counts.without_value.map(|count| count.to_string()).unwrap_or_default(),
                counts.distinct.to_string(),
                system.unwrap_or_default(),
                code,
                display,
                bucket.count.to_string(),
                kind,
                kind_display,
                status,
                status_display,
                capacity.map(|c| number(c.sum).to_string()).unwrap_or_default(),
                bucket.criteria.clone().unwrap_or_default(),
            ];
            row(&mut out, &cells);
        }
    }
    out
}

fn row(out: &mut Vec<u8>, cells: &[String]) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if cell.contains(['"', ',', '\r', '\n']) {
            out.push(b'"');
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Coding, FacetCounts, Facets, csv, parameters};

    fn facets() -> Facets {
        let value = |display: &str| Coding {
            system: Some("urn:s".to_owned()),
            code: "10".to_owned(),
            display: Some(display.to_owned()),
        };
        let bucket = |display: &str| Bucket {
            value: Some(value(display)),
            count: 3,
            criteria: Some("specialty=urn:s%7C10".to_owned()),
            capacity: None,
        };
        Facets {
            total: 4,
            facets: vec![FacetCounts {
                name: "activity",
                parameter: "specialty".to_owned(),
                matches: 5,
                without_value: Some(2),
                distinct: 3,
                buckets: vec![bucket("Été, \"froid\""), bucket("b")],
            }],
        }
    }

    #[test]
    fn quotes_where_needed() {
        let text = String::from_utf8(csv(&facets())).unwrap();
        let lines: Vec<_> = text.split("\r\n").collect();
        assert_eq!(lines.len(), 5, "{text}");
        assert!(lines[0].starts_with("facet,parameter,matches,"));
        assert_eq!(lines[1], "total,,4,,,,,,4,,,,,,");
        let expected =
            "activity,specialty,5,2,3,urn:s,10,\"Été, \"\"froid\"\"\",3,,,,,,specialty=urn:s%7C10";
        assert_eq!(lines[2], expected);
    }

    #[test]
    fn says_what_is_left_out() {
        let answer = parameters(&facets(), &[]);
        let parts = answer["parameter"][1]["part"].as_array().unwrap();
        let value = |name: &str| {
            let part = parts.iter().find(|part| part["name"] == name).unwrap();
            part["valueInteger"].as_u64()
        };
        assert_eq!((value("distinct"), value("left-out")), (Some(3), Some(1)));
        assert_eq!(parts.iter().filter(|part| part["name"] == "bucket").count(), 2);
    }
}
