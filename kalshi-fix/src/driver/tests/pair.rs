//! What the tests stand on: a client and a venue, both driven, connected by a pipe.

use std::sync::Arc;
use std::time::Duration;

use fix_dialect::{BodyWriter, EncodeBody, Timestamp};
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::time::Instant;

use crate::credentials::{PrivateKey, PublicKey, Signer};
use crate::driver::{Clock, DriverSettings, Event, Events, Handle, spawn_with_clock};
use crate::session::{
    self, Acceptance, Established, Identity, Inbound, Logon, Role, SequenceNumber, SessionSettings,
};

/// A message with one text, of a type of our own.
pub(super) struct Note(pub(super) String);

impl EncodeBody for Note {
    fn msg_type(&self) -> &[u8] {
        b"B"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.field(58, self.0.as_bytes());
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "`note(7)` reads better than `note(&7)`"
)]
pub(super) fn note(text: impl ToString) -> Note {
    Note(text.to_string())
}

/// `Text (58)` of a received note.
pub(super) fn text(inbound: &Inbound) -> String {
    let field = fix_dialect::fields(&inbound.frame)
        .find(|field| field.tag == 58)
        .expect("a note has a text");
    String::from_utf8(field.value.to_vec()).unwrap()
}

/// UTC that goes along with tokio's clock, paused or not.
pub(super) struct TestClock {
    origin: Instant,
}

impl TestClock {
    pub(super) fn shared() -> Arc<dyn Clock> {
        Arc::new(TestClock {
            origin: Instant::now(),
        })
    }
}

impl Clock for TestClock {
    fn utc(&self) -> Timestamp {
        let start = Timestamp::parse(b"20261122-12:00:00").unwrap().unix_nanos();
        Timestamp::from_unix_nanos(start + self.origin.elapsed().as_nanos() as i64)
    }
}

pub(super) fn client_settings() -> SessionSettings {
    SessionSettings::kalshi_prediction(Identity::initiator("key-id", "KalshiNR"))
}

pub(super) fn logon() -> Logon {
    Logon::new(30).reset().default_appl_ver_id("9")
}

pub(super) type Ends = (Handle, Events);

pub(super) fn drive_client(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    settings: DriverSettings,
) -> Ends {
    let role = Role::Initiator(logon());
    spawn_with_clock(
        stream,
        client_settings(),
        role,
        None,
        settings,
        TestClock::shared(),
    )
    .unwrap()
}

pub(super) fn drive_signing_client(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    signer: Arc<dyn Signer>,
) -> Ends {
    let (role, settings) = (Role::Initiator(logon().signed()), DriverSettings::default());
    spawn_with_clock(
        stream,
        client_settings(),
        role,
        Some(signer),
        settings,
        TestClock::shared(),
    )
    .unwrap()
}

pub(super) fn drive_venue(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Ends {
    drive_venue_by(stream, TestClock::shared())
}

pub(super) fn drive_venue_by(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    clock: Arc<dyn Clock>,
) -> Ends {
    let session = SessionSettings::kalshi_prediction(Identity::acceptor("Kalshi"));
    // A patient venue, which lets a client be as slow as it likes.
    let settings = DriverSettings {
        write_timeout: 10 * LONG,
        ..DriverSettings::default()
    };
    spawn_with_clock(stream, session, Role::Acceptor, None, settings, clock).unwrap()
}

/// A client and a venue that are logged on, and a pipe of this many bytes in each direction between them.
pub(super) async fn established(pipe: usize, client: DriverSettings) -> (Ends, Ends) {
    let (near, far) = duplex(pipe);
    let mut client = drive_client(near, client);
    let mut venue = drive_venue(far);
    let request = logon_request(&mut venue).await;
    assert_eq!(request.sender_comp_id, "key-id");
    venue.0.accept_logon(Acceptance::default()).unwrap();
    assert_eq!(
        established_event(&mut client.1).await.peer_sender_comp_id,
        "Kalshi"
    );
    established_event(&mut venue.1).await;
    (client, venue)
}

pub(super) async fn logon_request(venue: &mut Ends) -> session::LogonRequest {
    match venue.1.recv().await {
        Some(Event::Session(session::Event::LogonRequest(request))) => request,
        other => panic!("expected a logon, found {other:?}"),
    }
}

pub(super) async fn established_event(events: &mut Events) -> Established {
    match events.recv().await {
        Some(Event::Session(session::Event::Established(established))) => established,
        other => panic!("expected the session to be established, found {other:?}"),
    }
}

/// The next note, with its number. Signs of life are passed over.
pub(super) async fn next_note(events: &mut Events) -> (SequenceNumber, String) {
    loop {
        match events.recv().await {
            Some(Event::Session(session::Event::Application(inbound))) => {
                return (inbound.msg_seq_num, text(&inbound));
            }
            Some(Event::Session(session::Event::PeerSilent)) => {}
            other => panic!("expected a note, found {other:?}"),
        }
    }
}

/// The text of the end, with everything before it passed over.
pub(super) async fn end(events: &mut Events) -> String {
    loop {
        match events.recv().await {
            Some(Event::Ended(end)) => {
                assert!(events.recv().await.is_none(), "nothing follows the end");
                return end.to_string();
            }
            Some(_) => {}
            None => panic!("the end was delivered before"),
        }
    }
}

pub(super) fn test_key() -> (Arc<dyn Signer>, PublicKey) {
    let key = PrivateKey::from_pem(include_str!("../../../tests/fixtures/keys/rsa-pkcs8.pem")).unwrap();
    let public = key.public_key();
    (Arc::new(key), public)
}

pub(super) const LONG: Duration = Duration::from_hours(1);
