//! How machines and processors are called: a text is cut into words, and the words must be one of the forms of
//! `data/silicon/names.toml` from the first to the last. Nothing is searched for inside a text: "BCM2711" holds
//! an "m2", "not a G4" a "G4", and neither names what it holds.

use serde::Deserialize;

/// Bytes of the longest text that is read; the longest brand string of a processor has 48.
const MOST_BYTES: usize = 96;

/// Letters and digits that may follow a model's number, as in 7447A, 2600K, 1165G7.
const MOST_BEHIND: usize = 3;

/// Words that say nothing of the model.
const NOISE: [&str; 2] = ["cpu", "processor"];

/// Units of a clock, alone or behind a number.
const CLOCKS: [&str; 2] = ["mhz", "ghz"];

/// What a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named<'a> {
    /// A class: a key of `antiquity.toml`.
    Class(&'a str),
    /// Nothing that the tables know.
    Unknown,
    /// Too long, or with characters that no such name has.
    Unreadable,
}

/// All names that are known.
#[derive(Debug, Clone, Default)]
pub struct Names(Vec<(String, Vec<Atom>)>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    class: String,
    forms: Vec<String>,
    source: String,
}

/// One place of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Atom {
    /// It may be missing.
    optional: bool,
    /// Any of these words, or what stands before the number.
    words: Vec<String>,
    /// Where the place holds a number.
    number: Option<Number>,
}

/// A number within a word.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Number {
    least: u32,
    most: u32,
    behind: Behind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Behind {
    /// Nothing, or a letter and up to [`MOST_BEHIND`] characters in all.
    Letters,
    /// Exactly this.
    Exactly(String),
}

impl Names {
    /// Parses `names.toml`.
    ///
    /// # Errors
    /// Not TOML of that form, a form without a meaning, or a line without a source.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut names = Vec::new();
        for Line {
            class,
            forms,
            source,
        } in file.name
        {
            if source.is_empty() || forms.is_empty() {
                return Err(format!("{class}: no source, or no form"));
            }
            for form in forms {
                let atoms: Option<Vec<Atom>> = form.split(' ').map(Atom::parse).collect();
                let atoms = atoms.filter(|a| a.iter().any(|a| !a.optional));
                let atoms = atoms.ok_or_else(|| format!("{class}: form {form:?}"))?;
                names.push((class.clone(), atoms));
            }
        }
        Ok(Names(names))
    }

    /// The classes that forms lead to, those of several forms several times.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(class, _)| class.as_str())
    }

    /// What a text names.
    pub fn read(&self, text: &str) -> Named<'_> {
        let Some(words) = words(text) else {
            return Named::Unreadable;
        };
        let found = self.0.iter().find(|(_, form)| matches(form, &words));
        found.map_or(Named::Unknown, |(class, _)| Named::Class(class))
    }
}

/// The words of a text that say something; `None` where it is too long or has other characters.
fn words(text: &str) -> Option<Vec<String>> {
    if text.len() > MOST_BYTES {
        return None;
    }
    let mut plain = text.to_ascii_lowercase();
    for mark in ["(r)", "(tm)", "\u{ae}", "\u{2122}"] {
        plain = plain.replace(mark, " ");
    }
    let within = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '.');
    let between = |c: char| matches!(c, ' ' | '\t' | '-' | ',' | '(' | ')' | '_' | '@');
    if !plain.chars().all(|c| within(c) || between(c)) {
        return None;
    }
    let mut words: Vec<String> = Vec::new();
    for word in plain.split(between).filter(|w| !w.is_empty()) {
        if NOISE.contains(&word) || is_clock(word) {
            continue;
        }
        // "1000 MHz" in two words.
        let amount = CLOCKS.contains(&word) && words.last().is_some_and(|w| is_decimal(w));
        if amount {
            words.pop();
        } else {
            words.push(word.to_owned());
        }
    }
    Some(words)
}

fn is_clock(word: &str) -> bool {
    CLOCKS
        .iter()
        .any(|unit| word.strip_suffix(unit).is_some_and(is_decimal))
}

fn is_decimal(word: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let (whole, places) = word.split_once('.').unwrap_or((word, "0"));
    digits(whole) && digits(places)
}

/// Whether the words are the form, from the first to the last.
fn matches(form: &[Atom], words: &[String]) -> bool {
    let Some((atom, rest)) = form.split_first() else {
        return words.is_empty();
    };
    let here = words
        .split_first()
        .is_some_and(|(word, others)| atom.is(word) && matches(rest, others));
    here || atom.optional && matches(rest, words)
}

impl Atom {
    /// `None` where it means nothing.
    fn parse(text: &str) -> Option<Self> {
        let optional = text.ends_with('?');
        let text = text.strip_suffix('?').unwrap_or(text);
        let (words, number) = match text.split_once('#') {
            Some((before, number)) => (before, Some(Number::parse(number)?)),
            None => (text, None),
        };
        let words: Vec<String> = words.split('|').map(str::to_owned).collect();
        let plain = |w: &String| {
            w.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+/".contains(&b))
        };
        let empty = number.is_none() && words.iter().any(String::is_empty);
        (words.iter().all(plain) && !empty).then_some(Atom {
            optional,
            words,
            number,
        })
    }

    fn is(&self, word: &str) -> bool {
        self.words.iter().any(|own| match &self.number {
            None => own == word,
            Some(number) => word
                .strip_prefix(own.as_str())
                .is_some_and(|rest| number.is(rest)),
        })
    }
}

impl Number {
    /// What follows the `#`: two numbers with a dash between, and what stands behind.
    fn parse(text: &str) -> Option<Self> {
        let (least, rest) = text.split_once('-')?;
        let end = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (most, behind) = rest.split_at(end);
        let (least, most) = (least.parse().ok()?, most.parse().ok()?);
        let behind = match behind {
            "~" => Behind::Letters,
            other => Behind::Exactly(other.to_owned()),
        };
        (least <= most).then_some(Number {
            least,
            most,
            behind,
        })
    }

    fn is(&self, text: &str) -> bool {
        let end = text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, behind) = text.split_at(end);
        let fits = match &self.behind {
            Behind::Exactly(own) => own == behind,
            Behind::Letters => {
                let begins = behind.bytes().next().is_none_or(|b| b.is_ascii_lowercase());
                begins
                    && behind.len() <= MOST_BEHIND
                    && behind.bytes().all(|b| b.is_ascii_alphanumeric())
            }
        };
        let within = |n: u32| (self.least..=self.most).contains(&n);
        fits && !digits.starts_with('0') && digits.parse().is_ok_and(within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names() -> Names {
        Names::parse(include_str!("../../data/silicon/names.toml")).unwrap()
    }

    /// Texts that processors, systems and clients send, and what they name. Brand strings are those of CPUID
    /// leaf 80000002h, the PowerPC ones /proc/cpuinfo's, the rest what the existing network's clients send.
    const REAL: &[(&str, &str)] = &[
        ("PowerMac G4 (7447A)", "g4"),
        ("Power Mac G5", "g5"),
        ("PPC970FX, altivec supported", "g5"),
        ("7447A, altivec supported", "g4"),
        ("PowerPC 750", "g3"),
        ("Intel(R) Pentium(R) III CPU 1000MHz", "pentium_iii"),
        ("Intel(R) Pentium(R) III Mobile CPU 1000MHz", "pentium_iii"),
        ("Intel(R) Pentium(R) 4 CPU 2.40GHz", "pentium4"),
        ("Intel(R) Pentium(R) D CPU 3.00GHz", "pentium_d"),
        ("Intel(R) Core(TM)2 Duo CPU     E6600  @ 2.40GHz", "core2"),
        ("Core 2 Duo E6600", "core2"),
        ("Intel(R) Core(TM)2 Quad CPU    Q6600  @ 2.40GHz", "core2"),
        ("Intel(R) Core(TM) i7 CPU         920  @ 2.67GHz", "nehalem"),
        ("i7-920", "nehalem"),
        ("Intel(R) Core(TM) i7-2600K CPU @ 3.40GHz", "sandy_bridge"),
        ("Intel(R) Core(TM) i5-3570K CPU @ 3.40GHz", "ivy_bridge"),
        ("Intel(R) Core(TM) i7-4770 CPU @ 3.40GHz", "haswell"),
        ("Intel(R) Core(TM) i7-6700K CPU @ 4.00GHz", "skylake"),
        (
            "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz",
            "modern_x86_64",
        ),
        ("AMD-K6(tm)-2", "k6_2"),
        ("AMD-K6(tm) 3D processor", "k6_2"),
        ("AMD-K6tm w/ multimedia extensions", "k6"),
        ("AMD Athlon(tm) XP 2000+", "k7"),
        ("AMD Athlon(tm) 64 Processor 3200+", "k8"),
        ("AMD Phenom(tm) II X4 955 Processor", "k10"),
        ("AMD FX(tm)-8350 Eight-Core Processor", "bulldozer"),
        ("AMD Ryzen 7 1800X Eight-Core Processor", "zen"),
        ("AMD Ryzen 7 3700X 8-Core Processor", "zen2"),
        ("AMD Ryzen 9 7950X 16-Core Processor", "modern_x86_64"),
        ("Ryzen 9", "modern_x86_64"),
        ("AMD EPYC 9755 128-Core Processor", "modern_x86_64"),
        ("VIA Nehemiah", "via_c3"),
        ("Transmeta(tm) Crusoe(tm) Processor TM5800", "crusoe"),
        ("SPARC T1", "ultrasparc_t1"),
        ("TI UltraSparc II", "ultrasparc"),
        ("Acorn ARM2", "arm2"),
        ("Broadcom BCM2711", "modern_arm"),
        ("MC68040", "68040"),
        ("POWER8E", "power8"),
        ("DEC VAX-11/780", "vax_780"),
        ("Apple M2 Pro", "apple_silicon"),
        ("IBM z15", ""),
    ];

    #[test]
    fn real_names_are_read() {
        let names = names();
        for (text, class) in REAL {
            let named = match names.read(text) {
                Named::Class(class) => class,
                _ => "",
            };
            assert_eq!(named, *class, "{text}");
        }
    }

    #[test]
    fn what_only_holds_a_name_is_none() {
        let names = names();
        for text in [
            "not a G4",
            "G4-like",
            "G4 emulator",
            "Threadripper 68040",
            "BCM2711 m2",
            "ARM Cortex-M4",
            "dawson-pc",
            "Core i7 vax",
            "Core 2 Duo E66000",
            "Core 2 Duo E06600",
            "i7-92",
            "pentium iii pentium 4",
            "",
            "2.40GHz",
        ] {
            assert_eq!(names.read(text), Named::Unknown, "{text}");
        }
        let cyrillic = "P\u{43e}werMac G4";
        for text in [
            cyrillic,
            "G4\u{200b}",
            "\u{202e}4G",
            "\u{ff27}4",
            "G4\0",
            "G4;",
            "G\u{301}4",
        ] {
            assert_eq!(names.read(text), Named::Unreadable, "{text:?}");
        }
        assert_eq!(names.read(&"g4 ".repeat(1000)), Named::Unreadable);
    }

    #[test]
    fn malformed_forms_are_refused() {
        for form in [
            "", "G4", "a||b", "x#", "x#9", "x#9-1", "x?", "a  b", "x\u{e9}",
        ] {
            let text =
                format!("name = [{{ class = \"g4\", forms = [{form:?}], source = \"none\" }}]");
            assert!(Names::parse(&text).is_err(), "{form:?}");
        }
    }

    proptest! {
        #[test]
        fn a_word_more_is_another_text(at in 0usize..REAL.len(), word in "[a-z]{3,8}", before in any::<bool>()) {
            let names = names();
            let (text, class) = REAL[at];
            prop_assume!(!["cpu", "processor", "intel", "amd", "dec", "ibm", "sun", "mips", "apple", "acorn", "pro", "max", "mobile", "core"].contains(&word.as_str()));
            let longer = if before { format!("{word} {text}") } else { format!("{text} {word}") };
            if let Named::Class(named) = names.read(&longer) {
                prop_assert!(named != class, "{}", longer);
            }
        }

        #[test]
        fn no_text_panics_and_only_plain_text_names(text in any::<String>()) {
            let names = names();
            let named = names.read(&text);
            if !text.replace(['\u{ae}', '\u{2122}'], "").is_ascii() {
                prop_assert_eq!(named, Named::Unreadable);
            }
        }

        #[test]
        fn case_and_marks_change_nothing(at in 0usize..REAL.len()) {
            let names = names();
            let (text, _) = REAL[at];
            prop_assert_eq!(names.read(&text.to_ascii_uppercase()), names.read(text));
            prop_assert_eq!(names.read(&text.replace("(R)", "\u{ae}")), names.read(text));
        }
    }
}
