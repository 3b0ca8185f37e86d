//! The look at the clock that ends a search soon after its deadline, wherever it is.
//!
//! Steps of microseconds are only counted, and the clock is read at every so many of them; what takes
//! longer is cut into parts by whoever does it, with a look before each. Nothing is interrupted.

use std::cell::Cell;

use super::{ExecuteError, Result};
use crate::engine::Deadline;

/// Steps between two looks at the clock: less than a millisecond of steps, and a look costs as much as a
/// few of them.
const STEPS: u32 = 256;

/// The deadline of one evaluation.
#[derive(Debug)]
pub(super) struct Watch {
    deadline: Deadline,
    /// Steps until the next look.
    left: Cell<u32>,
}

impl Watch {
    pub(super) fn new(deadline: Deadline) -> Self {
        Self { deadline, left: Cell::new(0) }
    }

    /// Looks at the clock: before what may take a millisecond.
    ///
    /// # Errors
    /// [`ExecuteError::Deadline`] when the deadline has passed.
    pub(super) fn look(&self) -> Result<()> {
        self.left.set(STEPS);
        self.deadline.check().map_err(|_| ExecuteError::Deadline)
    }

    /// Counts one step of a loop, and looks at the clock now and then.
    ///
    /// # Errors
    /// Those of [`Watch::look`].
    pub(super) fn step(&self) -> Result<()> {
        match self.left.get() {
            0 => self.look(),
            left => {
                self.left.set(left - 1);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{STEPS, Watch};
    use crate::engine::Deadline;

    #[test]
    fn ends_within_some_steps_of_the_deadline() {
        let watch = Watch::new(Deadline::after(Duration::from_mins(10)));
        for _ in 0..3 * STEPS {
            watch.step().unwrap();
        }
        let watch = Watch::new(Deadline::after(Duration::ZERO));
        watch.step().unwrap_err();
        watch.left.set(STEPS);
        let steps = (0..=STEPS).take_while(|_| watch.step().is_ok()).count();
        assert_eq!(steps, STEPS as usize);
    }
}
