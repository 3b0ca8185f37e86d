mod parse;

fn main() {}
