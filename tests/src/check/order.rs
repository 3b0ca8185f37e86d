//! Checks of the order of matches and of their scores.

use std::cmp::Ordering;

use super::{Finding, Judge, ensure};
use crate::expected::HINT;
use crate::scenario::Order;

pub(super) fn sorted(judge: &Judge<'_>, by: &str, order: Order) -> Finding {
    if by == "search.score" {
        return sorted_by_score(judge, order);
    }
    let keys = judge.results()?.sort_keys.as_ref().ok_or(HINT)?;
    let ids: Vec<String> = judge.search()?.matches().into_iter().map(|key| key.1).collect();
    for pair in ids.windows(2) {
        let (left, right) = (keys.get(&pair[0]), keys.get(&pair[1]));
        let placed = match (left, right) {
            (Some(left), Some(right)) => directed(left.cmp(right), order),
            // Missing last, in either direction.
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        // Ties stand by id.
        let placed = placed.then_with(|| pair[0].cmp(&pair[1]));
        ensure(placed == Ordering::Less, || {
            format!("{} ({left:?}) before {} ({right:?})", pair[0], pair[1])
        })?;
    }
    Ok(())
}

fn directed(ordering: Ordering, order: Order) -> Ordering {
    match order {
        Order::Asc => ordering,
        Order::Desc => ordering.reverse(),
    }
}

fn scores_of(judge: &Judge<'_>) -> Result<Vec<f64>, String> {
    let mut scores = Vec::new();
    for page in &judge.search()?.pages {
        for entry in page.with_mode("match") {
            let score = entry["search"]["score"].as_f64();
            scores.push(score.ok_or_else(|| format!("no score: {}", entry["search"]))?);
        }
    }
    Ok(scores)
}

fn sorted_by_score(judge: &Judge<'_>, order: Order) -> Finding {
    for pair in scores_of(judge)?.windows(2) {
        let placed = directed(pair[0].total_cmp(&pair[1]), order) != Ordering::Greater;
        ensure(placed, || format!("score {} before {}", pair[0], pair[1]))?;
    }
    Ok(())
}

pub(super) fn scores(judge: &Judge<'_>, min: f64, max: f64) -> Finding {
    for score in scores_of(judge)? {
        ensure((min..=max).contains(&score), || format!("score {score}"))?;
    }
    Ok(())
}
