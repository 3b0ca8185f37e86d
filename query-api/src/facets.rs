//! Facets: how many matches of a search have which value, and the beds and places behind them.
//!
//! `table` says which facets there are; a facet's own choice is taken out of the criteria first (`lift`),
//! the rest is planned as always, and the values are counted on the targets and records that one more
//! criterion would have to meet. The number of a bucket is therefore the total of the search with its
//! criterion in the place of the choice. Answers are written by `answer`; nothing here knows HTTP.

pub(crate) mod answer;
mod bucket;
mod lift;
pub(crate) mod table;

use shared::access::{Access, classes_of};
use shared::fhir::ResourceType;
use shared::param::near::NearQuery;
use shared::param::token::StoredCode;
use shared::registry::{RecordKind, field_id};

use crate::bundle::links::query_string;
use crate::engine::EngineError;
use crate::execute::{self, Bands, CapacityGroup, CodeField, Counted, Counting, HoldOn};
use crate::parse::ast::{Correlation, Expr, SearchRequest};
use crate::parse::{self, Opened, ast};
use crate::plan::{self, Beside, PlanContext, PlanError};
use lift::{Choice, Site};
use table::{Facet, Kind, Place};

pub(crate) use bucket::{Bucket, Coding};

/// What a caller asks to be counted.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The facets, each once, all meaningful for the searched type.
    pub(crate) facets: Vec<&'static Facet>,
    /// The criteria of the facets that are one criterion (see [`Kind::Holds`]), by name, as the present
    /// request means them.
    pub(crate) probes: Vec<(&'static str, Expr)>,
    /// Most buckets of one facet in the answer.
    pub(crate) limit: usize,
}

/// The counts of one search.
#[derive(Debug, Clone)]
pub(crate) struct Facets {
    /// Number of matches, all choices counted.
    pub(crate) total: u64,
    /// The facets, in the order asked.
    pub(crate) facets: Vec<FacetCounts>,
}

/// The counts of one facet.
#[derive(Debug, Clone)]
pub(crate) struct FacetCounts {
    /// Its name.
    pub(crate) name: &'static str,
    /// The parameter that narrows to its buckets, as a request names it.
    pub(crate) parameter: String,
    /// Number of matches without the facet's own choice.
    pub(crate) matches: u64,
    /// Number of those without a value; `None` where that is not counted.
    pub(crate) without_value: Option<u64>,
    /// Number of buckets there are.
    pub(crate) distinct: usize,
    /// The buckets, at most as many as asked.
    pub(crate) buckets: Vec<Bucket>,
}

/// Counts the facets of a search of one type.
///
/// # Errors
/// When the search cannot be planned, the index cannot be read, or the deadline has passed.
pub(crate) fn count(
    counting: &mut Counting<'_>,
    request: &SearchRequest,
    context: PlanContext,
    asked: &Asked,
) -> Result<Facets, EngineError> {
    if !parse::locate::addresses(request).is_empty() {
        return Err(refused(&PlanError::Address));
    }
    let (base, expr) = (request.types[0], &request.criteria[0]);
    let predicate = plan::predicate(context, base, expr).map_err(|e| refused(&e))?;
    let total = counting.total(base, &predicate)?;
    let mut facets = Vec::with_capacity(asked.facets.len());
    for facet in &asked.facets {
        let Some(place) = facet.place(base) else { continue };
        let search = Search { base, expr, context, filters: &request.filters };
        let counted = match facet.kind {
            Kind::Codes => search.codes(counting, place)?,
            Kind::Bands(edges) => search.bands(counting, place, edges)?,
            Kind::Rings(radii_m) => match search.rings(counting, place, radii_m)? {
                Some(counted) => counted,
                // Asked by name it was refused before; among all facets it is left out.
                None => continue,
            },
            Kind::Capacities(group) => search.capacities(counting, place, group, total)?,
            Kind::Holds { value, display } => {
                let probe = asked.probes.iter().find(|(name, _)| *name == facet.name);
                let Some((_, probe)) = probe else { continue };
                search.holds(counting, place, probe, [value, display])?
            }
        };
        let Buckets { matches, without_value, all: mut buckets } = counted;
        let distinct = buckets.len();
        buckets.truncate(asked.limit);
        facets.push(FacetCounts {
            name: facet.name,
            parameter: search.way(place).parameter(),
            matches,
            without_value,
            distinct,
            buckets,
        });
    }
    Ok(Facets { total, facets })
}

/// Whether the criteria hold a place that rings can be drawn around.
pub(crate) fn has_center(request: &SearchRequest, facet: &Facet) -> bool {
    let (base, expr) = (request.types[0], &request.criteria[0]);
    let Some(place) = facet.place(base) else { return false };
    circle(expr, base, place).is_some()
}

/// All buckets of a facet, in order.
struct Buckets {
    matches: u64,
    without_value: Option<u64>,
    all: Vec<Bucket>,
}

impl Buckets {
    fn of<T>(counted: &Counted<T>, all: Vec<Bucket>) -> Self {
        let without_value = counted.matches - counted.with_value;
        Self { matches: counted.matches, without_value: Some(without_value), all }
    }
}

/// A search of one type whose facets are counted.
#[derive(Clone, Copy)]
struct Search<'a> {
    base: ResourceType,
    expr: &'a Expr,
    context: PlanContext,
    filters: &'a [(usize, String)],
}

impl Search<'_> {
    /// The way to the values of a facet, as the criteria go.
    fn way(&self, place: &Place) -> FacetWay {
        let way = way(self.base, place);
        let choice = Choice::of(&way, place.system);
        let site = lift::site(self.expr, &choice);
        let opened = site.brackets.as_ref().map(|address| {
            let inside = choice.inside();
            Opened::new(self.filters, self.expr, address, |criterion| inside.is(criterion))
        });
        let chain = place.path.strip_suffix(way.parameter.code).unwrap_or_default().to_owned();
        FacetWay { way, site, chain, bare: place.bare, opened }
    }

    /// Where the values of a facet are, without its own choice.
    fn sources(
        &self,
        place: &Place,
        way: &FacetWay,
        is_bound: bool,
    ) -> Result<Vec<plan::Source>, EngineError> {
        let expr = without_choice(self.base, self.expr, place);
        let FacetWay { way, site, .. } = way;
        let Site { above, brackets } = site;
        let beside =
            Beside { chain: &way.chain, parameter: way.parameter, is_bound, above: *above };
        let sources = match brackets {
            None => plan::sources_beside(self.context, self.base, &expr, beside),
            Some(address) => {
                let brackets = lift::brackets_at(&expr, address);
                let beside = Beside { chain: &[], above: false, ..beside };
                plan::sources_within(self.context, self.base, &expr, brackets, beside)
            }
        };
        sources.map_err(|e| refused(&e))
    }

    fn codes(&self, counting: &mut Counting<'_>, place: &Place) -> Result<Buckets, EngineError> {
        let facet = self.way(place);
        let sources = self.sources(place, &facet, false)?;
        let way = &facet.way;
        let code = way.parameter.code;
        let classes = visible(self.context.access(), way.base, code);
        let field = CodeField {
            field: field_id(way.base, code).expect("the parser found this parameter"),
            record: way.parameter.record,
            classes: &classes,
            system: place.system,
            in_any_system: place.bare,
        };
        let counted = counting.codes(self.base, &sources, field)?;
        let mut buckets: Vec<Bucket> = counted
            .counts
            .iter()
            .map(|(code, count)| bucket::of_code(&facet, code, *count))
            .collect();
        buckets.sort_by(bucket::order);
        Ok(Buckets::of(&counted, buckets))
    }

    fn bands(
        &self,
        counting: &mut Counting<'_>,
        place: &Place,
        edges: &[f64],
    ) -> Result<Buckets, EngineError> {
        let facet = self.way(place);
        let sources = self.sources(place, &facet, true)?;
        let way = &facet.way;
        let field = field_id(way.base, way.parameter.code).expect("the parser found it");
        let bands = Bands {
            field,
            record: way.parameter.record,
            edges,
            hold_on: match (self.context.correlation(), &facet.site.brackets) {
                (Correlation::Record, _) => HoldOn::Number,
                (Correlation::Independent, Some(_)) => HoldOn::Target,
                (Correlation::Independent, None) => HoldOn::Match,
            },
        };
        let counted = counting.bands(self.base, &sources, bands)?;
        let counts = counted.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let buckets =
            counts.map(|(band, count)| bucket::of_band(&facet, edges, band, *count)).collect();
        Ok(Buckets::of(&counted, buckets))
    }

    /// The rings around the first searched place, up to the asked distance.
    fn rings(
        &self,
        counting: &mut Counting<'_>,
        place: &Place,
        radii_m: &[f64],
    ) -> Result<Option<Buckets>, EngineError> {
        let Some(circle) = circle(self.expr, self.base, place) else { return Ok(None) };
        let Some(center) = execute::center_of(circle) else {
            // Around a place that was not found there is nothing.
            let expr = without_choice(self.base, self.expr, place);
            let predicate = plan::predicate(self.context, self.base, &expr);
            let predicate = predicate.map_err(|e| refused(&e))?;
            let matches = counting.total(self.base, &predicate)?;
            return Ok(Some(Buckets { matches, without_value: None, all: Vec::new() }));
        };
        let facet = self.way(place);
        let sources = self.sources(place, &facet, false)?;
        let asked_m = circle.radius_m();
        let mut radii_m: Vec<f64> =
            radii_m.iter().copied().filter(|radius_m| *radius_m < asked_m).collect();
        radii_m.push(asked_m);
        let counted = counting.rings(self.base, &sources, center, &radii_m)?;
        let counts = radii_m.iter().zip(&counted.counts).filter(|(_, count)| **count > 0);
        let buckets = counts
            .map(|(radius_m, count)| {
                bucket::of_ring(&facet, &circle.with_radius_m(*radius_m), *count)
            })
            .collect();
        Ok(Some(Buckets::of(&counted, buckets)))
    }

    /// The matches that one more criterion leaves.
    fn holds(
        &self,
        counting: &mut Counting<'_>,
        place: &Place,
        probe: &Expr,
        [value, display]: [&str; 2],
    ) -> Result<Buckets, EngineError> {
        let facet = self.way(place);
        let lifted = without_choice(self.base, self.expr, place);
        let mut total = |expr: &Expr| {
            let predicate =
                plan::predicate(self.context, self.base, expr).map_err(|e| refused(&e))?;
            let total = counting.total(self.base, &predicate)?;
            Ok::<u64, EngineError>(total)
        };
        let matches = total(&lifted)?;
        let choice = Choice::of(&facet.way, place.system);
        let count = total(&lift::with(self.expr, &choice, probe))?;
        let bucket = || bucket::of_probe(&facet, value, display, count);
        let buckets = if count > 0 { vec![bucket()] } else { Vec::new() };
        Ok(Buckets { matches, without_value: None, all: buckets })
    }

    /// Sums over the records that make the search match; nothing is lifted.
    fn capacities(
        &self,
        counting: &mut Counting<'_>,
        place: &Place,
        group: CapacityGroup,
        total: u64,
    ) -> Result<Buckets, EngineError> {
        let way = way(self.base, place);
        let kind = RecordKind::Capacity;
        let sources =
            plan::sources_of_records(self.context, self.base, self.expr, &way.chain, kind)
                .map_err(|e| refused(&e))?;
        let sums = counting.capacities(self.base, &sources, group, self.context.access())?;
        let mut buckets: Vec<Bucket> =
            sums.iter().map(|sum| bucket::of_capacity(self.base, group, sum)).collect();
        buckets.sort_by(bucket::order);
        Ok(Buckets { matches: total, without_value: None, all: buckets })
    }
}

/// The way to the values of a facet in one search.
struct FacetWay {
    way: ast::Way,
    /// Where among the criteria a choice is made.
    site: Site,
    /// What stands before the parameter in a request.
    chain: String,
    /// Whether requests write its codes alone.
    bare: bool,
    /// The filters of the request, where the choice is made in brackets.
    opened: Option<Opened>,
}

impl FacetWay {
    /// What narrows to the facet's values, as a request names it.
    fn parameter(&self) -> String {
        match self.opened {
            None => self.path(self.way.parameter.code),
            Some(_) => FILTER.to_owned(),
        }
    }

    /// A parameter beside that of the facet, as a request names it.
    fn path(&self, code: &str) -> String {
        let above = if self.site.above { ":above" } else { "" };
        format!("{}{code}{above}", self.chain)
    }

    /// What a request asks to narrow to a bucket: comparisons (operator, value) of one parameter.
    fn criteria(&self, code: &str, comparisons: &[(&str, String)]) -> String {
        let pairs: Vec<(String, String)> = match &self.opened {
            None => {
                let asked = |(operator, value): &(&str, String)| {
                    let prefix = if *operator == "eq" { "" } else { operator };
                    (self.path(code), format!("{prefix}{value}"))
                };
                comparisons.iter().map(asked).collect()
            }
            Some(opened) => {
                let comparisons: Vec<_> = comparisons
                    .iter()
                    .map(|(operator, value)| (code, *operator, value.as_str()))
                    .collect();
                let texts = opened.with(&comparisons).into_iter();
                texts.map(|text| (FILTER.to_owned(), text)).collect()
            }
        };
        query_string(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// The parameter that brackets stand in.
const FILTER: &str = "_filter";

/// The criteria without the choice of the facet at a place.
pub(crate) fn without_choice(base: ResourceType, expr: &Expr, place: &Place) -> Expr {
    lift::without(expr, &Choice::of(&way(base, place), place.system))
}

/// The parameter of a facet and the way to it.
fn way(base: ResourceType, place: &Place) -> ast::Way {
    parse::way(base, place.path).expect("the table names parameters of the type")
}

/// The first circle of the facet's own choice.
fn circle<'a>(expr: &'a Expr, base: ResourceType, place: &Place) -> Option<&'a NearQuery> {
    lift::first_circle(expr, &Choice::of(&way(base, place), place.system))
}

fn visible(access: Access, base: ResourceType, code: &str) -> Vec<shared::access::VisibilityClass> {
    classes_of(base, code).iter().copied().filter(|class| access.sees(*class)).collect()
}

fn refused(error: &PlanError) -> EngineError {
    EngineError::Refused(vec![error.issue()])
}

/// The value of a token parameter that asks for exactly a stored code.
fn token_value(code: &StoredCode, bare: bool) -> String {
    use shared::param::token::{SystemQuery, TokenQuery};
    let system = match code.system.as_str() {
        "" if bare => SystemQuery::Any,
        "" => SystemQuery::NoSystem,
        system => SystemQuery::Is(system.to_owned()),
    };
    TokenQuery { system, code: Some(code.code.clone()), of_type: None }.to_string()
}
