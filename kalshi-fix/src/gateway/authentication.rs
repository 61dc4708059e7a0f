//! Whether a logon is authentic and makes sense.

use super::hub::Hub;
use super::options::Options;
use super::request::Reader;
use crate::environment::{Product, SessionKind};
use crate::session::LogonRequest;

impl Reader {
    /// What an authentic logon asks for, or a text for the client that says why it is none.
    pub(super) fn judge(
        &mut self,
        hub: &Hub,
        product: Product,
        kind: SessionKind,
        request: &LogonRequest,
    ) -> Result<Options, String> {
        let target = kind.profile().target_comp_id;
        if request.target_comp_id != target {
            return Err(format!(
                "TargetCompID (56) is {:?} on the port of {target}",
                request.target_comp_id
            ));
        }
        let public = hub.public_key(&request.sender_comp_id);
        let public = public.ok_or_else(|| "unknown API key in SenderCompID (49)".to_owned())?;
        let raw_data = request
            .raw_data
            .as_deref()
            .ok_or("RawData (96) is missing: a logon is signed")?;
        public
            .verify_signed_text(&request.pre_hash, raw_data)
            .map_err(|_| "invalid signature in RawData (96)".to_owned())?;
        let options = Options::read(product, kind, &request.frame);
        if let Some(fault) = options.fault() {
            return Err(fault);
        }
        match self.violation(&request.frame) {
            Ok(None) => Ok(options),
            Ok(Some(violation)) => Err(violation.to_string()),
            Err(malformed) => Err(malformed.to_string()),
        }
    }
}
