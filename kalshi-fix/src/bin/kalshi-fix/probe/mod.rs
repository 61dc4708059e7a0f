//! `probe`: the way to a session step by step, with the time of each, and what to do where it ends.

mod clock;
mod report;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use kalshi_fix::client::{Client, Event, KalshiProduct, KalshiSession, OpenError, Retransmission, Session};
use kalshi_fix::dialect::Timestamp;
use kalshi_fix::driver::{EndCause, SessionEnd, SessionStore};
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::margin::Margin;
use kalshi_fix::observe::{LogQueue, MessageLog};
use kalshi_fix::prediction::Prediction;
use kalshi_fix::reconnect::FailureClass;
use kalshi_fix::session::{self, EndReason};
use kalshi_fix::store::MemoryStore;
use kalshi_fix::transport::{ConnectStep, ConnectTimeouts};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use crate::arguments::{ProbeArguments, SessionName};
use crate::output::{Failure, Findings, Output};
use crate::place::credentials::short;
use crate::place::{Place, ProductName, built};
use crate::remedy::{Attempted, Step, Trouble};
use crate::requested::Requested;
use clock::{ClockLog, Offset};
use report::{Report, Stopped, milliseconds};

pub(crate) fn run(arguments: &ProbeArguments, output: &mut Output) -> Result<Findings, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let product = Product::from(arguments.place.product);
        let kind = kind(arguments, product)?;
        let place = arguments.place.open(product, &[]).await?;
        let stop = Stop::on_request()?;
        let names = [product.name(), kind.profile().target_comp_id, place.name.as_str()];
        let terms = arguments.place.terms(product, kind);
        let mut report = Report::new(output, arguments.json, names, &terms);
        match arguments.place.product {
            ProductName::Prediction => prediction(kind, arguments, &place, &stop, &mut report).await?,
            ProductName::Margin => margin(kind, arguments, &place, &stop, &mut report).await?,
        }
        let findings = Findings::from(!report.is_good());
        let word = match (report.stopped(), report.is_good(), arguments.place.is_simulated()) {
            (Some(Stopped::BeforeLogon), ..) => "\nStopped before there was a session.\n".to_owned(),
            (Some(Stopped::Heartbeats { answered }), ..) => {
                format!("\nStopped after {answered} of {} heartbeats.\n", arguments.count)
            }
            (None, true, true) => format!(
                "\nAll is well, and all of it on this machine.\nWith a key of the demo environment: {}\n",
                at_demo(product, kind)
            ),
            (None, true, false) => "\nAll is well.\n".to_owned(),
            (None, false, _) => String::new(),
        };
        report.end(&word)?;
        place.close().await;
        Ok(findings)
    })
}

/// Whether somebody wishes it to end: it then logs out, and tells what it has found by then.
#[derive(Clone)]
struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens from now on.
    fn on_request() -> Result<Stop, Failure> {
        let requested = Requested::new()?;
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            requested.wait().await;
            // The probe may be over in the same moment.
            let _ = sender.send(true);
        });
        Ok(Stop(receiver))
    }

    async fn wait(&self) {
        if self
            .0
            .clone()
            .wait_for(|is_requested| *is_requested)
            .await
            .is_err()
        {
            std::future::pending::<()>().await;
        }
    }
}

/// The same probe at the venue.
fn at_demo(product: Product, kind: SessionKind) -> String {
    let mut command = "kalshi-fix probe --demo".to_owned();
    if product == Product::Margin {
        command.push_str(" --product margin");
    }
    if kind != SessionKind::OrderEntry {
        command = format!("{command} --session {}", short(kind).to_lowercase());
    }
    command
}

/// The session, unless the product lacks it, or trying it would cost something that nobody has agreed to.
fn kind(arguments: &ProbeArguments, product: Product) -> Result<SessionKind, Failure> {
    let kind = match arguments.session {
        SessionName::Nr => SessionKind::OrderEntry,
        SessionName::Rt => SessionKind::OrderEntryRetransmitting,
        SessionName::Dc => SessionKind::DropCopy,
        SessionName::Pt => SessionKind::PostTrade,
        SessionName::Rfq => SessionKind::Rfq,
        SessionName::Md => SessionKind::MarketData,
    };
    if !product.offers(kind) {
        let offered: Vec<String> = product
            .sessions()
            .iter()
            .map(|kind| short(*kind).to_lowercase())
            .collect();
        return Err(Failure::Usage(format!(
            "{product} has no {kind} session; --session can be {}",
            offered.join(", ")
        )));
    }
    if arguments.reset && !kind.profile().retransmission {
        return Err(Failure::Usage(format!(
            "{kind} starts its numbers anew at each logon by itself: --reset is for --session rt and pt, leave it out"
        )));
    }
    if kind.profile().retransmission && !arguments.reset && !arguments.place.is_simulated() {
        return Err(Failure::Usage(format!(
            "probing {kind} starts its numbers anew, and what is kept there for this key is lost; --reset says that this may be"
        )));
    }
    Ok(kind)
}

async fn prediction(
    kind: SessionKind,
    arguments: &ProbeArguments,
    place: &Place,
    stop: &Stop,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let probe = Probe::<Prediction>::new(arguments, place, stop)?;
    let client = &probe.client;
    match kind {
        SessionKind::Rfq => probe.run(client.rfq(), arguments, report).await,
        SessionKind::PostTrade => probe.run(client.post_trade(anew()), arguments, report).await,
        other => probe.common(other, arguments, report).await,
    }
}

async fn margin(
    kind: SessionKind,
    arguments: &ProbeArguments,
    place: &Place,
    stop: &Stop,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let probe = Probe::<Margin>::new(arguments, place, stop)?;
    probe.common(kind, arguments, report).await
}

/// A client that is listened to.
struct Probe<D: KalshiProduct> {
    client: Client<D>,
    steps: std::sync::Mutex<mpsc::UnboundedReceiver<(Instant, ConnectStep)>>,
    clock: ClockLog,
    log: MessageLog,
    stop: Stop,
}

impl<D: KalshiProduct> Probe<D> {
    fn new(arguments: &ProbeArguments, place: &Place, stop: &Stop) -> Result<Probe<D>, Failure> {
        let patience = patience(arguments);
        let mut timeouts = ConnectTimeouts::default();
        (timeouts.resolve, timeouts.tcp, timeouts.handshake) = (patience, patience, patience);
        let (sender, steps) = mpsc::unbounded_channel();
        let clock = ClockLog::default();
        let log = MessageLog::writer(clock.clone(), LogQueue::default())?;
        let builder = place
            .client::<D>(&arguments.place)?
            .connect_timeouts(timeouts)
            .logon_timeout(patience)
            .message_log(log.clone())
            .connect_observer(Arc::new(move |step| {
                // Nobody listens any more when the session has been opened, or not.
                let _ = sender.send((Instant::now(), step));
            }));
        Ok(Probe {
            client: built(builder)?,
            steps: std::sync::Mutex::new(steps),
            clock,
            log,
            stop: stop.clone(),
        })
    }

    /// The sessions that both products have.
    async fn common(
        &self,
        kind: SessionKind,
        arguments: &ProbeArguments,
        report: &mut Report<'_>,
    ) -> Result<(), Failure> {
        let client = &self.client;
        match kind {
            SessionKind::OrderEntry => self.run(client.order_entry(), arguments, report).await,
            SessionKind::DropCopy => self.run(client.drop_copy(), arguments, report).await,
            SessionKind::MarketData => self.run(client.market_data(), arguments, report).await,
            SessionKind::OrderEntryRetransmitting => {
                let opening = client.order_entry_retransmitting(anew());
                self.run(opening, arguments, report).await
            }
            other => Err(Failure::Usage(format!("{} has no {other} session", D::PRODUCT))),
        }
    }

    async fn run<S: KalshiSession>(
        &self,
        opening: impl Future<Output = Result<Session<S>, OpenError>>,
        arguments: &ProbeArguments,
        report: &mut Report<'_>,
    ) -> Result<(), Failure> {
        let Some(mut session) = self.open(opening, arguments, report).await? else {
            return Ok(());
        };
        let ended = self.heartbeats(&mut session, arguments, report).await?;
        if ended {
            return Ok(());
        }
        self.compare_clocks(report)?;
        let start = Instant::now();
        let closed = session.close().await;
        let took = Some(start.elapsed());
        match &closed.end {
            Some(SessionEnd {
                cause: EndCause::Session(EndReason::LoggedOut { .. }),
                ..
            }) => report.done(Step::LogOut, took, "answered"),
            Some(end) => {
                let trouble = attempted::<D, S>(arguments).ended(Step::LogOut, end);
                report.trouble(Step::LogOut, took, "failed", trouble)
            }
            None => report.done(Step::LogOut, took, "the session was over"),
        }
    }

    /// Opens the session, and tells of each step as it is done.
    async fn open<S: KalshiSession>(
        &self,
        opening: impl Future<Output = Result<Session<S>, OpenError>>,
        arguments: &ProbeArguments,
        report: &mut Report<'_>,
    ) -> Result<Option<Session<S>>, Failure> {
        let mut opening = pin!(opening);
        let mut last = Instant::now();
        let opened = loop {
            tokio::select! {
                biased;
                Some((at, step)) = std::future::poll_fn(|context| self.poll_step(context)) => {
                    let took = Some(at.duration_since(last));
                    last = at;
                    tell(report, took, &step)?;
                }
                opened = &mut opening => break opened,
                // Opening is given up when it is let go of.
                () = self.stop.wait() => {
                    report.stop(Stopped::BeforeLogon);
                    return Ok(None);
                }
            }
        };
        // What was done in the same moment.
        while let Some((at, step)) = self.next_step() {
            let took = Some(at.duration_since(last));
            last = at;
            tell(report, took, &step)?;
        }
        let took = Some(last.elapsed());
        match opened {
            Ok(session) => {
                let seconds = session.established().heart_bt_int;
                let peer = &session.established().peer_sender_comp_id;
                let detail = format!("{peer} answers, a heartbeat every {seconds} s");
                report.done(Step::LogOn, took, &detail)?;
                Ok(Some(session))
            }
            Err(error) => match attempted::<D, S>(arguments).not_opened(&error) {
                Some((step, trouble)) => {
                    report.trouble(step, took, "failed", trouble)?;
                    Ok(None)
                }
                None => Err(Failure::session(error)),
            },
        }
    }

    fn poll_step(
        &self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<(Instant, ConnectStep)>> {
        match self.steps.lock() {
            Ok(mut steps) => steps.poll_recv(context),
            Err(_) => std::task::Poll::Ready(None),
        }
    }

    fn next_step(&self) -> Option<(Instant, ConnectStep)> {
        self.steps.lock().ok()?.try_recv().ok()
    }

    /// Measures how long answers take; whether the session has ended.
    async fn heartbeats<S: KalshiSession>(
        &self,
        session: &mut Session<S>,
        arguments: &ProbeArguments,
        report: &mut Report<'_>,
    ) -> Result<bool, Failure> {
        let start = Instant::now();
        let mut round_trips = Vec::new();
        for _ in 0..arguments.count {
            let answer = tokio::select! {
                biased;
                () = self.stop.wait() => break,
                answer = round_trip(session, patience(arguments)) => answer,
            };
            let trouble = match answer {
                Answer::After(time) => {
                    round_trips.push(time);
                    continue;
                }
                Answer::None => Trouble {
                    class: FailureClass::Network,
                    what: format!("no answer to a TestRequest within {:?}", patience(arguments)),
                    remedy: attempted::<D, S>(arguments).silent(),
                },
                Answer::Ended(end) => attempted::<D, S>(arguments).ended(Step::Heartbeat, &end),
            };
            let detail = format!("failed, after {} answers", round_trips.len());
            report.trouble(Step::Heartbeat, Some(start.elapsed()), &detail, trouble)?;
            return Ok(true);
        }
        let answered = round_trips.len();
        let stopped = if answered < arguments.count as usize {
            report.stop(Stopped::Heartbeats { answered });
            ", then stopped"
        } else {
            ""
        };
        if answered == 0 {
            report.done(
                Step::Heartbeat,
                Some(start.elapsed()),
                "stopped before the first answer",
            )?;
            return Ok(false);
        }
        round_trips.sort_unstable();
        let (least, most) = (round_trips[0], round_trips[round_trips.len() - 1]);
        let median = round_trips[round_trips.len() / 2];
        let [least, median, most] = [least, median, most].map(milliseconds);
        report.figure(
            "round_trip_milliseconds",
            &format!(
                "{{\"count\":{},\"least\":{least},\"median\":{median},\"most\":{most}}}",
                round_trips.len()
            ),
        );
        let detail = match round_trips.len() {
            1 => format!("1 round trip: {median} ms{stopped}"),
            many => format!("{many} round trips: {least} to {most} ms, {median} in the middle{stopped}"),
        };
        report.done(Step::Heartbeat, Some(start.elapsed()), &detail)?;
        Ok(false)
    }

    fn compare_clocks(&self, report: &mut Report<'_>) -> Result<(), Failure> {
        let _ = self.log.flush(LOG_PATIENCE);
        let Some(Offset { nanos, uncertainty }) = self.clock.offset() else {
            return report.done(Step::Clock, None, "not compared");
        };
        let apart = Duration::from_nanos(nanos.unsigned_abs());
        let give = milliseconds(Duration::from_nanos(uncertainty.unsigned_abs()));
        let sign = if nanos < 0 { "-" } else { "" };
        let text = milliseconds(apart);
        report.figure(
            "clock_offset_milliseconds",
            &format!("{{\"offset\":{sign}{text},\"uncertainty\":{give}}}"),
        );
        // Our own clock is the one that can be set.
        let which = if nanos < 0 { "ahead" } else { "behind" };
        let detail = format!("this machine's is {text} ms {which} (give or take {give})");
        if apart < TOO_FAR_APART {
            return report.done(Step::Clock, None, &detail);
        }
        let trouble = Trouble {
            class: FailureClass::Clock,
            what: format!(
                "the clocks are {} s apart, and a session is refused or ended at 30 s",
                apart.as_secs()
            ),
            remedy: "set this machine's clock (NTP)".to_owned(),
        };
        report.trouble(Step::Clock, None, &detail, trouble)
    }
}

/// What a remedy depends on.
fn attempted<D: KalshiProduct, S: KalshiSession>(arguments: &ProbeArguments) -> Attempted<'_> {
    Attempted {
        place: &arguments.place,
        product: D::PRODUCT,
        kind: S::KIND,
    }
}

fn tell(report: &mut Report<'_>, took: Option<Duration>, step: &ConnectStep) -> Result<(), Failure> {
    match step {
        ConnectStep::Resolved { addresses } => {
            let addresses: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            report.done(Step::Resolve, took, &addresses.join(", "))
        }
        ConnectStep::Connected { address } => report.done(Step::Connect, took, &address.to_string()),
        ConnectStep::Secured { tls, .. } => {
            let certificate = tls.certificate.map(|pin| pin.to_string()).unwrap_or_default();
            // Enough of it to be compared by eye.
            let shown = certificate.get(..SHOWN_OF_PIN).unwrap_or(&certificate);
            let detail = format!("{}, certificate SHA-256 {shown}…", tls.version);
            report.done(Step::Tls, took, &detail)
        }
        _ => Ok(()),
    }
}

/// What became of a test request.
enum Answer {
    After(Duration),
    None,
    Ended(SessionEnd),
}

async fn round_trip<S: KalshiSession>(session: &mut Session<S>, patience: Duration) -> Answer {
    let sender = session.sender();
    // What cannot be sent is because of the session's end, which is told below.
    let asked = sender.test_request().ok();
    let answer = async {
        loop {
            match session.recv().await {
                Some(Event::Session(session::Event::TestRequestAnswered { id, round_trip, .. }))
                    if Some(id) == asked =>
                {
                    return Answer::After(round_trip);
                }
                Some(Event::Ended(end)) => return Answer::Ended(end),
                None => return Answer::None,
                Some(_) => {}
            }
        }
    };
    timeout(patience, answer).await.unwrap_or(Answer::None)
}

/// A session that retransmits, from its first number.
fn anew() -> Retransmission {
    let now = Timestamp::from(std::time::SystemTime::now());
    Retransmission::new(SessionStore::inline(MemoryStore::new(now))).start_anew()
}

fn patience(arguments: &ProbeArguments) -> Duration {
    Duration::from_secs(arguments.timeout.into())
}

/// From here on a difference of the clocks is said to be trouble.
const TOO_FAR_APART: Duration = Duration::from_secs(5);
const LOG_PATIENCE: Duration = Duration::from_secs(5);
/// The first eight bytes.
const SHOWN_OF_PIN: usize = 23;
