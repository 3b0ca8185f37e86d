//! French telephone numbers in running text: however they are grouped, they are one word.
//!
//! Only the form is looked at; whether a number is in use, or of which region, is nobody's business here.

/// How the ten digits of a number are grouped, `0` included.
///
/// Not every grouping is one: `01/02/2024 10` is a date, `01000 01100` are postal codes.
const NATIONAL: [&[usize]; 11] = [
    &[10],
    &[2, 2, 2, 2, 2],
    &[4, 2, 2, 2],
    &[4, 3, 3],
    &[1, 3, 3, 3],
    &[2, 8],
    &[2, 4, 4],
    &[2, 2, 3, 3],
    &[2, 2, 2, 4],
    &[3, 3, 4],
    &[4, 6],
];

/// How the nine digits behind a country code are grouped.
const INTERNATIONAL: [&[usize]; 7] =
    [&[9], &[1, 2, 2, 2, 2], &[3, 2, 2, 2], &[3, 3, 3], &[1, 8], &[1, 4, 4], &[1, 2, 3, 3]];

/// How they are grouped behind a country code without `+` or `00`: few other numbers look like it.
const BARE: [&[usize]; 1] = [&[1, 2, 2, 2, 2]];

/// Country codes whose numbers have nine digits and are dialed with `0` at home.
const COUNTRIES: [&str; 5] = ["33", "262", "590", "594", "596"];

/// Most groups of one number.
const GROUPS: usize = 5;

/// The number that a folded text starts with, as ten digits from `0`, and how many bytes it takes.
///
/// `"02 99 28 43 21"`, `"02.99.28.43.21"`, `"+33 2 99 28 43 21"`, `"0033299284321"`,
/// `"+33 (0)2 99 28 43 21"` and `"02) 99 28 43 21"` (what is in a bracket starts behind it) are all
/// `"0299284321"`. Groups are separated by a closing bracket, or by one space, dot, hyphen or slash.
pub(super) fn at_start(text: &str) -> Option<(String, usize)> {
    for country in COUNTRIES {
        let code = text.strip_prefix('+');
        let code = code.or_else(|| text.strip_prefix("00").map(without_separator));
        let Some(rest) = code.and_then(|code| code.strip_prefix(country)) else { continue };
        let rest = without_separator(rest);
        let rest = rest.strip_prefix("(0)").map_or(rest, without_separator);
        let national = grouped(rest, &NATIONAL);
        let national = national.filter(|(digits, _)| digits.starts_with('0'));
        let (digits, taken) = national.or_else(|| grouped(rest, &INTERNATIONAL))?;
        let digits = if digits.len() == 9 { format!("0{digits}") } else { digits };
        return Some((digits, text.len() - rest.len() + taken));
    }
    if let Some(rest) = text.strip_prefix("33")
        && matches!(rest.as_bytes(), [b' ' | b'.' | b'-' | b'/', b'1'..=b'9', ..])
    {
        let (digits, taken) = grouped(&rest[1..], &BARE)?;
        return Some((format!("0{digits}"), "33 ".len() + taken));
    }
    let is_national = matches!(text.as_bytes(), [b'0', b'1'..=b'9' | b' ' | b'.' | b')', ..]);
    if is_national { grouped(text, &NATIONAL) } else { None }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'.' | b'-' | b'/')
}

/// The length of what may stand between two groups at the start of a text.
fn separator_length(text: &[u8]) -> usize {
    let bracket = usize::from(text.first() == Some(&b')'));
    bracket + usize::from(text.get(bracket).copied().is_some_and(is_separator))
}

fn without_separator(text: &str) -> &str {
    &text[separator_length(text.as_bytes())..]
}

/// Reads groups of digits in one of the patterns; nothing alphanumeric may follow.
fn grouped(text: &str, patterns: &[&[usize]]) -> Option<(String, usize)> {
    let bytes = text.as_bytes();
    let wanted: usize = patterns[0].iter().sum();
    let mut digits = String::with_capacity(wanted);
    let mut groups: [usize; GROUPS] = [0; GROUPS];
    let mut count = 0;
    let mut at = 0;
    while count < GROUPS {
        let length = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        groups[count] = length;
        count += 1;
        digits.push_str(&text[at..at + length]);
        at += length;
        let separator = separator_length(&bytes[at..]);
        if length == 0 || digits.len() >= wanted || separator == 0 {
            break;
        }
        at += separator;
    }
    let ends = !text[at..].starts_with(char::is_alphanumeric);
    (ends && patterns.contains(&&groups[..count])).then_some((digits, at))
}

#[cfg(test)]
mod tests {
    use super::at_start;

    #[test]
    fn numbers_in_any_grouping_are_one() {
        for (text, rest) in [
            ("0299284321", ""),
            ("02 99 28 43 21", ""),
            ("02.99.28.43.21, poste 12", ", poste 12"),
            ("02-99-28-43-21 le matin", " le matin"),
            ("02/99/28/43/21", ""),
            ("+33 2 99 28 43 21", ""),
            ("+33299284321", ""),
            ("+33 (0)2 99 28 43 21", ""),
            ("+33 (0) 2 99 28 43 21", ""),
            ("0033 2 99 28 43 21", ""),
            ("+33 02 99 28 43 21", ""),
            ("00 33 2 99 28 43 21", ""),
            ("33 2 99 28 43 21", ""),
            ("+33) 2 99 28 43 21", ""),
            ("02) 99 28 43 21)", ")"),
            ("02)99284321", ""),
            ("02 99284321", ""),
            ("02 99 284 321", ""),
            ("02 9928 4321", ""),
        ] {
            let taken = text.len() - rest.len();
            assert_eq!(at_start(text), Some(("0299284321".to_owned(), taken)), "{text}");
        }
        assert_eq!(at_start("0 800 123 456"), Some(("0800123456".to_owned(), 13)));
        assert_eq!(at_start("0262 12 34 56"), Some(("0262123456".to_owned(), 13)));
        assert_eq!(at_start("+262 262 12 34 56"), Some(("0262123456".to_owned(), 17)));
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "02992843",
            "02992843210",
            "02 99 28 43 21a",
            "02 99 28 43",
            "02, 99, 28, 43, 21",
            "02  99 28 43 21",
            "2024 01 02 03",
            "01/02/2024 10",
            "01000 01100",
            "33 02 99 28 43",
            "33 000 012 3",
            "00 12 34 56 78",
            "+44 20 7946 0958",
            "+33 2 99",
            "35000 12345",
            "0",
            "",
        ] {
            assert_eq!(at_start(text), None, "{text}");
        }
    }
}
