//! Rules, and how they hang together.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::policy::error::PolicyError;
use crate::verify::expected::expectation::Expectation;

/// Named rules, and the one that every artifact has to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    required: String,
    rules: BTreeMap<String, Rule>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// A bundle of the artifact has to be as expected.
    Expect(Box<Expectation>),
    /// One of these rules has to hold.
    Any(Vec<String>),
    /// Each of these rules has to hold, though not by the same bundle.
    All(Vec<String>),
}

impl Policy {
    /// Every artifact has to have a bundle that is as expected.
    pub fn of(expectation: Expectation) -> Self {
        let name = "rule".to_owned();
        Self {
            rules: BTreeMap::from([(name.clone(), Rule::Expect(Box::new(expectation)))]),
            required: name,
        }
    }

    /// The rule `required` of `rules`.
    ///
    /// # Errors
    /// When a rule that is named does not exist, or leads back to itself.
    pub(crate) fn new(
        required: String,
        rules: BTreeMap<String, Rule>,
    ) -> Result<Self, PolicyError> {
        if !rules.contains_key(&required) {
            return Err(PolicyError::NoSuchRule {
                by: "require".to_owned(),
                name: required,
            });
        }
        let policy = Self { required, rules };
        policy.check_all()?;
        Ok(policy)
    }

    /// The name of the rule that every artifact has to keep.
    pub fn required(&self) -> &str {
        &self.required
    }

    pub(crate) fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.get(name)
    }

    fn check_all(&self) -> Result<(), PolicyError> {
        let mut sound = BTreeSet::new();
        let mut names = self.rules.keys();
        names.try_for_each(|name| self.check(name, &mut BTreeSet::new(), &mut sound))
    }

    /// Checks that no rule below `name` is above it too. A chain is at most as long as there are
    /// rules.
    fn check<'p>(
        &'p self,
        name: &'p str,
        above: &mut BTreeSet<&'p str>,
        sound: &mut BTreeSet<&'p str>,
    ) -> Result<(), PolicyError> {
        if sound.contains(name) {
            return Ok(());
        }
        if !above.insert(name) {
            return Err(PolicyError::Circle(name.to_owned()));
        }
        if let Some(Rule::Any(names) | Rule::All(names)) = self.rules.get(name) {
            for below in names {
                if !self.rules.contains_key(below) {
                    return Err(PolicyError::NoSuchRule {
                        by: format!("rule {name:?}"),
                        name: below.clone(),
                    });
                }
                self.check(below, above, sound)?;
            }
        }
        above.remove(name);
        sound.insert(name);
        Ok(())
    }
}
