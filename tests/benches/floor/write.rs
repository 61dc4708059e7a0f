//! Encoding in straight scalar code: the body behind reserved room, then `8=` and `9=` written in front of it.

#![expect(
    clippy::inline_always,
    reason = "a floor leaves nothing to the compiler's mood"
)]

use rust_decimal::Decimal;

use super::values::{Body, Entry, Head, Message, Order, Report, Stamp};

const SOH: u8 = 0x01;
/// Room for `8=FIXT.1.1|9=` and the digits of a body length.
const RESERVED: usize = 32;
const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
    2021222324252627282930313233343536373839\
    4041424344454647484950515253545556575859\
    6061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899";

/// Writes frames into a buffer that it keeps.
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Writer {
        Writer {
            bytes: Vec::with_capacity(4096),
        }
    }

    /// Writes a whole frame, and returns it.
    #[inline(never)]
    pub(crate) fn encode(&mut self, message: &Message) -> &[u8] {
        self.bytes.clear();
        self.bytes.resize(RESERVED, 0);
        match &message.body {
            Body::Order(body) => {
                self.header(b"35=D\x0149=", &message.head);
                self.order(body);
            }
            Body::Report(body) => {
                self.header(b"35=8\x0149=", &message.head);
                self.report(body);
            }
            Body::Refresh(entries) => {
                self.header(b"35=X\x0149=", &message.head);
                self.refresh(entries);
            }
            Body::Heartbeat => {
                self.header(b"35=0\x0149=", &message.head);
                self.bytes.push(SOH);
            }
        }
        self.finish()
    }

    #[inline(always)]
    fn finish(&mut self) -> &[u8] {
        let mut at = RESERVED - 1;
        self.bytes[at] = SOH;
        let mut rest = self.bytes.len() - RESERVED;
        loop {
            at -= 1;
            self.bytes[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        at -= 13;
        self.bytes[at..at + 13].copy_from_slice(b"8=FIXT.1.1\x019=");
        let sum = self.bytes[at..]
            .iter()
            .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let trailer = [
            b'1',
            b'0',
            b'=',
            b'0' + sum / 100,
            b'0' + sum / 10 % 10,
            b'0' + sum % 10,
            SOH,
        ];
        self.bytes.extend_from_slice(&trailer);
        &self.bytes[at..]
    }

    #[inline(always)]
    fn header(&mut self, start: &[u8], head: &Head) {
        self.text(start, &head.sender);
        self.text(b"\x0156=", &head.target);
        self.integer(b"\x0134=", head.sequence);
        self.timestamp(b"\x0152=", head.sending_time);
    }

    fn order(&mut self, order: &Order) {
        self.text(b"\x0111=", &order.cl_ord_id);
        self.decimal(b"\x0138=", order.quantity);
        self.character(b"\x0140=", order.ord_type);
        self.decimal(b"\x0144=", order.price);
        self.character(b"\x0154=", order.side);
        self.text(b"\x0155=", &order.symbol);
        self.character(b"\x0159=", order.time_in_force);
        self.bytes.push(SOH);
    }

    fn report(&mut self, report: &Report) {
        self.decimal(b"\x016=", report.avg_px);
        self.text(b"\x0111=", &report.cl_ord_id);
        self.decimal(b"\x0114=", report.cum_qty);
        self.text(b"\x0117=", &report.exec_id);
        self.decimal(b"\x0131=", report.last_px);
        self.decimal(b"\x0132=", report.last_qty);
        self.text(b"\x0137=", &report.order_id);
        self.decimal(b"\x0138=", report.order_qty);
        self.character(b"\x0139=", report.ord_status);
        self.decimal(b"\x0144=", report.price);
        self.character(b"\x0154=", report.side);
        self.text(b"\x0155=", &report.symbol);
        self.timestamp(b"\x0160=", report.transact_time);
        self.character(b"\x01150=", report.exec_type);
        self.decimal(b"\x01151=", report.leaves_qty);
        self.decimal(b"\x01704=", report.long_qty);
        self.decimal(b"\x01705=", report.short_qty);
        self.integer(b"\x01136=", report.fees.len() as u64);
        for fee in &report.fees {
            self.decimal(b"\x01137=", fee.amount);
            self.text(b"\x01138=", &fee.currency);
            self.character(b"\x01139=", fee.kind);
            self.integer(b"\x01891=", u64::from(fee.basis));
        }
        self.text(b"\x01880=", &report.trd_match_id);
        self.character(b"\x011057=", if report.aggressor { b'Y' } else { b'N' });
        self.integer(b"\x011703=", report.collateral.len() as u64);
        for change in &report.collateral {
            self.decimal(b"\x011704=", change.change);
            self.text(b"\x011705=", &change.kind);
        }
        self.bytes.push(SOH);
    }

    fn refresh(&mut self, entries: &[Entry]) {
        self.integer(b"\x01268=", entries.len() as u64);
        for entry in entries {
            self.character(b"\x01279=", entry.action);
            self.character(b"\x01269=", entry.kind);
            self.text(b"\x0155=", &entry.symbol);
            self.decimal(b"\x01270=", entry.price);
            self.decimal(b"\x01271=", entry.size);
        }
        self.bytes.push(SOH);
    }

    // Each method writes the delimiter of the value before it and the tag as one constant, then the value.

    #[inline(always)]
    fn text(&mut self, tag: &[u8], value: &str) {
        self.bytes.extend_from_slice(tag);
        self.bytes.extend_from_slice(value.as_bytes());
    }

    #[inline(always)]
    fn character(&mut self, tag: &[u8], value: u8) {
        self.bytes.extend_from_slice(tag);
        self.bytes.push(value);
    }

    #[inline(always)]
    fn integer(&mut self, tag: &[u8], value: u64) {
        self.bytes.extend_from_slice(tag);
        self.digits(value, 0, 1);
    }

    #[inline(always)]
    fn decimal(&mut self, tag: &[u8], value: Decimal) {
        self.bytes.extend_from_slice(tag);
        if value.is_sign_negative() {
            self.bytes.push(b'-');
        }
        let scale = value.scale() as usize;
        match u64::try_from(value.mantissa().unsigned_abs()) {
            Ok(mantissa) => self.digits(mantissa, scale, scale + 1),
            Err(_) => self.bytes.extend_from_slice(value.abs().to_string().as_bytes()),
        }
    }

    /// Writes `value` with the point in front of its last `scale` digits, and with `least` digits at least.
    #[inline(always)]
    fn digits(&mut self, mut value: u64, scale: usize, least: usize) {
        let mut room = [b'0'; 48];
        let mut at = room.len();
        let mut written = 0;
        while value != 0 || written < least {
            if written == scale && scale != 0 {
                at -= 1;
                room[at] = b'.';
            }
            at -= 1;
            room[at] = b'0' + (value % 10) as u8;
            value /= 10;
            written += 1;
        }
        self.bytes.extend_from_slice(&room[at..]);
    }

    #[inline(always)]
    fn timestamp(&mut self, tag: &[u8], stamp: Stamp) {
        let mut room = *b"YYYYMMDD-HH:MM:SS.mmm";
        pair(&mut room, 0, (stamp.year / 100) as usize);
        pair(&mut room, 2, (stamp.year % 100) as usize);
        pair(&mut room, 4, stamp.month as usize);
        pair(&mut room, 6, stamp.day as usize);
        pair(&mut room, 9, stamp.hour as usize);
        pair(&mut room, 12, stamp.minute as usize);
        pair(&mut room, 15, stamp.second as usize);
        room[18] = b'0' + (stamp.millis / 100) as u8;
        pair(&mut room, 19, (stamp.millis % 100) as usize);
        self.bytes.extend_from_slice(tag);
        self.bytes.extend_from_slice(&room);
    }
}

#[inline(always)]
fn pair(room: &mut [u8; 21], at: usize, value: usize) {
    room[at..at + 2].copy_from_slice(&PAIRS[value * 2..value * 2 + 2]);
}
