//! Wallets through the real program.

mod common;

use common::{Home, Ran};

const SEED: &str = "538cd51cc5f7a4b2a7c70c5e94e8d1c4fc87e43d89897be01ef25bfdc71b9f59";
const ADDRESS: &str = "RTCc6bb76294846d778cd1ba227154c649d03474738";

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_known_seed_goes_in_and_comes_out() {
    let home = Home::new();
    std::fs::write(home.path("seed"), format!("{SEED}\n")).unwrap();
    let seed = home.path("seed");
    let imported = home
        .run(&["wallet", "import", seed.to_str().unwrap(), "--json"])
        .ended(0);
    assert_eq!(imported.json()["address"], ADDRESS);
    assert!(home
        .run(&["wallet", "show"])
        .ended(0)
        .stdout
        .contains(ADDRESS));
    assert_eq!(home.run(&["wallet", "export"]).ended(0).stdout.trim(), SEED);
    assert!(home.path(".local/share/verdigris/wallet.json").exists());
}

#[test]
fn a_new_wallet_survives_export_and_import() {
    let home = Home::new();
    let (one, two, seed) = (home.path("one"), home.path("two"), home.path("seed"));
    let (one, two, seed) = (
        one.to_str().unwrap(),
        two.to_str().unwrap(),
        seed.to_str().unwrap(),
    );
    let made = home
        .run(&["wallet", "new", "--wallet", one, "--json"])
        .ended(0)
        .json();
    home.run(&["wallet", "export", "--wallet", one, "--out", seed])
        .ended(0);
    let again = home
        .run(&["wallet", "import", seed, "--wallet", two, "--json"])
        .ended(0)
        .json();
    assert_eq!(made, again);
    let other = home
        .run(&[
            "wallet",
            "new",
            "--wallet",
            &format!("{one}.other"),
            "--json",
        ])
        .ended(0);
    assert_ne!(made, other.json());
}

#[test]
fn a_key_is_never_replaced() {
    let home = Home::new();
    home.run(&["wallet", "new"]).ended(0);
    let before = home.run(&["wallet", "export"]).ended(0).stdout;
    assert!(home
        .run(&["wallet", "new"])
        .ended(4)
        .stderr
        .contains("never replaced"));
    assert_eq!(home.run(&["wallet", "export"]).ended(0).stdout, before);
    let file = home.path(".local/share/verdigris/wallet.json");
    home.run(&["wallet", "export", "--out", file.to_str().unwrap()])
        .ended(4);
}

#[cfg(unix)]
#[test]
fn key_files_are_private() {
    let home = Home::new();
    let (wallet, seed) = (home.path("w"), home.path("seed"));
    let (name, out) = (wallet.to_str().unwrap(), seed.to_str().unwrap());
    home.run(&["wallet", "new", "--wallet", name]).ended(0);
    home.run(&["wallet", "export", "--wallet", name, "--out", out])
        .ended(0);
    assert_eq!((mode(&wallet), mode(&seed)), (0o600, 0o600));
    for shared in [0o640, 0o604, 0o660] {
        set_mode(&wallet, shared);
        let refused = home.run(&["wallet", "show", "--wallet", name]).ended(4);
        assert!(refused.stderr.contains("chmod 600"), "{refused:?}");
    }
    set_mode(&wallet, 0o400);
    home.run(&["wallet", "show", "--wallet", name]).ended(0);
}

#[test]
fn an_encrypted_wallet_opens_with_its_passphrase_only() {
    let home = Home::new();
    let with = |passphrase: &str, arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.env("VERDIGRIS_PASSPHRASE", passphrase);
        Ran::new(command)
    };
    let made = with("green copper", &["wallet", "new", "--json"])
        .ended(0)
        .json();
    let text = std::fs::read_to_string(home.path(".local/share/verdigris/wallet.json")).unwrap();
    let seed = with("green copper", &["wallet", "export"]).ended(0).stdout;
    assert!(
        !text.contains(seed.trim()),
        "the seed lies open in the file"
    );
    assert_eq!(
        with("green copper", &["wallet", "show", "--json"])
            .ended(0)
            .json(),
        made
    );

    let wrong = with("green copper ", &["wallet", "show"]).ended(4);
    assert!(wrong.stderr.contains("does not open"), "{wrong:?}");
    // Nothing given, and no terminal to ask at.
    let nobody = home.run(&["wallet", "show"]).ended(4);
    assert!(nobody.stderr.contains("--passphrase-file"), "{nobody:?}");

    std::fs::write(home.path("pass"), "green copper\nsecond line\n").unwrap();
    let file = home.path("pass");
    let show = [
        "wallet",
        "show",
        "--json",
        "--passphrase-file",
        file.to_str().unwrap(),
    ];
    assert_eq!(home.run(&show).ended(0).json(), made);
}

#[test]
fn what_is_no_seed_or_no_wallet_is_an_error_with_advice() {
    let home = Home::new();
    assert!(home
        .run(&["wallet", "show"])
        .ended(4)
        .stderr
        .contains("verdigris wallet new"));
    std::fs::write(home.path("seed"), "0x1234").unwrap();
    home.run(&["wallet", "import", home.path("seed").to_str().unwrap()])
        .ended(4);
    home.run(&["wallet", "import", home.path("nothing").to_str().unwrap()])
        .ended(7);
    let garbage = home.path("garbage");
    std::fs::write(&garbage, "\u{0}{}").unwrap();
    #[cfg(unix)]
    set_mode(&garbage, 0o600);
    home.run(&["wallet", "show", "--wallet", garbage.to_str().unwrap()])
        .ended(4);
}

#[test]
fn a_named_wallet_must_exist_and_the_default_one_is_made() {
    let home = Home::new();
    let slip = home.path("walet.json");
    let refused = home
        .run(&["payload", "--quick", "--wallet", slip.to_str().unwrap()])
        .ended(4);
    assert!(refused.stderr.contains("wallet new"), "{refused:?}");
    assert!(!slip.exists());
    let made = home.run(&["payload", "--quick"]).ended(0);
    assert!(made.stderr.contains("made a wallet"), "{made:?}");
}
