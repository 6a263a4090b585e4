//! What a run measured, for people and as JSON.

use std::fmt;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::machine::Machine;

/// What a command measured: one column a row of measurements, all with the same figures.
pub(crate) struct Report {
    command: &'static str,
    machine: Machine,
    columns: Vec<Column>,
}

/// The figures of one measurement.
#[derive(Default)]
pub(crate) struct Column {
    heading: String,
    figures: Vec<Figure>,
}

struct Figure {
    label: &'static str,
    key: &'static str,
    value: f64,
    decimals: usize,
}

impl Report {
    pub(crate) fn new(command: &'static str, machine: Machine) -> Self {
        Self {
            command,
            machine,
            columns: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, column: Column) {
        self.columns.push(column);
    }

    pub(crate) fn to_json(&self) -> Value {
        let rows: Vec<Value> = self.columns.iter().map(Column::to_json).collect();
        json!({
            "command": self.command,
            "machine": self.machine.to_json(),
            "rows": rows,
        })
    }
}

impl Column {
    pub(crate) fn new(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            figures: Vec::new(),
        }
    }

    /// Adds a figure: `label` says in words what it is and in which unit, `key` names it in JSON.
    pub(crate) fn figure(
        mut self,
        label: &'static str,
        key: &'static str,
        value: f64,
        decimals: usize,
    ) -> Self {
        self.figures.push(Figure {
            label,
            key,
            value,
            decimals,
        });
        self
    }

    /// Adds a figure without decimals.
    pub(crate) fn count(self, label: &'static str, key: &'static str, value: u64) -> Self {
        self.figure(label, key, value as f64, 0)
    }

    fn to_json(&self) -> Value {
        let mut row = Map::new();
        row.insert("row".to_owned(), self.heading.as_str().into());
        for figure in &self.figures {
            let value: f64 = figure.text().parse().unwrap_or(figure.value);
            row.insert(figure.key.to_owned(), value.into());
        }
        row.into()
    }
}

impl Figure {
    fn text(&self) -> String {
        format!("{:.*}", self.decimals, self.value)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.machine)?;
        let Some(first) = self.columns.first() else {
            return Ok(());
        };
        let width = |column: &Column| {
            let texts = column.figures.iter().map(|figure| figure.text().len());
            texts.max().unwrap_or_default().max(column.heading.len()) + 3
        };
        let labels = first.figures.iter().map(|figure| figure.label.len());
        let label_width = labels.max().unwrap_or_default();
        write!(f, "{:label_width$}", "")?;
        for column in &self.columns {
            write!(f, "{:>width$}", column.heading, width = width(column))?;
        }
        writeln!(f)?;
        for (row, figure) in first.figures.iter().enumerate() {
            write!(f, "{:label_width$}", figure.label)?;
            for column in &self.columns {
                let text = column.figures.get(row).map(Figure::text);
                let text = text.unwrap_or_default();
                write!(f, "{text:>width$}", width = width(column))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
