//! Why a statement failed, and whether trying again may help.

use postgres::error::SqlState;

/// Why a statement failed.
#[derive(Debug)]
pub enum Error {
    /// SQLite refused.
    Sqlite(rusqlite::Error),
    /// PostgreSQL refused, or is not there.
    Postgres(postgres::Error),
    /// This happened during a transaction, of which nothing is kept.
    Trouble(Trouble),
    /// A row was expected and there is none.
    NoRow,
    /// The column or parameter with this number, from 0, is of another kind than the value.
    Kind(usize),
    /// The connection was used inside [`super::Connection::for_each`] on itself.
    Nested,
    /// What was to be written is not sound. A fault of this program's.
    Unsound(String),
}

/// Trouble that is not the statement's fault, the worse last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Somebody else wrote the same at the same time: nothing of this transaction is kept, and it
    /// will go through when it is tried again.
    Conflict,
    /// The server is gone, or this connection to it.
    Lost,
}

impl Error {
    /// The trouble, where it is one.
    pub fn trouble(&self) -> Option<Trouble> {
        let e = match self {
            Error::Postgres(e) => e,
            Error::Trouble(trouble) => return Some(*trouble),
            _ => return None,
        };
        let Some(code) = e.code() else {
            // Not the server's word: the connection's. Its other errors are kinds of values that do
            // not fit, which have a cause that is no input or output.
            return (e.is_closed() || is_io(e)).then_some(Trouble::Lost);
        };
        match *code {
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
                Some(Trouble::Conflict)
            }
            // The server was stopped, is starting, or closed a session that was idle too long.
            SqlState::ADMIN_SHUTDOWN
            | SqlState::CRASH_SHUTDOWN
            | SqlState::CANNOT_CONNECT_NOW
            | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
            | SqlState::TOO_MANY_CONNECTIONS => Some(Trouble::Lost),
            _ => None,
        }
    }
}

fn is_io(e: &postgres::Error) -> bool {
    std::error::Error::source(e).is_some_and(|cause| cause.is::<std::io::Error>())
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Sqlite(e) => e.fmt(f),
            // Its own words are only "db error".
            Error::Postgres(e) => match e.as_db_error() {
                Some(said) => write!(f, "{} ({})", said.message(), said.code().code()),
                None => match std::error::Error::source(e) {
                    Some(cause) => write!(f, "{e}: {cause}"),
                    None => e.fmt(f),
                },
            },
            Error::Trouble(Trouble::Conflict) => {
                f.write_str("others wrote the same at the same time")
            }
            Error::Trouble(Trouble::Lost) => f.write_str("the connection to the database was lost"),
            Error::NoRow => f.write_str("there is no such row"),
            Error::Kind(place) => write!(f, "value {place} is of another kind"),
            Error::Nested => f.write_str("the connection is in use"),
            Error::Unsound(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(e: rusqlite::Error) -> Self {
        Error::Sqlite(e)
    }
}

impl From<postgres::Error> for Error {
    fn from(e: postgres::Error) -> Self {
        Error::Postgres(e)
    }
}
