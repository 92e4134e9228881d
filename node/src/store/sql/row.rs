//! What a query gives.

use super::{postgres, sqlite, Error, FromValue, Result, Value};

/// A row of an answer.
pub enum Row<'a> {
    #[doc(hidden)]
    Sqlite(&'a rusqlite::Row<'a>),
    #[doc(hidden)]
    Postgres(&'a ::postgres::Row),
}

impl Row<'_> {
    /// The value in a column, counted from 0.
    ///
    /// # Errors
    /// [`Error::Kind`] where it is of another kind, or there is no such column.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T> {
        T::from_value(self.value(column)?).ok_or(Error::Kind(column))
    }

    /// The same, as it is.
    ///
    /// # Errors
    /// [`Error::Kind`] where the kind is one that this surface does not know.
    pub fn value(&self, column: usize) -> Result<Value<'_>> {
        match self {
            Row::Sqlite(row) => sqlite::value(row, column),
            Row::Postgres(row) => postgres::value(row, column),
        }
    }
}
