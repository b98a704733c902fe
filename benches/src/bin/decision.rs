//! How long a decision takes beside the least that it could take, beside other engines, and while changes are applied.
//!
//! `BAILEY_BENCH_DIVISOR=100` makes everything a hundred times smaller, to try the program itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use bailey_benches::cedar::Cedar;
use bailey_benches::changes::{Changer, KINDS};
use bailey_benches::floor::Floor;
use bailey_benches::iam::Iam;
use bailey_benches::measure::{BATCH, Pace, Sample, batch, in_turns};
use bailey_benches::memory;
use bailey_benches::population::{Population, Size};
use bailey_benches::questions::{
    Answer, Asked, ModelCall, Question, admit, authorize, flights, model_calls, questions,
};
use bailey_benches::rego::{Rego, SharedRego};
use bailey_domain::Directory;

/// Questions of each kind.
const QUESTIONS: usize = 600_000;
/// Users that the other engines are prepared for: a policy set for each takes too much memory for more.
const PREPARED: usize = 2_000;
/// Changes applied to measure one.
const CHANGES: u64 = 20_000;

fn main() -> anyhow::Result<()> {
    let size = Size::from_environment();
    println!("{size:?}");
    let population = Population::draw(size);
    let (before, _) = memory::resident("self")?;
    let started = Instant::now();
    let directory = Directory::new();
    directory.load(population.changes())?;
    directory.loaded(1);
    let (after, _) = memory::resident("self")?;
    println!(
        "directory: {:.1} s to fill, {:.0} MiB; {:?}",
        started.elapsed().as_secs_f64(),
        after - before,
        directory.census()
    );
    let floor = Floor::build(&population);
    println!("floor: {:.0} MiB", memory::resident("self")?.0 - after);

    let calls = model_calls(&population, QUESTIONS, 1);
    beside_floor(
        "admit",
        &calls,
        |call| admit(&directory, &population, call),
        |call| floor.admit(&population, call),
    );
    let asked = questions(&population, QUESTIONS, usize::MAX, Asked::ALL, 2);
    beside_floor(
        "API decision",
        &asked,
        |question| authorize(&directory, question),
        |question| floor.authorize(question),
    );
    beside_engines(&directory, &population)?;
    let mut changer = Changer::new(&directory, &population);
    one_change(&directory, &population, &calls, &mut changer)?;
    while_changing(&directory, &population, &calls, &asked, &mut changer)
}

/// Prints both sides, for all questions and for those of each answer.
fn beside_floor<Q: Clone>(
    what: &str,
    questions: &[Q],
    ask: impl Fn(&Q) -> Answer,
    floor: impl Fn(&Q) -> bool,
) {
    let mut by_answer: [Vec<Q>; 3] = Default::default();
    for question in questions {
        by_answer[ask(question) as usize].push(question.clone());
    }
    println!("\n{what}: nanoseconds, bailey / floor");
    let mut sets = vec![("all", questions)];
    sets.extend(Answer::ALL.map(|answer| (answer.name(), by_answer[answer as usize].as_slice())));
    for (name, set) in sets {
        if set.len() < 2 * BATCH {
            continue;
        }
        let share = 100.0 * set.len() as f64 / questions.len() as f64;
        for pace in [Pace::OneByOne, Pace::Overlapping] {
            let (ours, least) =
                in_turns(set, pace, |question| ask(question) as u8, |question| u8::from(floor(question)));
            println!(
                "{name:>14} {share:5.1} % {:<11} p50 {:7.0} / {:6.0} = {:5.2}x   p99 {:7.0} / {:6.0} = {:5.2}x",
                format!("{pace:?}"),
                ours.p50(),
                least.p50(),
                ours.p50() / least.p50(),
                ours.p99(),
                least.p99(),
                ours.p99() / least.p99(),
            );
        }
    }
}

/// The same questions, decided by policies alone, to all engines.
fn beside_engines(directory: &Directory, population: &Population) -> anyhow::Result<()> {
    let asked = questions(population, QUESTIONS / 30, PREPARED, Asked::BY_POLICY, 3);
    let (cedar, iam) = (Cedar::prepare(population, &asked)?, Iam::prepare(population, &asked)?);
    let mut rego = Rego::prepare(population, &asked)?;
    let mut shared_rego = SharedRego::prepare(population, &asked)?;
    let mut prepared = Vec::new();
    let mut counts = [0_usize; 3];
    for question in asked {
        let (for_cedar, for_iam) = (Cedar::request(&question)?, Iam::request(&question)?);
        let for_rego = Rego::input(&question)?;
        let ours = authorize(directory, &question);
        let user = question.user;
        let (of_cedar, of_iam) = (cedar.ask(user, &for_cedar), iam.ask(user, &for_iam)?);
        let (of_rego, of_shared) = (rego.ask(user, &for_rego)?, shared_rego.ask(&for_rego)?);
        ensure!(
            [of_cedar, of_iam, of_rego, of_shared] == [ours; 4],
            "bailey {ours:?}, cedar {of_cedar:?}, iam-rs {of_iam:?}, regorus {of_rego:?} and {of_shared:?}: {question:?}"
        );
        counts[ours as usize] += 1;
        prepared.push((question, for_cedar, for_iam, for_rego));
    }
    println!(
        "\nother engines: {} questions about {PREPARED} users, all four give the same answers: {counts:?} {:?}",
        prepared.len(),
        Answer::ALL
    );
    let ask_bailey = |(question, ..): &(Question, _, _, _)| authorize(directory, question) as u8;
    let (ours, theirs) = in_turns(&prepared, Pace::OneByOne, ask_bailey, |(question, request, ..)| {
        cedar.ask(question.user, request) as u8
    });
    engine("cedar-policy", &ours, &theirs);
    let (ours, theirs) = in_turns(&prepared, Pace::OneByOne, ask_bailey, |(question, _, request, _)| {
        iam.ask(question.user, request).map_or(u8::MAX, |answer| answer as u8)
    });
    engine("iam-rs", &ours, &theirs);
    let (ours, theirs) = in_turns(&prepared, Pace::OneByOne, ask_bailey, |(question, .., input)| {
        rego.ask(question.user, input).map_or(u8::MAX, |answer| answer as u8)
    });
    engine("regorus, each", &ours, &theirs);
    let (ours, theirs) = in_turns(&prepared, Pace::OneByOne, ask_bailey, |(.., input)| {
        shared_rego.ask(input).map_or(u8::MAX, |answer| answer as u8)
    });
    engine("regorus, one", &ours, &theirs);
    Ok(())
}

fn engine(name: &str, ours: &Sample, theirs: &Sample) {
    println!(
        "{name:>14}: p50 {:7.0} ns, bailey {:5.0} ns: {:5.1}x   p99 {:7.0} ns, bailey {:5.0} ns: {:5.1}x",
        theirs.p50(),
        ours.p50(),
        theirs.p50() / ours.p50(),
        theirs.p99(),
        ours.p99(),
        theirs.p99() / ours.p99(),
    );
}

/// How long one change takes, by kind, alone and with calls in flight.
fn one_change(
    directory: &Directory,
    population: &Population,
    calls: &[ModelCall],
    changer: &mut Changer<'_>,
) -> anyhow::Result<()> {
    for in_flight in [0, 1_000] {
        let flights = flights(directory, population, calls, in_flight);
        println!("\none change, {} calls in flight: microseconds", flights.len());
        let mut all = Vec::new();
        let mut by_kind = vec![Vec::new(); KINDS.len()];
        for _ in 0..CHANGES {
            let (kind, took) = changer.apply_next()?;
            let microseconds = took.as_nanos() as f64 / 1000.0;
            by_kind[kind].push(microseconds);
            all.push(microseconds);
        }
        let names = std::iter::once("all").chain(KINDS.iter().copied());
        for (name, measured) in names.zip(std::iter::once(all).chain(by_kind)) {
            let sample = Sample::new(measured);
            println!(
                "{name:>16}: p50 {:7.1}  p99 {:7.1}  max {:7.1}",
                sample.p50(),
                sample.p99(),
                sample.max()
            );
        }
    }
    Ok(())
}

/// Decisions by several threads, quiet and while another thread applies a thousand changes a second.
fn while_changing(
    directory: &Directory,
    population: &Population,
    calls: &[ModelCall],
    asked: &[Question],
    changer: &mut Changer<'_>,
) -> anyhow::Result<()> {
    println!(
        "\nthreads ({} processors): nanoseconds per decision of one thread, decisions per second of all",
        std::thread::available_parallelism()?
    );
    for threads in [1, 2, 4] {
        for every in [None, Some(Duration::from_millis(1))] {
            let of_calls =
                in_threads(calls, threads, every, changer, |call| admit(directory, population, call))?;
            let of_asked =
                in_threads(asked, threads, every, changer, |question| authorize(directory, question))?;
            for (what, (sample, rate, applied)) in [("admit", of_calls), ("API decision", of_asked)] {
                println!(
                    "{threads} threads {what:>13}, {applied:5.0} changes/s: p50 {:6.0}  p99 {:7.0}   {rate:9.0}/s",
                    sample.p50(),
                    sample.p99()
                );
            }
        }
    }
    Ok(())
}

/// Asks for two seconds. Gives the times, how many answers came per second, and how many changes.
fn in_threads<Q: Sync>(
    questions: &[Q],
    threads: usize,
    every: Option<Duration>,
    changer: &mut Changer<'_>,
    ask: impl Fn(&Q) -> Answer + Sync,
) -> anyhow::Result<(Sample, f64, f64)> {
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let mut applied = 0_u32;
    let measured = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let (stop, ask) = (&stop, &ask);
                let own: Vec<&[Q]> = questions.chunks_exact(BATCH).skip(thread).step_by(threads).collect();
                scope.spawn(move || {
                    let mut measured = Vec::new();
                    for questions in own.iter().cycle() {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        measured.push(batch(questions, Pace::OneByOne, |question| ask(question) as u8));
                    }
                    measured
                })
            })
            .collect();
        let changed = (|| {
            while started.elapsed() < Duration::from_secs(2) {
                if every.is_some() {
                    changer.apply_next()?;
                    applied += 1;
                }
                let next = every.map_or(Duration::from_millis(10), |every| {
                    (every * applied).saturating_sub(started.elapsed())
                });
                std::thread::sleep(next);
            }
            Ok::<_, anyhow::Error>(())
        })();
        stop.store(true, Ordering::Relaxed);
        let measured: Vec<f64> =
            workers.into_iter().flat_map(|worker| worker.join().expect("a worker does not panic")).collect();
        changed.map(|()| measured)
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let answered = measured.len() * BATCH;
    Ok((Sample::new(measured), answered as f64 / seconds, f64::from(applied) / seconds))
}
