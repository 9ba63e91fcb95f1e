//! `clock`: read, freeze, set and advance it, or let it run.

use axum::Json as Answer;
use chrono::{SecondsFormat, TimeDelta};
use serde::Serialize;
use serde_json::Value;

use super::{ask::Asked, problem::Problem};
use crate::{
    json::{Path, expected, note, object, optional, time},
    state::{AppState, Refusal},
    tenant::{ClockChange, ClockRefusal, Reading},
};

/// The reading of a clock.
#[derive(Serialize)]
pub(super) struct Shown {
    now: String,
    frozen: bool,
}

impl From<Reading> for Shown {
    fn from(reading: Reading) -> Self {
        // As Tallyfy writes times, with a fraction only if there is one.
        Self {
            now: reading.now.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            frozen: reading.frozen,
        }
    }
}

fn shown(reading: Reading) -> Answer<Shown> {
    Answer(reading.into())
}

/// Reads a clock.
pub(super) fn show(app: &AppState, mut asked: Asked) -> Result<Answer<Shown>, Problem> {
    let org = asked.only_org()?;
    Ok(shown(app.tenants.clock(org.as_ref())))
}

/// Sets it by `{"now":…,"frozen":…}`; a part that is left out stays.
pub(super) fn set(app: &AppState, mut asked: Asked) -> Result<Answer<Shown>, Problem> {
    let (org, body) = (asked.only_org()?, asked.json()?);
    let mut mistakes = Vec::new();
    let root = Path::Root;
    let (mut now, mut frozen) = (None, None);
    if let Some(fields) = object(&body, &root, &["now", "frozen"], &mut mistakes) {
        now = time(fields, "now", &root, &mut mistakes);
        match optional(fields, "frozen") {
            None if now.is_none() && mistakes.is_empty() => {
                note(&mut mistakes, &root, "expected `now`, `frozen`, or both");
            }
            None => {}
            Some(Value::Bool(value)) => frozen = Some(*value),
            Some(other) => expected(&mut mistakes, &root.key("frozen"), "true or false", other),
        }
    }
    if !mistakes.is_empty() {
        return Err(Problem::invalid(mistakes));
    }
    let set = ClockChange::Set { now, frozen };
    let changed = app.tenants.change_clock(org.as_ref(), set);
    changed.map(shown).map_err(|refusal| match refusal {
        ClockRefusal::Full => full(),
        ClockRefusal::OutOfRange => Problem::invalid(vec![(
            "now".into(),
            "expected a time in the years 0000 to 9999".into(),
        )]),
    })
}

/// Advances it by `{"seconds":3600}`; back if negative.
pub(super) fn advance(app: &AppState, mut asked: Asked) -> Result<Answer<Shown>, Problem> {
    let (org, body) = (asked.only_org()?, asked.json()?);
    let mut mistakes = Vec::new();
    let root = Path::Root;
    let fields = object(&body, &root, &["seconds"], &mut mistakes);
    let value = fields
        .and_then(|fields| fields.get("seconds"))
        .unwrap_or(&Value::Null);
    if mistakes.is_empty() {
        let moved = seconds(value).map_or(Err(ClockRefusal::OutOfRange), |by| {
            let moved = ClockChange::Advance(by);
            app.tenants.change_clock(org.as_ref(), moved)
        });
        match moved {
            Ok(moved) => return Ok(shown(moved)),
            Err(ClockRefusal::Full) => return Err(full()),
            Err(ClockRefusal::OutOfRange) => expected(
                &mut mistakes,
                &root.key("seconds"),
                "a number of seconds that leads to a time",
                value,
            ),
        }
    }
    Err(Problem::invalid(mistakes))
}

fn full() -> Problem {
    Refusal::Full.into()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked, and a fraction of a microsecond is not kept"
)]
fn seconds(value: &Value) -> Option<TimeDelta> {
    let micros = value.as_f64()? * 1e6;
    (micros.abs() < 9e18).then(|| TimeDelta::microseconds(micros.round() as i64))
}
