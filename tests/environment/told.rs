//! What `make up` says of records: landed or rejected, and that none waits any more, also where transactions leave offsets that nobody
//! can read.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

const LIMIT: Duration = Duration::from_mins(1);
const BAR: &str = r#"{"Index":"HSI","Date":"2021-05-31","Open":1,"High":2,"Low":1,"Close":2,"Volume":0}"#;
/// As Python's `json.dumps` writes a price that is missing.
const NAN: &str = r#"{"Index":"HSI","Date":"2021-05-31","Open":NaN,"High":2,"Low":1,"Close":2,"Volume":0}"#;

/// Publishes, and waits for what is said of it with `wait_for`.
pub(crate) fn what_lands_is_told(servers: &str, topic: &str, wait_for: impl Fn(&str) -> String) {
    let producer = |transactions: &str| -> BaseProducer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", servers).set("transactional.id", transactions);
        let producer: BaseProducer = config.create().unwrap();
        producer.init_transactions(LIMIT).unwrap();
        producer
    };
    let send = |producer: &BaseProducer, partition: i32, value: &str| {
        producer.send(BaseRecord::<(), str>::to(topic).partition(partition).payload(value)).unwrap();
    };

    let one = producer("one");
    one.begin_transaction().unwrap();
    (0..3).for_each(|_| send(&one, 0, BAR));
    one.commit_transaction(LIMIT).unwrap();
    // Nothing of this is ever read, and on its second partition there is nothing else.
    one.begin_transaction().unwrap();
    (0..2).for_each(|_| send(&one, 0, BAR));
    send(&one, 1, BAR);
    one.flush(LIMIT).unwrap();
    one.abort_transaction(LIMIT).unwrap();
    one.begin_transaction().unwrap();
    send(&one, 0, NAN);
    one.commit_transaction(LIMIT).unwrap();

    // Three records and their marker, two and theirs: seven offsets are before it.
    wait_for("3 landed, 1 rejected");
    let why = wait_for("rejected: ");
    assert!(why.contains("rejected: stock-bars-0 at 7: not_json: "), "{why}");

    // What is in a transaction that is under way cannot be read yet.
    let open = producer("open");
    open.begin_transaction().unwrap();
    send(&open, 2, BAR);
    open.flush(LIMIT).unwrap();
    one.begin_transaction().unwrap();
    send(&one, 3, BAR);
    one.commit_transaction(LIMIT).unwrap();
    wait_for("4 landed, 1 rejected");
    open.commit_transaction(LIMIT).unwrap();
    wait_for("5 landed, 1 rejected");
}
