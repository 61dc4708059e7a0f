mod keys;
mod signers;
mod variables;

use std::collections::HashMap;
use std::error::Error as _;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::*;
use crate::environment::{Product, SessionKind};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/keys")
        .join(name)
}

fn pem(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

fn public_key() -> PublicKey {
    PublicKey::from_pem(&pem("rsa-public.pem")).unwrap()
}

const PASSPHRASE: &str = "correct horse";
const TEXT: LogonText<'static> = LogonText {
    sending_time: b"20261122-11:59:59.999",
    msg_seq_num: 1,
    sender_comp_id: b"b1d4e1a0-6f0e-4a43-9b5d-1f4b7f0c2a11",
    target_comp_id: b"KalshiNR",
};

async fn raw_data(key: &PrivateKey) -> String {
    TEXT.sign(key).await.unwrap()
}
