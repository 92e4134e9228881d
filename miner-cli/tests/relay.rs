//! The real relay between a miner on a line and a node on a port, with everything going wrong that
//! goes wrong on lines.
#![cfg(unix)]

mod common;

use common::line::{pty, text, Noise, Relay, PATIENCE};
use common::Home;
use miner_tiny::link::{Broken, Client, Error, Line, Reason, Received, DEFAULT_BAUD};
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::termios::{tcgetattr, LocalModes};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::mpsc::{channel, Receiver};
use std::time::{Duration, Instant};

/// The miner's end of a line, which garbles so many bytes in a hundred thousand.
struct Port<T> {
    stream: T,
    began: Instant,
    noise: Noise,
}

impl<T: Read + Write + AsFd> Port<T> {
    fn new(stream: T, garbled: u64) -> Self {
        Port {
            stream,
            began: Instant::now(),
            noise: Noise::of(garbled),
        }
    }
}

impl<T: Read + Write + AsFd> Line for Port<T> {
    fn now_ms(&mut self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn write(&mut self, bytes: &[u8], _: u64) -> Result<usize, Broken> {
        let garbled = self.noise.garble(bytes);
        self.stream.write_all(&garbled).map_err(|_| Broken)?;
        Ok(bytes.len())
    }

    fn read(&mut self, to: &mut [u8], until_ms: u64) -> Result<usize, Broken> {
        let left = Duration::from_millis(until_ms.saturating_sub(self.now_ms()));
        let left = Timespec::try_from(left.min(PATIENCE)).expect("a short time");
        let mut fds = [PollFd::new(&self.stream, PollFlags::IN)];
        if poll(&mut fds, Some(&left)).map_err(|_| Broken)? == 0 {
            return Ok(0);
        }
        // Room for what noise adds.
        let mut piece = vec![0; (to.len() / 2).max(1)];
        let count = self.stream.read(&mut piece).map_err(|_| Broken)?;
        if count == 0 {
            return Err(Broken);
        }
        let garbled = self.noise.garble(&piece[..count]);
        let count = garbled.len().min(to.len());
        to[..count].copy_from_slice(&garbled[..count]);
        Ok(count)
    }
}

fn later(line: &mut impl Line) -> u64 {
    line.now_ms() + PATIENCE.as_millis() as u64
}

/// Sends everything and receives everything, until the node closes.
fn exchange(
    client: &mut Client,
    line: &mut impl Line,
    to: &str,
    there: &[u8],
) -> Result<Vec<u8>, Error> {
    let until_ms = later(line);
    client.connect(line, to, until_ms)?;
    let mut rest = there;
    while !rest.is_empty() {
        match client.send(line, rest, until_ms)? {
            0 => return Err(Error::Lost),
            count => rest = &rest[count..],
        }
    }
    let mut back = Vec::new();
    let mut piece = [0; 300];
    loop {
        match client.receive(line, &mut piece, until_ms)? {
            Received::Bytes(count) => back.extend_from_slice(&piece[..count]),
            Received::Nothing => return Err(Error::Lost),
            Received::Closed => break,
        }
    }
    client.close(line);
    Ok(back)
}

/// Any bytes.
fn bytes(count: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count).map(|_| next()).collect()
}

/// A node that reads so many bytes, answers with `back`, and closes; gives its URL, and what it read on
/// each connection.
fn node(expects: usize, back: Vec<u8>) -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut read = Vec::new();
            let mut piece = [0; 1_000];
            while read.len() < expects {
                match stream.read(&mut piece) {
                    Ok(count @ 1..) => read.extend_from_slice(&piece[..count]),
                    _ => break,
                }
            }
            if read.len() >= expects {
                let _ = stream.write_all(&back);
            }
            let _ = sender.send(read);
        }
    });
    (url, receiver)
}

#[test]
fn a_noisy_port_carries_every_byte_once() {
    let home = Home::new();
    let (there, back) = (bytes(9_000, 3), bytes(12_000, 4));
    let (url, heard) = node(there.len(), back.clone());
    let mut relay = Relay::start(&home, &url, &["--tcp", "0"]);
    let stream = TcpStream::connect(("127.0.0.1", relay.port())).expect("it listens");
    let mut line = Port::new(stream, 100);
    let mut client = Client::new(77, DEFAULT_BAUD);
    let came = exchange(&mut client, &mut line, "", &there).expect("it passes");
    assert!(came == back, "{} bytes of {}", came.len(), back.len());
    assert!(heard.recv_timeout(PATIENCE).expect("a connection") == there);
}

#[test]
fn a_pseudo_terminal_carries_every_byte_once() {
    let home = Home::new();
    let (there, back) = (bytes(9_000, 1), bytes(12_000, 2));
    let (url, heard) = node(there.len(), back.clone());
    let (master, slave) = pty();
    let mut relay = Relay::start(&home, &url, &["--serial", text(&slave), "--baud", "115200"]);
    relay.says("at 115200 baud leads to");
    let mut line = Port::new(master, 30);
    let mut client = Client::new(1, 115_200);
    let came = exchange(&mut client, &mut line, "", &there).expect("it passes");
    assert!(came == back, "{} bytes of {}", came.len(), back.len());
    assert!(heard.recv_timeout(PATIENCE).expect("a connection") == there);
    let told = format!(
        "closed; {} bytes to the node, {} back",
        there.len(),
        back.len()
    );
    relay.says(&told);
}

#[test]
fn whatever_is_asked_for_it_leads_to_its_own_node() {
    let home = Home::new();
    let trap = TcpListener::bind("127.0.0.1:0").expect("a free port");
    trap.set_nonblocking(true).expect("a socket");
    let (url, _heard) = node(3, b"here".to_vec());
    let mut relay = Relay::start(&home, &url, &["--tcp", "127.0.0.1:0"]);
    let stream = TcpStream::connect(("127.0.0.1", relay.port())).expect("it listens");
    let mut line = Port::new(stream, 0);
    let other = trap.local_addr().expect("an address").to_string();
    let came = exchange(&mut Client::new(1, DEFAULT_BAUD), &mut line, &other, b"who");
    assert_eq!(came, Ok(b"here".to_vec()));
    relay.says(&format!("asks for {other}, and gets 127.0.0.1 port"));
    assert!(trap.accept().is_err(), "somebody was let through");
}

#[test]
fn a_node_that_is_away_is_named_and_comes_back() {
    let home = Home::new();
    let place = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = place.local_addr().expect("an address");
    drop(place);
    let mut relay = Relay::start(&home, &format!("http://{address}"), &["--tcp", "0"]);
    let stream = TcpStream::connect(("127.0.0.1", relay.port())).expect("it listens");
    let mut line = Port::new(stream, 0);
    let mut client = Client::new(1, DEFAULT_BAUD);
    let refused = exchange(&mut client, &mut line, "", b"x");
    assert_eq!(refused, Err(Error::Refused(Reason::Unreachable)));
    relay.says("check --node");
    let place = TcpListener::bind(address).expect("the port is still free");
    let node = std::thread::spawn(move || {
        let (mut stream, _) = place.accept().expect("a connection");
        let mut heard = [0; 1];
        stream.read_exact(&mut heard).expect("a byte");
        stream.write_all(b"back").expect("it listens");
    });
    let came = exchange(&mut client, &mut line, "", b"x");
    assert_eq!(came, Ok(b"back".to_vec()));
    node.join().expect("it ends");
}

#[test]
fn a_machine_may_be_started_anew_at_any_moment() {
    let home = Home::new();
    let (url, heard) = node(1_000, b"whole".to_vec());
    let (master, slave) = pty();
    let mut relay = Relay::start(&home, &url, &["--serial", text(&slave)]);
    relay.says("leads to");
    let mut line = Port::new(master, 0);
    for token in [7, 500, 9_000] {
        // Half a request, half a frame, and the power is gone.
        let mut client = Client::new(token, DEFAULT_BAUD);
        let until_ms = later(&mut line);
        client.connect(&mut line, "", until_ms).expect("it answers");
        client
            .send(&mut line, &[b'a'; 200], until_ms)
            .expect("it takes");
        line.write(b"\x7eD\x12\x34half a frame", 0)
            .expect("it takes");
    }
    let there = bytes(1_000, 5);
    let came = exchange(
        &mut Client::new(21_000, DEFAULT_BAUD),
        &mut line,
        "",
        &there,
    );
    assert_eq!(came, Ok(b"whole".to_vec()));
    for _ in 0..3 {
        let first = heard.recv_timeout(PATIENCE).expect("a connection");
        assert!([b'a'; 200].starts_with(&first), "{first:?}");
    }
    assert!(heard.recv_timeout(PATIENCE).expect("a connection") == there);
}

#[test]
fn a_device_that_is_unplugged_is_waited_for() {
    let home = Home::new();
    let (url, _heard) = node(2, b"yes".to_vec());
    let device = home.path("device");
    let (master, slave) = pty();
    std::os::unix::fs::symlink(&slave, &device).expect("a name");
    let mut relay = Relay::start(&home, &url, &["--serial", text(&device)]);
    relay.says("leads to");
    let mut line = Port::new(master, 0);
    let mut client = Client::new(1, DEFAULT_BAUD);
    assert_eq!(
        exchange(&mut client, &mut line, "", b"ok"),
        Ok(b"yes".to_vec())
    );
    std::fs::remove_file(&device).expect("it was there");
    drop(line);
    relay.says("is gone");
    let (master, slave) = pty();
    std::os::unix::fs::symlink(&slave, &device).expect("a name");
    relay.says("is back");
    let mut line = Port::new(master, 0);
    assert_eq!(
        exchange(&mut client, &mut line, "", b"ok"),
        Ok(b"yes".to_vec())
    );
}

#[test]
fn an_emulator_may_come_and_go() {
    let home = Home::new();
    let (url, _heard) = node(2, b"yes".to_vec());
    let mut relay = Relay::start(&home, &url, &["--tcp", "0"]);
    let port = relay.port();
    for token in 1..4 {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let mut line = Port::new(stream, 0);
        let mut client = Client::new(token, DEFAULT_BAUD);
        assert_eq!(
            exchange(&mut client, &mut line, "", b"ok"),
            Ok(b"yes".to_vec())
        );
        drop(line);
        relay.says("has unplugged itself");
    }
}

#[test]
fn a_relay_that_was_killed_is_called_again() {
    let home = Home::new();
    let (url, _heard) = node(300, b"yes".to_vec());
    let (master, slave) = pty();
    let arguments = ["--serial", text(&slave)];
    let mut relay = Relay::start(&home, &url, &arguments);
    relay.says("leads to");
    // Keeps the terminal open between the two relays, as a device stays.
    let _held = File::open(&slave).expect("it is there");
    let mut line = Port::new(master, 0);
    let mut client = Client::new(1, DEFAULT_BAUD);
    let until_ms = later(&mut line);
    client.connect(&mut line, "", until_ms).expect("it answers");
    drop(relay);
    let mut relay = Relay::start(&home, &url, &arguments);
    relay.says("leads to");
    client
        .send(&mut line, &[0; 100], until_ms)
        .expect("it takes one");
    let received = client.receive(&mut line, &mut [0; 9], until_ms);
    assert_eq!(received, Err(Error::Dropped(Reason::Unknown)));
    let came = exchange(&mut client, &mut line, "", &[1; 300]);
    assert_eq!(came, Ok(b"yes".to_vec()));
}

#[test]
fn ctrl_c_stops_it_and_tells_the_machine() {
    let home = Home::new();
    let (url, _heard) = node(1, Vec::new());
    let (master, slave) = pty();
    let held = File::open(&slave).expect("it is there");
    let echoes = |file: &File| {
        let modes = tcgetattr(file).expect("a terminal").local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON)
    };
    assert!(echoes(&held));
    let mut relay = Relay::start(&home, &url, &["--serial", text(&slave)]);
    relay.says("leads to");
    assert!(!echoes(&held));
    let mut line = Port::new(master, 0);
    let mut client = Client::new(1, DEFAULT_BAUD);
    let until_ms = later(&mut line);
    client.connect(&mut line, "", until_ms).expect("it answers");
    relay.interrupt();
    let received = client.receive(&mut line, &mut [0; 9], until_ms);
    assert_eq!(received, Err(Error::Dropped(Reason::Stopping)));
    relay.says("stopped");
    assert_eq!(relay.ended(), Some(0));
    // The device is as it was.
    assert!(echoes(&held));
}

#[test]
fn noise_is_named_and_does_no_harm() {
    let home = Home::new();
    let (url, _heard) = node(2, b"yes".to_vec());
    let mut relay = Relay::start(&home, &url, &["--tcp", "0"]);
    let stream = TcpStream::connect(("127.0.0.1", relay.port())).expect("it listens");
    let mut line = Port::new(stream, 0);
    let mut noise = &bytes(100_000, 3)[..];
    while !noise.is_empty() {
        let count = line.write(noise, 0).expect("it takes");
        noise = &noise[count..];
    }
    relay.says("bytes come that make no sense");
    let mut client = Client::new(1, DEFAULT_BAUD);
    assert_eq!(
        exchange(&mut client, &mut line, "", b"ok"),
        Ok(b"yes".to_vec())
    );
}

#[test]
fn mistakes_are_explained() {
    let home = Home::new();
    let ran = home.run(&["relay"]).ended(2);
    assert!(ran.stderr.contains("--serial DEVICE"), "{ran:?}");
    let ran = home.run(&["relay", "--tcp", "1", "--serial", "x"]).ended(2);
    assert!(ran.stderr.contains("cannot be used with"), "{ran:?}");
    let secure = ["relay", "--tcp", "0", "--node", "https://node"];
    let ran = home.run(&secure).ended(2);
    assert!(ran.stderr.contains("plain HTTP"), "{ran:?}");
    let ran = home.run(&["relay", "--serial", "/dev/no-such"]).ended(7);
    assert!(ran.stderr.contains("next: list the devices"), "{ran:?}");
    let file = home.path("file");
    std::fs::write(&file, "").expect("written");
    let ran = home.run(&["relay", "--serial", text(&file)]).ended(7);
    assert!(ran.stderr.contains("no serial device"), "{ran:?}");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let ran = home.run(&["relay", "--tcp", &address]).ended(7);
    assert!(ran.stderr.contains("another port"), "{ran:?}");
}

#[test]
fn the_environment_and_the_file_name_the_device_too() {
    let home = Home::new();
    let config = home.path("relay.toml");
    std::fs::write(
        &config,
        "serial = \"/dev/no-such-file\"\nflow = \"software\"\n",
    )
    .expect("written");
    let arguments = ["relay", "--config", text(&config)];
    let ran = home.run(&arguments).ended(7);
    assert!(ran.stderr.contains("/dev/no-such-file"), "{ran:?}");
    let mut command = home.command(&arguments);
    command.env("VERDIGRIS_SERIAL", "/dev/no-such-variable");
    let ran = common::Ran::new(command).ended(7);
    assert!(ran.stderr.contains("/dev/no-such-variable"), "{ran:?}");
}
