//! Checks of `crypto::fingerprint`.

use super::*;

#[test]
fn w2_a_fingerprint_reads_back_however_it_was_written_down() {
    let fingerprint = Fingerprint::of(&PublicKey([7; 32]));
    let shown = fingerprint.to_string();
    assert_eq!(shown.len(), 39, "{shown}");
    assert!(shown.split(' ').all(|group| group.len() == 4), "{shown}");
    for written in
        [shown.clone(), shown.to_lowercase(), shown.replace(' ', "-"), shown.replace(' ', ""), format!(" {shown}\n")]
    {
        assert_eq!(written.parse(), Ok(fingerprint), "{written}");
    }
}

#[test]
fn the_letters_are_rfc_4648_base32() {
    // `printf 'foobarfoobarfoobarfo' | base32`
    let fingerprint = Fingerprint(*b"foobarfoobarfoobarfo");
    assert_eq!(fingerprint.to_string().replace(' ', ""), "MZXW6YTBOJTG633CMFZGM33PMJQXEZTP");
}

#[test]
fn other_lengths_and_letters_are_refused() {
    let shown = Fingerprint::of(&PublicKey([7; 32])).to_string();
    for wrong in [
        "",
        &shown[..38],
        &format!("{shown}A"),
        &shown.replacen(&shown[..1], "1", 1),
        &shown.replacen(&shown[..1], "ä", 1),
    ] {
        assert_eq!(wrong.parse::<Fingerprint>(), Err(FingerprintError), "{wrong}");
    }
}
