//! ROMs: what a known dump says on which machine, and what several of them say.

use proptest::prelude::*;
use verdigris_node::fleet::rom::{cluster, Finding, Hash, Image, Roms};
use verdigris_node::verdict::antiquity::Architecture;

fn derived(name: &str) -> Architecture {
    Architecture {
        name: name.into(),
        family: String::new(),
        class: String::new(),
    }
}

const KICKSTART_13: &str = "891e9a547772fe0c6c19b610baf8bc4ea7fcb785";
const CLOANTO_31: &str = "c3c481160866e60d085e436a24db3617ff60b5f9";

#[test]
fn the_table_is_the_known_one() {
    let roms = Roms::builtin();
    assert_eq!(roms.count(), 61);
    let of = |platform, hash| {
        roms.all()
            .filter(|r| r.platform == platform && r.hash == hash)
            .count()
    };
    assert_eq!(of("amiga", Hash::Sha1), 12);
    assert_eq!(of("macintosh", Hash::Apple), 24);
    assert_eq!(of("macintosh", Hash::Md5), 25);
    assert_eq!(roms.all().filter(|r| r.image == Image::Altered).count(), 1);
    assert!(roms
        .all()
        .all(|r| !r.source.is_empty() && !r.models.is_empty()));
}

#[test]
fn a_chip_on_its_own_kind_of_machine_is_expected() {
    let roms = Roms::builtin();
    let judge = |hash, value, name| roms.judge(hash, value, &derived(name));
    assert_eq!(judge(Hash::Sha1, KICKSTART_13, "m68k"), Finding::Expected);
    assert_eq!(judge(Hash::Apple, "0xF1ACAD13", "m68k"), Finding::Expected);
    let pismo = "d3f0ded97a7e029e627ab38235ceb742";
    for power in ["powerpc", "powerpc64"] {
        assert_eq!(judge(Hash::Md5, pismo, power), Finding::Expected);
    }
    for (hash, value) in [
        (Hash::Sha1, KICKSTART_13),
        (Hash::Md5, pismo),
        (Hash::Sha1, CLOANTO_31),
    ] {
        let finding = judge(hash, value, "x86_64");
        assert_eq!(finding, Finding::Foreign);
        assert!(finding.is_emulation());
    }
    let finding = judge(Hash::Sha1, CLOANTO_31, "m68k");
    assert_eq!(finding, Finding::FromFile);
    assert!(!finding.is_emulation(), "soft-kicked machines are real");
    assert_eq!(judge(Hash::Sha1, "unheard of", "m68k"), Finding::Unknown);
    assert_eq!(judge(Hash::Md5, KICKSTART_13, "m68k"), Finding::Unknown);
}

#[test]
fn identical_models_share_their_rom() {
    assert_eq!(cluster(2, Finding::Foreign), None);
    let club = cluster(200, Finding::Expected).unwrap();
    assert!(!club.worth_a_look);
    assert!(cluster(3, Finding::FromFile).unwrap().worth_a_look);
    assert!(cluster(3, Finding::Unknown).unwrap().worth_a_look);
}

#[test]
fn a_table_with_faults_is_refused() {
    let line = |value: &str| {
        format!(
            "[[rom]]\nhash = \"sha1\"\nvalue = \"{value}\"\nplatform = \"p\"\narchitecture = \"m68k\"\n\
             image = \"chip\"\nmodels = [\"m\"]\nsource = \"s\"\n"
        )
    };
    assert!(Roms::parse(&line(KICKSTART_13)).is_ok());
    assert!(Roms::parse(&line(&KICKSTART_13.to_uppercase())).is_err());
    assert!(Roms::parse(&line("abc")).is_err());
    assert!(Roms::parse(&(line(KICKSTART_13) + &line(KICKSTART_13))).is_err());
}

proptest! {
    #[test]
    fn any_report_is_judged(value in any::<String>()) {
        let roms = Roms::builtin();
        for hash in [Hash::Sha1, Hash::Md5, Hash::Apple] {
            roms.judge(hash, &value, &derived("m68k"));
        }
    }
}
