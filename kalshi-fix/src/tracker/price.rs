//! The price of an order, of which not every report tells.

use super::exec_id::ExecId;
use super::order::{Order, RequestKind, is_end};
use super::report::Report;
use crate::units::Price;

impl Order {
    /// The limit in dollars: Price (44) of the last report that has one. A report without one leaves it; one of an
    /// accepted amend makes it what was asked for. Before any, that of the request. `None` where nobody can say.
    #[must_use]
    pub fn price(&self) -> Option<Price> {
        match self.reported_price {
            Some((_, price)) => price,
            None => self.entry.as_ref()?.price,
        }
    }

    /// Takes over what a report says of the price, unless a later one is known that does. To be called before the amend that
    /// it answers is [taken](Order::take_request), and before its identifier is [noted](Order::identify). Whether that shows.
    pub(super) fn merge_price(&mut self, exec_id: ExecId, report: &Report<'_>) -> bool {
        let asked = self
            .requests
            .iter()
            .find(|request| *request.cl_ord_id == *report.cl_ord_id);
        let said = match (report.price, asked) {
            (Some(price), _) => Some(price),
            // The first that is heard of an accepted amend. One without a price leaves it.
            (None, Some(request)) if request.kind == RequestKind::Replace => match request.price {
                Some(price) => Some(price),
                None => return false,
            },
            // An identifier that is new, and not ours: somebody else has amended it, to nobody knows what.
            (None, _) if !is_end(report) && !self.identifiers.is_empty() && !self.is_identified(report) => {
                None
            }
            (None, _) => return false,
        };
        let place = exec_id.place();
        let is_news = self
            .reported_price
            .is_none_or(|(known, price)| known < place || (known == place && price.is_none()));
        if !is_news {
            return false;
        }
        let before = self.price();
        self.reported_price = Some((place, said));
        before != said
    }

    fn is_identified(&self, report: &Report<'_>) -> bool {
        let mut known = self.identifiers.iter();
        known.any(|known| *known.cl_ord_id == *report.cl_ord_id)
    }
}
