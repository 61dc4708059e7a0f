//! When to connect again.

use std::time::Duration;

use kalshi_fix::reconnect::ReconnectPolicy;

/// The venue gets the default, which never hurries, but does not go on for ever: an example says why it has no session. An
/// exchange on this machine has no rate limit and no maintenance, and
/// learns within moments that a connection is gone.
pub(crate) fn policy(is_simulated: bool) -> ReconnectPolicy {
    let mut policy = ReconnectPolicy::default();
    if is_simulated {
        policy.backoff = Duration::from_millis(50);
        policy.spacing = Duration::from_millis(50);
        policy.key_in_use_interval = Duration::from_millis(100);
        policy.maintenance.clear();
    } else {
        policy.give_up_after = Some(Duration::from_secs(20));
    }
    policy
}
