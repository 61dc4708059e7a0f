//! Pages in, settlements out.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use super::finding;
use super::page::{Page, PageFault};
use super::settled::Settlement;
use crate::prediction::MarketSettlementReport;

/// The bounds of a [`Reassembler`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReassemblerSettings {
    /// The most batches that wait for pages; 1,000 by default.
    pub open_batches: usize,
    /// The most parties in the pages that wait, a page without parties counting as one; 1,000,000 by default.
    pub held_parties: usize,
    /// How many pages of complete settlements are remembered, to know them when they come again; 1,000,000 by default. Older
    /// ones would be taken for a new settlement.
    pub remembered_reports: usize,
}

impl Default for ReassemblerSettings {
    fn default() -> ReassemblerSettings {
        ReassemblerSettings {
            open_batches: 1_000,
            held_parties: 1_000_000,
            remembered_reports: 1_000_000,
        }
    }
}

/// Puts settlements together from their pages: each is given out once, whatever comes twice, between, or out of order.
///
/// Feed it every MarketSettlementReport (UMS) of every session of an account, also those with PossDupFlag (43). It reads no
/// clock: a batch waits until its pages come, or until there is no room for it. What waits can be
/// [looked at](Reassembler::incomplete), the oldest first.
///
/// Pages that are counted (TotNumMarketSettlementReports (20106)) may come in any order. Without a count LastFragment (893)
/// ends a batch, so that the order in which a session delivers them matters.
#[derive(Clone)]
pub struct Reassembler {
    settings: ReassemblerSettings,
    /// By symbol.
    open: HashMap<Arc<str>, Batch>,
    /// The number that the next batch gets.
    next: u64,
    held: usize,
    evicted: u64,
    /// The pages that were taken, by id: a digest of what they said.
    known: HashMap<Arc<str>, u64>,
    /// Those of complete settlements, the oldest first: they are forgotten in this order.
    complete: VecDeque<(Arc<str>, Arc<str>)>,
    /// How many pages of complete settlements are remembered of each market.
    settled: HashMap<Arc<str>, usize>,
}

/// The pages of a settlement so far.
#[derive(Clone)]
struct Batch {
    /// Lower in a batch that was begun earlier.
    number: u64,
    pages: Vec<Page>,
    /// The highest total that is stated.
    total: Option<u64>,
}

/// What became of a page.
#[must_use = "the settlement is in it, once its last page has come"]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handled {
    /// The batch is complete with it.
    Complete(Settlement),
    /// Pages are missing.
    Taken {
        /// How many there are.
        pages: usize,
        /// How many there have to be; `None` where no page says.
        of: Option<u64>,
        /// Batches that were given up to make room, the page's own among them if it is too much alone. Their pages are taken
        /// anew when they come again.
        evicted: Vec<Incomplete>,
    },
    /// The page came before. Nothing has changed.
    Duplicate,
    /// A page with this id came before, and said something else. It is not taken: what is right has to be asked elsewhere.
    DuplicateDiffers {
        /// MarketSettlementReportID (20105).
        report_id: Arc<str>,
    },
    /// The page cannot be taken.
    Refused(PageFault),
}

/// A batch that waits for pages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Incomplete {
    /// Symbol (55).
    pub symbol: Arc<str>,
    /// How many pages there are.
    pub pages: usize,
    /// How many there have to be; `None` where no page says.
    pub of: Option<u64>,
    /// How many parties they have.
    pub parties: usize,
    /// MarketSettlementReportID (20105) of the pages, in their own order.
    pub report_ids: Vec<Arc<str>>,
}

impl Reassembler {
    /// Nothing has come yet.
    #[must_use]
    pub fn new(settings: ReassemblerSettings) -> Reassembler {
        Reassembler {
            settings,
            open: HashMap::new(),
            next: 0,
            held: 0,
            evicted: 0,
            known: HashMap::new(),
            complete: VecDeque::new(),
            settled: HashMap::new(),
        }
    }

    /// Takes a page.
    pub fn handle(&mut self, report: &MarketSettlementReport<'_>) -> Handled {
        let page = match Page::read(report) {
            Ok(page) => page,
            Err(fault) => return Handled::Refused(fault),
        };
        let digest = page.digest();
        match self.known.get(&page.id) {
            Some(known) if *known == digest => return Handled::Duplicate,
            Some(_) => return Handled::DuplicateDiffers { report_id: page.id },
            None => self.known.insert(Arc::clone(&page.id), digest),
        };
        let (symbol, ended) = (Arc::clone(&page.symbol), page.is_last());
        self.held += weight(&page);
        let batch = self.open.entry(Arc::clone(&symbol)).or_insert_with(|| {
            self.next += 1;
            Batch {
                number: self.next,
                pages: Vec::new(),
                total: None,
            }
        });
        let total = page.total.and_then(|total| u64::try_from(total).ok());
        // None is what a batch has not: a total of zero says nothing.
        batch.total = batch.total.max(total.filter(|total| *total > 0));
        batch.pages.push(page);
        let complete = match batch.total {
            Some(total) => batch.pages.len() as u64 >= total,
            None => ended,
        };
        let (pages, of) = (batch.pages.len(), batch.total);
        if complete && let Some(batch) = self.open.remove(&symbol) {
            return Handled::Complete(self.finish(symbol, batch));
        }
        let evicted = self.make_room();
        Handled::Taken { pages, of, evicted }
    }

    /// The batches that wait for pages, the one that was begun first in front.
    #[must_use]
    pub fn incomplete(&self) -> Vec<Incomplete> {
        let mut open: Vec<(&Arc<str>, &Batch)> = self.open.iter().collect();
        open.sort_unstable_by_key(|(_, batch)| batch.number);
        open.into_iter()
            .map(|(symbol, batch)| batch.describe(symbol))
            .collect()
    }

    /// Gives a batch up that waits for pages, for who knows that they will not come. Its pages are forgotten: they are taken
    /// anew when they come again.
    pub fn abandon(&mut self, symbol: &str) -> Option<Incomplete> {
        let (symbol, batch) = self.open.remove_entry(symbol)?;
        let incomplete = batch.describe(&symbol);
        for page in &batch.pages {
            self.known.remove(&page.id);
            self.held -= weight(page);
        }
        Some(incomplete)
    }

    /// How many batches were given up for want of room.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    fn finish(&mut self, symbol: Arc<str>, mut batch: Batch) -> Settlement {
        batch.pages.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        let findings = finding::find(&batch.pages, self.settled.contains_key(&symbol));
        self.held -= batch.pages.iter().map(weight).sum::<usize>();
        *self.settled.entry(Arc::clone(&symbol)).or_default() += batch.pages.len();
        for page in &batch.pages {
            self.complete
                .push_back((Arc::clone(&page.id), Arc::clone(&symbol)));
        }
        while self.complete.len() > self.settings.remembered_reports {
            self.forget_oldest();
        }
        let report_ids = batch.pages.iter().map(|page| Arc::clone(&page.id)).collect();
        let mut pages = batch.pages.into_iter();
        let Some(first) = pages.next() else {
            unreachable!("a batch begins with a page")
        };
        let mut parties = first.parties;
        parties.extend(pages.flat_map(|page| page.parties));
        Settlement {
            symbol,
            clearing_date: first.clearing_date,
            result: first.result,
            price: first.price,
            report_ids,
            parties,
            findings,
        }
    }

    fn forget_oldest(&mut self) {
        let Some((id, symbol)) = self.complete.pop_front() else {
            return;
        };
        self.known.remove(&id);
        if let Some(remembered) = self.settled.get_mut(&symbol) {
            *remembered -= 1;
            if *remembered == 0 {
                self.settled.remove(&symbol);
            }
        }
    }

    /// Gives the oldest batches up until the bounds hold.
    fn make_room(&mut self) -> Vec<Incomplete> {
        let mut evicted = Vec::new();
        while self.open.len() > self.settings.open_batches || self.held > self.settings.held_parties {
            let oldest = self.open.iter().min_by_key(|(_, batch)| batch.number);
            let Some(symbol) = oldest.map(|(symbol, _)| Arc::clone(symbol)) else {
                break;
            };
            self.evicted += 1;
            evicted.extend(self.abandon(&symbol));
        }
        evicted
    }
}

impl fmt::Debug for Reassembler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reassembler")
            .field("settings", &self.settings)
            .field("open", &self.open.len())
            .field("held_parties", &self.held)
            .field("evicted", &self.evicted)
            .field("remembered_reports", &self.complete.len())
            .finish_non_exhaustive()
    }
}

impl Batch {
    fn describe(&self, symbol: &Arc<str>) -> Incomplete {
        let mut report_ids: Vec<Arc<str>> = self.pages.iter().map(|page| Arc::clone(&page.id)).collect();
        report_ids.sort_unstable();
        Incomplete {
            symbol: Arc::clone(symbol),
            pages: self.pages.len(),
            of: self.total,
            parties: self.pages.iter().map(|page| page.parties.len()).sum(),
            report_ids,
        }
    }
}

/// What a page counts for in the bound of what is held.
fn weight(page: &Page) -> usize {
    page.parties.len().max(1)
}
