//! Writing what the gateway records, in batches.

use bailey_control::Control;
use bailey_domain::Principal;
use bailey_domain::directory::Crossing;
use bailey_gateway::{Losses, Record, Refused, Usage};
use bailey_store::{GatewayDecision, Store, UsageEvent};
use tokio::sync::{mpsc, oneshot};

/// Records per batch.
const BATCH: usize = 16 * 1024;

/// Writes records as they come and answers requests to flush, until the gateway is gone.
pub(crate) async fn write(
    store: Store,
    control: Control,
    mut records: mpsc::Receiver<Record>,
    mut flushes: mpsc::Receiver<oneshot::Sender<()>>,
    losses: Losses,
) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            count = records.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                note_uses(&control, &batch);
                write_batch(&store, &mut batch, &losses, control.clock().now_ms()).await;
                // What comes meanwhile makes the next batch larger: under load, fewer and larger transactions.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            Some(done) = flushes.recv() => {
                while let Ok(record) = records.try_recv() {
                    batch.push(record);
                }
                note_uses(&control, &batch);
                write_batch(&store, &mut batch, &losses, control.clock().now_ms()).await;
                let _ = done.send(());
            }
        }
    }
}

/// Notes when keys made calls. Writing that is another's, once a minute.
fn note_uses(control: &Control, batch: &[Record]) {
    for record in batch {
        if let Record::Usage(used) = record {
            control.note_key_use(used.account, used.key, used.at_ms);
        }
    }
}

async fn write_batch(store: &Store, batch: &mut Vec<Record>, losses: &Losses, now_ms: i64) {
    let (mut usage, mut decisions) = (Vec::new(), Vec::new());
    for record in batch.drain(..) {
        match record {
            Record::Usage(used) => usage.push(event(&used)),
            Record::Refused(refused) => decisions.push(decision(store, refused)),
        }
    }
    if !usage.is_empty()
        && let Err(error) = store.record_usage(&usage).await
    {
        losses.add(usage.len());
        tracing::error!(%error, calls = usage.len(), "use could not be written and is lost");
    }
    let crossings = store.directory().take_crossings();
    for Crossing { account, level, month, percent } in &crossings {
        tracing::warn!(%account, ?level, %month, percent, "a budget has reached a percentage that notice is given of");
    }
    if !crossings.is_empty()
        && let Err(error) = store.record_budget_notices(&crossings, now_ms).await
    {
        tracing::error!(%error, notices = crossings.len(), "notices of budgets could not be written");
    }
    if !decisions.is_empty()
        && let Err(error) = store.record_decisions(&decisions).await
    {
        losses.add(decisions.len());
        tracing::error!(%error, calls = decisions.len(), "refusals could not be written and cannot be explained");
    }
}

fn event(used: &Usage) -> UsageEvent {
    UsageEvent {
        account: used.account,
        workspace: used.workspace,
        key: used.key,
        owner: used.owner,
        model: used.model.to_string(),
        at_ms: used.at_ms,
        failed: used.status >= 400,
        cut: used.cut,
        input_tokens: used.input_tokens,
        output_tokens: used.output_tokens,
        cost: used.cost,
        duration_ms: used.duration_ms,
        first_byte_ms: used.first_byte_ms,
    }
}

fn decision(store: &Store, refused: Refused) -> GatewayDecision {
    let key = refused.account.zip(refused.key);
    let owner = key.and_then(|(account, key)| store.directory().key_owner(account, key));
    GatewayDecision {
        account: refused.account,
        owner: owner.map(|owner: Principal| owner.to_string()).unwrap_or_default(),
        at_ms: refused.at_ms,
        decision: refused.decision,
    }
}
