//! Lists page by cursor: a page says where the next one starts; cursors are opaque to clients.

use super::{field, problem::Problem};
use crate::model::limits;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::{fmt::Display, ops::Bound, str::FromStr};
use utoipa::{IntoParams, ToSchema};

/// The keys that a page may hold, for a range over an ordered map.
pub type Range<K> = (Bound<K>, Bound<K>);

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// The cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// Which part of a list is asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Most items of the page, 1 to 200; 50 when absent.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    pub limit: Option<String>,
    /// Where the page starts: `next` of the page before; from the beginning when absent.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// Most items of the page.
    ///
    /// # Errors
    /// `INVALID` when it is not in range.
    pub fn items_max(&self) -> Result<usize, Problem> {
        items_max(self.limit.as_deref())
    }

    /// The key of the last item of the page before.
    ///
    /// # Errors
    /// `INVALID` when the cursor was not given out for this list.
    pub fn after<K: FromStr<Err: Display>>(&self) -> Result<Option<K>, Problem> {
        self.cursor.as_deref().map(decode).transpose()
    }

    /// The keys that the page may hold, for a range over an ordered map.
    ///
    /// # Errors
    /// `INVALID` when the cursor was not given out for this list.
    pub fn range<K: FromStr<Err: Display>>(&self) -> Result<Range<K>, Problem> {
        Ok((self.after()?.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
    }
}

/// Most items of a page, from the text of a `limit` parameter.
///
/// # Errors
/// `INVALID` when it is not in range.
pub fn items_max(limit: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = limit else { return Ok(limits::PAGE_ITEMS_DEFAULT) };
    let number = field::parse_number("limit", text).ok().and_then(|number| usize::try_from(number).ok());
    number
        .filter(|number| (1..=limits::PAGE_ITEMS_MAX).contains(number))
        .ok_or_else(|| Problem::field("limit", format!("must be a whole number from 1 to {}", limits::PAGE_ITEMS_MAX)))
}

/// The cursor after the item with this key.
#[must_use]
pub fn encode(key: &impl Display) -> String {
    URL_SAFE_NO_PAD.encode(key.to_string())
}

/// The key in a cursor.
///
/// # Errors
/// `INVALID` when it was not given out for this list.
pub fn decode<K: FromStr<Err: Display>>(cursor: &str) -> Result<K, Problem> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| Problem::field("cursor", "must be the `next` of an earlier page of the same list"))
}

impl<T> Page<T> {
    /// Takes a page from items that follow the cursor. `key` names an item's place; `show` makes it presentable.
    pub fn take<I, K: Display>(
        items: impl Iterator<Item = I>,
        items_max: usize,
        key: impl Fn(&I) -> K,
        mut show: impl FnMut(I) -> T,
    ) -> Self {
        let mut items = items.peekable();
        let mut page = Self { items: Vec::new(), next: None };
        while let Some(item) = items.next() {
            let place = key(&item);
            page.items.push(show(item));
            if page.items.len() == items_max {
                page.next = items.peek().map(|_| encode(&place));
                break;
            }
        }
        page
    }

    /// A list that is never longer than one page.
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

#[cfg(test)]
mod tests {
    //! Pages cover a list without gap or overlap.

    use super::*;

    fn query(limit: Option<&str>, cursor: Option<&str>) -> PageQuery {
        PageQuery { limit: limit.map(str::to_owned), cursor: cursor.map(str::to_owned) }
    }

    fn pages(total: u64, limit: &str) -> Vec<Vec<u64>> {
        let all: std::collections::BTreeSet<u64> = (0..total).collect();
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let query = query(Some(limit), cursor.as_deref());
            let range = query.range::<u64>().expect("our own cursor");
            let items_max = query.items_max().expect("in range");
            let page = Page::take(all.range(range), items_max, |item| **item, |item| *item);
            pages.push(page.items);
            cursor = page.next;
            if cursor.is_none() {
                return pages;
            }
        }
    }

    #[test]
    fn pages_hold_everything_once_and_the_last_one_says_so() {
        assert_eq!(pages(0, "3"), [Vec::<u64>::new()]);
        assert_eq!(pages(3, "3"), [vec![0, 1, 2]]);
        assert_eq!(pages(4, "3"), [vec![0, 1, 2], vec![3]]);
        assert_eq!(pages(200, "200").len(), 1);
    }

    #[test]
    fn limits_outside_the_range_name_the_field() {
        assert_eq!(items_max(None).expect("default"), limits::PAGE_ITEMS_DEFAULT);
        for bad in ["0", "201", "-1", "+5", "x", "", "99999999999999999999"] {
            assert_eq!(items_max(Some(bad)).expect_err(bad).field.as_deref(), Some("limit"), "{bad}");
        }
    }

    #[test]
    fn cursors_of_other_lists_are_refused() {
        for bad in ["!", "YWJj", ""] {
            let problem = query(None, Some(bad)).after::<u64>().expect_err(bad);
            assert_eq!(problem.field.as_deref(), Some("cursor"));
        }
    }
}
