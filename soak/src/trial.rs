//! What a round tries a log with.

use ledgerstone_tests::random::Random;

use crate::attacks::Attack;
use crate::faults::FAULTS;
use crate::faults::Fault;
use crate::server::Conditions;

/// What a round tries a log with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trial {
    Fault(Fault),
    /// Two faults, the second as soon as the log is back from the first.
    Two(Fault, Fault),
    /// Hostile clients.
    Attack(Attack),
    /// Hostile and honest clients that come through one proxy.
    Proxied(Attack),
}

/// The attacks, by the names that they have in results.
const ATTACKS: [(&str, Attack); 9] = [
    ("idle", Attack::Idle),
    ("few-descriptors", Attack::FewDescriptors),
    ("stalled-bodies", Attack::StalledBodies),
    ("stalled-v1-bodies", Attack::StalledV1),
    ("unread-bundles", Attack::UnreadBundles),
    ("hang-ups", Attack::HangUps),
    ("replays", Attack::Replays),
    ("overload", Attack::Overload),
    ("unread-log", Attack::UnreadLog),
];

/// Attacks by which a server can tell who a proxy speaks for: they consist of requests.
const PROXIED: [Attack; 4] = [
    Attack::StalledBodies,
    Attack::HangUps,
    Attack::Replays,
    Attack::Overload,
];

/// What a name of `--only` stands for when it is neither a fault nor an attack.
const TWO: &str = "two";
const PROXY: &str = "proxy";

impl Trial {
    /// Every trial that can be chosen, in families that are as likely as each other. Those that
    /// need disks are left out where there are none.
    pub(crate) fn families(only: &[String], has_disks: bool) -> Vec<Vec<Self>> {
        let faults: Vec<Fault> = FAULTS
            .into_iter()
            .filter(|fault| has_disks || !fault.needs_disks())
            .collect();
        let pairs = faults
            .iter()
            .flat_map(|first| faults.iter().map(|second| Self::Two(*first, *second)));
        let attacks: Vec<_> = ATTACKS.map(|(_, attack)| Self::Attack(attack)).to_vec();
        let mut families: Vec<Vec<Self>> = faults
            .iter()
            .map(|fault| vec![Self::Fault(*fault)])
            .collect();
        families.push(pairs.collect());
        // There are more kinds of them than of any other family.
        families.extend([attacks.clone(), attacks.clone(), attacks]);
        families.push(PROXIED.map(Self::Proxied).to_vec());
        for family in &mut families {
            family.retain(|trial| only.is_empty() || only.iter().any(|name| trial.is(name)));
        }
        families.retain(|family| !family.is_empty());
        families
    }

    /// One of `families`.
    pub(crate) fn choose(families: &[Vec<Self>], random: &mut Random) -> Self {
        let family = random.one_of(families);
        *random.one_of(family)
    }

    /// What it is called in results.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Fault(fault) => fault.name().to_owned(),
            Self::Two(first, second) => format!("{}+{}", first.name(), second.name()),
            Self::Attack(attack) => name_of(attack).to_owned(),
            Self::Proxied(attack) => format!("{PROXY}+{}", name_of(attack)),
        }
    }

    /// How the server of the round is started.
    pub(crate) fn conditions(self) -> Conditions {
        match self {
            Self::Attack(attack) | Self::Proxied(attack) => attack.conditions(),
            Self::Fault(_) | Self::Two(..) => Conditions::default(),
        }
    }

    /// Whether all clients come through one proxy.
    pub(crate) fn is_proxied(self) -> bool {
        matches!(self, Self::Proxied(_))
    }

    /// Whether it needs a log with long entries.
    pub(crate) fn needs_long_entries(self) -> bool {
        matches!(self, Self::Attack(attack) if attack.needs_long_entries())
    }

    fn is(self, name: &str) -> bool {
        match self {
            Self::Two(..) => name == TWO || name == self.name(),
            Self::Proxied(_) => name == PROXY || name == self.name(),
            Self::Fault(_) | Self::Attack(_) => name == self.name(),
        }
    }
}

fn name_of(attack: Attack) -> &'static str {
    let named = ATTACKS.iter().find(|(_, it)| *it == attack);
    named.map_or("attack", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str], has_disks: bool) -> Vec<String> {
        let only: Vec<String> = only.iter().map(ToString::to_string).collect();
        let families = Trial::families(&only, has_disks);
        families
            .iter()
            .flatten()
            .map(|trial| trial.name())
            .collect()
    }

    #[test]
    fn trials_are_chosen_by_name_and_by_what_the_machine_can_do() {
        assert_eq!(names(&["kill"], false), ["kill"]);
        assert_eq!(names(&["proxy+overload"], true), ["proxy+overload"]);
        assert_eq!(names(&["two"], true).len(), FAULTS.len() * FAULTS.len());
        assert_eq!(names(&["proxy"], true).len(), PROXIED.len());
        assert_eq!(names(&["idle"], true), ["idle"; 3]);
        assert!(names(&["nonsense"], true).is_empty());
        let all = names(&[], false);
        assert!(all.iter().all(|name| !name.contains("power-cut")));
        assert!(names(&[], true).contains(&"power-cut".to_owned()));
    }
}
