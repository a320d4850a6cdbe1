//! Compaction on the real parts: the deployed stack, the built program, and the library over the emulator's S3 and Glue. Whatever is done
//! beside it and whenever it ends, each row is read once and every report says the same.

mod bad_objects;
mod beside;
mod days;
#[path = "../faults/http.rs"]
#[expect(dead_code, reason = "the tests of faults need more of it")]
mod http;
mod killed;
mod lake;
mod program;
mod proxy;
mod retention;
mod rows;
mod sent;
mod trodden;

use anyhow::Result;
use tests::start_stack;

use lake::Lab;

#[tokio::test(flavor = "multi_thread")]
async fn each_row_is_read_once_whatever_happens_to_compaction() -> Result<()> {
    let mut stack = start_stack("compaction").await?;
    stack.pause_event_source().await?;
    let lab = Lab::new(&stack).await?;
    days::reports_say_the_same_before_and_after_and_meanwhile(&stack).await?;
    killed::a_compactor_may_be_killed_at_any_request(&lab).await?;
    beside::two_compactors_do_no_harm(&lab).await?;
    retention::a_retention_that_is_changed_within_a_day_counts_for_all_of_it(&lab).await?;
    // Boxed: it is large.
    Box::pin(bad_objects::what_cannot_be_merged_is_named(&lab)).await?;
    bad_objects::a_manifest_that_cannot_be_read_is_named_by_all(&stack).await?;
    stack.stop().await
}
