//! Timing in batches, so that the clock costs little, and in turns, so that neither side has the machine to itself.

use std::hint::black_box;
use std::time::Instant;

/// The middle of what several runs measured.
pub fn middle<T>(runs: &[T], value: impl Fn(&T) -> f64) -> f64 {
    Sample::new(runs.iter().map(value).collect()).p50()
}

/// Runs every side once per round, in turns, so that a slow moment of the machine meets all of them. Gives the runs of each.
pub fn in_rounds<S, T>(
    rounds: usize,
    sides: &[S],
    mut run: impl FnMut(&S) -> anyhow::Result<T>,
) -> anyhow::Result<Vec<Vec<T>>> {
    let mut runs: Vec<Vec<T>> = sides.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (side, runs) in sides.iter().zip(&mut runs) {
            runs.push(run(side)?);
        }
    }
    Ok(runs)
}

/// The load of the machine over the last minute, to be told beside figures.
pub fn machine_load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Questions per batch.
pub const BATCH: usize = 32;

/// Nanoseconds, sorted.
#[derive(Clone, Debug, Default)]
pub struct Sample(Vec<f64>);

impl Sample {
    /// Of measurements in any order.
    pub fn new(mut measured: Vec<f64>) -> Self {
        measured.sort_unstable_by(f64::total_cmp);
        Self(measured)
    }

    /// The value that this share, from 0 to 1, lies below.
    pub fn quantile(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let place = (0..=last).rev().find(|place| *place as f64 <= share * last as f64).unwrap_or(0);
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }

    /// The middle.
    pub fn p50(&self) -> f64 {
        self.quantile(0.5)
    }

    /// What one in a hundred exceeds.
    pub fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    /// The largest.
    pub fn max(&self) -> f64 {
        self.quantile(1.0)
    }
}

/// Whether one question may begin before the one before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As in a server: each question waits for the answer before it, so that the time is the time of one answer.
    OneByOne,
    /// The processor may overlap them: the time is the inverse of how many can be answered.
    Overlapping,
}

/// Nanoseconds per question of one batch. `ask` gives something small that depends on the answer.
#[inline]
pub fn batch<Q>(questions: &[Q], pace: Pace, mut ask: impl FnMut(&Q) -> u8) -> f64 {
    let started = Instant::now();
    let mut carried = 0;
    for place in 0..questions.len() {
        let answer = ask(&questions[place + carried]);
        // Always 0, which neither compiler nor processor knows before the answer is there.
        carried = match pace {
            Pace::OneByOne => black_box(usize::from(answer)) >> 8,
            Pace::Overlapping => black_box(usize::from(answer)) & carried,
        };
    }
    started.elapsed().as_nanos() as f64 / questions.len() as f64
}

/// Batches that one side asks before it is the other's turn: long enough that each finds its own data in the
/// processor's caches, as a server does, and short enough that a slow moment of the machine meets both.
const TURN: usize = 32;

/// Asks two sides in turns, each about all questions, in batches, and never about the same ones shortly after
/// each other. Gives both samples.
pub fn in_turns<Q>(
    questions: &[Q],
    pace: Pace,
    mut one: impl FnMut(&Q) -> u8,
    mut other: impl FnMut(&Q) -> u8,
) -> (Sample, Sample) {
    let batches: Vec<&[Q]> = questions.chunks_exact(BATCH).collect();
    let half = batches.len() / 2;
    let (mut of_one, mut of_other) = (Vec::with_capacity(batches.len()), Vec::with_capacity(batches.len()));
    for turn in (0..batches.len()).step_by(TURN) {
        let places = turn..(turn + TURN).min(batches.len());
        for place in places.clone() {
            of_one.push(batch(batches[place], pace, &mut one));
        }
        for place in places {
            of_other.push(batch(batches[(place + half) % batches.len()], pace, &mut other));
        }
    }
    (Sample::new(of_one), Sample::new(of_other))
}
