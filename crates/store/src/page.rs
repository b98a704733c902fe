//! Lists in pages: the next page starts after the last row of this one, so rows that come and go between two
//! pages neither repeat nor hide others.

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<String>,
    /// Rows of all pages together, where that is counted.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// A page of rows that were read with one more than asked for.
    pub(crate) fn of(mut rows: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).expect("a page fits in memory");
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = more.then(|| rows.last().map(&key)).flatten();
        Self { rows, next, total: None }
    }

    /// The same page of other things.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(each).collect(), next: self.next, total: self.total }
    }
}

/// Where a page starts and how long it is.
#[derive(Clone, Debug)]
pub struct Cursor {
    /// The key of the last row before the page; empty at the start.
    pub after: String,
    /// Rows at most.
    pub limit: u32,
}

impl Cursor {
    /// One more than the page, which tells whether there is a next.
    pub(crate) fn fetch(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The same, or all that is left where some of what is read will not be kept. Quotas bound it.
    pub(crate) fn fetch_of<F>(&self, kept: &[F]) -> i64 {
        if kept.is_empty() { self.fetch() } else { i64::MAX }
    }
}
