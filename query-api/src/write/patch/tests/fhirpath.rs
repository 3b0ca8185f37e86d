//! `FHIRPath` Patch: the cases of the official suite on resources of this directory, and the rules of
//! the `fhirpatch` page at their edges.

use shared::fhir::ResourceType;

use super::{body, operation, outcome, patch_fhir};

/// The document after the operations, or the outcome.
fn check(resource_type: ResourceType, members: &str, operations: &[String], expected: &str) {
    let document = document(resource_type, members);
    let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
    let result = patch_fhir(resource_type, &document, &body(&operations));
    match result {
        Ok(after) => assert_eq!(after, self::document(resource_type, expected), "{operations:?}"),
        Err(error) => assert_eq!(outcome(&error), expected, "{operations:?}: {error}"),
    }
}

fn document(resource_type: ResourceType, members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"resourceType":"{resource_type}","id":"a"{comma}{members}}}"#)
}

fn practitioner(members: &str, operations: &[String], expected: &str) {
    check(ResourceType::Practitioner, members, operations, expected);
}

fn place(members: &str, operation: &str, path: &str, more: &str, expected: &str) {
    check(ResourceType::Location, members, &[self::operation(operation, path, more)], expected);
}

fn value(json: &str) -> String {
    format!(r#"{{"name":"value",{json}}}"#)
}

fn named(name: &str, json: &str) -> String {
    format!(r#"{{"name":"name","valueString":"{name}"}},{}"#, value(json))
}

fn number(part: &str, number: usize) -> String {
    format!(r#"{{"name":"{part}","valueInteger":{number}}}"#)
}

/// `"identifier"` with these values.
fn identifiers(values: &[u8]) -> String {
    let items: Vec<_> =
        values.iter().map(|value| format!(r#"{{"system":"s","value":"{value}"}}"#)).collect();
    format!(r#""identifier":[{}]"#, items.join(","))
}

const ELEMENTS: &[(&str, &str, &str, &str, &str)] = &[
    // Primitive.
    (
        r#""birthDate":"1920-01-01""#,
        "replace",
        "Practitioner.birthDate",
        r#"{"name":"value","valueDate":"1930-01-01"}"#,
        r#""birthDate":"1930-01-01""#,
    ),
    (r#""birthDate":"1920-01-01""#, "delete", "Practitioner.birthDate", "", ""),
    (
        "",
        "add",
        "Practitioner",
        r#"{"name":"name","valueString":"birthDate"},{"name":"value","valueDate":"1930-01-01"}"#,
        r#""birthDate":"1930-01-01""#,
    ),
    // Nested primitive; deleting the last part of an element deletes the element.
    (
        r#""qualification":[{"code":{"text":"a"},"period":{"start":"2012"}}]"#,
        "replace",
        "Practitioner.qualification[0].period.start",
        r#"{"name":"value","valueDateTime":"2013"}"#,
        r#""qualification":[{"code":{"text":"a"},"period":{"start":"2013"}}]"#,
    ),
    (
        r#""qualification":[{"code":{"text":"a"},"period":{"start":"2012"}}]"#,
        "delete",
        "Practitioner.qualification[0].period.start",
        "",
        r#""qualification":[{"code":{"text":"a"}}]"#,
    ),
    (
        r#""qualification":[{"code":{"text":"a"}}]"#,
        "delete",
        "Practitioner.qualification[0].code.text",
        "",
        "",
    ),
    (
        r#""qualification":[{"code":{"text":"a"}}]"#,
        "add",
        "Practitioner.qualification[0]",
        r#"{"name":"name","valueString":"period"},{"name":"value","valuePeriod":{"end":"2020"}}"#,
        r#""qualification":[{"code":{"text":"a"},"period":{"end":"2020"}}]"#,
    ),
    // Complex.
    (
        r#""name":[{"id":"1","text":"a"}]"#,
        "replace",
        "Practitioner.name[0]",
        r#"{"name":"value","valueHumanName":{"id":"2","text":"b"}}"#,
        r#""name":[{"id":"2","text":"b"}]"#,
    ),
    (r#""name":[{"text":"a"}]"#, "delete", "Practitioner.name", "", ""),
    // An element without a datatype of its own is built of parts.
    (
        "",
        "add",
        "Practitioner",
        r#"{"name":"name","valueString":"qualification"},{"name":"value","part":[
            {"name":"code","valueCodeableConcept":{"text":"a"}},
            {"name":"identifier","valueIdentifier":{"value":"1"}},
            {"name":"identifier","valueIdentifier":{"value":"2"}}]}"#,
        r#""qualification":[{"code":{"text":"a"},"identifier":[{"value":"1"},{"value":"2"}]}]"#,
    ),
    (
        r#""qualification":[{"code":{"text":"a"}}]"#,
        "delete",
        "Practitioner.qualification[0]",
        "",
        "",
    ),
    // A missing element.
    (
        r#""identifier":[{"use":"official","value":"123"}]"#,
        "add",
        "Practitioner.identifier.where(use = 'official').period",
        r#"{"name":"name","valueString":"end"},{"name":"value","valueDate":"2021-12-01"}"#,
        "422 processing",
    ),
    (
        "",
        "add",
        "Practitioner",
        r#"{"name":"name","valueString":"identifier"},{"name":"value","valueIdentifier":{"value":"3"}}"#,
        r#""identifier":[{"value":"3"}]"#,
    ),
    (
        r#""text":{"status":"generated","div":"<div>a</div>"}"#,
        "replace",
        "Practitioner.text.div",
        r#"{"name":"value","valueString":"<div>b</div>"}"#,
        r#""text":{"status":"generated","div":"<div>b</div>"}"#,
    ),
];

#[test]
fn official_suite_elements() {
    for (before, kind, path, more, after) in ELEMENTS {
        practitioner(before, &[operation(kind, path, more)], after);
    }
    practitioner(r#""active":true"#, &[], r#""active":true"#);
}

#[test]
fn official_suite_lists() {
    let item = value(r#""valueIdentifier":{"system":"s","value":"9"}"#);
    let insert = |at| {
        operation("insert", "Practitioner.identifier", &format!("{},{item}", number("index", at)))
    };
    let delete = |at: usize| operation("delete", &format!("Practitioner.identifier[{at}]"), "");
    let shift = |from, to| {
        let more = format!("{},{}", number("source", from), number("destination", to));
        operation("move", "Practitioner.identifier", &more)
    };
    let rename = |at: usize, to: &str| {
        let path = format!("Practitioner.identifier[{at}].value");
        operation("replace", &path, &value(&format!(r#""valueString":"{to}""#)))
    };
    let rows: &[(&[u8], &[String], &[u8])] = &[
        (&[1, 2], &[rename(0, "2"), rename(1, "1")], &[2, 1]),
        (&[1, 2], &[insert(2)], &[1, 2, 9]),
        (&[1, 2], &[insert(1)], &[1, 9, 2]),
        (&[1, 2], &[insert(0)], &[9, 1, 2]),
        (&[1, 2, 3], &[delete(0)], &[2, 3]),
        (&[1, 2, 3], &[delete(1)], &[1, 3]),
        (&[1, 2, 3], &[delete(2)], &[1, 2]),
        (&[1, 2, 3, 4], &[shift(3, 1)], &[1, 4, 2, 3]),
        (&[1, 2, 3, 4], &[shift(3, 0)], &[4, 1, 2, 3]),
        (&[1, 2, 3, 4], &[shift(3, 2)], &[1, 2, 4, 3]),
        (&[1, 2, 3, 4], &[shift(0, 3)], &[2, 3, 4, 1]),
        (&[1, 2, 3, 4], &[shift(1, 0), shift(2, 1)], &[2, 3, 1, 4]),
        (&[1, 2, 3, 4], &[shift(3, 0), shift(3, 1), shift(3, 2)], &[4, 3, 2, 1]),
    ];
    for (before, operations, after) in rows {
        practitioner(&identifiers(before), operations, &identifiers(after));
    }
    for refused in [insert(3), shift(0, 2), shift(2, 0)] {
        practitioner(&identifiers(&[1, 2]), &[refused], "422 processing");
    }
}

#[test]
fn one_place_or_none() {
    let two = &identifiers(&[1, 2]);
    let text = &value(r#""valueString":"x""#);
    let rows: &[(&str, &str, &str, &str)] = &[
        // Nothing to delete is no error; nothing to replace is.
        ("delete", "Location.name", "", two),
        ("delete", "Location.identifier[7]", "", two),
        ("delete", "Location.identifier.where(value = '7')", "", two),
        ("replace", "Location.name", text, "422 processing"),
        // Several are an error.
        ("delete", "Location.identifier", "", "422 processing"),
        ("replace", "Location.identifier.value", text, "422 processing"),
        ("delete", "Location.identifier.single()", "", "422 processing"),
        ("add", "Location.identifier", &named("value", r#""valueString":"x""#), "422 processing"),
        // The resource itself.
        ("delete", "Location", "", "400 invalid"),
        ("delete", "$this", "", "400 invalid"),
        ("replace", "Location", text, "400 invalid"),
        // Its identity.
        ("replace", "Location.id", &value(r#""valueId":"b""#), "422 processing"),
        ("delete", "Location.id", "", "422 processing"),
        // What is no place, or no name.
        ("delete", "Location.name.exists()", "", "400 invalid"),
        ("delete", "'a'", "", "400 invalid"),
        ("delete", "Location.nam", "", "400 invalid"),
        ("delete", "Location.resourceType", "", "400 invalid"),
        ("delete", "Organization.name", "", "400 invalid"),
        ("add", "Location", &named("nam", r#""valueString":"x""#), "422 processing"),
        // What is there already, and does not repeat.
        (
            "add",
            "Location.identifier[0]",
            &named("value", r#""valueString":"x""#),
            "422 processing",
        ),
        // Lists are named as a whole.
        (
            "insert",
            "Location.identifier[0]",
            &format!("{},{}", number("index", 0), value(r#""valueIdentifier":{"value":"9"}"#)),
            "422 processing",
        ),
        ("insert", "Location.alias", &format!("{},{text}", number("index", 0)), "422 processing"),
        (
            "move",
            "Location.id",
            &format!("{},{}", number("source", 0), number("destination", 0)),
            "422 processing",
        ),
    ];
    for (kind, path, more, expected) in rows {
        place(two, kind, path, more, expected);
    }
}

const VALUES: &[(&str, &str, &str, &str)] = &[
    // One of a choice may get another type.
    (
        "replace",
        "Location.extension.value",
        r#""valueDecimal":1.50"#,
        r#""extension":[{"url":"u","valueDecimal":1.50}]"#,
    ),
    (
        "replace",
        "Location.extension.valueInteger",
        r#""valueInteger":2"#,
        r#""extension":[{"url":"u","valueInteger":2}]"#,
    ),
    (
        "replace",
        "Location.extension[0].value",
        r#""value":3"#,
        r#""extension":[{"url":"u","valueInteger":3}]"#,
    ),
    (
        "replace",
        "Location.extension.value",
        r#""part":[{"name":"text","valueString":"x"}]"#,
        "422 processing",
    ),
    ("replace", "Location.extension.value", r#""valueNothing":1"#, "422 processing"),
    // An object is no primitive, and a primitive no object.
    ("replace", "Location.extension", r#""value":3"#, "422 processing"),
    ("replace", "Location.extension", r#""valueInteger":3"#, "422 processing"),
    ("replace", "Location.extension.url", r#""valuePeriod":{"start":"2020"}"#, "422 processing"),
    ("replace", "Location.extension.url", r#""valueUri":null"#, "422 processing"),
    ("replace", "Location.extension.url", r#""valueUri":["a"]"#, "422 processing"),
    (
        "replace",
        "Location.extension.url",
        r#""part":[{"name":"value","valueString":"a"}]"#,
        "422 processing",
    ),
    ("replace", "Location.extension", r#""part":[]"#, "422 processing"),
    (
        "replace",
        "Location.extension",
        r#""part":[{"name":"url","valueUri":"v"},{"name":"url","valueUri":"w"}]"#,
        "422 processing",
    ),
    (
        "replace",
        "Location.extension",
        r#""part":[{"name":"uri","valueUri":"v"}]"#,
        "422 processing",
    ),
    (
        "replace",
        "Location.extension",
        r#""part":[{"name":"url","valueUri":"v"},{"name":"value","valueBoolean":true}]"#,
        r#""extension":[{"url":"v","valueBoolean":true}]"#,
    ),
    (
        "replace",
        "Location.extension",
        r#""part":[{"name":"url","valueUri":"v"},{"name":"valueBoolean","valueBoolean":true}]"#,
        r#""extension":[{"url":"v","valueBoolean":true}]"#,
    ),
    (
        "replace",
        "Location.extension",
        r#""part":[{"name":"url","valueUri":"v"},{"name":"valueBoolean","valueInteger":1}]"#,
        "422 processing",
    ),
];

#[test]
fn values_fit_their_element() {
    let extension = r#""extension":[{"url":"u","valueInteger":1}]"#;
    for (kind, path, json, expected) in VALUES {
        place(extension, kind, path, &value(json), expected);
    }
    let again = named("valueString", r#""valueString":"x""#);
    place(extension, "add", "Location.extension[0]", &again, "422 processing");
    let contained = r#"{"name":"name","valueString":"contained"},{"name":"value","resource":{"resourceType":"Location","id":"c"}}"#;
    place(
        "",
        "add",
        "Location",
        contained,
        r#""contained":[{"resourceType":"Location","id":"c"}]"#,
    );
    let inside =
        r#""contained":[{"resourceType":"Location","id":"c"},{"resourceType":"Patient","id":"p"}]"#;
    let name = named("name", r#""valueString":"x""#);
    let after = r#""contained":[{"resourceType":"Location","id":"c","name":"x"},{"resourceType":"Patient","id":"p"}]"#;
    place(inside, "add", "Location.contained[0]", &name, after);
    place(inside, "add", "Location.contained[1]", &name, "422 processing");
    place(inside, "delete", "Location.contained.name", "", "400 invalid");
}

const LINES: &str = r#""address":{"line":["a","b",null],"_line":[null,{"extension":[{"url":"n","valueString":"1"}]},{"id":"c"}]}"#;

#[test]
fn primitives_have_two_halves() {
    let more = &format!("{},{}", number("index", 1), value(r#""valueString":"x""#));
    let shift = &format!("{},{}", number("source", 0), number("destination", 2));
    let rows: &[(&str, &str, &str, &str)] = &[
        (
            "replace",
            "Location.address.line.extension.where(url='n').value",
            &value(r#""valueString":"2""#),
            r#""address":{"line":["a","b",null],"_line":[null,{"extension":[{"url":"n","valueString":"2"}]},{"id":"c"}]}"#,
        ),
        (
            "delete",
            "Location.address.line[1].extension",
            "",
            r#""address":{"line":["a","b",null],"_line":[null,null,{"id":"c"}]}"#,
        ),
        (
            "delete",
            "Location.address.line[0]",
            "",
            r#""address":{"line":["b",null],"_line":[{"extension":[{"url":"n","valueString":"1"}]},{"id":"c"}]}"#,
        ),
        (
            "delete",
            "Location.address.line[2].id",
            "",
            r#""address":{"line":["a","b"],"_line":[null,{"extension":[{"url":"n","valueString":"1"}]}]}"#,
        ),
        (
            "insert",
            "Location.address.line",
            more,
            r#""address":{"line":["a","x","b",null],"_line":[null,null,{"extension":[{"url":"n","valueString":"1"}]},{"id":"c"}]}"#,
        ),
        (
            "move",
            "Location.address.line",
            shift,
            r#""address":{"line":["b",null,"a"],"_line":[{"extension":[{"url":"n","valueString":"1"}]},{"id":"c"},null]}"#,
        ),
        (
            "replace",
            "Location.address.line[1]",
            &value(r#""valueString":"x""#),
            r#""address":{"line":["a","x",null],"_line":[null,null,{"id":"c"}]}"#,
        ),
        (
            "replace",
            "Location.address.line[0]",
            &value(r#""valueString":"x","_valueString":{"id":"i"}"#),
            r#""address":{"line":["x","b",null],"_line":[{"id":"i"},{"extension":[{"url":"n","valueString":"1"}]},{"id":"c"}]}"#,
        ),
        (
            "add",
            "Location.address.line[0]",
            &named(
                "extension",
                r#""part":[{"name":"url","valueUri":"m"},{"name":"value","valueCode":"k"}]"#,
            ),
            r#""address":{"line":["a","b",null],"_line":[{"extension":[{"url":"m","valueCode":"k"}]},{"extension":[{"url":"n","valueString":"1"}]},{"id":"c"}]}"#,
        ),
        (
            "add",
            "Location.address.line[1]",
            &named("extension", r#""part":[{"name":"url","valueUri":"m"}]"#),
            r#""address":{"line":["a","b",null],"_line":[null,{"extension":[{"url":"n","valueString":"1"},{"url":"m"}]},{"id":"c"}]}"#,
        ),
    ];
    for (kind, path, more, expected) in rows {
        place(LINES, kind, path, more, expected);
    }
}

#[test]
fn primitives_of_one_half() {
    let only_extension = r#""name":"a","_status":{"extension":[{"url":"n","valueCode":"k"}]}"#;
    place(only_extension, "delete", "Location.status.extension", "", r#""name":"a""#);
    place(only_extension, "delete", "Location.status", "", r#""name":"a""#);
    let add = named("status", r#""valueCode":"active""#);
    place(only_extension, "add", "Location", &add, "422 processing");
    let name = r#""name":"a","_name":{"extension":[{"url":"m"}]}"#;
    let more = named("extension", r#""part":[{"name":"url","valueUri":"m"}]"#);
    place(r#""name":"a""#, "add", "Location.name", &more, name);
}

#[test]
fn paths() {
    const BEFORE: &str = r#""status":"active","position":{"longitude":2.10,"latitude":48.0},"identifier":[{"system":"s","value":"1"},{"use":"old","system":"t","value":"2"}],"extension":[{"url":"u","valueQuantity":{"value":300.0,"unit":"kg"}},{"url":"v","valueString":"it's"}]"#;
    // The path, and whether it names exactly one place.
    let rows = [
        ("Location.status", true),
        ("status", true),
        ("Resource.id", true),
        ("$this.status", true),
        ("Location.identifier[1].value", true),
        ("Location.identifier.where(value = '2').value", true),
        ("Location.identifier.where('2' = value)", true),
        ("Location.identifier.where(value != '2')", true),
        ("Location.identifier.where(use != 'old')", false),
        ("Location.identifier.where(use.empty())", true),
        ("Location.identifier.where(use)", true),
        ("Location.identifier.where(use.exists().not())", true),
        ("Location.identifier.where(system = 's' or system = 'x')", true),
        ("Location.identifier.where(system = 's' xor value = '2')", false),
        ("Location.identifier.where((system = 't') and (value = '2'))", true),
        ("Location.identifier.where(system = 's' and value = '2')", false),
        ("Location.identifier.first()", true),
        ("Location.identifier.last().use", true),
        ("Location.identifier.value.where($this = '1')", true),
        ("Location.where(identifier.count() = 2).status", true),
        ("Location.where(identifier.exists(use = 'old')).status", true),
        ("Location.where(identifier.exists(use = 'new')).status", false),
        ("Location.extension('u').value.unit", true),
        ("Location.extension('w')", false),
        ("Location.extension.value.ofType(string)", true),
        ("Location.extension.value.as(FHIR.Quantity).value", true),
        ("(Location.extension[0].value as Quantity).unit", true),
        ("Location.extension.value.ofType(boolean)", false),
        ("Location.extension.valueQuantity.value", true),
        ("Location.extension.where(value.value = 300)", true),
        ("Location.extension.where(valueQuantity.value = 300 and valueQuantity.unit = 'kg')", true),
        ("Location.extension.where(value = 'it\\'s')", true),
        ("Location.`position`.latitude", true),
        ("Location.position.where(latitude = 48)", true),
        ("Location.where(status = 'active').position", true),
    ];
    for (path, is_one) in rows {
        let document = document(ResourceType::Location, BEFORE);
        // A replacement by an object or a leaf fits one kind of place; either must, if there is one.
        let values = [r#""value":{"text":"x"}"#, r#""value":"x""#].map(value);
        let done = values.iter().any(|value| {
            let operations = body(&[&operation("replace", path, value)]);
            match patch_fhir(ResourceType::Location, &document, &operations) {
                Ok(after) => after != document,
                Err(error) => error.to_string().contains("change the type or the id"),
            }
        });
        assert_eq!(done, is_one, "{path}");
    }
    let costly = format!("Location.where({})", vec!["identifier.count() = 2"; 150].join(" and "));
    place(
        BEFORE,
        "delete",
        &format!("{costly}.status"),
        "",
        &BEFORE.replace(r#""status":"active","#, ""),
    );
    let too_long = format!("Location.where({})", vec!["identifier.count() = 2"; 200].join(" and "));
    place(BEFORE, "delete", &too_long, "", "400 too-long");
    place(BEFORE, "delete", "Location.resolve()", "", "400 invalid");
}

#[test]
fn all_or_nothing_and_in_order() {
    let add = |name: &str| operation("add", "Location", &named(name, r#""valueString":"x""#));
    let rename = operation("replace", "Location.name", &value(r#""valueString":"y""#));
    check(ResourceType::Location, "", &[add("name"), rename.clone()], r#""name":"y""#);
    check(ResourceType::Location, "", &[rename, add("name")], "422 processing");
    check(ResourceType::Location, "", &[add("name"), add("name")], "422 processing");
}

#[test]
fn bodies_that_are_no_patch() {
    let rows = [
        ("", "400 structure"),
        ("[]", "400 structure"),
        ("{}", "400 structure"),
        (r#"{"resourceType":"Bundle"}"#, "400 structure"),
        (r#"{"resourceType":"Parameters","parameter":{}}"#, "400 structure"),
        (r#"{"resourceType":"Parameters","parameters":[]}"#, "400 structure"),
        (r#"{"resourceType":"Parameters","parameter":[{"name":"op","part":[]}]}"#, "400 structure"),
        (
            r#"{"resourceType":"Parameters","parameter":[{"name":"operation","valueCode":"x"}]}"#,
            "400 structure",
        ),
        (r#"{"resourceType":"Parameters","resourceType":"Parameters"}"#, "400 structure"),
    ];
    for (body, expected) in rows {
        let error = patch_fhir(ResourceType::Location, "{}", body).unwrap_err();
        assert_eq!(outcome(&error), expected, "{body}");
    }
    let path = r#"{"name":"path","valueString":"Location.name"}"#;
    let text = r#"{"name":"value","valueString":"x"}"#;
    let rows = [
        path.to_owned(),
        r#"{"name":"type","valueCode":"delete"}"#.to_owned(),
        operation("remove", "Location.name", ""),
        operation("delete", "Location.name", r#"{"name":"name","valueString":"x"}"#),
        operation("delete", "Location.name", text),
        operation("delete", "Location.name", path),
        operation("replace", "Location.name", ""),
        operation("replace", "Location", &named("name", r#""valueString":"x""#)),
        operation("replace", "Location.name", r#"{"name":"value"}"#),
        operation(
            "replace",
            "Location.name",
            r#"{"name":"value","valueString":"x","valueCode":"x"}"#,
        ),
        operation(
            "replace",
            "Location.name",
            r#"{"name":"value","valueCode":"x","_valueString":{}}"#,
        ),
        operation("replace", "Location.name", r#"{"name":"value","quantity":[]}"#),
        operation("replace", "Location.name", r#"{"name":"extension","valueString":"x"}"#),
        operation("insert", "Location.alias", text),
        operation(
            "insert",
            "Location.alias",
            &format!(r#"{{"name":"index","valueInteger":-1}},{text}"#),
        ),
        operation(
            "insert",
            "Location.alias",
            &format!(r#"{{"name":"index","valueInteger":"1"}},{text}"#),
        ),
        operation("move", "Location.alias", r#"{"name":"source","valueInteger":1}"#),
        operation("add", "Location", text),
        r#"{"name":"type","valueCode":"delete"},{"name":"path","valueInteger":1}"#.to_owned(),
        r#"{"name":"type","valueCode":"delete"},{"valueString":"Location.name"}"#.to_owned(),
    ];
    for row in rows {
        let error =
            patch_fhir(ResourceType::Location, r#"{"name":"a"}"#, &body(&[&row])).unwrap_err();
        assert!(outcome(&error).starts_with("400 "), "{row}: {error}");
    }
}
