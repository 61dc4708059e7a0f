//! The customers of clearing members: who may order for whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::engine::Exchange;
use super::order::{CustomerId, OwnerId, Party};
use super::report::RejectReason;
use crate::environment::Product;

/// All customers, by number and by PartyID (448).
#[derive(Debug, Default)]
pub(super) struct Customers {
    known: Vec<(OwnerId, Arc<str>)>,
    by_party: BTreeMap<Arc<str>, CustomerId>,
}

impl Customers {
    pub(super) fn party(&self, id: CustomerId) -> Option<&Arc<str>> {
        let (_, party) = self.known.get(usize::try_from(id.0).ok()?)?;
        Some(party)
    }

    fn find(&self, party: &str) -> Option<(OwnerId, CustomerId)> {
        let id = *self.by_party.get(party)?;
        let (owner, _) = self.known.get(usize::try_from(id.0).ok()?)?;
        Some((*owner, id))
    }
}

impl Exchange {
    /// Opens an account for a customer of a member, under the PartyID (448) by which its orders will name it. `None` where it
    /// is another member's; the number that it has where it is this member's already.
    pub fn add_customer(&mut self, owner: OwnerId, party_id: &str) -> Option<CustomerId> {
        if let Some((holder, id)) = self.customers.find(party_id) {
            return (holder == owner).then_some(id);
        }
        let id = CustomerId(u32::try_from(self.customers.known.len()).ok()?);
        let party: Arc<str> = party_id.into();
        self.customers.known.push((owner, Arc::clone(&party)));
        self.customers.by_party.insert(party, id);
        Some(id)
    }

    /// The customer whom a request names, if the member may order for it. On margin a PartyID is the member's own note.
    pub(super) fn customer(
        &self,
        owner: OwnerId,
        party: Option<&Party>,
    ) -> Result<Option<CustomerId>, RejectReason> {
        let Some(party) = party.filter(|_| self.rules.product == Product::Prediction) else {
            return Ok(None);
        };
        match self.customers.find(&party.id) {
            Some((holder, id)) if holder == owner => Ok(Some(id)),
            Some(_) => Err(RejectReason::PermissionDeniedForCustomerAccount),
            None => Err(RejectReason::CustomerAccountNotFound),
        }
    }
}
