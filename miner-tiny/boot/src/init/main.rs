//! `verdigris-init`: the first and, beside the miner, only program of the disk that boots. It reads the
//! settings, sees to the wallet's key, brings up the network, keeps the miner running, and says what is
//! wrong until it is right. No line is longer than the 40 columns of the smallest screens.
#![no_std]
#![no_main]

mod disk;
mod linux;
mod network;

use boot_disk::config::{Config, Wrong};
use boot_disk::watch::Watch;
use core::ffi::CStr;
use core::fmt::{self, Write};
use disk::{Disk, Key, Why};
use heapless::Vec;
use linux::{Ended, Errno};
use network::{Card, Network, NoNetwork};

/// The miner's program.
const MINER: &CStr = c"/miner";

/// How long to wait before what failed is tried again, seconds.
const AGAIN_S: u32 = 20;

/// Bytes of the kernel's command line that are read.
const COMMAND_LINE: usize = 2048;

/// How words of the command line start that are settings.
const PREFIX: &[u8] = b"verdigris.";

/// Bytes of all arguments together: every setting at its longest would be too long for the miner itself.
const ARGUMENT_BYTES: usize = 1024;

/// Bytes of the miner's output that are passed on at once.
const PIECE: usize = 256;

/// How often the network is looked after while the miner says nothing, milliseconds.
const LOOK_MS: u32 = 60_000;

/// The screen.
struct Screen;

impl Write for Screen {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        linux::console(text.as_bytes());
        Ok(())
    }
}

/// Prints a line.
macro_rules! say {
    ($($what:tt)*) => {{
        let _ = writeln!(Screen, $($what)*);
    }};
}

/// Where the kernel starts this program.
pub extern "C" fn main() -> ! {
    let mut names = linux::NO_NAMES;
    say!("\nVerdigris boot disk {}", env!("CARGO_PKG_VERSION"));
    say!("Linux {}\n", linux::release(&mut names));
    say!("This machine proves to a node that it is");
    say!("real silicon, and gets paid for it.");
    say!("Ctrl-Alt-Del: start again\n");
    let _ = linux::mount(c"proc", c"/proc", c"proc", 0, c"");
    loop {
        if let Err(why) = work() {
            report(why);
        }
        say!("trying again in {AGAIN_S} s\n");
        linux::sleep_ms(AGAIN_S * 1000);
    }
}

/// Why there is nothing to do at present.
enum Trouble {
    Setting(&'static str, u32, Wrong),
    NoSettings,
    Random(Errno),
    Network(NoNetwork),
    Miner(Errno),
    MinerEnded(Ended),
}

fn report(trouble: Trouble) {
    match trouble {
        Trouble::Setting(place, 0, wrong) => say!("{place}:\n  {wrong}"),
        Trouble::Setting(place, line, wrong) => say!("{place} line {line}:\n  {wrong}"),
        Trouble::NoSettings => {
            say!("no settings: put the disk with");
            say!("VERDIGRIS.CFG into the first drive");
        }
        Trouble::Random(errno) => say!("no random numbers for a key: error {}", errno.0),
        Trouble::Network(NoNetwork::NoCard) => {
            say!("no network card was found: NE2000,");
            say!("3c509, SMC/WD, PCnet, RTL8029/8139.");
            say!("For an ISA card that hides, add to");
            say!("APPEND in SYSLINUX.CFG (IRQ,port):");
            say!("  netdev=10,0x300,eth0");
        }
        Trouble::Network(NoNetwork::NoAnswer) => {
            say!("no DHCP server answers. Is the cable");
            say!("in? Or set ip in VERDIGRIS.CFG");
        }
        Trouble::Network(NoNetwork::Refused(errno)) => say!("network: error {}", errno.0),
        Trouble::Miner(errno) => say!("the miner cannot run: error {}", errno.0),
        Trouble::MinerEnded(Ended::Status(linux::CANNOT_START)) => {
            say!("the miner cannot be started");
        }
        Trouble::MinerEnded(Ended::Status(status)) => say!("the miner ended with status {status}"),
        Trouble::MinerEnded(Ended::Signal(signal)) => {
            say!("the miner was ended by signal {signal}")
        }
    }
}

/// Everything, from the settings to the miner's end.
fn work() -> Result<(), Trouble> {
    let config = prepare()?;
    let mut network = None;
    if config.serial.is_empty() {
        show_cards();
        let up = Network::up(&config).map_err(Trouble::Network)?;
        let how = if up.lease.is_some() { ", by DHCP" } else { "" };
        say!("network   {} {}{how}", up.card.name(), up.ip);
        network = Some(up);
    } else {
        say!("line      {}", config.serial);
    }
    let whose = if config.node.is_empty() {
        "the relay's"
    } else {
        &config.node
    };
    say!("node      {whose}\n");
    mine(&config, network)
}

/// Settings and key.
fn prepare() -> Result<Config, Trouble> {
    const FILE: &str = "VERDIGRIS.CFG";
    const WORDS: &str = "command line";
    say!("reading the disk");
    let disk = Disk::open();
    let file = disk.as_ref().and_then(Disk::settings);
    let mut config = match &file {
        Some(text) => {
            Config::parse(text).map_err(|(line, wrong)| Trouble::Setting(FILE, line, wrong))?
        }
        None => Config::default(),
    };
    let words =
        settings_of_kernel(&mut config).map_err(|wrong| Trouble::Setting(WORDS, 0, wrong))?;
    if file.is_none() && !words {
        return Err(Trouble::NoSettings);
    }
    config
        .complete()
        .map_err(|(line, wrong)| Trouble::Setting(FILE, line, wrong))?;
    match disk::key(disk.as_ref()).map_err(Trouble::Random)? {
        Key::Found => say!("key       VERDIGRIS.KEY on the disk"),
        Key::Made => {
            say!("key       made: VERDIGRIS.KEY on the");
            say!("          disk; keep a copy of it");
        }
        Key::Lost(why) => {
            say!("KEY       LOST AT POWER-OFF: it is in");
            say!("          memory alone, and so is what");
            say!("          it earns, because");
            match why {
                Why::NoDisk => say!("          no disk can be read"),
                Why::Protected => say!("          the disk is write-protected"),
                Why::Failed(errno) => say!("          writing failed: error {}", errno.0),
            }
            if !config.miner.is_empty() {
                say!("          (paid is {})", config.miner);
            }
        }
    }
    Ok(config)
}

/// Takes over settings from words like `verdigris.node=http://…` of the kernel's command line, for who
/// boots from something else than a floppy; says whether there were any.
fn settings_of_kernel(config: &mut Config) -> Result<bool, Wrong> {
    let line = disk::read::<COMMAND_LINE>(c"/proc/cmdline").unwrap_or_default();
    let mut any = false;
    for word in line.split(u8::is_ascii_whitespace) {
        let Some(setting) = word.strip_prefix(PREFIX) else {
            continue;
        };
        let equals = setting.iter().position(|&byte| byte == b'=');
        let (name, value) = setting.split_at(equals.ok_or(Wrong::NotASetting)?);
        config.set(name, &value[1..])?;
        any = true;
    }
    Ok(any)
}

/// Says which cards there are: what it takes to see why a network does not come up.
fn show_cards() {
    for card in (0..network::CARDS).filter_map(|number| Card::open(number).ok()) {
        let [a, b, c, d, e, f] = card.mac;
        say!(
            "card      {} {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}",
            card.name()
        );
    }
}

/// Arguments one after the other, each ended with a zero.
struct Arguments(Vec<u8, ARGUMENT_BYTES>);

impl Arguments {
    /// Of the settings.
    fn of(config: &Config) -> Self {
        let mut all = Arguments(Vec::new());
        all.push(&["--mine"]);
        all.push(&["--wallet", disk::WALLET.to_str().unwrap_or_default()]);
        let optional = [
            ("--node", &config.node),
            ("--node-key", &config.node_key),
            ("--miner", &config.miner),
            ("--name", &config.name),
            ("--arena", &config.arena),
            ("--interval", &config.interval),
            ("--baud", &config.baud),
        ];
        for (option, value) in optional {
            if !value.is_empty() {
                all.push(&[option, value]);
            }
        }
        if !config.serial.is_empty() {
            let mut device = heapless::String::<{ boot_disk::config::VALUE + 5 }>::new();
            let _ = write!(device, "/dev/{}", config.serial);
            all.push(&["--serial", &device]);
        }
        if config.quick {
            all.push(&["--quick"]);
        }
        all
    }

    /// Adds some, all or none: an option without its value would take the next one for it.
    fn push(&mut self, arguments: &[&str]) {
        let before = self.0.len();
        for argument in arguments {
            let fits =
                self.0.extend_from_slice(argument.as_bytes()).is_ok() && self.0.push(0).is_ok();
            if !fits {
                self.0.truncate(before);
                return;
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = &CStr> {
        self.0
            .split_inclusive(|&byte| byte == 0)
            .filter_map(|argument| CStr::from_bytes_with_nul(argument).ok())
    }
}

/// Runs the miner to its end, which it should not have; passes on what it says, and uses its pauses.
fn mine(config: &Config, mut network: Option<Network>) -> Result<(), Trouble> {
    let arguments = Arguments::of(config);
    let (output, input) = linux::pipe().map_err(Trouble::Miner)?;
    let child = linux::start(MINER, arguments.iter(), &input).map_err(Trouble::Miner)?;
    drop(input);
    let mut watch = Watch::new();
    let mut saved = Vec::new();
    let mut piece = [0; PIECE];
    let mut rests = false;
    loop {
        if !output.wait(LOOK_MS) {
            // It rests, or it measures: then nothing may disturb it.
            if let Some(network) = network.as_mut().filter(|_| rests) {
                network.renew();
                if network.is_over() {
                    say!("the address's lease is over");
                }
            }
            continue;
        }
        let count = output.read(&mut piece).unwrap_or(0);
        if count == 0 {
            break;
        }
        let said = &piece[..count];
        rests = watch.feed(said);
        linux::console(said);
        if rests {
            if let (Some(network), false) = (&mut network, config.node.is_empty()) {
                network.renew();
                show_balance(config, &watch);
            }
            if let Some(nodes) = disk::nodes_to_save(&saved) {
                disk::save_nodes(&nodes);
                saved = nodes;
            }
        }
    }
    let ended = linux::wait(child).map_err(Trouble::Miner)?;
    Err(Trouble::MinerEnded(ended))
}

/// Says what the wallet holds that is paid.
fn show_balance(config: &Config, watch: &Watch) {
    let wallet = match config.miner.as_str() {
        "" => watch.address(),
        miner => miner,
    };
    if wallet.is_empty() {
        return;
    }
    match network::balance(&config.node, wallet) {
        Some(amount) => say!("balance   {amount}\n"),
        None => say!("balance   not known: no answer\n"),
    }
}
