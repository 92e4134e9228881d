//! What classes are worth, and how that changes with the age of the chain: against the tables of the existing
//! network, whose multipliers count where the reward table is silent.

use verdigris_node::verdict::antiquity::{decayed, YEAR_S};
use verdigris_node::verdict::Profiles;

/// The existing network's multipliers (its round-robin table), in weight units, under our keys.
const NETWORK: &[(u64, &[&str])] = &[
    (4_000_000_000, &["arm2"]),
    (3_800_000_000, &["arm3"]),
    (
        3_500_000_000,
        &[
            "vax",
            "vax_780",
            "transputer",
            "clipper",
            "ns32k",
            "romp",
            "arm6",
        ],
    ),
    (
        3_000_000_000,
        &[
            "386",
            "68000",
            "mips_r2000",
            "i860",
            "i960",
            "88k",
            "am29k",
            "arm7tdmi",
        ],
    ),
    (
        2_900_000_000,
        &["486", "68010", "mips_r3000", "sparc_v7", "pa_risc_1_0"],
    ),
    (2_800_000_000, &["486dx4", "power1", "strongarm"]),
    (
        2_700_000_000,
        &["68020", "mips_r4000", "sh1", "alpha_21064", "pa_risc_1_1"],
    ),
    (2_600_000_000, &["mips_r4400", "sh2", "power2"]),
    (
        2_500_000_000,
        &[
            "68030",
            "mips_r5000",
            "n64_mips",
            "itanium",
            "s390",
            "alpha_21164",
            "pentium",
            "cyrix_6x86",
            "g4",
            "xscale",
            "arm9",
        ],
    ),
    (
        2_400_000_000,
        &["68040", "mips_r10000", "power3", "pentium_mmx", "k5"],
    ),
    (
        2_300_000_000,
        &[
            "mips_r12000",
            "sh4",
            "itanium2",
            "s390x",
            "ultrasparc",
            "alpha_21264",
            "pa_risc_2_0",
            "pentium_pro",
            "k6",
            "cyrix_mii",
            "winchip",
        ],
    ),
    (
        2_200_000_000,
        &[
            "68060",
            "emotion_engine",
            "ps3_cell",
            "power4",
            "pentium_ii",
            "k6_2",
            "cyrix_mediagx",
        ],
    ),
    (2_100_000_000, &["gekko", "k6_3", "crusoe"]),
    (
        2_000_000_000,
        &[
            "xenon",
            "broadway",
            "power5",
            "pentium_iii",
            "via_c3",
            "g5",
            "arm11",
        ],
    ),
    (
        1_900_000_000,
        &["ultrasparc_t1", "power6", "pentium_m_banias", "efficeon"],
    ),
    (
        1_800_000_000,
        &[
            "ultrasparc_t2",
            "power7",
            "power9",
            "pentium_m_dothan",
            "via_c7",
            "g3",
            "cortex_a8",
        ],
    ),
    (1_700_000_000, &["via_nano"]),
    (1_600_000_000, &["pentium_m_yonah"]),
    (
        1_500_000_000,
        &["power8", "pentium4", "pentium_d", "k7", "k8", "cortex_a9"],
    ),
    (1_400_000_000, &["riscv", "k10", "retro_x86"]),
    (1_300_000_000, &["core2", "bulldozer"]),
    (1_200_000_000, &["nehalem", "westmere", "steamroller"]),
    (1_150_000_000, &["ivy_bridge"]),
    (1_100_000_000, &["sandy_bridge", "haswell", "zen"]),
    (1_050_000_000, &["broadwell", "skylake", "zen2"]),
];

/// Classes on which the reward table speaks, or which are our own.
const OTHERS: [&str; 10] = [
    "sparc",
    "sparc_v8",
    "sparc_v9",
    "powerpc_6xx",
    "apple_silicon",
    "modern_x86_64",
    "modern_arm",
    "unknown",
    "virtual",
    "unproven",
];

#[test]
fn every_class_is_worth_what_the_tables_say() {
    let profiles = Profiles::builtin();
    for (units, keys) in NETWORK {
        for key in *keys {
            assert_eq!(
                profiles.antiquity.class(key).unwrap().base_units,
                *units,
                "{key}"
            );
        }
    }
    let listed = |key: &str| NETWORK.iter().any(|(_, keys)| keys.contains(&key));
    for class in profiles.antiquity.classes() {
        assert!(
            listed(&class.key) || OTHERS.contains(&class.key.as_str()),
            "{}",
            class.key
        );
    }
}

/// Seconds of a slot of the existing network, by which its table counts.
const SLOT_S: u64 = 600;

#[test]
fn bonuses_decay_as_the_network_s_table_says() {
    let ages = [
        0,
        50_857 * SLOT_S,
        YEAR_S,
        2 * YEAR_S,
        5 * YEAR_S,
        7 * YEAR_S,
    ];
    // Base, and its value at each age, in thousandths.
    for (base, values) in [
        (4_000, [4_000, 3_565, 3_550, 3_100, 1_750, 1_000]),
        (2_500, [2_500, 2_282, 2_275, 2_050, 1_375, 1_000]),
        (2_000, [2_000, 1_855, 1_850, 1_700, 1_250, 1_000]),
        (1_200, [1_200, 1_171, 1_170, 1_140, 1_050, 1_000]),
        (800, [800; 6]),
    ] {
        for (age, value) in ages.into_iter().zip(values) {
            let units = decayed(base * 1_000_000, age);
            assert_eq!((units + 500_000) / 1_000_000, value, "{base} after {age} s");
        }
    }
}

#[test]
fn bonuses_are_gone_after_six_years_and_eight_months() {
    // 1 / 0.15 years.
    let gone = YEAR_S * 100 / 15 + 1;
    assert_eq!(decayed(2_500_000_000, gone), 1_000_000_000);
    assert!(decayed(2_500_000_000, gone - 1000) > 1_000_000_000);
}
