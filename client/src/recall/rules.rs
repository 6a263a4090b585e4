//! The rules of a recall, as the matcher takes them.

use ledgerstone_entry::Known;
use ledgerstone_entry::matcher::Examined;
use ledgerstone_entry::matcher::Question;
use ledgerstone_entry::matcher::WatchList;
use ledgerstone_entry::query::Expression;
use ledgerstone_entry::query::QueryError;
use ledgerstone_entry::query::parse;

use crate::recall::error::RecallError;
use crate::recall::hit::HitRule;
use crate::recall::report::ReportRule;

/// Some rules, each on its own.
pub(crate) struct RecallRules {
    rules: Vec<RecallRule>,
}

pub(crate) struct RecallRule {
    pub(crate) question: Question,
    /// The rule alone.
    list: WatchList,
}

/// What a body tells of the rules.
pub(crate) struct Looked {
    /// Those that hold.
    pub(crate) hits: Vec<HitRule>,
    /// Those of which the body does not tell.
    pub(crate) unseen: Vec<usize>,
    pub(crate) understood: bool,
}

impl RecallRules {
    /// The rules of a watch list.
    pub(crate) fn of_list(list: &WatchList) -> Self {
        let rules = list.questions().into_iter().map(RecallRule::new);
        Self {
            rules: rules.collect(),
        }
    }

    /// The rules of a report.
    pub(crate) fn of_report(rules: &[ReportRule]) -> Result<Self, RecallError> {
        let rules = rules.iter().map(|rule| {
            let question = read(rule).map_err(|reason| RecallError::Rule {
                rule: rule.name.clone(),
                reason,
            })?;
            Ok(RecallRule::new(question))
        });
        Ok(Self {
            rules: rules.collect::<Result<_, RecallError>>()?,
        })
    }

    /// The same, for a report.
    pub(crate) fn to_report(&self) -> Vec<ReportRule> {
        let rules = self.rules.iter().map(|rule| ReportRule {
            name: rule.question.name.clone(),
            query: rule.question.asked.to_string(),
            expected: rule.question.expected.as_ref().map(Expression::to_string),
        });
        rules.collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RecallRule> {
        self.rules.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether a rule asks which authorities are trusted.
    pub(crate) fn ask_trust(&self) -> bool {
        self.rules.iter().any(|rule| rule.list.asks_trust())
    }

    /// What is known of an entry against each rule.
    pub(crate) fn look(&self, known: &Known) -> Looked {
        let mut looked = Looked {
            hits: Vec::new(),
            unseen: Vec::new(),
            understood: true,
        };
        for (number, rule) in self.rules.iter().enumerate() {
            let Examined {
                matches,
                understood,
                is_unseen,
                ..
            } = rule.list.examine_known(known);
            match matches {
                Some(matches) => looked.hits.push(HitRule::shown(number, matches)),
                None => {
                    looked.understood &= understood;
                    if is_unseen {
                        looked.unseen.push(number);
                    }
                }
            }
        }
        looked
    }
}

impl RecallRule {
    fn new(question: Question) -> Self {
        let mut list = WatchList::default();
        // One rule is never too many.
        let _ = list.add_rule(
            &question.name,
            question.asked.clone(),
            question.expected.clone(),
        );
        Self { question, list }
    }
}

fn read(rule: &ReportRule) -> Result<Question, QueryError> {
    let expected = rule.expected.as_ref();
    Ok(Question {
        name: rule.name.clone(),
        asked: parse(&rule.query, 0)?,
        expected: expected.map(|query| parse(query, 0)).transpose()?,
    })
}
