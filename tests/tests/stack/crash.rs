//! Kill -9, a few times: see [`kalshi_fix_tests::crash`]. `tests/crash/run` does it two hundred times.

use kalshi_fix_tests::crash::Habit;
use kalshi_fix_tests::crash::parent::{Outcome, Settings, run};

async fn crash(kills: u32, seed: u64, habit: Habit) -> Result<Outcome, String> {
    let settings = Settings {
        kills,
        seed,
        program: env!("CARGO_BIN_EXE_crash").into(),
        habit,
    };
    run(settings).await.map_err(|fault| fault.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fill_is_lost_and_no_order_is_sent_twice() {
    let Outcome { summary, deaths } = crash(20, 1, Habit::Sound).await.unwrap();
    println!("{summary}; {deaths:?}");
    // How many depends on how fast this machine is: on a slow one the child dies young.
    assert!(summary.fills > 0 && summary.poss_dups > 0, "{summary}");
    assert!(deaths.len() > 1, "{deaths:?}");
}

/// A child that is careless itself shows that the oracle looks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_report_is_found() {
    let fault = crash(15, 2, Habit::Forgets).await.unwrap_err();
    assert!(fault.contains("lost"), "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_sent_twice_is_found() {
    let fault = crash(15, 3, Habit::Repeats).await.unwrap_err();
    assert!(fault.contains("sent twice"), "{fault}");
}
