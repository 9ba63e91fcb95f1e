//! All pages of a list, and the checks that they are all.

use std::{collections::HashSet, fmt};

use serde_json::{Map, Value};

use super::{
    read::{PER_PAGE, Read, Reader},
    wire::Trouble,
};

/// Upper bound on the rows of one list.
const MOST_ROWS: usize = 200_000;

/// How far the reading is: a page of a list.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The list: `groups`, `users`, `guests`.
    pub list: &'static str,
    /// The page that was read.
    pub page: u64,
    /// How many pages there are.
    pub of: u64,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "reading {}: page {} of {}",
            self.list, self.page, self.of
        )
    }
}

/// A list of rows that comes in pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List {
    /// Its name in paths.
    pub(crate) name: &'static str,
    /// The read of one page.
    pub(crate) page: fn(u64) -> Read,
    /// The field by which a row is known.
    pub(crate) key: &'static str,
}

/// The fields of an object.
pub(crate) type Object = Map<String, Value>;

/// One page: its rows, and what it says of itself.
struct Page {
    rows: Vec<Object>,
    pagination: Option<Object>,
}

/// Reads all rows of a list. `saw` gets each answer.
pub(crate) fn all(
    reader: &mut Reader,
    list: List,
    step: &mut dyn FnMut(Step),
    mut saw: impl FnMut(&Value),
) -> Result<(Vec<Object>, Vec<Object>), Trouble> {
    let (mut rows, mut paginations) = (Vec::new(), Vec::new());
    let mut keys = HashSet::new();
    for number in 1.. {
        let read = (list.page)(number);
        let about = |what: &str| Trouble::about(&read.name(), what);
        let answer = reader.get(&read)?;
        saw(&answer);
        let page = page(answer, list).map_err(|what| about(&what))?;
        let before = rows.len();
        for row in page.rows {
            if !keys.insert(row[list.key].to_string()) {
                return Err(about(
                    "a row comes a second time, as where somebody changes the list; try again",
                ));
            }
            rows.push(row);
        }
        if rows.len() > MOST_ROWS {
            return Err(about(&format!(
                "there are more than {MOST_ROWS} rows, and no more are kept"
            )));
        }
        let Some(pagination) = page.pagination else {
            // A list without pages is whole, unless it is just as long as a page.
            let is_whole = number == 1 && rows.len() as u64 != PER_PAGE;
            return if is_whole {
                Ok((rows, paginations))
            } else {
                Err(about("it does not say of how many pages it is one"))
            };
        };
        let count = |key: &str| pagination.get(key).and_then(Value::as_u64);
        let (Some(total), Some(pages)) = (count("total"), count("total_pages")) else {
            return Err(about("`meta.pagination` has no `total` and `total_pages`"));
        };
        step(Step {
            list: list.name,
            page: number,
            of: pages.max(1),
        });
        paginations.push(pagination);
        let (have, is_last) = (rows.len() as u64, number >= pages);
        if have == total && is_last {
            return Ok((rows, paginations));
        }
        let grew = rows.len() > before;
        if have >= total || is_last || !grew {
            let what = format!(
                "the pages do not add up: {have} rows on {number} pages, where `total` and `total_pages` say {total} and {pages}; try again"
            );
            return Err(about(&what));
        }
    }
    unreachable!("the wire sends no more requests than it may")
}

fn page(answer: Value, list: List) -> Result<Page, String> {
    let Value::Object(mut answer) = answer else {
        return Err("the answer is no object with `data` in it".to_owned());
    };
    let Some(Value::Array(data)) = answer.remove("data") else {
        return Err("the answer has no list in `data`".to_owned());
    };
    let key = list.key;
    let mut rows = Vec::with_capacity(data.len());
    for (i, row) in data.into_iter().enumerate() {
        match row {
            Value::Object(row)
                if matches!(row.get(key), Some(Value::String(_) | Value::Number(_))) =>
            {
                rows.push(row);
            }
            _ => return Err(format!("`data[{i}]` is no row with an `{key}`")),
        }
    }
    let pagination =
        answer
            .remove("meta")
            .and_then(|mut meta| match meta.get_mut("pagination")?.take() {
                Value::Object(pagination) => Some(pagination),
                _ => None,
            });
    Ok(Page { rows, pagination })
}
