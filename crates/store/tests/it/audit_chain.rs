//! The audit chain against somebody who can write to the database but has no key.

use bailey_domain::AccountId;
use bailey_store::ChainFault;

use crate::raw::Raw;
use crate::support::TestStore;
use crate::world::Home;

/// Every column of a record.
const COLUMNS: [&str; 17] = [
    "account_id",
    "sequence",
    "recorded_at",
    "request_id",
    "revision",
    "actor",
    "access_key_id",
    "source_ip",
    "operation",
    "workspace_id",
    "target",
    "outcome",
    "reason",
    "chain",
    "state_before",
    "state_after",
    "hash",
];

/// Both tables as they were, to tamper with again and again.
async fn keep(raw: &mut Raw) {
    for table in ["audit_records", "audit_heads"] {
        raw.execute(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
    }
}

async fn restore(raw: &mut Raw) {
    for table in ["audit_records", "audit_heads"] {
        raw.execute(&format!("DELETE FROM {table}")).await;
        raw.execute(&format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
    }
}

async fn fault(test: &TestStore, account: AccountId) -> Option<u64> {
    test.store.verify_account(account).await.unwrap().err().map(|ChainFault { sequence, .. }| sequence)
}

/// Runs statements that say `{one}` for the account and `{two}` for the other one, and gives what the check finds in
/// the account; the other account's chain must hold. Everything is then as it was.
async fn after(test: &TestStore, raw: &mut Raw, homes: &(Home, Home), statements: &[&str]) -> Option<u64> {
    let (one, two) = (homes.0.account, homes.1.account);
    for sql in statements {
        let sql = sql.replace("{one}", &format!("'{one}'")).replace("{two}", &format!("'{two}'"));
        assert!(raw.execute(&sql).await > 0, "{sql} touches nothing");
    }
    let found = fault(test, one).await;
    assert_eq!(fault(test, two).await, None, "the other account's chain");
    restore(raw).await;
    assert_eq!(fault(test, one).await, None);
    found
}

cases! {
    async fn an_edit_of_any_column_is_found(test) {
        let homes = test.two_homes().await;
        let mut raw = test.raw().await;
        keep(&mut raw).await;
        for (column, value) in [
            ("recorded_at", "recorded_at + 1"),
            ("request_id", "request_id || 'x'"),
            ("revision", "revision + 1"),
            ("actor", "'somebody'"),
            ("access_key_id", "'LTAI'"),
            ("source_ip", "'203.0.113.1'"),
            ("operation", "operation || ' '"),
            ("workspace_id", "workspace_id || 'x'"),
            ("target", "target || 'x'"),
            ("outcome", "'deny'"),
            ("reason", "'root_only'"),
            ("chain", "'[]'"),
            ("state_before", "'{}'"),
            ("state_after", "'{}'"),
            ("hash", "'00'"),
        ] {
            let sql = format!("UPDATE audit_records SET {column} = {value} WHERE account_id = {{one}} AND sequence = 5");
            assert_eq!(after(test, &mut raw, &homes, &[&sql]).await, Some(5), "{column}");
        }
        // What is moved between two columns leaves the same bytes behind it, but not the same record.
        let sql = "UPDATE audit_records SET target = target || outcome, outcome = 'deny' WHERE account_id = {one} AND sequence = 5";
        assert_eq!(after(test, &mut raw, &homes, &[sql]).await, Some(5));
        let sql = "UPDATE audit_records SET sequence = 1000 WHERE account_id = {one} AND sequence = 5";
        assert_eq!(after(test, &mut raw, &homes, &[sql]).await, Some(5));
        let columns = raw.texts(match raw {
            Raw::Sqlite(_) => "SELECT name FROM pragma_table_info('audit_records')",
            Raw::Postgres(_) => "SELECT CAST(column_name AS TEXT) FROM information_schema.columns WHERE table_name = 'audit_records'",
        });
        // Those above, `sequence`, and `account_id` below: a new column must be hashed and added here.
        let mut columns = columns.await;
        columns.sort();
        let mut known = COLUMNS;
        known.sort_unstable();
        assert_eq!(columns, known);
    }

    async fn a_record_cannot_change_its_account(test) {
        let (one, two) = test.two_homes().await;
        let mut raw = test.raw().await;
        keep(&mut raw).await;
        let (from, to) = (one.account, two.account);
        raw.execute(&format!("DELETE FROM audit_records WHERE account_id = '{to}' AND sequence = 5")).await;
        raw.execute(&format!("UPDATE audit_records SET account_id = '{to}' WHERE account_id = '{from}' AND sequence = 5")).await;
        assert_eq!(fault(test, one.account).await, Some(5));
        assert_eq!(fault(test, two.account).await, Some(5));
        // Put back, the first chain holds again and the second has still lost one.
        raw.execute(&format!("UPDATE audit_records SET account_id = '{from}' WHERE account_id = '{to}' AND sequence = 5")).await;
        assert_eq!(fault(test, one.account).await, None);
        assert_eq!(fault(test, two.account).await, Some(5));
        restore(&mut raw).await;
    }

    async fn a_deletion_is_found_wherever_it_is(test) {
        let homes = test.two_homes().await;
        let mut raw = test.raw().await;
        keep(&mut raw).await;
        let last = test.store.verify_account(homes.0.account).await.unwrap().unwrap();
        for sequence in [1, 5, last] {
            let sql = format!("DELETE FROM audit_records WHERE account_id = {{one}} AND sequence = {sequence}");
            assert_eq!(after(test, &mut raw, &homes, &[&sql]).await, Some(sequence));
        }
        let tail = format!("DELETE FROM audit_records WHERE account_id = {{one}} AND sequence > {}", last - 3);
        assert_eq!(after(test, &mut raw, &homes, &[&tail]).await, Some(last - 2));
        // Cutting the tail off and setting the head back needs the key.
        let head = format!(
            "UPDATE audit_heads SET sequence = {0}, hash = (SELECT hash FROM audit_records
                WHERE account_id = {{one}} AND sequence = {0}) WHERE account_id = {{one}}",
            last - 3
        );
        assert_eq!(after(test, &mut raw, &homes, &[&tail, &head]).await, Some(last - 2));
        // Closing the gap by counting on does not close it.
        let shift = [
            "DELETE FROM audit_records WHERE account_id = {one} AND sequence = 5",
            "UPDATE audit_records SET sequence = -sequence WHERE account_id = {one} AND sequence > 5",
            "UPDATE audit_records SET sequence = -sequence - 1 WHERE account_id = {one} AND sequence < 0",
        ];
        assert_eq!(after(test, &mut raw, &homes, &shift).await, Some(5));
    }

    async fn an_exchange_is_found(test) {
        let homes = test.two_homes().await;
        let mut raw = test.raw().await;
        keep(&mut raw).await;
        let swap = [
            "UPDATE audit_records SET sequence = -1 WHERE account_id = {one} AND sequence = 4",
            "UPDATE audit_records SET sequence = 4 WHERE account_id = {one} AND sequence = 5",
            "UPDATE audit_records SET sequence = 5 WHERE account_id = {one} AND sequence = -1",
        ];
        assert_eq!(after(test, &mut raw, &homes, &swap).await, Some(4));
        let hashes = [
            "UPDATE audit_records SET hash = (SELECT o.hash FROM audit_records o WHERE o.account_id = {one} AND o.sequence = 4)
                WHERE account_id = {one} AND sequence = 5",
        ];
        assert_eq!(after(test, &mut raw, &homes, &hashes).await, Some(5));
        let columns = COLUMNS.join(", ");
        let copy = format!(
            "INSERT INTO audit_records ({columns}) SELECT {} FROM audit_records WHERE account_id = {{one}} AND sequence = 5",
            columns.replace("sequence", "6")
        );
        let insert = [
            "UPDATE audit_records SET sequence = -1 WHERE account_id = {one} AND sequence = 6",
            &copy,
        ];
        assert_eq!(after(test, &mut raw, &homes, &insert).await, Some(6));
    }

    async fn the_head_is_guarded_too(test) {
        let homes = test.two_homes().await;
        let mut raw = test.raw().await;
        keep(&mut raw).await;
        let last = test.store.verify_account(homes.0.account).await.unwrap().unwrap();
        for edit in ["sequence = sequence + 1", "sequence = sequence - 1", "hash = 'x'", "mac = 'x'"] {
            let sql = format!("UPDATE audit_heads SET {edit} WHERE account_id = {{one}}");
            assert_eq!(after(test, &mut raw, &homes, &[&sql]).await, Some(last + 1), "{edit}");
        }
        let gone = "DELETE FROM audit_heads WHERE account_id = {one}";
        assert_eq!(after(test, &mut raw, &homes, &[gone]).await, Some(last + 1));
        // Another account's head does not fit either.
        let other = "UPDATE audit_heads SET sequence = (SELECT h.sequence FROM audit_heads h WHERE h.account_id = {two}),
            hash = (SELECT h.hash FROM audit_heads h WHERE h.account_id = {two}),
            mac = (SELECT h.mac FROM audit_heads h WHERE h.account_id = {two}) WHERE account_id = {one}";
        assert_eq!(after(test, &mut raw, &homes, &[other]).await, Some(last + 1));
    }

    /// An account has a record of its founding, so an empty chain is a chain that was emptied.
    async fn emptying_everything_is_found(test) {
        let homes = test.two_homes().await;
        let mut raw = test.raw().await;
        keep(&mut raw).await;
        let records = "DELETE FROM audit_records WHERE account_id = {one}";
        let head = "DELETE FROM audit_heads WHERE account_id = {one}";
        assert_eq!(after(test, &mut raw, &homes, &[records]).await, Some(1));
        assert_eq!(after(test, &mut raw, &homes, &[records, head]).await, Some(1));
    }

    /// Another installation's key does not verify this one's chain, so records cannot be carried over.
    async fn the_chain_is_keyed(test) {
        let (account, _) = test.found().await;
        let other = TestStore::seeded(2).await;
        let (mut from, mut to) = (test.raw().await, other.raw().await);
        to.execute(&format!("INSERT INTO accounts (account_id, name, settings, created_at) VALUES ('{account}', 'x', '{{}}', 0)")).await;
        for (table, columns) in [
            ("audit_records", &COLUMNS[..]),
            ("audit_heads", &["account_id", "sequence", "hash", "mac"]),
        ] {
            let mut values = Vec::new();
            for column in columns {
                let value = from.texts(&format!("SELECT CAST({column} AS TEXT) FROM {table}")).await.remove(0);
                values.push(format!("'{}'", value.replace('\'', "''")));
            }
            to.execute(&format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "))).await;
        }
        assert_eq!(fault(test, account).await, None);
        assert_eq!(fault(&other, account).await, Some(1));
    }

    /// A check beside busy writers sees a whole chain: nobody appends between its last look at the records and its
    /// look at the head.
    async fn a_check_beside_writers_gives_no_false_alarm(test) {
        let homes = test.two_homes().await;
        let home = &homes.0;
        let writers = async {
            for count in 0..40 {
                test.create_policy(home.account, &format!("p{count}"), &crate::world::allow("sfm:*")).await;
            }
        };
        let checks = async {
            let mut seen = 0;
            for _ in 0..40 {
                let now = test.store.verify_account(home.account).await.unwrap().unwrap();
                assert!(now >= seen);
                seen = now;
            }
        };
        futures_util::future::join(writers, checks).await;
    }

    /// As many checks at once as anybody likes.
    async fn many_checks_at_once_all_answer(test) {
        let (one, two) = test.two_homes().await;
        let accounts = (0..24).map(|count| if count % 2 == 0 { one.account } else { two.account });
        let checks = accounts.map(|account| test.store.verify_account(account));
        for verified in futures_util::future::join_all(checks).await {
            verified.unwrap().unwrap();
        }
    }
}
