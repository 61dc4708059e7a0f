//! What a directory is to the exchange: whose it is, what is left there, and what is none.

use super::*;

#[test]
fn a_directory_has_one_exchange_at_a_time() {
    let directory = scratch("gateway-held");
    let mut running = Running::start(&directory, &[]);
    let description = directory.join("exchange.json");
    let before = fs::read(&description).unwrap();
    // By whatever name.
    let link = scratch("gateway-held-link");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(&directory, &link).unwrap();
    for name in [&directory, &link] {
        let name = name.display();
        let expected = format!(
            "kalshi-fix: {name} is in use by another exchange (process {}); stop that one, or name another directory\n",
            running.child.id()
        );
        assert_eq!(fails(&[&name.to_string()]), expected);
    }
    assert_eq!(fs::read(&description).unwrap(), before);
    assert!(running.child.try_wait().unwrap().is_none());
    assert_eq!(running.stop(), (Some(0), String::new()));
    // Who comes later is not led to it any more; the keys stay.
    assert!(!description.exists());
    assert!(directory.join("member-1.pem").exists());

    // One that is killed leaves its description, and nothing that is in the next one's way.
    let mut running = Running::start(&directory, &[]);
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    assert!(description.exists());
    let running = Running::start(&directory, &[]);
    let process = format!("\"process\":{},", running.child.id());
    assert!(fs::read_to_string(&description).unwrap().contains(&process));
    assert_eq!(running.stop(), (Some(0), String::new()));
}

#[test]
fn of_several_that_start_at_once_one_runs() {
    let directory = scratch("gateway-race");
    fs::create_dir_all(&directory).unwrap();
    // Clients that have a look are in nobody's way, either.
    let lock = fs::File::create(directory.join("exchange.lock")).unwrap();
    lock.lock_shared().unwrap();
    let start = |_| program(&[directory.to_str().unwrap()]).spawn().unwrap();
    let mut children: Vec<Killed> = (0..4).map(start).map(Killed).collect();
    drop(lock);
    let deadline = Instant::now() + PATIENCE;
    let mut refused = 0;
    while refused < 3 {
        assert!(Instant::now() < deadline, "{refused} of 3 have given up");
        children.retain_mut(|child| {
            let Some(status) = child.0.try_wait().unwrap() else {
                return true;
            };
            let mut error = String::new();
            child
                .0
                .stderr
                .as_mut()
                .unwrap()
                .read_to_string(&mut error)
                .unwrap();
            assert_eq!(status.code(), Some(2), "{error}");
            assert!(error.contains("is in use by another exchange"), "{error}");
            refused += 1;
            false
        });
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut winner = children.pop().expect("one goes on");
    let mut said = BufReader::new(winner.0.stdout.take().unwrap()).lines();
    let first = said.next().expect("a line").unwrap();
    assert!(first.starts_with("The simulated exchange listens"), "{first}");
}

#[test]
fn directories_that_are_none() {
    let directory = scratch("gateway-no-directory");
    fs::create_dir_all(&directory).unwrap();
    let check = |path: &Path, expected: &str| {
        let errors = fails(&[path.to_str().unwrap()]);
        assert!(errors.contains(expected), "{}: {errors}", path.display());
    };
    let file = directory.join("file");
    fs::write(&file, "").unwrap();
    let name = file.display().to_string();
    check(
        &file,
        &format!("kalshi-fix: {name} is a file; name a directory, or one that is to be made\n"),
    );
    for below in ["below", "below/further"] {
        let below = file.join(below);
        let expected = format!("cannot make the directory {}: {name} is a file", below.display());
        check(&below, &expected);
    }
    std::os::unix::fs::symlink("nowhere", directory.join("link")).unwrap();
    check(&directory.join("link"), "link is a link that leads nowhere");
    let closed = directory.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    // Some users may write wherever they like.
    if fs::write(closed.join("probe"), "").is_err() {
        check(
            &closed,
            &format!("cannot write {}", closed.join("exchange.lock").display()),
        );
        check(&closed.join("below"), "cannot make the directory");
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn what_an_earlier_run_has_left_is_used_or_named() {
    let directory = scratch("gateway-left");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("member-1.pem"), "no key").unwrap();
    let errors = fails(&[directory.to_str().unwrap()]);
    assert!(
        errors.contains("member-1.pem") && errors.contains("remove it to have a new key made"),
        "{errors}"
    );
    assert_eq!(fs::read(directory.join("member-1.pem")).unwrap(), b"no key");
    fs::remove_file(directory.join("member-1.pem")).unwrap();
    fs::write(directory.join("issuer.pem"), "no key").unwrap();
    let errors = fails(&[directory.to_str().unwrap()]);
    assert!(
        errors.contains("issuer.pem: no certificate could be made: the issuer's key cannot be read")
            && errors.contains("remove it to have another issuer"),
        "{errors}"
    );
    fs::remove_file(directory.join("issuer.pem")).unwrap();
    // These are written anew at each start, whatever they were: a certificate of another exchange, half a description.
    for file in ["root.pem", "exchange.json", "exchange.lock", "root.draft"] {
        fs::write(directory.join(file), "damaged").unwrap();
    }
    let running = Running::start(&directory, &[]);
    let root = fs::read_to_string(directory.join("root.pem")).unwrap();
    assert!(root.starts_with("-----BEGIN CERTIFICATE-----"), "{root}");
    let description = fs::read_to_string(directory.join("exchange.json")).unwrap();
    assert!(description.starts_with("{\"started\":\"2"), "{description}");
    assert_eq!(running.stop(), (Some(0), String::new()));
}

#[test]
fn what_nobody_here_has_left_is_not_overwritten() {
    let directory = scratch("gateway-foreign");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("root.pem"), "somebody's own").unwrap();
    let errors = fails(&[directory.to_str().unwrap()]);
    assert!(
        errors.contains("root.pem is there, and no exchange has written it; name another directory"),
        "{errors}"
    );
    assert_eq!(fs::read(directory.join("root.pem")).unwrap(), b"somebody's own");
    assert!(!directory.join("exchange.lock").exists());
}
