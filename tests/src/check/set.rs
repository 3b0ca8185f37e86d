//! Checks of which resources are matched and which are included.

use std::collections::BTreeSet;

use super::{Finding, Judge, ensure, few};
use crate::closure::closure;
use crate::expected::HINT;
use crate::sample::Key;

type Set = BTreeSet<String>;

fn matched(judge: &Judge<'_>) -> Result<Set, String> {
    Ok(judge.search()?.matches().into_iter().map(|key| key.1).collect())
}

/// Compares two sets of ids and names what is missing and what is too much.
pub(crate) fn compare(found: &Set, wanted: &Set) -> Finding {
    let missing: Vec<&String> = wanted.difference(found).collect();
    let surplus: Vec<&String> = found.difference(wanted).collect();
    ensure(missing.is_empty() && surplus.is_empty(), || {
        format!(
            "{} found, {} expected; missing {}; too much {}",
            found.len(),
            wanted.len(),
            few(&missing),
            few(&surplus)
        )
    })
}

pub(super) fn equals(judge: &Judge<'_>) -> Finding {
    let expected = judge.results()?.matches.as_ref().ok_or(HINT)?;
    compare(&matched(judge)?, &expected.of(judge.sample, judge.scenario.searched_type()))
}

pub(super) fn allowed(judge: &Judge<'_>) -> Finding {
    let expected = judge.results()?.allowed.as_ref().ok_or(HINT)?;
    let allowed = expected.of(judge.sample, judge.scenario.searched_type());
    let found = matched(judge)?;
    let surplus: Vec<&String> = found.difference(&allowed).collect();
    ensure(surplus.is_empty(), || format!("without the condition: {}", few(&surplus)))
}

/// A reverse chain says which resources are referred to: the condition is sufficient too.
pub(super) fn referred(judge: &Judge<'_>) -> Finding {
    let expected = judge.results()?.allowed.as_ref().ok_or(HINT)?;
    compare(&matched(judge)?, &expected.of(judge.sample, judge.scenario.searched_type()))
}

pub(super) fn geo(judge: &Judge<'_>) -> Finding {
    let expected = judge.results()?.geo.as_ref().ok_or(HINT)?;
    let found: Set = matched(judge)?.difference(&expected.edge).cloned().collect();
    compare(&found, &expected.inside)
}

pub(super) fn same(judge: &Judge<'_>, other: &str) -> Finding {
    let other: Set = (judge.matches_of)(other)?.into_iter().collect();
    compare(&matched(judge)?, &other)
}

pub(super) fn subset(judge: &Judge<'_>, other: &str) -> Finding {
    let (found, other) = (matched(judge)?, (judge.matches_of)(other)?);
    let other: Set = other.into_iter().collect();
    let surplus: Vec<&String> = found.difference(&other).collect();
    ensure(surplus.is_empty(), || format!("not in the other set: {}", few(&surplus)))?;
    ensure(!found.is_empty() && found.len() < other.len(), || {
        format!("{} of {}: no proper part", found.len(), other.len())
    })
}

pub(super) fn include_closure(judge: &Judge<'_>, directives: &[String]) -> Finding {
    let searched = judge.scenario.searched_type();
    for (number, page) in judge.search()?.pages.iter().enumerate() {
        let wanted = closure(judge.sample, searched, &page.matches(), directives)?;
        let found: BTreeSet<Key> = page.includes().into_iter().collect();
        let missing: Vec<&Key> = wanted.difference(&found).collect();
        let surplus: Vec<&Key> = found.difference(&wanted).collect();
        ensure(missing.is_empty() && surplus.is_empty(), || {
            let page = number + 1;
            format!("page {page}: missing {}; too much {}", few(&missing), few(&surplus))
        })?;
    }
    Ok(())
}
