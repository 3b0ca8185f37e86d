//! Real documents are not all written alike: some resources of the sample keep the spellings that published
//! examples and older systems use (`http` identifier systems, alias code systems, retired extensions).
//!
//! The table `assets/sample-spellings.tsv` replaces a text in one resource's JSON; a row whose text is not there
//! is an error of the table and stops the build.

const TABLE: &str = include_str!("../../assets/sample-spellings.tsv");

/// The line of a resource with its own spellings.
pub(super) fn respell(id: &str, line: Vec<u8>) -> Vec<u8> {
    let mut line = line;
    for row in TABLE.lines().filter(|row| !row.starts_with('#')) {
        let cells: Vec<&str> = row.split('\t').collect();
        let [of, from, to, _why] = cells.as_slice() else {
            panic!("assets/sample-spellings.tsv: four cells expected in {row:?}");
        };
        if *of == id {
            let text = String::from_utf8(line).expect("serde_json writes UTF-8");
            assert!(
                text.contains(from),
                "assets/sample-spellings.tsv: {id} does not contain {from}"
            );
            line = text.replace(from, to).into_bytes();
            let parsed = shared::validate::parse(&line);
            assert!(
                parsed.is_ok(),
                "assets/sample-spellings.tsv: {id} is broken by {to}: {parsed:?}"
            );
        }
    }
    line
}
