//! A run of numbers read as decisions: what turns random numbers into documents and requests.
//!
//! Every document and every parameter has a run of its own, so that dropping one leaves the others as
//! they are and a failing case shrinks to a small one. An exhausted run always takes the first choice.

/// Decisions not yet taken.
pub(super) struct Choices<'a>(std::slice::Iter<'a, u16>);

impl<'a> Choices<'a> {
    pub(super) fn new(run: &'a [u16]) -> Self {
        Self(run.iter())
    }

    /// A number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % count
    }

    /// One of several.
    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// True once in `count` times; false when exhausted.
    pub(super) fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }
}
