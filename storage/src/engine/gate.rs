//! What keeps the rule that nothing is written after a failed write.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::error::EngineError;

/// What writes of an engine go through: it closes for good behind one that did not get through, for
/// then nobody knows what is stored.
#[derive(Debug, Default)]
pub struct Gate {
    is_closed: AtomicBool,
}

/// A write on its way. Dropped without [`passed`](Passage::passed), as by an error or by a caller
/// that no longer waits, it closes the gate.
#[derive(Debug)]
#[must_use]
pub struct Passage<'a> {
    gate: &'a Gate,
    has_passed: bool,
}

impl Gate {
    /// Lets a write begin.
    ///
    /// # Errors
    /// [`EngineError::Stopped`] when an earlier one failed.
    pub fn enter(&self) -> Result<Passage<'_>, EngineError> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(EngineError::Stopped);
        }
        Ok(Passage {
            gate: self,
            has_passed: false,
        })
    }
}

impl Passage<'_> {
    /// The write is durable.
    pub fn passed(mut self) {
        self.has_passed = true;
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        if !self.has_passed {
            self.gate.is_closed.store(true, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_closes_behind_a_write_that_does_not_pass() {
        let gate = Gate::default();
        gate.enter().unwrap().passed();
        let waiting = gate.enter().unwrap();
        gate.enter().unwrap().passed();
        drop(waiting);
        for _ in 0..2 {
            assert!(matches!(gate.enter(), Err(EngineError::Stopped)));
        }
    }
}
