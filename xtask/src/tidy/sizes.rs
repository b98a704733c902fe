//! Files that a person can read in one go.

use super::{Problem, source::Source};

/// Above this a file is split.
const MOST_LINES: usize = 600;
/// What the half and nine tenths of the Rust files should stay below.
const AIM: (usize, usize) = (150, 400);
const LIMITED: [&str; 4] = ["rs", "py", "sh", "sql"];

pub(super) fn check(files: &[Source]) -> Vec<Problem> {
    let limited = files.iter().filter(|file| LIMITED.contains(&file.extension()));
    let sized = limited.map(|file| (file, file.lines().count()));
    sized
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(file, lines)| {
            Problem::new(&file.path, None, format!("{lines} lines; split it, the most is {MOST_LINES}"))
        })
        .collect()
}

/// One line on how the Rust files are doing.
pub(super) fn report(files: &[Source]) -> String {
    let mut lines: Vec<usize> =
        files.iter().filter(|file| file.is_rust()).map(|file| file.lines().count()).collect();
    lines.sort_unstable();
    let (half, most) = (percentile(&lines, 50), percentile(&lines, 90));
    let (count, longest) = (lines.len(), lines.last().copied().unwrap_or_default());
    format!(
        "{count} Rust files, lines p50 {half} (aim {}), p90 {most} (aim {}), longest {longest} (limit {MOST_LINES})",
        AIM.0, AIM.1
    )
}

/// The smallest value that so many percent of the sorted values do not exceed; 0 for none.
fn percentile(sorted: &[usize], percent: usize) -> usize {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, lines: usize) -> Source {
        Source { path: path.to_owned(), text: "x\n".repeat(lines) }
    }

    #[test]
    fn a_long_file_is_a_problem_and_a_long_document_is_not() {
        let files = [file("a.rs", 600), file("b.rs", 601), file("c.sql", 700), file("d.md", 900)];
        let paths: Vec<_> = check(&files).into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["b.rs", "c.sql"]);
        assert!(report(&files).starts_with("2 Rust files, lines p50 600"));
    }

    #[test]
    fn percentiles_are_values_that_occur() {
        let values: Vec<usize> = (1..=10).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 90)), (5, 9));
        assert_eq!((percentile(&[7], 50), percentile(&[], 90)), (7, 0));
    }
}
