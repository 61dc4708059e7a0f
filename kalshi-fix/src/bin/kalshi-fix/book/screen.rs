//! How a book looks: bids and offers side by side with bars for their sizes, and trades beside or below them.

use kalshi_fix::book::{Aggressor, Book, BookState, Level, Side};
use kalshi_fix::dialect::{Decimal, Timestamp};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Paragraph};
use rust_decimal::prelude::ToPrimitive as _;

use super::shown::Shown;
use super::view::{self, Terms, View};

pub(super) fn draw(frame: &mut Frame<'_>, shown: &Shown, book: Option<&Book>) {
    // The book itself has three rows at least, and the title, the figures and the keys one each.
    let room = frame.area().height.saturating_sub(6);
    let news = news(shown, frame.area().width, room.min(MOST_NEWS));
    let [title, figures, body, said, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(3),
        Constraint::Length(u16::try_from(news.len()).unwrap_or(MOST_NEWS)),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let view = book.map(|book| View::of(book, shown.terms, usize::from(body.height)));
    draw_title(frame, title, shown, book);
    if let (Some(book), Some(view)) = (book, &view) {
        draw_figures(frame, figures, shown, book, view);
    }
    let [levels, trades] = if body.width >= WIDE {
        Layout::horizontal([Constraint::Min(40), Constraint::Length(TRADES_WIDTH)]).areas(body)
    } else {
        let below: [Rect; 2] = Layout::vertical([Constraint::Fill(2), Constraint::Fill(1)]).areas(body);
        // A border around nothing would take levels their rows.
        if below[1].height < ONE_ROW {
            Layout::vertical([Constraint::Fill(1), Constraint::Length(0)]).areas(body)
        } else {
            below
        }
    };
    let is_live = book.is_some_and(Book::is_live);
    draw_levels(frame, levels, shown, view.as_ref(), is_live);
    draw_trades(frame, trades, shown, view.as_ref());
    frame.render_widget(Paragraph::new(news), said);
    draw_foot(frame, foot, shown, room > 0);
    if !shown.colour {
        for cell in &mut frame.buffer_mut().content {
            cell.set_style(Style::reset());
        }
    }
}

/// What a narrow window has no room for is in the last line, or can be done without.
fn draw_title(frame: &mut Frame<'_>, area: Rect, shown: &Shown, book: Option<&Book>) {
    let state = book.map_or(BookState::AwaitingSnapshot, Book::state);
    let doubt = shown.known.doubt(shown.symbol(), book).map(|doubt| doubt.word);
    let (mark, word, color) = match state {
        BookState::Live if doubt.is_some() => ("○", doubt.unwrap_or_default().to_owned(), Color::Yellow),
        BookState::Live => ("●", "live".to_owned(), Color::Green),
        BookState::AwaitingSnapshot => ("○", state.to_string(), Color::Yellow),
        BookState::Stale(_) => ("○", "stale".to_owned(), Color::Red),
    };
    let mut right = format!("{mark} {word}");
    if let Some(status) = book.and_then(Book::status) {
        right = format!("{right} ({status})");
    }
    let quiet = shown
        .quiet()
        .map(|seconds| format!("quiet for {seconds} s  "))
        .unwrap_or_default();
    let width = usize::from(area.width);
    let mut taken = right.chars().count() + 1;
    let mut title = Vec::new();
    let mut add = |span: Span<'static>| {
        let fits = taken + span.width() <= width;
        if fits {
            taken += span.width();
            title.push(span);
        }
    };
    let symbol = shown.symbol().to_owned();
    let room = width.saturating_sub(right.chars().count() + 1);
    add(Span::from(symbol.chars().take(room).collect::<String>()).bold());
    if shown.has_terms() {
        add(match shown.terms {
            Terms::Yes => Span::from(" YES").green().bold(),
            Terms::No => Span::from(" NO").magenta().bold(),
        });
    }
    if shown.symbols.len() > 1 {
        add(Span::from(format!(
            " {}/{}",
            shown.selected() + 1,
            shown.symbols.len()
        )));
    }
    add(Span::from(format!("  {} · {}", shown.product, shown.place)).dim());
    let quiet_fits = taken + quiet.chars().count() <= width;
    let mut state = vec![Span::from(right).fg(color).bold()];
    if quiet_fits {
        state.insert(0, Span::from(quiet).dim());
    }
    frame.render_widget(Line::from(title), area);
    frame.render_widget(Line::from(state).right_aligned(), area);
}

/// The best prices and what follows from them, as much as there is room for.
fn draw_figures(frame: &mut Frame<'_>, area: Rect, shown: &Shown, book: &Book, view: &View) {
    if let Some(doubt) = shown.known.doubt(shown.symbol(), Some(book)) {
        let width = usize::from(area.width);
        let text = if doubt.why.chars().count() <= width {
            doubt.why
        } else {
            doubt.short
        };
        frame.render_widget(Line::from(text).yellow(), area);
        return;
    }
    let price = |price: Option<kalshi_fix::units::Price>| {
        price.map_or("-".to_owned(), |price| {
            view::shown(price.dollars(), view.price_decimals)
        })
    };
    let best = |levels: &[Level]| price(levels.first().map(|level| level.price));
    let mut figures = vec![
        Span::from(best(&view.bids)).fg(BID).bold(),
        Span::from(" / ").dim(),
        Span::from(best(&view.offers)).fg(OFFER).bold(),
    ];
    let mut more: Vec<Vec<Span<'static>>> = Vec::new();
    if view.is_crossed {
        more.push(vec![Span::from("  crossed").red().bold()]);
    } else if view.is_locked {
        more.push(vec![Span::from("  locked").yellow().bold()]);
    }
    let named = |name: &'static str, value: String| vec![Span::from(name).dim(), Span::from(value)];
    more.push(named("   spread ", price(view.spread)));
    more.push(named("   mid ", price(view.mid)));
    if let Some(trade) = book.last_trade() {
        let (last, aggressor) = view::traded(trade, shown.terms);
        let (arrow, color) = arrow(aggressor);
        let mut last = named("   last ", price(Some(last)));
        last.push(Span::from(format!(" {arrow}")).fg(color));
        more.push(last);
    }
    if let Some(time) = book.time() {
        more.push(vec![Span::from(format!("   {} UTC", clock(time))).dim()]);
    }
    let mut taken: usize = figures.iter().map(Span::width).sum();
    for group in more {
        let width: usize = group.iter().map(Span::width).sum();
        if taken + width <= usize::from(area.width) {
            taken += width;
            figures.extend(group);
        }
    }
    frame.render_widget(Line::from(figures), area);
}

/// How wide the columns of both sides are, and what stands for the longest bar.
struct Columns {
    price: usize,
    size: usize,
    bar: usize,
    largest: Decimal,
    /// Whether a cell can be shown in reverse.
    colour: bool,
}

fn draw_levels(frame: &mut Frame<'_>, area: Rect, shown: &Shown, view: Option<&View>, is_live: bool) {
    let [bids, offers] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(area);
    let rows = usize::from(area.height.saturating_sub(2));
    let empty = [];
    let (bid_levels, offer_levels) = view.map_or((&empty[..], &empty[..]), |view| {
        (
            &view.bids[..rows.min(view.bids.len())],
            &view.offers[..rows.min(view.offers.len())],
        )
    });
    let figures = |levels: &[Level]| -> Vec<(String, String)> {
        let (price, size) = view.map_or((2, 0), |view| (view.price_decimals, view.size_decimals));
        let texts = |level: &Level| {
            (
                view::shown(level.price.dollars(), price),
                view::shown(level.size.contracts(), size),
            )
        };
        levels.iter().map(texts).collect()
    };
    let (bid_texts, offer_texts) = (figures(bid_levels), figures(offer_levels));
    // One scale and one width for both sides, so that they can be compared.
    let all = || bid_texts.iter().chain(&offer_texts);
    let price = all().map(|(price, _)| price.len()).max().unwrap_or_default();
    let size = all().map(|(_, size)| size.len()).max().unwrap_or_default();
    let levels = bid_levels.iter().chain(offer_levels);
    let columns = Columns {
        price,
        size,
        // Borders, and a space on each side of a column.
        bar: usize::from(bids.width).saturating_sub(price + size + 6),
        largest: levels
            .map(|level| level.size.contracts())
            .max()
            .unwrap_or_default(),
        colour: shown.colour,
    };
    let column = |side, levels: &[Level], texts: &[(String, String)]| -> Vec<Line<'static>> {
        let rows = levels.iter().zip(texts);
        rows.map(|(level, text)| row(side, level, text, &columns, is_live))
            .collect()
    };
    let lines = column(Side::Bid, bid_levels, &bid_texts);
    let block = bordered(Line::from(" bids ").right_aligned());
    frame.render_widget(Paragraph::new(lines).right_aligned().block(block), bids);
    let lines = column(Side::Offer, offer_levels, &offer_texts);
    frame.render_widget(
        Paragraph::new(lines).block(bordered(Line::from(" offers "))),
        offers,
    );
}

/// A level, with its bar growing from the middle of the window outwards. What cannot be believed has no colour.
fn row(
    side: Side,
    level: &Level,
    (price, size): &(String, String),
    columns: &Columns,
    is_live: bool,
) -> Line<'static> {
    let (color, bar_color) = match side {
        Side::Bid => (BID, BID_BAR),
        Side::Offer => (OFFER, OFFER_BAR),
    };
    let colored = |color| {
        if is_live {
            Style::new().fg(color)
        } else {
            Style::new().dim()
        }
    };
    let (style, bar_style) = (colored(color), colored(bar_color));
    let (full, part) = bar(level.size.contracts(), columns.largest, columns.bar);
    let whole: String = std::iter::repeat_n(FULL, full).collect();
    let (price_width, size_width) = (columns.price, columns.size);
    let line = match side {
        Side::Bid => {
            let mut spans = Vec::new();
            if !columns.colour && part > 0 {
                // Of the blocks that fill their cell from the right there are two.
                let block = if part < 3 { RIGHT_EIGHTH } else { RIGHT_HALF };
                spans.push(Span::from(block.to_string()));
            } else if let Some(part) = part.checked_sub(1).and_then(|part| PARTS.get(6 - part)) {
                // Blocks fill their cell from the left: the rest of one, in reverse, fills it from the right.
                spans.push(Span::styled(part.to_string(), bar_style.reversed()));
            }
            spans.push(Span::styled(whole, bar_style));
            spans.push(Span::from(format!(" {size:>size_width$} ")));
            spans.push(Span::styled(format!("{price:>price_width$} "), style).bold());
            Line::from(spans)
        }
        Side::Offer => {
            let part = part.checked_sub(1).and_then(|part| PARTS.get(part));
            let part = part.map(char::to_string).unwrap_or_default();
            Line::from(vec![
                Span::styled(format!(" {price:<price_width$}"), style).bold(),
                Span::from(format!(" {size:>size_width$} ")),
                Span::styled(format!("{whole}{part}"), bar_style),
            ])
        }
    };
    if is_live { line } else { line.dim() }
}

/// A bar of at most `room` cells: so many whole ones, and so many eighths. One that stands for something is never empty.
fn bar(size: Decimal, largest: Decimal, room: usize) -> (usize, usize) {
    let cells = Decimal::from(room * 8);
    let eighths = size
        .checked_div(largest)
        .and_then(|share| share.checked_mul(cells)?.round().to_usize())
        .unwrap_or_default()
        .max(usize::from(!size.is_zero()));
    let eighths = eighths.min(room * 8);
    (eighths / 8, eighths % 8)
}

fn draw_trades(frame: &mut Frame<'_>, area: Rect, shown: &Shown, view: Option<&View>) {
    let rows = usize::from(area.height.saturating_sub(2));
    let decimals = view.map_or((2, 0), |view| (view.price_decimals, view.size_decimals));
    let trades: Vec<_> = shown.trades().take(rows).collect();
    let texts: Vec<(String, String)> = trades
        .iter()
        .map(|trade| {
            let (price, _) = view::traded(trade, shown.terms);
            (
                view::shown(price.dollars(), decimals.0),
                view::shown(trade.size.contracts(), decimals.1),
            )
        })
        .collect();
    let price_width = texts
        .iter()
        .map(|(price, _)| price.len())
        .max()
        .unwrap_or_default();
    let size_width = texts.iter().map(|(_, size)| size.len()).max().unwrap_or_default();
    let lines = trades.iter().zip(&texts).map(|(trade, (price, size))| {
        let (_, aggressor) = view::traded(trade, shown.terms);
        let (arrow, color) = arrow(aggressor);
        let time = trade.time.map(|time| format!(" {}", clock(time)));
        Line::from(vec![
            Span::from(time.unwrap_or_default()).dim(),
            Span::styled(format!(" {arrow} {price:>price_width$}"), Style::new().fg(color)),
            Span::from(format!(" {size:>size_width$}")),
        ])
    });
    let lines: Vec<Line<'_>> = lines.collect();
    frame.render_widget(
        Paragraph::new(lines).block(bordered(Line::from(" trades (UTC) "))),
        area,
    );
}

/// What there is to say, above the keys: what is wrong and what to do, or else what has happened.
fn news(shown: &Shown, width: u16, most: u16) -> Vec<Line<'static>> {
    let (width, most) = (usize::from(width), usize::from(most));
    let (what, remedy) = if shown.message.is_empty() {
        (&shown.notice, "")
    } else {
        (&shown.message, shown.remedy.as_str())
    };
    let yellow = |line: String| Line::from(line).yellow();
    let what = folded(what, width).into_iter().map(yellow);
    let lines = what.chain(folded(remedy, width).into_iter().map(Line::from));
    let mut lines: Vec<Line<'static>> = lines.collect();
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let text: String = last.iter().map(|span| &*span.content).collect();
            *last = Line::from(cut(&format!("{text} …"), width)).style(last.style);
        }
    }
    lines
}

/// A text in lines of this width, each a column to the right. A word that is wider is broken.
fn folded(text: &str, width: usize) -> Vec<String> {
    let room = width.saturating_sub(1).max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut taken = room;
    for word in text.split_whitespace() {
        let word: Vec<char> = word.chars().collect();
        for (at, part) in word.chunks(room).enumerate() {
            match lines.last_mut() {
                Some(line) if at == 0 && taken + 1 + part.len() <= room => {
                    line.push(' ');
                    line.extend(part);
                    taken += 1 + part.len();
                }
                _ => {
                    lines.push(std::iter::once(' ').chain(part.iter().copied()).collect());
                    taken = part.len();
                }
            }
        }
    }
    lines
}

/// A text within so many columns; that something is missing shows at its end.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = text.chars().take(width.saturating_sub(1));
    kept.chain(std::iter::once('…')).collect()
}

/// The keys. Where nothing can be said above them, it is said in front of the one that leads out.
fn draw_foot(frame: &mut Frame<'_>, area: Rect, shown: &Shown, has_news: bool) {
    let news = if shown.message.is_empty() {
        &shown.notice
    } else {
        &shown.message
    };
    let line = if has_news || news.is_empty() {
        let mut keys = QUIT.to_owned();
        if shown.has_terms() {
            keys.push_str(match shown.terms {
                Terms::Yes => "   n as NO",
                Terms::No => "   n as YES",
            });
        }
        if shown.symbols.len() > 1 {
            keys.push_str("   Tab next market");
        }
        Line::from(keys).dim()
    } else {
        let room = usize::from(area.width).saturating_sub(QUIT.len() + 2);
        Line::from(format!("{}  {QUIT}", cut(&format!(" {news}"), room))).yellow()
    };
    frame.render_widget(line, area);
}

fn bordered(title: Line<'_>) -> Block<'_> {
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(Style::new().dim())
        .title(title)
}

/// Up for who buys, down for who sells.
fn arrow(aggressor: Option<Aggressor>) -> (&'static str, Color) {
    match aggressor {
        Some(Aggressor::Buy) => ("▲", BID),
        Some(Aggressor::Sell) => ("▼", OFFER),
        _ => (" ", Color::Reset),
    }
}

fn clock(time: Timestamp) -> String {
    let time = time.time();
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

/// From this width on trades are beside the levels, and below them otherwise.
const WIDE: u16 = 66;
const TRADES_WIDTH: u16 = 26;
/// A row between two borders.
const ONE_ROW: u16 = 3;
/// The key that leads out.
const QUIT: &str = " q quit";
const BID: Color = Color::Green;
const OFFER: Color = Color::Red;
/// Darker, so that the figures stand out; on light and on dark ground.
const BID_BAR: Color = Color::Indexed(29);
const OFFER_BAR: Color = Color::Indexed(131);
const FULL: char = '█';
const RIGHT_HALF: char = '▐';
const RIGHT_EIGHTH: char = '▕';
/// What there is to say has no more rows than these.
const MOST_NEWS: u16 = 8;
/// One to seven eighths of a cell.
const PARTS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

#[cfg(test)]
mod tests;
