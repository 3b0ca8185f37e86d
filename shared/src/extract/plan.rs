//! The extraction plan of a type: its expressions compiled, by field, for the resource and its records.

use std::sync::LazyLock;

use serde_json::Value;

use super::path::{Path, Root, any_value, extensions, first_code, ror_extensions};
use super::price::Computed;
use super::{ColumnValue, Record, Values, price, territory};
use crate::access::{VisibilityClass, classes_of};
use crate::fhir::{Reference, ResourceType, Target};
use crate::param::date::DateRange;
use crate::param::number::NumberRange;
use crate::param::quantity::QuantityValue;
use crate::param::string::{self, visit_texts};
use crate::param::token::{TokenQuery, TokenValue, id_term};
use crate::registry::{self, FieldId, ParameterType, RecordKind, SearchParameter, TokenShape};
use crate::schema::TermKind;
use crate::text::fold;

/// What is read from documents of one type.
#[derive(Debug)]
pub(super) struct Plan {
    resource: Vec<FieldPlan>,
    records: Vec<(RecordKind, Vec<FieldPlan>)>,
}

#[derive(Debug)]
struct FieldPlan {
    field: FieldId,
    parameter: &'static SearchParameter,
    classes: &'static [VisibilityClass],
    /// `None` when the value is computed rather than read.
    path: Option<Path>,
}

static PLANS: LazyLock<Vec<Plan>> =
    LazyLock::new(|| ResourceType::ALL.into_iter().map(Plan::compile).collect());

/// The plan of a type.
pub(super) fn of(resource_type: ResourceType) -> &'static Plan {
    &PLANS[resource_type.index()]
}

impl Plan {
    fn compile(base: ResourceType) -> Self {
        let mut plan = Self { resource: Vec::new(), records: Vec::new() };
        for parameter in registry::of_type(base) {
            // The last update is the store's to say, ids have a term of their own, words their own walk.
            if parameter.expression.is_empty() || matches!(parameter.code, "_id" | "_lastUpdated") {
                continue;
            }
            let field = registry::field_id(base, parameter.code).expect("it is of this type");
            let is_computed = price::COMPUTED.contains(&parameter.code)
                || territory::COMPUTED.contains(&parameter.code);
            let path = (!is_computed).then(|| Path::compile(parameter.expression));
            let classes = classes_of(base, parameter.code);
            let compiled = FieldPlan { field, parameter, classes, path };
            match parameter.record {
                None => plan.resource.push(compiled),
                Some(kind) => match plan.records.iter_mut().find(|(k, _)| *k == kind) {
                    Some((_, fields)) => fields.push(compiled),
                    None => plan.records.push((kind, vec![compiled])),
                },
            }
        }
        plan
    }

    /// The values of the resource itself; its references go to `references`.
    pub(super) fn values(
        &self,
        document: &Value,
        base_urls: &[&str],
        references: &mut Vec<(FieldId, Reference)>,
    ) -> Values {
        let mut values = Values::default();
        let root = Root::new(document);
        for plan in &self.resource {
            let Some(path) = &plan.path else {
                for coding in territory::computed(plan.parameter.code, document) {
                    plan.add(&coding, &mut values);
                }
                continue;
            };
            path.walk(&root, &mut |element| {
                if plan.parameter.kind == ParameterType::Reference {
                    if let Some(reference) = read_reference(element, base_urls) {
                        values.add_reference(plan.field, &reference);
                        references.push((plan.field, reference));
                    }
                } else {
                    plan.add(element, &mut values);
                }
            });
        }
        values
    }

    /// The records of the resource, in document order.
    pub(super) fn records(&self, document: &Value) -> Vec<Record> {
        let mut records = Vec::new();
        for (kind, fields) in &self.records {
            for_each_record(*kind, document, &mut |root, limit| {
                let mut values = Values::default();
                let (record, limit) = (Root::new(root), limit.map(Root::new));
                for plan in fields {
                    let Some(path) = &plan.path else {
                        match price::computed(plan.parameter.code, root) {
                            Some(Computed::Column(value)) => values.add_computed(plan.field, value),
                            Some(Computed::Flag(flag)) => plan.add(&flag.into(), &mut values),
                            None => {}
                        }
                        continue;
                    };
                    let from = if path.on_limit { limit.as_ref() } else { Some(&record) };
                    if let Some(from) = from {
                        path.walk(from, &mut |element| plan.add(element, &mut values));
                    }
                }
                records.push(Record { kind: *kind, class: class_of_record(*kind, root), values });
            });
        }
        records
    }
}

/// A reference element; a canonical or a URI counts as one.
fn read_reference(element: &Value, base_urls: &[&str]) -> Option<Reference> {
    match element.as_str() {
        Some(text) => {
            let text = text.split('|').next().unwrap_or(text);
            Some(Reference { target: Some(Target::parse(text, base_urls)), ..Reference::default() })
        }
        None => Reference::from_json(element, base_urls),
    }
}

fn for_each_record<'a>(
    kind: RecordKind,
    document: &'a Value,
    visit: &mut dyn FnMut(&'a Value, Option<&'a Value>),
) {
    let each = |name: &str, visit: &mut dyn FnMut(&'a Value)| {
        ror_extensions(document, name).for_each(visit);
    };
    match kind {
        RecordKind::Price => each("ror-organization-price", &mut |root| visit(root, None)),
        RecordKind::Capacity => {
            each("ror-location-supported-capacity", &mut |root| visit(root, None));
        }
        RecordKind::Dwelling => {
            each("ror-location-residential-capacity", &mut |root| visit(root, None));
        }
        RecordKind::Patient => {
            each("ror-healthcareservice-patient-type", &mut |root| visit(root, None));
        }
        RecordKind::Equipment => each("ror-location-equipment", &mut |root| {
            let mut limits = ror_extensions(root, "ror-location-equipment-limit").peekable();
            if limits.peek().is_none() {
                visit(root, None);
            }
            limits.for_each(|limit| visit(root, Some(limit)));
        }),
        RecordKind::UseContext => {
            let contexts = document.get("useContext").and_then(Value::as_array);
            contexts.into_iter().flatten().for_each(|root| visit(root, None));
        }
    }
}

/// Who may see a record: capacities by their status, equipment and dwellings as one group.
fn class_of_record(kind: RecordKind, root: &Value) -> VisibilityClass {
    match kind {
        RecordKind::Price | RecordKind::Patient | RecordKind::UseContext => VisibilityClass::Open,
        RecordKind::Equipment | RecordKind::Dwelling => VisibilityClass::Equipment,
        RecordKind::Capacity => {
            let status = extensions(root, "capacityStatus").find_map(any_value);
            match status.and_then(first_code) {
                Some("01") => VisibilityClass::CapacityInstalled,
                Some("06") => VisibilityClass::CapacityExtra,
                _ => VisibilityClass::CapacityOperational,
            }
        }
    }
}

impl FieldPlan {
    fn add(&self, element: &Value, values: &mut Values) {
        let (field, class) = (self.field, self.class_of(element));
        let before = values.terms.len() + values.columns.len();
        match self.parameter.kind {
            ParameterType::Token => {
                values.add_tokens(field, class, self.parameter.token_shape(), element);
            }
            ParameterType::String => {
                visit_texts(element, &mut |text| values.add_string(field, class, text));
            }
            ParameterType::Uri => {
                if let Some(uri) = element.as_str() {
                    values.terms.push(field, class, TermKind::Uri, uri.as_bytes());
                    values.columns.push((field, ColumnValue::Text(uri.to_owned())));
                }
            }
            ParameterType::Date => {
                if let Some(range) = DateRange::from_json(element) {
                    values.columns.push((field, ColumnValue::Date(range)));
                }
            }
            ParameterType::Number => {
                if let Some(number) = NumberRange::from_json(element) {
                    values.columns.push((field, ColumnValue::Number(number.low)));
                }
            }
            ParameterType::Quantity => {
                if let Some(quantity) = QuantityValue::from_json(element) {
                    values.columns.push((field, ColumnValue::Quantity(quantity)));
                }
            }
            ParameterType::Reference
            | ParameterType::Composite
            | ParameterType::Special
            | ParameterType::Text => {}
        }
        if values.terms.len() + values.columns.len() > before {
            values.add_present(field, class);
        }
    }

    /// The class of one value, where a parameter's values have several.
    fn class_of(&self, element: &Value) -> VisibilityClass {
        match self.classes {
            [only] => *only,
            _ if self.parameter.code == "characteristic" => class_of_characteristic(element),
            _ => super::words::class_of_level(element),
        }
    }
}

/// Acts, specializations, professions and competences are for some profiles only.
fn class_of_characteristic(concept: &Value) -> VisibilityClass {
    const RESTRICTED: [&str; 5] = ["TRE_R210-", "TRE_R245-", "TRE_R356-", "TRE_R94-", "TRE_R243-"];
    let codings = concept.get("coding").and_then(Value::as_array);
    let restricted = codings.into_iter().flatten().any(|coding| {
        let system = coding.get("system").and_then(Value::as_str).unwrap_or("");
        RESTRICTED.iter().any(|name| system.contains(name))
    });
    if restricted { VisibilityClass::Acts } else { VisibilityClass::Open }
}

impl Values {
    /// The id: a code without system, and as such in no need of the terms that tell systems apart.
    pub(super) fn add_id(&mut self, resource_type: ResourceType, id: &str) {
        let field = registry::field_id(resource_type, "_id").expect("_id is on every type");
        let class = VisibilityClass::Open;
        self.terms.push_parts(field, class, TermKind::Token, &id_term(id));
        self.terms.push(field, class, TermKind::Present, b"");
    }

    /// That there is a value: once for the values of a field, which come one after the other.
    fn add_present(&mut self, field: FieldId, class: VisibilityClass) {
        if self.present.replace((field, class)) != Some((field, class)) {
            self.terms.push(field, class, TermKind::Present, b"");
        }
    }

    fn add_computed(&mut self, field: FieldId, value: ColumnValue) {
        self.terms.push(field, VisibilityClass::Open, TermKind::Present, b"");
        self.columns.push((field, value));
    }

    fn add_tokens(
        &mut self,
        field: FieldId,
        class: VisibilityClass,
        shape: TokenShape,
        element: &Value,
    ) {
        TokenValue::from_json(element, shape, &mut |token| {
            token.terms(&mut |parts| {
                self.terms.push_parts(field, class, TermKind::Token, parts);
            });
            for text in &token.text {
                let folded = fold(text);
                self.terms.push(field, class, TermKind::TokenText, folded.as_bytes());
            }
        });
    }

    fn add_string(&mut self, field: FieldId, class: VisibilityClass, text: &str) {
        let key = string::key(text);
        self.terms.push(field, class, TermKind::Folded, key.as_bytes());
        self.terms.push(field, class, TermKind::Exact, text.trim().as_bytes());
        self.columns.push((field, ColumnValue::Text(key)));
    }

    /// The parts of a reference that need no key; the key term follows when keys are known.
    fn add_reference(&mut self, field: FieldId, reference: &Reference) {
        let class = VisibilityClass::Open;
        self.add_present(field, class);
        if let Some(value) = &reference.identifier_value {
            let identifier = TokenValue {
                system: reference.identifier_system.as_deref().map(Into::into),
                code: Some(value.into()),
                is_identifier: true,
                ..TokenValue::default()
            };
            identifier.terms(&mut |parts| {
                self.terms.push_parts(field, class, TermKind::Identifier, parts);
            });
            if reference.target.is_none() {
                self.terms.push(field, class, TermKind::Logical, &logical(reference, value));
            }
        }
        match &reference.target {
            Some(Target::External(url)) => {
                self.terms.push(field, class, TermKind::External, url.as_bytes());
            }
            Some(Target::Local(..) | Target::Contained(_)) | None => {}
        }
    }
}

/// Type, system (canonical) and value of a logical reference, each ended by NUL.
fn logical(reference: &Reference, value: &str) -> Vec<u8> {
    let system = reference.identifier_system.as_deref().map(|system| {
        // The system as a request's would be: both meet in the same form.
        match TokenQuery::identifier(Some(system), value).system {
            crate::param::token::SystemQuery::Is(system) => system,
            crate::param::token::SystemQuery::Any | crate::param::token::SystemQuery::NoSystem => {
                String::new()
            }
        }
    });
    let parts = [
        reference.type_name.as_deref().unwrap_or_default(),
        system.as_deref().unwrap_or_default(),
        value,
    ];
    parts.iter().flat_map(|part| part.bytes().filter(|b| *b != 0).chain([0])).collect()
}
