use super::*;

#[test]
fn reads_and_writes() {
    for text in [
        "20260525-17:01:07.870",
        "20260525-17:01:07",
        "20240229-00:00:00.000000001",
        "20261231-23:59:60.5",
        "00000101-00:00:00",
        "99991231-23:59:59.999999",
    ] {
        assert_eq!(
            Timestamp::parse(text.as_bytes())
                .map(|t| t.to_string())
                .as_deref(),
            Some(text)
        );
    }
    for bad in [
        "",
        "20260525",
        "20260525-",
        "20260525 17:01:07",
        "20260525-17:01",
        "20260525-17:01:07.",
        "20260525-24:00:00",
        "20260525-17:60:00",
        "20260525-17:00:60",
        "20261325-17:00:00",
        "20260532-17:00:00",
        "20260229-00:00:00",
        "20260500-00:00:00",
        "20260525-17:01:07.1234567890",
        "2026052a-00:00:00",
        "20260525-1a:00:00",
        "20260525-17.00.00",
        "20260525-17:01:07.8a0",
        "20260525-17:01:07Z",
    ] {
        assert_eq!(Timestamp::parse(bad.as_bytes()), None, "{bad}");
    }
}

/// Milliseconds, the usual precision, are read as words: each part of the text is checked in turn.
#[test]
fn milliseconds() {
    let read = |text: &str| Timestamp::parse(text.as_bytes()).map(|time| time.to_string());
    for text in [
        "20260525-17:01:07.870",
        "20240229-00:00:00.000",
        "20260131-23:59:59.999",
        "20261231-23:59:60.500",
        "00000228-09:08:07.654",
    ] {
        assert_eq!(read(text).as_deref(), Some(text));
        for at in 0..text.len() {
            for byte in [b'/', b':', b' ', 0, 0x81, 0xff] {
                let mut bytes = text.as_bytes().to_vec();
                if std::mem::replace(&mut bytes[at], byte) != byte {
                    assert_eq!(Timestamp::parse(&bytes), None, "{}", bytes.escape_ascii());
                }
            }
        }
    }
    for bad in [
        "20260229-00:00:00.000",
        "20260431-00:00:00.000",
        "20260532-00:00:00.000",
        "20260500-00:00:00.000",
        "20260025-00:00:00.000",
        "20261325-00:00:00.000",
        "20260525-24:00:00.000",
        "20260525-00:60:00.000",
        "20260525-22:59:60.000",
        "20260525-23:58:60.000",
        "20260525-23:59:61.000",
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn converts_to_unix_time() {
    for (text, nanos) in [
        ("19700101-00:00:00", 0),
        ("20000229-12:00:00.5", 951_825_600_500_000_000),
        ("19691231-23:59:59.999", -1_000_000),
        ("22000101-00:00:00", 7_258_118_400_000_000_000),
    ] {
        let time = Timestamp::parse(text.as_bytes()).unwrap();
        assert_eq!(time.unix_nanos(), nanos, "{text}");
        assert_eq!(Timestamp::from_unix_nanos(nanos), time);
    }
    assert_eq!(
        Timestamp::from(UNIX_EPOCH)
            .with_precision(Precision::MILLIS)
            .to_string(),
        "19700101-00:00:00.000"
    );
    assert_eq!(Timestamp::from_unix_nanos(i64::MIN).unix_nanos(), i64::MIN);
    for day in (-100_000..200_000).step_by(37) {
        assert_eq!(Date::from_days(day).unwrap().days_since_epoch(), day);
    }
}

#[test]
fn optional_times_take_no_more_room() {
    assert_eq!(size_of::<Option<Timestamp>>(), size_of::<Timestamp>());
    assert_eq!(size_of::<Option<Date>>(), 4);
}
