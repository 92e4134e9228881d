//! The system against real files, sockets and terminals; as this kernel is, and as old ones were.

use super::*;
use crate::kernel::missing::without;
use crate::numbers;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::fs::{symlink, MetadataExt, PermissionsExt};
use std::string::{String, ToString};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Longer than anything here takes on a busy machine.
const LONG_MS: u64 = 20_000;
const SHORT_MS: u64 = 20;

fn linux() -> Linux {
    Linux::new(Start::NOTHING)
}

/// Calls that Linux 2.0 and 2.2 had not, as far as there is another way on this architecture.
fn young_calls() -> Vec<u32> {
    let mut calls = std::vec![
        linux::__NR_exit_group,
        linux::__NR_getrandom,
        linux::__NR_memfd_create,
        linux::__NR_clock_gettime,
        linux::__NR_sched_getaffinity,
        linux::__NR_madvise,
    ];
    if numbers::GETDENTS.is_some() {
        calls.push(linux::__NR_getdents64);
    }
    if numbers::SELECT.or(numbers::NEW_SELECT).is_some() {
        calls.extend(numbers::POLL);
    }
    if numbers::BLOCK_MMAP.or(numbers::MMAP).is_some() {
        calls.extend(numbers::MMAP2);
    }
    if numbers::SOCKETCALL.is_some() {
        calls.extend([
            linux::__NR_socket,
            linux::__NR_connect,
            linux::__NR_getsockopt,
        ]);
    }
    calls.extend(numbers::FSTAT64);
    if numbers::SIGNAL.is_some() {
        calls.push(linux::__NR_rt_sigaction);
    }
    calls
}

/// Does something on this kernel, and on one without the young calls.
fn on_both(something: impl Fn(&mut Linux)) {
    something(&mut linux());
    without(&young_calls(), || something(&mut linux()));
}

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_string()
}

#[test]
fn files_are_read_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "file");
    fs::write(&file, b"0123456789").unwrap();
    on_both(|system| {
        let mut to = [0; 4];
        assert_eq!(system.read(&file, Readers::All, 0, &mut to), Ok(4));
        assert_eq!(&to, b"0123");
        assert_eq!(system.read(&file, Readers::All, 8, &mut to), Ok(2));
        assert_eq!(&to[..2], b"89");
        assert_eq!(system.read(&file, Readers::All, 10, &mut to), Ok(0));
        assert_eq!(system.read(&file, Readers::All, 1 << 30, &mut to), Ok(0));
    });
}

#[test]
fn a_file_that_others_may_read_is_not_private() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "file");
    fs::write(&file, b"key").unwrap();
    on_both(|system| {
        let mut to = [0; 4];
        for (mode, expected) in [
            (0o644, Err(FileError::Public)),
            (0o640, Err(FileError::Public)),
            (0o604, Err(FileError::Public)),
            (0o620, Err(FileError::Public)),
            (0o600, Ok(3)),
            (0o400, Ok(3)),
        ] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let read = system.read(&file, Readers::Owner, 0, &mut to);
            assert_eq!(read, expected, "mode {mode:o}");
        }
    });
}

#[test]
fn what_cannot_be_read_is_told_from_what_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut to = [0; 4];
    let mut read = |name: &str| linux().read(name, Readers::All, 0, &mut to);
    let long = "x".repeat(4_000);
    fs::write(path(&folder, "file"), b"").unwrap();
    assert_eq!(read(&path(&folder, "none")), Err(FileError::Absent));
    assert_eq!(read(&path(&folder, "file/none")), Err(FileError::Absent));
    assert_eq!(read(&path(&folder, "")), Err(FileError::Unreadable));
    assert_eq!(read(&path(&folder, &long)), Err(FileError::Unreadable));
    assert_eq!(read("/proc/\0version"), Err(FileError::Unreadable));
}

#[test]
fn what_is_appended_stands_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "file");
    on_both(|system| {
        let _ = fs::remove_file(&file);
        system.append(&file, b"one\n").unwrap();
        system.append(&file, b"two\n").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"one\ntwo\n");
        assert!(system.append(&path(&folder, ""), b"x").is_err());
    });
}

#[test]
fn a_private_file_is_new_and_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "key");
    on_both(|system| {
        let _ = fs::remove_file(&file);
        system.create_private(&file, b"secret").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
        assert!(system.create_private(&file, b"another").is_err());
        assert_eq!(fs::read(&file).unwrap(), b"secret");
    });
    let link = path(&folder, "link");
    symlink(path(&folder, "elsewhere"), &link).unwrap();
    assert!(linux().create_private(&link, b"secret").is_err());
    assert!(!fs::exists(path(&folder, "elsewhere")).unwrap());
}

#[test]
fn folders_are_listed_whole() {
    let folder = tempfile::tempdir().unwrap();
    // More than one piece of the list holds.
    let names: BTreeSet<String> = (0..100).map(|i| std::format!("entry-{i:090}")).collect();
    for name in &names {
        fs::write(path(&folder, name), b"").unwrap();
    }
    let folder = folder.path().to_str().unwrap();
    on_both(|system| {
        let mut found = BTreeSet::new();
        let mut to = [0; 256];
        while let Some(count) = system.entry(folder, found.len() as u32, &mut to) {
            let name = core::str::from_utf8(&to[..count]).unwrap();
            assert!(found.insert(name.to_string()), "{name} twice");
        }
        assert_eq!(found, names);
        assert_eq!(system.entry(folder, 0, &mut to[..3]), Some(3));
        assert_eq!(system.entry("/nowhere", 0, &mut to), None);
        assert_eq!(system.entry("/proc/version", 0, &mut to), None);
    });
}

#[test]
fn a_connection_carries_bytes_both_ways() {
    on_both(|system| {
        let listener = TcpListener::bind((LOCAL, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let echo = thread::spawn(move || {
            let mut peer = listener.accept().unwrap().0;
            let mut bytes = [0; 5];
            peer.read_exact(&mut bytes).unwrap();
            peer.write_all(&bytes).unwrap();
        });
        system.connect(LOCAL, port, LONG_MS).unwrap();
        let mut to = [0; 16];
        assert_eq!(system.receive(&mut to, SHORT_MS), Ok(Received::Nothing));
        assert_eq!(system.send(b"hello", LONG_MS), Ok(5));
        let mut got = Vec::new();
        while let Received::Bytes(count) = system.receive(&mut to, LONG_MS).unwrap() {
            got.extend_from_slice(&to[..count]);
        }
        assert_eq!(got, b"hello");
        assert_eq!(system.receive(&mut to, LONG_MS), Ok(Received::Closed));
        echo.join().unwrap();
        system.close();
        assert!(system.receive(&mut to, SHORT_MS).is_err());
        assert!(system.send(b"x", SHORT_MS).is_err());
    });
}

#[test]
fn ipv6_is_spoken_where_there_is_some() {
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
        return;
    };
    let port = listener.local_addr().unwrap().port();
    let mut system = linux();
    let address = IpAddr::V6(Ipv6Addr::LOCALHOST);
    system.connect(address, port, LONG_MS).unwrap();
    assert_eq!(system.send(b"six", LONG_MS), Ok(3));
    let mut bytes = [0; 3];
    listener.accept().unwrap().0.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"six");
}

#[test]
fn nobody_listens() {
    // A port that was free a moment ago.
    let port = TcpListener::bind((LOCAL, 0))
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    on_both(|system| {
        assert!(system.connect(LOCAL, port, LONG_MS).is_err());
        assert!(system.send(b"x", SHORT_MS).is_err());
    });
}

#[test]
fn nobody_answers() {
    // A listener whose queue is full does not answer.
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        waiting.push(stream);
        assert!(waiting.len() < 10_000, "the queue does not fill");
    }
    on_both(|system| {
        let before = Instant::now();
        assert_eq!(
            system.connect(LOCAL, address.port(), SHORT_MS),
            Err(Refused("nobody answers in time"))
        );
        // By a clock of whole milliseconds, which may begin in the middle of one.
        assert!(before.elapsed() > Duration::from_millis(SHORT_MS - 1));
    });
}

#[test]
fn a_peer_that_takes_nothing_stops_the_sender() {
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let mut system = linux();
    system
        .connect(LOCAL, listener.local_addr().unwrap().port(), LONG_MS)
        .unwrap();
    let bytes = std::vec![0; 1 << 20];
    while system.send(&bytes, SHORT_MS).unwrap() != 0 {}
    drop(listener);
    // The kernel resets what nobody accepted. A signal for a broken pipe would end this test's process.
    let mut to = [0; 16];
    assert_eq!(system.receive(&mut to, LONG_MS), Ok(Received::Closed));
    assert!(system.send(&bytes, SHORT_MS).is_err());
}

#[test]
fn a_question_gets_its_answer() {
    on_both(|system| {
        let server = UdpSocket::bind((LOCAL, 0)).unwrap();
        let port = server.local_addr().unwrap().port();
        let answer = thread::spawn(move || {
            let mut question = [0; 64];
            let (count, from) = server.recv_from(&mut question).unwrap();
            assert_eq!(&question[..count], b"who?");
            // Another port's answer does not count.
            let other = UdpSocket::bind((LOCAL, 0)).unwrap();
            other.send_to(b"liar", from).unwrap();
            server.send_to(b"me, of course", from).unwrap();
        });
        let mut to = [0; 5];
        let got = system.ask(LOCAL, port, b"who?", &mut to, LONG_MS);
        assert_eq!((got, &to), (Ok(Some(5)), b"me, o"));
        answer.join().unwrap();
    });
}

#[test]
fn a_question_may_stay_open() {
    let silent = UdpSocket::bind((LOCAL, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut to = [0; 5];
    on_both(|system| {
        let mut to = [0; 5];
        assert_eq!(
            system.ask(LOCAL, port, b"who?", &mut to, SHORT_MS),
            Ok(None)
        );
    });
    drop(silent);
    // The kernel says at once that nobody listens.
    assert!(linux().ask(LOCAL, port, b"who?", &mut to, LONG_MS).is_err());
}

/// A new pseudo-terminal: the end of a person, and the name of the other.
fn terminal() -> (fs::File, String, OwnedFd) {
    let (mut near, mut far) = (-1, -1);
    let mut name = [0; 64];
    let (settings, size) = (core::ptr::null_mut(), core::ptr::null_mut());
    // SAFETY: the pointers are to variables, and the buffer is longer than any name in /dev/pts.
    let result = unsafe { libc::openpty(&mut near, &mut far, name.as_mut_ptr(), settings, size) };
    assert_eq!(result, 0);
    // SAFETY: the call ended the name by a zero byte and gave two descriptors that are nobody else's.
    unsafe {
        let name = core::ffi::CStr::from_ptr(name.as_ptr());
        let name = name.to_str().unwrap().to_string();
        (fs::File::from_raw_fd(near), name, OwnedFd::from_raw_fd(far))
    }
}

#[test]
fn a_serial_line_is_raw() {
    on_both(|system| {
        let (mut near, name, far) = terminal();
        system.open_serial(&name, 9_600).unwrap();
        let mut to = [0; 64];
        assert_eq!(system.receive(&mut to, SHORT_MS), Ok(Received::Nothing));
        // What a line that is not raw would swallow, change, echo or wait with.
        let bytes = b"\x00\x03\x04\r\n\x11\x13\x7f\xff no end";
        near.write_all(bytes).unwrap();
        let mut got = Vec::new();
        while got.len() < bytes.len() {
            match system.receive(&mut to, LONG_MS).unwrap() {
                Received::Bytes(count) => got.extend_from_slice(&to[..count]),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(got, bytes);
        assert_eq!(system.send(bytes, LONG_MS), Ok(bytes.len()));
        let mut back = std::vec![0; bytes.len()];
        near.read_exact(&mut back).unwrap();
        assert_eq!(back, bytes);
        drop((near, far));
        assert_eq!(system.receive(&mut to, LONG_MS), Ok(Received::Closed));
    });
}

#[test]
fn every_speed_is_set() {
    let (_near, name, far) = terminal();
    for (baud, speed) in [
        (1_200, libc::B1200),
        (9_600, libc::B9600),
        (38_400, libc::B38400),
        (115_200, libc::B115200),
        (230_400, libc::B230400),
    ] {
        linux().open_serial(&name, baud).unwrap();
        // SAFETY: writes one `termios`.
        let set = unsafe {
            let mut settings = core::mem::zeroed();
            let far = std::os::fd::AsRawFd::as_raw_fd(&far);
            assert_eq!(libc::tcgetattr(far, &mut settings), 0);
            libc::cfgetospeed(&settings)
        };
        assert_eq!(set, speed);
    }
    assert!(linux().open_serial(&name, 9_601).is_err());
    assert!(linux().open_serial("/nowhere", 9_600).is_err());
    assert!(linux().open_serial("/proc/version", 9_600).is_err());
}

#[test]
fn memory_is_zeroed_and_may_be_refused() {
    on_both(|system| {
        let memory = system.memory(100_000).unwrap();
        assert_eq!(memory.len(), 100_000);
        assert!(memory.iter().all(|&byte| byte == 0));
        memory.fill(1);
        assert!(system.memory(usize::MAX / 2).is_none());
    });
}

#[test]
fn the_machine_can_be_measured() {
    use probe_core::machine::{Fresh, Machine, Routine};
    use probe_core::ticks::{Clock, Ticks};
    on_both(|system| {
        let mut machine = system.machine();
        assert!(!machine.identity().architecture.is_empty());
        let before = machine.now();
        let clock = system.clock().now_ns();
        system.wait_ms(2);
        assert!(machine.now() > before);
        assert!(system.clock().now_ns() >= clock + 2_000_000);
        let routine = |constant| Routine {
            adds: 3,
            constant,
            x: 1,
        };
        for (write, constant) in [
            (Fresh::Write, 5),
            (Fresh::PatchUnsynchronised, 7),
            (Fresh::Write, 9),
        ] {
            machine.fresh_code(write, routine(constant)).unwrap();
            machine.fresh_code(Fresh::Synchronise, routine(constant));
            let result = machine.fresh_code(Fresh::Run, routine(constant));
            assert_eq!(result, Some(1 + 3 * constant));
        }
    });
}
