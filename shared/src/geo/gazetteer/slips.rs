//! Slips of the pen: how many letters of a name are wrong, and how many may be.

/// One wrong letter from 5 letters on, two from 9; none in a text with digits.
pub(super) fn edits_allowed(key: &str) -> usize {
    match key.chars().count() {
        _ if key.contains(|c: char| c.is_ascii_digit()) => 0,
        0..5 => 0,
        5..9 => 1,
        _ => 2,
    }
}

/// The number of letters to insert, delete, replace or swap with their neighbor, at most `max`; 0 is
/// no slip and is left out.
pub(super) fn edits(a: &str, b: &str, max: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if max == 0 || a.len().abs_diff(b.len()) > max {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            next[j] = change.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                next[j] = next[j].min(before[j - 2] + 1);
            }
        }
        if next.iter().min().is_some_and(|least| *least > max) {
            return None;
        }
        before = std::mem::replace(&mut row, next);
    }
    let edits = row[b.len()];
    (1..=max).contains(&edits).then_some(edits)
}

#[cfg(test)]
mod tests {
    use super::edits;

    #[test]
    fn slips_are_counted() {
        // (typed, name, most, edits)
        let rows = [
            ("versaille", "versailles", 1, Some(1)),
            ("vresailles", "versailles", 1, Some(1)),
            ("versailles", "versailles", 2, None),
            ("versale", "versailles", 2, None),
            ("nante", "nantes", 1, Some(1)),
            ("nantes", "mantes", 1, Some(1)),
            ("nantes", "nates", 0, None),
            ("marsiele", "marseille", 2, Some(2)),
            ("", "a", 1, Some(1)),
        ];
        for (a, b, max, expected) in rows {
            assert_eq!(edits(a, b, max), expected, "{a} {b}");
            assert_eq!(edits(b, a, max), expected, "{b} {a}");
        }
    }
}
