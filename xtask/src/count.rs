//! Reads how many tests ran from the closing lines of test runners.

use std::{ops::AddAssign, sync::LazyLock};

use regex::Regex;

/// What a run counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Skipped or ignored.
    pub(crate) skipped: usize,
}

/// nextest's, cargo test's and pytest's closing lines, in this order. A test's own output can hardly look like one by accident.
static CLOSING: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        r"^\s*Summary \[.*\] .*tests? run:",
        r"^test result: ",
        r"^=+ .*\b(?:passed|failed|skipped|errors?)\b.* in [0-9.]+s",
    ]
    .map(|pattern| Regex::new(pattern).expect("the pattern is a constant"))
});
static PART: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(\d+) (passed|failed|skipped|ignored|errors?|timed out)").expect("the pattern is a constant")
});

impl Count {
    /// What the line counts; nothing when it closes no run.
    pub(crate) fn of_line(line: &str) -> Self {
        let mut count = Self::default();
        if CLOSING.iter().any(|closing| closing.is_match(line)) {
            for (_, [number, what]) in PART.captures_iter(line).map(|found| found.extract()) {
                let number = number.parse().unwrap_or(0);
                match what {
                    "passed" => count.passed += number,
                    "skipped" | "ignored" => count.skipped += number,
                    _ => count.failed += number,
                }
            }
        }
        count
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_runner_s_closing_line_is_read() {
        let cases = [
            ("     Summary [   4.918s] 24 tests run: 24 passed, 0 skipped", (24, 0, 0)),
            (
                "     Summary [   0.1s] 3/9 tests run: 1 passed (1 slow), 1 failed, 1 timed out, 2 skipped",
                (1, 2, 2),
            ),
            (
                "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
                (4, 0, 1),
            ),
            ("=========== 2 failed, 31 passed, 1 skipped, 1 error in 12.30s ===========", (31, 3, 1)),
            ("=========== 31 passed, 2 warnings in 62.30s (0:01:02) ===========", (31, 0, 0)),
            ("a test that prints: 5 passed, 1 failed", (0, 0, 0)),
            ("", (0, 0, 0)),
        ];
        for (line, (passed, failed, skipped)) in cases {
            assert_eq!(Count::of_line(line), Count { passed, failed, skipped }, "{line}");
        }
    }
}
