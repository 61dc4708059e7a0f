//! Keys: every form that is read, and what is said of the others.

use super::*;

#[tokio::test]
async fn every_form_of_the_key_signs() {
    let public = public_key();
    let keys = [
        PrivateKey::from_pem(&pem("rsa-pkcs8.pem")),
        PrivateKey::from_pem(&pem("rsa-pkcs1.pem")),
        PrivateKey::from_pem(&pem("rsa-pkcs8.pem").replace('\n', "\r\n")),
        PrivateKey::from_encrypted_pem(&pem("rsa-pkcs8-encrypted.pem"), PASSPHRASE),
        PrivateKey::from_encrypted_pem(&pem("rsa-pkcs8-encrypted-scrypt.pem"), PASSPHRASE),
        PrivateKey::from_encrypted_pem(&pem("rsa-pkcs8.pem"), "unused"),
        PrivateKey::from_pem_file(path("rsa-pkcs1.pem")),
        PrivateKey::from_encrypted_pem_file(path("rsa-pkcs8-encrypted.pem"), PASSPHRASE),
    ];
    for (index, key) in keys.into_iter().enumerate() {
        let key = key.unwrap_or_else(|error| panic!("key {index}: {error}"));
        let first = raw_data(&key).await;
        assert_eq!(
            public.verify_logon(&TEXT, first.as_bytes()),
            Ok(()),
            "key {index}"
        );
        assert_ne!(first, raw_data(&key).await, "the salt is random");
        assert_eq!(key.public_key().to_pem().unwrap(), public.to_pem().unwrap());
    }
}

#[test]
fn public_keys_are_read_in_both_forms() {
    let from_pkcs1 = PublicKey::from_pem_file(path("rsa-public-pkcs1.pem")).unwrap();
    assert_eq!(from_pkcs1.to_pem().unwrap(), public_key().to_pem().unwrap());
}

#[tokio::test]
async fn a_generated_key_survives_its_pem() {
    let key = PrivateKey::generate().unwrap();
    let again = PrivateKey::from_pem(&key.to_pem().unwrap()).unwrap();
    let public = PublicKey::from_pem(&key.public_key().to_pem().unwrap()).unwrap();
    assert_eq!(
        public.verify_logon(&TEXT, raw_data(&again).await.as_bytes()),
        Ok(())
    );
}

#[test]
fn a_generated_key_survives_its_encrypted_pem() {
    let key = PrivateKey::generate().unwrap();
    let pem = key.to_encrypted_pem("pass phrase").unwrap();
    assert!(
        pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"),
        "{}",
        pem.lines().next().unwrap()
    );
    let again = PrivateKey::from_encrypted_pem(&pem, "pass phrase").unwrap();
    assert_eq!(
        again.public_key().to_pem().unwrap(),
        key.public_key().to_pem().unwrap()
    );
    assert!(matches!(
        PrivateKey::from_encrypted_pem(&pem, "another"),
        Err(KeyError::WrongPassphrase)
    ));
    assert_ne!(
        *key.to_encrypted_pem("pass phrase").unwrap(),
        *pem,
        "another salt each time"
    );
}

#[test]
fn a_key_has_a_length_that_is_supported() {
    for bits in [1024, 2047, 4097] {
        assert!(
            matches!(PrivateKey::generate_with(bits), Err(KeyError::Length { bits: said, .. }) if said == bits)
        );
    }
}

#[test]
fn unusable_private_keys() {
    fn check(pem: &str, passphrase: Option<&str>, expected: &str) {
        let found = PrivateKey::read(pem, passphrase).unwrap_err();
        assert_eq!(found.to_string(), expected);
        // No part of the text may come back: any 12 characters of the base64 would show here.
        let shown = format!("{found} {found:?}");
        for line in pem
            .lines()
            .filter(|line| line.len() >= 12 && !line.starts_with("-----"))
        {
            assert!(!shown.contains(&line[..12]), "{shown}");
        }
    }
    let wrong = "the passphrase does not open the key, or the encrypted key is damaged; `openssl pkey -in FILE -noout` \
                 asks for it, and tells";
    let ec = "this is a key for elliptic curves (EC); the venue's logon needs an RSA key";
    check(
        &pem("rsa-pkcs8-encrypted.pem"),
        None,
        "the key is encrypted, and no passphrase was given",
    );
    check(&pem("rsa-pkcs8-encrypted.pem"), Some("Correct horse"), wrong);
    check(&pem("rsa-pkcs8-encrypted.pem"), Some(""), wrong);
    check(&pem("rsa-pkcs8-encrypted-scrypt.pem"), Some("wrong"), wrong);
    check(
        &pem("rsa-public.pem"),
        None,
        "this is a public key; logging on needs its private key: the file that the venue showed once when it made the key, or \
         that `kalshi-fix keygen` wrote beside this one",
    );
    check(
        &pem("rsa-public-pkcs1.pem"),
        None,
        "this is a public key; logging on needs its private key: the file that the venue showed once when it made the key, or \
         that `kalshi-fix keygen` wrote beside this one",
    );
    check(
        &pem("certificate.pem"),
        None,
        "this is a certificate, not an RSA private key in PEM",
    );
    check(&pem("ec-sec1.pem"), None, ec);
    check(&pem("ec-pkcs8.pem"), None, ec);
    check(
        &pem("ed25519-pkcs8.pem"),
        None,
        "this is a key for Ed25519; the venue's logon needs an RSA key",
    );
    check(
        &pem("rsa-pss-only-pkcs8.pem"),
        None,
        "this is a key for RSASSA-PSS alone (make a plain RSA key, with `openssl genrsa`); \
         the venue's logon needs an RSA key",
    );
    check(
        &pem("rsa-1024-pkcs8.pem"),
        None,
        "the key has 1024 bits; supported are 2048 to 4096, and the venue makes 2048",
    );
    check(
        &pem("openssh.pem"),
        None,
        "PEM block \"OPENSSH PRIVATE KEY\" is not supported: it is OpenSSH's own format, \
         convert a copy with `ssh-keygen -p -m PKCS8 -f key`",
    );
    check(
        &pem("rsa-legacy-encrypted.pem"),
        Some(PASSPHRASE),
        "PEM block \"RSA PRIVATE KEY\" is not supported: it is encrypted in OpenSSL's old way, \
         convert it with `openssl pkcs8 -topk8 -in old.pem -out new.pem`",
    );
    check(
        &pem("rsa-pkcs8-encrypted-3des.pem"),
        Some(PASSPHRASE),
        "the key's encryption is not supported (algorithm 1.2.840.113549.3.7); \
         re-encrypt it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256`",
    );
    check(
        &(pem("rsa-pkcs8.pem") + &pem("certificate.pem")),
        None,
        "2 PEM blocks (PRIVATE KEY, CERTIFICATE) where exactly one key is expected",
    );
    check(
        "",
        None,
        "not a PEM: no \"-----BEGIN …-----\" line found; expected an RSA private key in PEM; there is nothing in it",
    );
    check(
        "/etc/kalshi/key.pem",
        None,
        "this is the path of a file, where the text of a key belongs; a path goes where a file is expected",
    );
    let damaged = pem("rsa-pkcs8.pem").replacen("MIIE", "AAAA", 1);
    assert!(matches!(
        PrivateKey::from_pem(&damaged),
        Err(KeyError::Damaged { .. })
    ));
    let relabelled = pem("rsa-pkcs1.pem").replace("RSA PRIVATE KEY", "PRIVATE KEY");
    assert!(matches!(
        PrivateKey::from_pem(&relabelled),
        Err(KeyError::Damaged { .. })
    ));
}

#[test]
fn unusable_public_keys() {
    fn check(name: &str, expected: &str) {
        assert_eq!(PublicKey::from_pem(&pem(name)).unwrap_err().to_string(), expected);
    }
    let private = "this is a private key where a public key is expected; keep it out of here";
    check("rsa-pkcs8.pem", private);
    check("rsa-pkcs1.pem", private);
    check("rsa-pkcs8-encrypted.pem", private);
    check(
        "certificate.pem",
        "this is a certificate, not an RSA public key in PEM",
    );
    check(
        "ec-public.pem",
        "this is a key for elliptic curves (EC); the venue's logon needs an RSA key",
    );
    check(
        "rsa-1024-public.pem",
        "the key has 1024 bits; supported are 2048 to 4096, and the venue makes 2048",
    );
}

#[test]
fn unreadable_files_are_named_with_their_cause() {
    let error = PrivateKey::from_pem_file("/nonexistent/key.pem").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the key file /nonexistent/key.pem: No such file or directory (os error 2)"
    );
    assert!(error.source().is_some());
    let directory = path("");
    assert!(matches!(
        PrivateKey::from_pem_file(&directory),
        Err(KeyError::Unreadable { .. })
    ));
    let error = PrivateKey::from_pem_file(path("README.md")).unwrap_err();
    assert!(error.to_string().starts_with("key file "), "{error}");
    assert!(matches!(error, KeyError::InFile { source, .. } if matches!(*source, KeyError::NotPem { .. })));
}

#[test]
fn debug_shows_no_secret() {
    let key = PrivateKey::from_pem(&pem("rsa-pkcs8.pem")).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey { bits: 2048, .. }");
    assert_eq!(format!("{:?}", key.public_key()), "PublicKey { bits: 2048, .. }");
    let credentials = Credentials::new("id", key).unwrap();
    assert_eq!(format!("{credentials:?}"), "Credentials { key_id: \"id\", .. }");
}
