//! The harness itself: a database of one's own, a provider that approves without a browser.

use jimm_tests::postgres::TestDb;

#[tokio::test]
async fn a_test_gets_a_database_of_its_own() {
    let one = TestDb::create().await;
    let two = TestDb::create().await;
    assert_ne!(one.url, two.url);
    one.execute("CREATE TABLE only_here (id int)").await.expect("a fresh database takes tables");
    two.execute("CREATE TABLE only_here (id int)").await.expect("and is nobody else's");
    let version = one.fetch("SHOW server_version").await.expect("it answers");
    assert!(version.is_some());
}
