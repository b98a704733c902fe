//! The throw-away cluster: reachable by sqlx, separate databases, gone without a trace.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use bailey_testkit::{Durability, PostgresCluster, SHARED_CLUSTER_VARIABLE};
use sqlx::{Connection as _, PgConnection};

async fn setting(connection: &mut PgConnection, name: &str) -> String {
    sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn databases_are_separate_and_work_with_sqlx() {
    let cluster = PostgresCluster::shared().unwrap();
    let (one, other) = (cluster.fresh_database().unwrap(), cluster.fresh_database().unwrap());
    assert_ne!(one, other);
    let mut one = PgConnection::connect(&one).await.unwrap();
    sqlx::query("CREATE TABLE things (id BIGINT PRIMARY KEY)").execute(&mut one).await.unwrap();
    let mut other = PgConnection::connect(&other).await.unwrap();
    let missing = sqlx::query("SELECT id FROM things").fetch_all(&mut other).await.unwrap_err();
    assert!(missing.to_string().contains("things"), "{missing}");
    let version: i32 = setting(&mut one, "server_version_num").await.parse().unwrap();
    assert!(version >= 150_000, "{version}");
}

#[tokio::test]
async fn a_cluster_listens_on_its_socket_only_and_goes_with_its_handle() {
    let cluster = PostgresCluster::start_with(Durability::Real).unwrap();
    let mut connection = PgConnection::connect(&cluster.url()).await.unwrap();
    assert_eq!(setting(&mut connection, "listen_addresses").await, "");
    assert_eq!(setting(&mut connection, "fsync").await, "on");
    assert_eq!(setting(&mut connection, "synchronous_commit").await, "on");
    let directory = cluster.socket_directory().to_owned();
    assert!(directory.join(".s.PGSQL.5432").exists());
    drop(cluster);
    assert!(!directory.exists());
    assert!(sqlx::query("SELECT 1").execute(&mut connection).await.is_err());
}

/// Started by the test below in a process of its own; by itself it starts a cluster and ends, leaving it behind.
#[test]
fn a_cluster_that_is_never_dropped() {
    let cluster = PostgresCluster::start().unwrap();
    assert!(cluster.socket_directory().is_dir());
    if std::env::var_os("TELL_SOCKET_DIRECTORY").is_some() {
        println!("socket directory: {}", cluster.socket_directory().display());
        std::mem::forget(cluster);
        // As a killed test does: nothing is dropped.
        std::process::abort();
    }
}

#[test]
fn a_cluster_goes_when_its_process_is_lost() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "postgres::a_cluster_that_is_never_dropped", "--nocapture"])
        .env("TELL_SOCKET_DIRECTORY", "yes")
        .env_remove(SHARED_CLUSTER_VARIABLE)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find_map(|line| line.split_once("socket directory: ")).unwrap().1;
    let directory = std::path::Path::new(line);
    let deadline = Instant::now() + Duration::from_secs(20);
    while directory.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!directory.exists(), "{}", directory.display());
}

#[test]
fn a_shared_cluster_is_used_by_other_processes() {
    let cluster = PostgresCluster::start().unwrap();
    let run = |url: &str| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "postgres::databases_are_separate_and_work_with_sqlx", "--nocapture"])
            .env(SHARED_CLUSTER_VARIABLE, url)
            .output()
            .unwrap()
    };
    let output = run(&cluster.url());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = run("postgres://postgres@localhost/postgres?host=/nowhere");
    assert!(!output.status.success());
    let output = run("nonsense");
    assert!(String::from_utf8_lossy(&output.stderr).contains("BAILEY_TEST_POSTGRES=`nonsense`"));
}

#[tokio::test]
async fn databases_of_ended_processes_are_dropped() {
    let cluster = PostgresCluster::start().unwrap();
    let mut connection = PgConnection::connect(&cluster.url()).await.unwrap();
    // Process numbers end at 4,194,304 (proc_sys_kernel(5)), so these belong to nobody.
    let stale = || (0..13).map(|number| format!("bailey_test_9999999_{number}"));
    for name in stale() {
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    let fresh = cluster.fresh_database().unwrap();
    let left: Vec<String> =
        sqlx::query_scalar("SELECT datname FROM pg_database WHERE datname LIKE 'bailey%'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert_eq!(left.len(), 1);
    assert!(fresh.contains(&left[0]));
}
