//! One machine is recognised as one, and two of a model are never taken for one.

use proptest::prelude::*;
use verdigris_node::binding::mac;
use verdigris_node::binding::rules::{Agreement, Compared, Finding, Unit};
use verdigris_node::binding::salt::{Field, Salt, Tag};
use verdigris_node::binding::serial::Serial;
use Agreement::{Agrees, Differs, Silent};

fn salt() -> Salt {
    Salt::new(&[7; 32])
}

fn unit(serial: &str, macs: &[&str], processor: u8) -> Unit {
    let salt = salt();
    Unit::shown(
        Serial::read(serial, &salt),
        mac::read_all(macs.iter().copied(), &salt),
        Some([processor; 16]),
    )
}

/// RFC 4231, test case 2, through the same crate and key set-up: the first half of the code.
#[test]
fn the_hash_is_hmac_sha_256() {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"Jefe").unwrap();
    mac.update(b"what do ya want for nothing?");
    let code = mac.finalize().into_bytes();
    assert_eq!(code[..4], [0x5b, 0xdc, 0xc1, 0x46]);

    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&[7; 32]).unwrap();
    mac.update(b"verdigris/mac/1\0");
    mac.update(&[0x00, 0x1f, 0x5b, 1, 2, 3]);
    let code = mac.finalize().into_bytes();
    assert_eq!(
        mac::read("00:1f:5b:01:02:03", &salt()).unwrap().0,
        code[..16]
    );
}

#[test]
fn hashes_depend_on_secret_field_and_text() {
    let tag = salt().tag(Field::Mac, b"x");
    assert_ne!(tag, Salt::new(&[8; 32]).tag(Field::Mac, b"x"));
    assert_ne!(tag, salt().tag(Field::Firmware, b"x"));
    assert!(salt().is(&tag, Field::Mac, b"x"));
    assert!(!salt().is(&tag, Field::Mac, b"y"));
    assert!(!format!("{:?}", salt()).contains('7'));
}

#[test]
fn placeholders_are_nobodys_serial() {
    for text in [
        "",
        "   ",
        "0",
        "None",
        "To Be Filled By O.E.M.",
        "To be filled by O.E.M.",
        "Default string",
        "System Serial Number",
        "0000000000",
        "........",
        "XXXXXXXXXXXX",
        "123456789",
        "Not Specified",
        "N/A",
        "OEM",
        "ffffffffffffffff",
        "\u{fffd}\u{fffd}",
    ] {
        let read = Serial::read(text, &salt());
        assert!(
            !matches!(read, Some(Serial::Firmware(_))),
            "{text:?} {read:?}"
        );
    }
}

#[test]
fn serials_are_read_alike_however_they_are_written() {
    let read = |text| Serial::read(text, &salt());
    assert_eq!(read("C02-XK1 23jgh5"), read(" c02xk123JGH5 "));
    assert!(matches!(read("CK130ABCXYZ"), Some(Serial::Firmware(_))));
    let id = "3d1219c7c4c5404ab1e0d6f5a4b3c2d1";
    assert!(matches!(read(id), Some(Serial::MachineId(_))));
    assert_eq!(
        read(id),
        read(&id[..16]),
        "stock clients send the first half"
    );
    assert_eq!(read(&"A1".repeat(40)), None);
}

#[test]
fn only_addresses_of_one_unit_count() {
    let read = |text| mac::read(text, &salt());
    let right = read("00:1f:5b:01:02:03").unwrap();
    for same in [
        "00-1F-5B-01-02-03",
        "001f.5b01.0203",
        "001F5B010203",
        " 00:1f:5b:01:02:03 ",
    ] {
        assert_eq!(read(same), Some(right), "{same}");
    }
    for nobodys in [
        "",
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "01:00:5e:00:00:01",
        "02:42:ac:11:00:02",
        "da:a1:19:12:34:56",
        "00:50:56:c0:00:08",
        "08:00:27:12:34:56",
        "52:54:00:12:34:56",
        "00:1f:5b:00:00:00",
        "00:1f:5b:01:02",
        "00:1f:5b:01:02:03:04",
        "gg:1f:5b:01:02:03",
    ] {
        assert_eq!(read(nobodys), None, "{nobodys}");
    }
    let many: Vec<String> = (0..40).map(|i| format!("00:1f:5b:01:02:{i:02x}")).collect();
    let kept = mac::read_all(many.iter().chain(&many).map(String::as_str), &salt());
    assert_eq!(kept.len(), mac::MACS_MAX);
}

#[test]
fn privileged_and_unprivileged_runs_are_one_machine() {
    let root = unit("CK130ABCXYZ", &["00:1f:5b:01:02:03"], 1);
    let user = unit("3d1219c7c4c5404a", &["00:1f:5b:01:02:03"], 1);
    assert_eq!(root.compare(&user, Silent).finding(), Finding::Same);
    assert_eq!(user.compare(&root, Silent).finding(), Finding::Same);

    // What each showed is then known, and either is enough by itself, also after a change of card.
    let mut known = root.clone();
    known.learn(&user);
    let later = unit("CK130ABCXYZ", &["00:1f:5b:99:99:99"], 1);
    assert_eq!(known.compare(&later, Silent).finding(), Finding::Same);
    assert_eq!(known.firmware.len(), 1);
    assert_eq!(known.machine_ids.len(), 1);

    // Without a card, the counter tells.
    let bare = unit("3d1219c7c4c5404a", &[], 1);
    let alone = unit("CK130ABCXYZ", &[], 1);
    assert_eq!(alone.compare(&bare, Agrees).finding(), Finding::Same);
    assert_eq!(alone.compare(&bare, Silent).finding(), Finding::Unclear);
}

#[test]
fn machines_of_one_model_are_no_collision() {
    let a = unit("CK130ABCXYZ", &["00:1f:5b:01:02:03"], 1);
    let b = unit("CK130ABCXYW", &["00:1f:5b:01:02:04"], 1);
    assert_eq!(a.compare(&b, Silent).finding(), Finding::Other);
    // Nothing but the model is known of either.
    let (a, b) = (
        unit("To Be Filled By O.E.M.", &[], 1),
        unit("Default string", &[], 1),
    );
    assert!(!a.is_bindable());
    assert_eq!(a.compare(&b, Silent).finding(), Finding::Unclear);
    // A room installed from one disk: one machine-id, other cards.
    let a = unit("3d1219c7c4c5404a", &["00:1f:5b:01:02:03"], 1);
    let b = unit("3d1219c7c4c5404a", &["00:1f:5b:01:02:04"], 1);
    assert_eq!(a.compare(&b, Silent).finding(), Finding::Unclear);
    assert_eq!(a.compare(&b, Differs).finding(), Finding::Other);
}

#[test]
fn parts_change_and_are_told() {
    let old = unit("CK130ABCXYZ", &["00:1f:5b:01:02:03"], 1);
    let processor = unit("CK130ABCXYZ", &["00:1f:5b:01:02:03"], 2);
    assert_eq!(old.compare(&processor, Silent).finding(), Finding::Altered);
    // A card that was plugged into another machine does not bring its machine with it.
    let dongle = unit("ZZ999OTHER1", &["00:1f:5b:01:02:03"], 1);
    assert_eq!(old.compare(&dongle, Silent).finding(), Finding::Other);
    let dongle = unit("", &["00:1f:5b:01:02:03"], 2);
    assert_eq!(old.compare(&dongle, Silent).finding(), Finding::Other);
}

fn agreement() -> impl Strategy<Value = Agreement> {
    prop_oneof![Just(Agrees), Just(Differs), Just(Silent)]
}

proptest! {
    #[test]
    fn only_what_is_of_one_unit_makes_one_machine(
        crystal in agreement(), firmware in agreement(), macs in agreement(),
        machine_id in agreement(), processor in agreement(),
    ) {
        let compared = Compared { crystal, firmware, macs, machine_id, processor };
        let finding = compared.finding();
        if matches!(finding, Finding::Same | Finding::Altered) {
            prop_assert!([crystal, firmware, macs].contains(&Agrees));
        }
        if finding == Finding::Same {
            prop_assert!(![crystal, firmware, processor].contains(&Differs));
        }
        // More evidence for one machine never makes two of it.
        if finding == Finding::Same && firmware == Silent {
            prop_assert_eq!(Compared { firmware: Agrees, ..compared }.finding(), Finding::Same);
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>()) {
        Serial::read(&text, &salt());
        mac::read(&text, &salt());
    }

    #[test]
    fn what_is_kept_is_bounded(tags in prop::collection::vec(any::<[u8; 16]>(), 0..60)) {
        let mut known = Unit::default();
        for tag in tags.into_iter().map(Tag) {
            known.learn(&Unit::shown(
                [Serial::Firmware(tag), Serial::MachineId(tag)], vec![tag], None,
            ));
        }
        prop_assert!(known.firmware.len() <= 4 && known.machine_ids.len() <= 4);
        prop_assert!(known.macs.len() <= mac::MACS_MAX);
    }
}
