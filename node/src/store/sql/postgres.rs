//! The surface over PostgreSQL.

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{ToSql, Type};
use postgres::{Client, NoTls, Statement};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{Access, Duty, Error, Purpose, Result, Row, Value};

/// How long to wait for the server, where the URL does not say.
const CONNECT: Duration = Duration::from_secs(5);

/// A connection over which nothing came for this long is probed by the system.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A connection unused for longer is asked whether it still answers.
const FRESH: Duration = Duration::from_secs(1);

/// How long it may take to answer that.
const PING: Duration = Duration::from_secs(2);

/// Settings of every session. Whoever sets `synchronous_commit` otherwise for the whole server still
/// gets this node's commits on the disk. A process that hangs in a transaction, or waits for one
/// that does, must not stop the others for ever.
const SETTINGS: &str = "SET synchronous_commit = on;
    SET idle_in_transaction_session_timeout = '30s';
    SET lock_timeout = '30s';
    SET client_min_messages = warning";

/// The first half of all advisory locks of the node's: no other program's are meant.
const ADVISORY: u32 = u32::from_be_bytes(*b"vdgr");

/// The advisory lock of a duty.
pub fn advisory(duty: Duty) -> Value<'static> {
    let number: u32 = match duty {
        Duty::Schema => 1,
        Duty::Settlement => 2,
    };
    Value::Integer(i64::from(ADVISORY) << 32 | i64::from(number))
}

pub struct Session {
    client: RefCell<Client>,
    statements: RefCell<HashMap<String, Statement>>,
    in_transaction: Cell<bool>,
    used: Cell<Instant>,
}

impl Session {
    pub fn open(url: &str, access: Access) -> Result<Self> {
        let mut config: postgres::Config = url.parse()?;
        if config.get_application_name().is_none() {
            config.application_name("verdigris-node");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        config.keepalives_idle(KEEPALIVE);
        let mut client = config.connect(NoTls)?;
        client.batch_execute(SETTINGS)?;
        if access == Access::Reader {
            client.batch_execute("SET default_transaction_read_only = on")?;
        }
        Ok(Session {
            client: RefCell::new(client),
            statements: RefCell::default(),
            in_transaction: Cell::new(false),
            used: Cell::new(Instant::now()),
        })
    }

    pub fn is_alive(&self) -> bool {
        let mut client = self.client.borrow_mut();
        !client.is_closed() && (self.used.get().elapsed() < FRESH || client.is_valid(PING).is_ok())
    }

    fn prepare(&self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.borrow_mut().prepare(&numbered(sql))?;
        let mut statements = self.statements.borrow_mut();
        statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        self.used.set(Instant::now());
        let statement = self.prepare(sql)?;
        let params = arguments(statement.params(), params)?;
        let changed = self.client.borrow_mut().execute(&statement, &params)?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    pub fn rows(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: &mut dyn FnMut(&Row<'_>) -> Result<bool>,
    ) -> Result<()> {
        self.used.set(Instant::now());
        let statement = self.prepare(sql)?;
        let params = arguments(statement.params(), params)?;
        let mut client = self.client.borrow_mut();
        let mut rows = client.query_raw(&statement, params)?;
        while let Some(row) = rows.next()? {
            if !read(&Row::Postgres(&row))? {
                break;
            }
        }
        Ok(())
    }

    pub fn batch(&self, sql: &str) -> Result<()> {
        self.used.set(Instant::now());
        Ok(self.client.borrow_mut().batch_execute(sql)?)
    }

    /// By COPY: one statement for all rows, whose triggers see all of them at once.
    pub fn insert_all(&self, table: &str, columns: &[&str], rows: &[Vec<Value<'_>>]) -> Result<()> {
        self.used.set(Instant::now());
        let columns = columns.join(", ");
        let shape = self.prepare(&format!("SELECT {columns} FROM {table}"))?;
        let types: Vec<Type> = shape.columns().iter().map(|c| c.type_().clone()).collect();
        let copy = self.prepare(&format!(
            "COPY {table} ({columns}) FROM STDIN (FORMAT binary)"
        ))?;
        let mut client = self.client.borrow_mut();
        let mut writer = BinaryCopyInWriter::new(client.copy_in(&copy)?, &types);
        for row in rows {
            writer.write(&arguments(&types, row)?)?;
        }
        writer.finish()?;
        Ok(())
    }

    pub fn begin(&self, purpose: Purpose) -> Result<()> {
        self.batch(match purpose {
            // Waits for a moment that every order of the writers agrees with; after that it neither
            // stops anybody nor is stopped.
            Purpose::Read => "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE",
            Purpose::Write => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        })?;
        self.in_transaction.set(true);
        Ok(())
    }

    /// After an error the server takes COMMIT for ROLLBACK without complaint; any other statement it
    /// refuses.
    pub fn commit(&self) -> Result<()> {
        self.batch("SELECT 1; COMMIT")?;
        self.in_transaction.set(false);
        Ok(())
    }

    pub fn roll_back(&self) -> Result<()> {
        if !self.in_transaction.replace(false) {
            return Ok(());
        }
        self.batch("ROLLBACK")
    }
}

/// PostgreSQL writes `$1` where SQLite writes `?1`.
fn numbered(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        let parameter = c == '?' && rest.peek().is_some_and(char::is_ascii_digit);
        out.push(if parameter { '$' } else { c });
    }
    out
}

/// Values in the types that the server wants.
fn arguments<'a>(types: &[Type], params: &'a [Value<'_>]) -> Result<Vec<&'a (dyn ToSql + Sync)>> {
    if types.len() != params.len() {
        return Err(Error::Kind(types.len().min(params.len())));
    }
    let mut arguments: Vec<&'a (dyn ToSql + Sync)> = Vec::with_capacity(params.len());
    for (place, (value, kind)) in params.iter().zip(types).enumerate() {
        arguments.push(match (value, kind) {
            (Value::Null, &Type::INT8) => &None::<i64>,
            (Value::Null, &Type::TEXT) => &None::<&str>,
            (Value::Null, &Type::BYTEA) => &None::<&[u8]>,
            (Value::Null, &Type::BOOL) => &None::<bool>,
            (Value::Integer(n), &Type::INT8) => n,
            (Value::Text(text), &Type::TEXT) => text,
            (Value::Bytes(bytes), &Type::BYTEA) => bytes,
            (Value::Truth(truth), &Type::BOOL) => truth,
            _ => return Err(Error::Kind(place)),
        });
    }
    Ok(arguments)
}

pub fn value(row: &postgres::Row, column: usize) -> Result<Value<'_>> {
    let kind = row
        .columns()
        .get(column)
        .ok_or(Error::Kind(column))?
        .type_();
    let value = match *kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(column)?.map(Value::Integer),
        Type::INT4 => row
            .try_get::<_, Option<i32>>(column)?
            .map(|n| Value::Integer(n.into())),
        Type::BOOL => row.try_get::<_, Option<bool>>(column)?.map(Value::Truth),
        Type::TEXT | Type::VARCHAR | Type::NAME => {
            row.try_get::<_, Option<&str>>(column)?.map(Value::Text)
        }
        Type::BYTEA => row.try_get::<_, Option<&[u8]>>(column)?.map(Value::Bytes),
        // `SELECT pg_advisory_lock()` has nothing to say.
        Type::VOID => None,
        _ => return Err(Error::Kind(column)),
    };
    Ok(value.unwrap_or(Value::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_renamed_and_nothing_else() {
        assert_eq!(
            numbered("a = ?1 OR b = ?12 OR c ? 'x'"),
            "a = $1 OR b = $12 OR c ? 'x'"
        );
    }
}
