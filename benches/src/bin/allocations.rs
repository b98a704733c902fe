//! How often a decision asks for memory: not once on the way to yes. A program of its own, since counting costs time.

use anyhow::ensure;
use bailey_benches::population::{Population, Size};
use bailey_benches::questions::{Answer, Asked, admit, authorize, model_calls, questions};
use bailey_domain::Directory;

const QUESTIONS: usize = 100_000;

fn main() -> anyhow::Result<()> {
    let size = Size::from_environment();
    let population = Population::draw(size);
    let directory = Directory::new();
    directory.load(population.changes())?;
    directory.loaded(1);
    println!("{size:?}\nheap allocations per decision: mean, most");
    let calls = model_calls(&population, QUESTIONS, 1);
    let of_calls = count("admit", &calls, |call| admit(&directory, &population, call));
    let asked = questions(&population, QUESTIONS, usize::MAX, Asked::ALL, 2);
    let of_asked = count("API decision", &asked, |question| authorize(&directory, question));
    ensure!(of_calls == 0 && of_asked == 0, "an allow allocates: admit {of_calls}, API decision {of_asked}");
    Ok(())
}

/// Prints how often each answer allocates, and gives the most that an allow does.
fn count<Q>(what: &str, questions: &[Q], ask: impl Fn(&Q) -> Answer) -> u64 {
    // Thread-local places and spare parts are made at the first question.
    for question in &questions[..questions.len().min(1000)] {
        ask(question);
    }
    let mut by_answer = [(0_u64, 0_u64, 0_u64); 3];
    for question in questions {
        let mut answer = Answer::Allow;
        let counted = allocation_counter::measure(|| answer = ask(question)).count_total;
        let (asked, sum, most) = &mut by_answer[answer as usize];
        (*asked, *sum, *most) = (*asked + 1, *sum + counted, (*most).max(counted));
    }
    for answer in Answer::ALL {
        let (asked, sum, most) = by_answer[answer as usize];
        if asked > 0 {
            println!(
                "{what:>13} {:>14}: {:5.2} {most:3}   ({asked} asked)",
                answer.name(),
                sum as f64 / asked as f64
            );
        }
    }
    by_answer[Answer::Allow as usize].2
}
