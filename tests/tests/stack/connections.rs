//! A supervised session without retransmission, through a proxy that does what networks do: see
//! [`kalshi_fix_tests::stack`] for what must hold.
//!
//! Sockets and TLS are real; time is let pass when nothing happens, so that a peer that went silent is found out in
//! milliseconds.

use std::collections::BTreeMap;
use std::time::Duration;

use kalshi_fix::client::{Client, Receiver};
use kalshi_fix::environment::SessionKind;
use kalshi_fix::prediction::Prediction;
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::reconnect::ReconnectPolicy;
use kalshi_fix_tests::proxy::{Kind, Opening, Plan, Planner, Trouble, Way};
use kalshi_fix_tests::stack::{Desk, Fault, SPACING, Scene, Shared, Tally, witness};
use tokio::time::{Instant, advance, pause, resume, sleep, timeout};

#[test]
fn nothing_is_invented_and_every_order_ends() {
    let mut tally = Tally::default();
    let mut struck = BTreeMap::<Kind, u64>::new();
    // Most of a run is waiting for the other side: several go on at a time, each on a thread of its own.
    let runs = std::thread::scope(|scope| {
        let lanes = [1, 2, 3, 4].map(|first| {
            scope.spawn(move || {
                let seeds = (first..=SEEDS).step_by(4);
                seeds.map(|seed| (seed, run(seed))).collect::<Vec<_>>()
            })
        });
        lanes.map(|lane| lane.join().expect("a run does not panic"))
    });
    for (seed, run) in runs.into_iter().flatten() {
        let (orders, kinds) = run.unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
        tally += orders;
        for (kind, count) in kinds {
            *struck.entry(kind).or_default() += count;
        }
    }
    println!("{SEEDS} seeds: {tally}; {struck:?}");
    // A run in which nothing goes wrong shows nothing.
    for kind in Kind::ALL {
        assert!(struck[&kind] > 0, "{kind:?} never struck: {struck:?}");
    }
    let Tally {
        answered,
        filled,
        refused,
        in_doubt,
        in_doubt_and_done,
        disconnections,
        ..
    } = tally;
    assert!(answered > SEEDS * ORDERS / 2 && filled > answered / 2, "{tally}");
    assert!(in_doubt > in_doubt_and_done && in_doubt_and_done > 0, "{tally}");
    assert!(refused > 0 && disconnections > SEEDS * 2, "{tally}");
}

fn run(seed: u64) -> Result<(Tally, [(Kind, u64); Kind::ALL.len()]), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(trade(seed))
}

async fn trade(seed: u64) -> Result<(Tally, [(Kind, u64); Kind::ALL.len()]), Fault> {
    let bound = std::time::Instant::now() + BOUND;
    let mut planner = Planner::new(seed, REACH);
    let scene = Scene::start(SessionKind::OrderEntry, move || planner.next_plan())
        .await
        .map_err(|error| error.to_string())?;
    let ledger = Shared::default();
    let mut heard = scene.witness().await.map_err(|error| error.to_string())?;
    let client: Client<Prediction> = scene
        .client(SessionKind::OrderEntry)
        .build()
        .map_err(|error| error.to_string())?;
    let session = {
        let opening = client.order_entry();
        tokio::pin!(opening);
        loop {
            tokio::select! {
                biased;
                session = &mut opening => break session.map_err(|error| error.to_string())?,
                () = sleep(IDLE) => pass(&scene, bound, PASSES).await?,
            }
        }
    };
    let (sender, mut receiver) = session.split();
    let mut desk = Desk::new(sender, ledger.clone());
    while ledger.lock().offered() < ORDERS {
        let room = WINDOW.saturating_sub(ledger.lock().open());
        for _ in 0..room {
            if desk.is_connected() {
                desk.send().await?;
            }
        }
        let was_connected = desk.is_connected();
        step(&scene, &mut desk, &mut receiver, &mut heard, bound).await?;
        if was_connected && !desk.is_connected() {
            // An application that has not understood yet.
            desk.send().await?;
        }
    }
    // The faults stop: soon all is well, and what was held back on the way has come or never will.
    scene.proxy.calm();
    while !desk.is_connected() || ledger.lock().open() > 0 || scene.proxy.open() > 1 {
        step(&scene, &mut desk, &mut receiver, &mut heard, bound).await?;
    }
    desk.close();
    while !desk.is_ended() || scene.proxy.open() > 0 {
        step(&scene, &mut desk, &mut receiver, &mut heard, bound).await?;
    }
    scene.check_pace(PASSES * 2)?;
    scene.last_word().map_err(|error| error.to_string())?;
    while !witness(&ledger, heard.recv().await)? {}
    ledger.lock().close()?;
    Ok((ledger.lock().tally(), scene.proxy.struck()))
}

/// Attempts that fail at once are the fastest that there can be.
#[tokio::test]
async fn a_venue_that_refuses_connections_is_not_run_down() {
    let mut first = true;
    let scene = Scene::start(SessionKind::OrderEntry, move || Plan {
        opening: if std::mem::take(&mut first) {
            Opening::AtOnce
        } else {
            Opening::Refused
        },
        up: Way {
            troubles: vec![(5_000, Trouble::Cut)],
            ..Way::default()
        },
        ..Plan::default()
    })
    .await
    .unwrap();
    let client: Client<Prediction> = scene.client(SessionKind::OrderEntry).build().unwrap();
    let (sender, mut receiver) = client.order_entry().await.unwrap().split();
    let mut desk = Desk::new(sender, Shared::default());
    while desk.is_connected() {
        desk.send().await.unwrap();
        desk.take(receiver.recv().await).unwrap();
    }
    let bound = std::time::Instant::now() + BOUND;
    let (step, began) = (Duration::from_millis(50), Instant::now());
    while began.elapsed() < SPACING * 30 {
        sleep(Duration::from_millis(1)).await;
        pass(&scene, bound, step).await.unwrap();
    }
    scene.check_pace(step * 2).unwrap();
    let attempts = scene.proxy.accepted();
    assert!((10..=31).contains(&attempts), "{attempts}");
}

/// Orders that wait to be written when the connection breaks, more than all buffers on the way take; and one that was
/// given up before there was room for it.
#[tokio::test]
async fn orders_that_were_never_written_are_in_doubt() {
    let mut plans = vec![Plan {
        up: Way {
            troubles: vec![(5_000, Trouble::Stall(BOUND)), (5_000, Trouble::Cut)],
            ..Way::default()
        },
        ..Plan::default()
    }];
    let scene = Scene::start(SessionKind::OrderEntry, move || plans.pop().unwrap_or_default())
        .await
        .unwrap();
    let ledger = Shared::default();
    let mut heard = scene.witness().await.unwrap();
    let client: Client<Prediction> = scene.client(SessionKind::OrderEntry).build().unwrap();
    let (sender, mut receiver) = client.order_entry().await.unwrap().split();
    let mut desk = Desk::new(sender, ledger.clone());
    while desk.send_within(Duration::from_secs(2)).await.unwrap() {}
    let offered = ledger.lock().offered();
    assert!(offered > 10_000, "{offered}");
    // The stall is over before the client takes its peer for dead.
    let bound = std::time::Instant::now() + BOUND;
    while desk.is_connected() {
        tokio::select! {
            event = receiver.recv() => desk.take(event).unwrap(),
            () = sleep(IDLE) => pass(&scene, bound, PASSES).await.unwrap(),
        }
    }
    let tally = ledger.lock().tally();
    assert_eq!((tally.refused, tally.received), (1, 0), "{tally}");
    assert!(tally.in_doubt > offered - 50, "{offered} offered, {tally}");
    while !desk.is_connected() {
        tokio::select! {
            event = receiver.recv() => desk.take(event).unwrap(),
            () = sleep(IDLE) => pass(&scene, bound, PASSES).await.unwrap(),
        }
    }
    assert!(desk.send().await.unwrap());
    while ledger.lock().open() > 0 {
        desk.take(receiver.recv().await).unwrap();
    }
    desk.close();
    while !desk.is_ended() {
        desk.take(receiver.recv().await).unwrap();
    }
    scene.last_word().unwrap();
    while !witness(&ledger, heard.recv().await).unwrap() {}
    ledger.lock().close().unwrap();
}

/// On several threads, orders are sent at the very moment at which a connection breaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_meet_the_break_are_in_doubt() {
    let mut place = 3_000;
    let scene = Scene::start(SessionKind::OrderEntry, move || {
        place += 1_001;
        Plan {
            down: Way {
                troubles: vec![(place, Trouble::Cut)],
                ..Way::default()
            },
            ..Plan::default()
        }
    })
    .await
    .unwrap();
    let ledger = Shared::default();
    let mut heard = scene.witness().await.unwrap();
    let written = ledger.clone();
    let witness = tokio::spawn(async move { while !witness(&written, heard.recv().await).unwrap() {} });
    let mut policy = ReconnectPolicy::default();
    policy.backoff = Duration::from_millis(5);
    policy.longest_backoff = policy.backoff;
    policy.spacing = Duration::from_millis(1);
    policy.key_in_use_interval = policy.backoff;
    policy.maintenance = Vec::new();
    let client = scene.client(SessionKind::OrderEntry).reconnect(policy);
    let client: Client<Prediction> = client.build().unwrap();
    let (sender, mut receiver) = client.order_entry().await.unwrap().split();
    let mut desk = Desk::new(sender, ledger.clone());
    let bound = std::time::Instant::now() + BOUND;
    while ledger.lock().tally().disconnections < BREAKS {
        assert!(std::time::Instant::now() < bound, "{}", ledger.lock().tally());
        while desk.is_connected() && ledger.lock().open() < 256 {
            if !desk.send().await.unwrap() {
                break;
            }
        }
        desk.take(receiver.recv().await).unwrap();
    }
    scene.proxy.calm();
    while !desk.is_connected() || ledger.lock().open() > 0 {
        let event = timeout(BOUND, receiver.recv()).await;
        desk.take(event.unwrap()).unwrap();
    }
    desk.close();
    while !desk.is_ended() {
        desk.take(receiver.recv().await).unwrap();
    }
    scene.last_word().unwrap();
    timeout(BOUND, witness).await.unwrap().unwrap();
    ledger.lock().close().unwrap();
    println!("{}; {}", ledger.lock().tally(), scene.proxy);
}

/// Takes one event, or lets time pass.
async fn step(
    scene: &Scene,
    desk: &mut Desk,
    receiver: &mut Receiver<NR>,
    heard: &mut Receiver<NR>,
    bound: std::time::Instant,
) -> Result<(), Fault> {
    let ledger = desk.ledger();
    tokio::select! {
        event = receiver.recv(), if !desk.is_ended() => desk.take(event),
        event = heard.recv() => witness(&ledger, event).map(drop),
        () = sleep(IDLE) => pass(scene, bound, PASSES).await,
    }
}

/// Lets time pass for everybody in this process.
async fn pass(scene: &Scene, bound: std::time::Instant, time: Duration) -> Result<(), Fault> {
    if std::time::Instant::now() > bound {
        return Err(format!("it hangs: {}", scene.proxy));
    }
    pause();
    advance(time).await;
    resume();
    Ok(())
}

/// How often the connection breaks on several threads.
const BREAKS: u64 = 30;
const SEEDS: u64 = 16;
const ORDERS: u64 = 300;
/// How many orders are under way at most.
const WINDOW: usize = 8;
/// Within so many bytes of a direction its trouble comes.
const REACH: u64 = 16_000;
/// When nothing has happened for this long, this much time passes.
const IDLE: Duration = Duration::from_millis(2);
const PASSES: Duration = Duration::from_millis(400);
/// No run takes as long, in real time.
const BOUND: Duration = Duration::from_mins(1);
