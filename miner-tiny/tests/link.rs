//! Two ends and a bad line between them: what arrives is what was sent, or an error.

mod network;

use miner_tiny::link::frame::{encode, Encoded, Head, Kind};
use miner_tiny::link::{
    retry_ms, Broken, Client, Config, End, Error, Id, Line, Over, Reason, Received, Side, State,
    Step, DEFAULT_BAUD, DOUBLINGS, KEEPALIVE_MS, KEEPALIVE_TRIES, PAYLOAD_MAX, TRIES,
};
use miner_tiny::session::{self, Ending, Session};
use miner_tiny::wallet::Key;
use miner_tiny::Host;
use network::{answer, body, config, NONCE};
use probe_core::plan::MIN_ARENA;
use proptest::prelude::*;
use std::collections::VecDeque;
use test_rigs::sim::{presets, Simulated};

/// Virtual milliseconds after which nothing moves any more if it ever will.
const HOUR_MS: u64 = 3_600_000;

/// Turns of the world that no test needs: where they are used up, something loops without pause.
const TURNS: u32 = 400_000;

/// Random numbers that a seed repeats (xorshift64*).
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit.max(1)
    }

    /// True so often in a hundred thousand.
    fn one_of(&mut self, often: u32) -> bool {
        self.below(100_000) < u64::from(often)
    }
}

/// What a line does to bytes: how often in a hundred thousand.
#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    /// A byte gets a bit turned over.
    flip: u32,
    /// A byte is lost.
    lose: u32,
    /// A byte comes that nobody sent.
    insert: u32,
    /// A piece is lost.
    lose_piece: u32,
    /// A piece comes twice; where pieces may be late, so may be the second.
    repeat_piece: u32,
    /// A piece comes late, after later ones.
    delay_piece: u32,
}

/// One direction of a line.
#[derive(Debug, Default)]
struct Wire {
    faults: Faults,
    /// When the last byte written so far is through.
    free_ms: u64,
    /// Pieces under way, and when they arrive.
    under_way: Vec<(u64, Vec<u8>)>,
    /// All that was written.
    log: Vec<u8>,
}

impl Wire {
    fn put(&mut self, now_ms: u64, bytes: &[u8], dice: &mut Dice) {
        self.log.extend_from_slice(bytes);
        let faults = self.faults;
        let mut piece = Vec::new();
        for &byte in bytes {
            if dice.one_of(faults.insert) {
                piece.push(dice.roll() as u8);
            }
            if dice.one_of(faults.lose) {
                continue;
            }
            let flipped = u8::from(dice.one_of(faults.flip)) << dice.below(8);
            piece.push(byte ^ flipped);
        }
        // One byte after the other, each as long as it takes.
        let takes = bytes.len() as u64 * 10_000 / u64::from(DEFAULT_BAUD);
        self.free_ms = self.free_ms.max(now_ms) + takes;
        if dice.one_of(faults.lose_piece) {
            return;
        }
        if dice.one_of(faults.repeat_piece) {
            let late = match faults.delay_piece {
                0 => 0,
                _ => dice.below(3_000),
            };
            self.under_way.push((self.free_ms + late, piece.clone()));
        }
        let late = match dice.one_of(faults.delay_piece) {
            true => dice.below(3_000),
            false => 0,
        };
        self.under_way.push((self.free_ms + late, piece));
    }

    fn next(&self) -> u64 {
        self.under_way
            .iter()
            .map(|&(at, _)| at)
            .min()
            .unwrap_or(u64::MAX)
    }

    fn arrived(&mut self, now_ms: u64) -> Vec<u8> {
        let mut out = Vec::new();
        self.under_way.sort_by_key(|&(at, _)| at);
        self.under_way.retain(|(at, piece)| {
            if *at <= now_ms {
                out.extend_from_slice(piece);
            }
            *at > now_ms
        });
        out
    }
}

/// What uses one end: sends its bytes, keeps what comes.
#[derive(Debug, Default, Clone)]
struct App {
    /// Which call it serves.
    call: u32,
    to_send: VecDeque<u8>,
    received: Vec<u8>,
    /// How many bytes to wait for before closing; `None` to leave closing to the other side.
    close_after: Option<usize>,
    /// Takes nothing before this time.
    asleep_until: u64,
}

/// Two ends, what uses them, and the line between: `[0]` calls, `[1]` answers.
struct World {
    now_ms: u64,
    ends: [End; 2],
    apps: [App; 2],
    /// What answers the next call.
    next: App,
    calls: u32,
    /// `wires[i]` leads away from `ends[i]`.
    wires: [Wire; 2],
    dice: Dice,
    turns: u32,
}

impl World {
    fn new(seed: u64, faults: Faults) -> Self {
        let wire = || Wire {
            faults,
            ..Wire::default()
        };
        World {
            now_ms: 1_000,
            ends: [
                End::new(Config::new(Side::Caller, 0x1a2a, DEFAULT_BAUD)),
                End::new(Config::new(Side::Answerer, 6, DEFAULT_BAUD)),
            ],
            apps: Default::default(),
            next: App::default(),
            calls: 0,
            wires: [wire(), wire()],
            dice: Dice(seed | 1),
            turns: 0,
        }
    }

    /// Calls, to send `there` and get `back`; the answering side closes.
    fn call(&mut self, there: &[u8], back: &[u8]) {
        assert!(self.ends[0].connect("node.example:8099"));
        self.calls += 1;
        self.apps[0] = App {
            call: self.calls,
            to_send: there.iter().copied().collect(),
            ..App::default()
        };
        self.next = App {
            call: self.calls,
            to_send: back.iter().copied().collect(),
            close_after: Some(there.len()),
            ..App::default()
        };
    }

    /// Everything that happens without time going by. Gives the time when something will be due.
    fn turn(&mut self) -> u64 {
        let mut due = u64::MAX;
        for side in [0, 1] {
            let bytes = self.wires[1 - side].arrived(self.now_ms);
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let cut = 1 + self.dice.below(rest.len() as u64) as usize;
                self.ends[side].received(&rest[..cut]);
                rest = &rest[cut..];
                if self.dice.one_of(50_000) {
                    self.run(side);
                }
            }
            due = due.min(self.run(side));
        }
        due.min(self.wires[0].next()).min(self.wires[1].next())
    }

    fn run(&mut self, side: usize) -> u64 {
        let (end, app) = (&mut self.ends[side], &mut self.apps[side]);
        let mut woken = u64::MAX;
        loop {
            self.turns += 1;
            assert!(self.turns < TURNS, "a loop without pause: {end:?}");
            if end.asked().is_some() {
                *app = self.next.clone();
                end.accept();
            }
            if self.now_ms >= app.asleep_until {
                let mut piece = [0; 100];
                let most = 1 + self.dice.below(100) as usize;
                let count = end.receive(&mut piece[..most]);
                app.received.extend_from_slice(&piece[..count]);
                if count > 0 {
                    continue;
                }
            } else {
                woken = app.asleep_until;
            }
            if end.can_send() && !app.to_send.is_empty() {
                let count = end.send(app.to_send.make_contiguous());
                assert!(count > 0);
                app.to_send.drain(..count);
            }
            let all_there = app.close_after.is_some_and(|n| app.received.len() >= n);
            if end.can_send() && app.to_send.is_empty() && all_there {
                end.close();
            }
            match end.step(self.now_ms) {
                Step::Write(bytes) => {
                    let count = 1 + self.dice.below(bytes.len() as u64) as usize;
                    // Mostly all of it: pieces are what gets lost and late.
                    let count = match self.dice.one_of(20_000) {
                        true => count,
                        false => bytes.len(),
                    };
                    self.wires[side].put(self.now_ms, &bytes[..count], &mut self.dice);
                    end.written(count);
                }
                Step::Read { until_ms } => {
                    assert!(until_ms > self.now_ms, "no pause: {end:?}");
                    return until_ms.min(woken);
                }
            }
        }
    }

    /// Lets time go by until this time, or until nothing will ever happen again.
    fn run_until(&mut self, limit_ms: u64) {
        loop {
            let due = self.turn();
            if due > limit_ms {
                self.now_ms = limit_ms.max(self.now_ms);
                return;
            }
            self.now_ms = due.max(self.now_ms);
        }
    }

    /// Lets time go by until the connection is over on both sides, or an hour has passed.
    fn run_to_end(&mut self) {
        let limit = self.now_ms + HOUR_MS;
        while self.now_ms < limit {
            let due = self.turn();
            let over = |end: &End| matches!(end.state(), State::Over(_));
            if self.ends.iter().all(over) && due == u64::MAX {
                return;
            }
            self.now_ms = due.clamp(self.now_ms, limit);
        }
        panic!("not over after an hour: {:?}", self.states());
    }

    fn states(&self) -> [State; 2] {
        [self.ends[0].state(), self.ends[1].state()]
    }

    /// What arrived is a beginning of what was sent; all of it where the end says so.
    fn check(&self, there: &[u8], back: &[u8]) {
        if self.apps[1].call == self.calls {
            assert!(there.starts_with(&self.apps[1].received));
        }
        assert!(back.starts_with(&self.apps[0].received));
        if self.ends[0].state() == State::Over(Over::ByPeer) {
            assert_eq!(self.apps[0].received, back);
            assert_eq!(self.apps[1].received, there);
        }
        let here = self.apps[1].call == self.calls;
        if here && self.ends[1].state() == State::Over(Over::Closed) {
            assert_eq!(self.apps[1].received, there);
        }
    }

    fn done(&self) -> bool {
        self.ends[0].state() == State::Over(Over::ByPeer)
    }
}

/// Bytes that make much work: all values, with flags and escapes at every turn.
fn bytes(count: usize, seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed | 1);
    (0..count)
        .map(|_| match dice.below(4) {
            0 => [0x7e, 0x7d, 0x11, 0x13][dice.below(4) as usize],
            _ => dice.roll() as u8,
        })
        .collect()
}

fn frame(from: Side, kind: Kind, id: Id, number: u8, awaited: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Encoded::new();
    let head = Head {
        from,
        kind,
        id,
        number,
        awaited,
    };
    encode(&head, payload, &mut out);
    out.to_vec()
}

#[test]
fn a_good_line_carries_everything_once() {
    let (there, back) = (bytes(20_000, 1), bytes(30_000, 2));
    let mut world = World::new(3, Faults::default());
    world.call(&there, &back);
    world.run_to_end();
    assert_eq!(
        world.states(),
        [State::Over(Over::ByPeer), State::Over(Over::Closed)]
    );
    world.check(&there, &back);
    for end in &world.ends {
        let statistics = end.statistics();
        assert_eq!((statistics.noise, statistics.resent), (0, 0));
    }
}

#[test]
fn the_example_of_the_documentation_is_true() {
    let mut world = World::new(3, Faults::default());
    world.call(b"GET", b"200 ~}");
    world.run_to_end();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/serial.md"))
        .expect("the page");
    // Lines of the example: "miner  7e 4f …" and "relay  7e 79 …".
    let told = |who: &str| -> Vec<u8> {
        let lines = page.lines().filter_map(|line| line.strip_prefix(who));
        lines
            .flat_map(|line| line.split("  ").next().unwrap_or_default().split(' '))
            .map(|digits| u8::from_str_radix(digits, 16).expect("hexadecimal"))
            .collect()
    };
    let hex = |bytes: &[u8]| -> Vec<String> { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    assert_eq!(hex(&told("    miner  ")), hex(&world.wires[0].log));
    assert_eq!(hex(&told("    relay  ")), hex(&world.wires[1].log));
}

#[test]
fn ends_of_different_size_understand_each_other() {
    for (caller, answerer) in [(1, 240), (240, 1), (16, 33)] {
        let (there, back) = (bytes(700, 1), bytes(900, 2));
        let mut world = World::new(3, Faults::default());
        for (side, takes) in [(0, caller), (1, answerer)] {
            let which = [Side::Caller, Side::Answerer][side];
            let config = Config::new(which, 9, DEFAULT_BAUD);
            world.ends[side] = End::new(Config { takes, ..config });
        }
        world.call(&there, &back);
        world.run_to_end();
        assert!(world.done());
        world.check(&there, &back);
    }
}

#[test]
fn a_slow_reader_is_waited_for() {
    let (there, back) = (bytes(3_000, 1), bytes(3_000, 2));
    let mut world = World::new(3, Faults::default());
    world.call(&there, &back);
    world.next.asleep_until = HOUR_MS / 4;
    world.run_to_end();
    assert!(world.done());
    world.check(&there, &back);
    // Retransmissions of a quarter of an hour, at the longest interval.
    let most = HOUR_MS / 4 / retry_ms(DEFAULT_BAUD) + u64::from(TRIES);
    assert!(u64::from(world.ends[0].statistics().resent) <= most);
}

#[test]
fn who_is_not_answered_gives_up() {
    let mut end = End::new(Config::new(Side::Caller, 7, DEFAULT_BAUD));
    assert!(end.connect("h:1"));
    let (mut now_ms, mut written) = (0, Vec::new());
    loop {
        match end.step(now_ms) {
            Step::Write(bytes) => {
                written.push(bytes.to_vec());
                let count = bytes.len();
                end.written(count);
            }
            Step::Read { until_ms: u64::MAX } => break,
            Step::Read { until_ms } => {
                assert!(until_ms > now_ms);
                now_ms = until_ms;
            }
        }
    }
    assert_eq!(end.state(), State::Over(Over::Lost));
    // Every try, and a word of farewell.
    assert_eq!(written.len(), usize::from(TRIES) + 1);
    assert!(now_ms <= u64::from(TRIES) * (retry_ms(DEFAULT_BAUD) << DOUBLINGS));
}

#[test]
fn a_silent_line_is_noticed() {
    let mut world = World::new(3, Faults::default());
    world.call(b"", b"");
    // Nobody closes.
    world.next.close_after = Some(1);
    let open = [State::Open, State::Open];
    world.run_until(world.now_ms + HOUR_MS);
    assert_eq!(world.states(), open, "kept up for an hour");
    for wire in &mut world.wires {
        wire.faults.lose_piece = 100_000;
    }
    let limit = KEEPALIVE_MS * (u64::from(KEEPALIVE_TRIES) + 2);
    world.run_until(world.now_ms + limit);
    assert_eq!(
        world.states(),
        [State::Over(Over::Lost), State::Over(Over::Lost)]
    );
    // And then there is silence.
    let before = world.wires[0].log.len();
    world.run_until(world.now_ms + HOUR_MS);
    assert_eq!(world.wires[0].log.len(), before);
}

#[test]
fn a_pause_of_the_program_is_not_the_other_sides_silence() {
    let mut world = World::new(3, Faults::default());
    world.call(b"", b"x");
    world.next.close_after = Some(1);
    world.run_until(world.now_ms + 5_000);
    assert_eq!(world.states(), [State::Open, State::Open]);
    // Nobody steps for ten minutes, as on a machine that computes.
    world.now_ms += 600_000;
    world.run_until(world.now_ms + 5_000);
    assert_eq!(world.states(), [State::Open, State::Open]);
}

#[test]
fn an_echo_is_no_answer() {
    for side in [Side::Caller, Side::Answerer] {
        let mut end = End::new(Config::new(side, 7, DEFAULT_BAUD));
        let id = Id {
            caller: 8,
            answerer: 0,
        };
        match side {
            Side::Caller => assert!(end.connect("h:1")),
            Side::Answerer => {
                end.received(&frame(Side::Caller, Kind::Open, id, 0, 0, &[1, 240]));
                end.accept();
            }
        }
        let mut now_ms = 0;
        loop {
            match end.step(now_ms) {
                Step::Write(bytes) => {
                    let echo = bytes.to_vec();
                    end.written(echo.len());
                    end.received(&echo);
                }
                Step::Read { until_ms: u64::MAX } => break,
                Step::Read { until_ms } => now_ms = until_ms,
            }
        }
        assert_eq!(end.state(), State::Over(Over::Echo));
    }
}

#[test]
fn a_call_can_be_refused() {
    let mut world = World::new(3, Faults::default());
    world.call(b"x", b"");
    let mut now_ms = world.now_ms;
    while world.ends[1].asked().is_none() {
        // The first frame alone: nobody accepts.
        if let Step::Write(bytes) = world.ends[0].step(now_ms) {
            let bytes = bytes.to_vec();
            world.ends[0].written(bytes.len());
            world.ends[1].received(&bytes);
        }
        now_ms += 1;
    }
    assert_eq!(world.ends[1].asked(), Some(b"node.example:8099".as_slice()));
    world.ends[1].refuse(Reason::Unreachable);
    world.run_to_end();
    let refused = State::Over(Over::Refused(Reason::Unreachable));
    assert_eq!(world.states(), [refused, refused]);
}

#[test]
fn another_version_is_refused_with_its_reason() {
    let mut end = End::new(Config::new(Side::Answerer, 7, DEFAULT_BAUD));
    let id = Id {
        caller: 8,
        answerer: 0,
    };
    end.received(&frame(Side::Caller, Kind::Open, id, 0, 0, &[2, 240]));
    assert_eq!(end.state(), State::Idle);
    let reset = frame(Side::Answerer, Kind::Reset, id, 0, 0, b"V");
    assert_eq!(end.step(0), Step::Write(&reset));
}

#[test]
fn both_may_close_at_once_with_bytes_under_way() {
    let mut world = World::new(3, Faults::default());
    world.call(b"", b"");
    world.next.close_after = None;
    world.run_until(world.now_ms + 5_000);
    for end in &mut world.ends {
        assert_eq!(end.send(b"too late to be read"), 19);
        end.close();
    }
    world.run_to_end();
    for state in world.states() {
        assert!(matches!(state, State::Over(Over::ByPeer | Over::Closed)));
    }
}

/// An answering end with an open connection, and its numbers.
fn open_end() -> (End, Id) {
    let mut end = End::new(Config::new(Side::Answerer, 6, DEFAULT_BAUD));
    let call = Id {
        caller: 8,
        answerer: 0,
    };
    end.received(&frame(Side::Caller, Kind::Open, call, 0, 0, &[1, 240]));
    end.accept();
    let id = end.id();
    end.received(&frame(Side::Caller, Kind::Ack, id, 0, 0, b""));
    assert_eq!(end.state(), State::Open);
    assert_eq!(
        end.step(0),
        Step::Read {
            until_ms: KEEPALIVE_MS
        }
    );
    (end, id)
}

#[test]
fn what_is_not_taken_is_not_acknowledged_and_leaves_no_room() {
    let (mut end, id) = open_end();
    // A sender that does not wait.
    let long = [b'1'; PAYLOAD_MAX];
    for (number, payload) in [(0, &long[..]), (1, b"2")] {
        end.received(&frame(Side::Caller, Kind::Data, id, number, 0, payload));
    }
    let nothing = frame(Side::Answerer, Kind::Ack, id, 0, 0, b"");
    assert_eq!(end.step(0), Step::Write(&nothing));
    end.written(nothing.len());
    let mut came = [0; 2 * PAYLOAD_MAX];
    assert_eq!(end.receive(&mut came), PAYLOAD_MAX);
    assert_eq!(end.receive(&mut came), 0, "the second had no place");
    let one = frame(Side::Answerer, Kind::Ack, id, 0, 1, b"");
    assert_eq!(end.step(0), Step::Write(&one));
}

#[test]
fn a_call_that_comes_late_does_not_end_what_it_began() {
    let (there, back) = (bytes(2_000, 1), bytes(2_000, 2));
    let mut world = World::new(3, Faults::default());
    world.call(&there, &back);
    world.run_until(world.now_ms + 500);
    let call = world.wires[0].log.clone();
    let call = call.split_inclusive(|&byte| byte == 0x7e).take(2);
    let call: Vec<u8> = call.flatten().copied().collect();
    assert_eq!(call[1], b'O');
    for _ in 0..10 {
        let now_ms = world.now_ms;
        world.wires[0].under_way.push((now_ms, call.clone()));
        world.run_until(now_ms + 200);
    }
    world.run_to_end();
    assert!(world.done(), "{:?}", world.states());
    world.check(&there, &back);
}

#[test]
fn a_name_that_fits_no_frame_is_not_called() {
    let mut end = End::new(Config::new(Side::Caller, 7, DEFAULT_BAUD));
    assert!(!end.connect(&"h".repeat(PAYLOAD_MAX - 1)));
    assert_eq!(end.state(), State::Idle);
    assert!(end.connect(&"h".repeat(PAYLOAD_MAX - 2)));
}

#[test]
fn the_memory_is_what_it_says() {
    assert!(core::mem::size_of::<End>() <= 1_400);
    assert!(core::mem::size_of::<Client>() <= 1_400);
}

fn light() -> impl Strategy<Value = Faults> {
    // A byte in three thousand, a piece in twenty: a frame in five is lost.
    (0..30u32, 0..30u32, 0..30u32, 0..5_000u32, 0..5_000u32).prop_map(
        |(flip, lose, insert, lose_piece, repeat_piece)| Faults {
            flip,
            lose,
            insert,
            lose_piece,
            repeat_piece,
            delay_piece: 0,
        },
    )
}

fn heavy() -> impl Strategy<Value = Faults> {
    let most = 30_000u32;
    (
        0..1_000u32,
        0..1_000u32,
        0..1_000u32,
        0..most,
        0..most,
        0..most,
    )
        .prop_map(
            |(flip, lose, insert, lose_piece, repeat_piece, delay_piece)| Faults {
                flip,
                lose,
                insert,
                lose_piece,
                repeat_piece,
                delay_piece,
            },
        )
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop::sample::select(vec![
        Kind::Open,
        Kind::Opened,
        Kind::Data,
        Kind::Ack,
        Kind::Close,
        Kind::Ping,
        Kind::Reset,
    ]);
    let from = prop::sample::select(vec![Side::Caller, Side::Answerer]);
    // The numbers that the ends of a world draw first, and others.
    let caller = prop_oneof![Just(0x1a2bu16), Just(0x1a2cu16), any::<u16>()];
    let answerer = prop_oneof![Just(0u16), Just(7u16), Just(8u16), any::<u16>()];
    let number = prop_oneof![0..3u8, any::<u8>()];
    let payload = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..6),
        Just(vec![1, 240]),
        proptest::collection::vec(any::<u8>(), 0..PAYLOAD_MAX),
    ];
    (
        from,
        kind,
        caller,
        answerer,
        number.clone(),
        number,
        payload,
    )
        .prop_map(|(from, kind, caller, answerer, number, awaited, payload)| {
            let id = Id { caller, answerer };
            frame(from, kind, id, number, awaited, &payload)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_bad_line_carries_everything_in_time(
        seed: u64, faults in light(), there in 0usize..4_000, back in 0usize..4_000,
    ) {
        let (there, back) = (bytes(there, seed), bytes(back, !seed));
        let mut world = World::new(seed, faults);
        world.call(&there, &back);
        world.run_to_end();
        world.check(&there, &back);
        prop_assert!(world.done(), "{:?}", world.states());
    }

    #[test]
    fn a_line_that_reorders_and_mangles_changes_nothing(
        seed: u64, faults in heavy(), there in 0usize..3_000, back in 0usize..3_000,
    ) {
        let (there, back) = (bytes(there, seed), bytes(back, !seed));
        let mut world = World::new(seed, faults);
        world.call(&there, &back);
        let limit = world.now_ms + HOUR_MS;
        while world.now_ms < limit {
            world.run_until(world.now_ms + 10_000);
            // A late call may begin anew on the answering side, for a caller who knows nothing of it.
            prop_assert!(there.starts_with(&world.apps[1].received));
            prop_assert!(back.starts_with(&world.apps[0].received));
        }
        if world.done() {
            prop_assert_eq!(&world.apps[0].received, &back);
        }
        // Once the line is good again, so is the next connection.
        for wire in &mut world.wires {
            wire.faults = Faults::default();
            wire.under_way.clear();
        }
        world.call(&there, &back);
        world.run_to_end();
        world.check(&there, &back);
        prop_assert!(world.done(), "{:?}", world.states());
    }

    #[test]
    fn frames_of_an_earlier_connection_are_not_taken_for_new_ones(
        seed: u64, there in 0usize..1_500, back in 0usize..1_500, often in 1u64..20,
    ) {
        let mut world = World::new(seed, Faults::default());
        let (old_there, old_back) = (bytes(there, seed ^ 1), bytes(back, seed ^ 2));
        world.call(&old_there, &old_back);
        world.run_to_end();
        prop_assert!(world.done());
        // What was on the line then, frame by frame; but for the call, which would be a call.
        let split = |log: &[u8]| -> Vec<Vec<u8>> {
            let frames = log.split(|&byte| byte == 0x7e).filter(|frame| !frame.is_empty());
            frames
                .filter(|frame| frame.first() != Some(&b'O'))
                .map(|frame| [&[0x7e], frame, &[0x7e]].concat())
                .collect()
        };
        let stale = [split(&world.wires[0].log), split(&world.wires[1].log)];
        let (there, back) = (bytes(there, seed ^ 3), bytes(back, seed ^ 4));
        world.call(&there, &back);
        let mut dice = Dice(seed | 1);
        for _ in 0..200 {
            world.run_until(world.now_ms + 1 + dice.below(often * 10));
            let side = dice.below(2) as usize;
            let which = dice.below(stale[side].len() as u64) as usize;
            let now_ms = world.now_ms;
            world.wires[side].under_way.push((now_ms, stale[side][which].clone()));
        }
        world.run_to_end();
        world.check(&there, &back);
        prop_assert!(world.done(), "{:?}", world.states());
    }

    #[test]
    fn either_side_may_start_anew_at_any_moment(
        seed: u64, faults in light(), side in 0usize..2, after in 0u64..20_000, same_token: bool,
    ) {
        let (there, back) = (bytes(2_000, seed), bytes(2_000, !seed));
        let mut world = World::new(seed, faults);
        world.call(&there, &back);
        world.run_until(world.now_ms + after);
        // What is on the line stays on the line. Where even the number is the same, only an empty line
        // tells one life from the next: what nobody can know, no protocol finds out.
        let token = if same_token { [0x1a2a, 6][side] } else { 0x5000 };
        if same_token {
            world.wires.iter_mut().for_each(|wire| wire.under_way.clear());
        }
        let which = [Side::Caller, Side::Answerer][side];
        world.ends[side] = End::new(Config::new(which, token, DEFAULT_BAUD));
        let (there, back) = (bytes(1_500, seed ^ 5), bytes(1_500, seed ^ 6));
        // The miner tries as often as it likes; what one connection carries is all or an error.
        for _ in 0..4 {
            world.call(&there, &back);
            if same_token && world.ends[1].state() == State::Answering {
                // Nothing has passed yet: this is the connection that gets used.
                world.apps[1] = world.next.clone();
            }
            world.run_to_end();
            world.check(&there, &back);
            if world.done() {
                return Ok(());
            }
        }
        prop_assert!(false, "{:?}", world.states());
    }

    #[test]
    fn noise_alone_comes_to_nothing(
        noise in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 0..20),
        connect: bool,
    ) {
        let mut world = World::new(1, Faults::default());
        if connect {
            world.call(b"there", b"back");
        }
        for piece in noise {
            for side in [0, 1] {
                let now_ms = world.now_ms;
                world.wires[side].under_way.push((now_ms, piece.clone()));
            }
            world.run_until(world.now_ms + 100);
        }
        world.run_until(world.now_ms + HOUR_MS);
        prop_assert_eq!(world.done(), connect);
    }

    #[test]
    fn frames_of_a_hostile_side_cost_at_most_a_frame_each(
        frames in proptest::collection::vec((any_frame(), 0..3_000u64), 0..60),
        open: bool,
        side in 0usize..2,
    ) {
        let mut world = World::new(1, Faults::default());
        world.call(b"there", b"back");
        if open {
            world.next.close_after = None;
            world.run_until(world.now_ms + 3_000);
        }
        let count = frames.len();
        let before = world.wires[side].log.len();
        for (frame, wait) in frames {
            let now_ms = world.now_ms;
            world.wires[1 - side].under_way.push((now_ms, frame));
            world.run_until(now_ms + wait);
        }
        let spent = world.wires[side].log.len() - before;
        // An answer to each, and what the timers of three minutes send.
        prop_assert!(spent <= (count + 400) * 100, "{spent}");
        world.run_until(world.now_ms + HOUR_MS);
    }
}

// ------------------------------------------------------------------------------- the blocking side

/// A line with a relay and a node of a few lines behind it. Reading lets virtual time go by.
struct Rig {
    world: World,
    /// What came since the miner last read.
    inbox: VecDeque<u8>,
    node: fn(&[u8]) -> Vec<u8>,
    /// What the node heard on each connection.
    heard: Vec<Vec<u8>>,
}

impl Rig {
    fn new(seed: u64, faults: Faults, node: fn(&[u8]) -> Vec<u8>) -> Self {
        Rig {
            world: World::new(seed, faults),
            inbox: VecDeque::new(),
            node,
            heard: Vec::new(),
        }
    }

    /// The relay's side: passes a request on when it is whole, and its answer back.
    fn relay(&mut self) -> u64 {
        let world = &mut self.world;
        let bytes = world.wires[0].arrived(world.now_ms);
        world.ends[1].received(&bytes);
        if world.ends[1].asked().is_some() {
            world.apps[1] = App::default();
            self.heard.push(Vec::new());
        }
        let due = world.run(1);
        if let Some(heard) = self.heard.last_mut() {
            let came = std::mem::take(&mut world.apps[1].received);
            heard.extend_from_slice(&came);
            if !came.is_empty() && body(heard).is_some() {
                world.apps[1].to_send = (self.node)(heard).into();
                world.apps[1].close_after = Some(0);
                return world.now_ms;
            }
        }
        due.min(world.wires[0].next())
    }
}

impl Line for Rig {
    fn now_ms(&mut self) -> u64 {
        self.world.now_ms
    }

    fn write(&mut self, bytes: &[u8], _: u64) -> Result<usize, Broken> {
        let count = 1 + self.world.dice.below(bytes.len() as u64) as usize;
        let world = &mut self.world;
        world.wires[0].put(world.now_ms, &bytes[..count], &mut world.dice);
        Ok(count)
    }

    fn read(&mut self, to: &mut [u8], until_ms: u64) -> Result<usize, Broken> {
        loop {
            let due = self.relay();
            let bytes = self.world.wires[1].arrived(self.world.now_ms);
            self.inbox.extend(bytes);
            let count = to.len().min(self.inbox.len());
            if count > 0 {
                for (to, from) in to.iter_mut().zip(self.inbox.drain(..count)) {
                    *to = from;
                }
                return Ok(count);
            }
            if self.world.now_ms >= until_ms {
                return Ok(0);
            }
            let next = due.min(self.world.wires[1].next());
            self.world.now_ms = next.clamp(self.world.now_ms, until_ms);
        }
    }
}

/// A node that signs nothing.
fn node(request: &[u8]) -> Vec<u8> {
    let body = match request.starts_with(b"POST /attest/challenge ") {
        true => format!("{{\"nonce\":\"{NONCE}\"}}"),
        false => "{\"ok\":true,\"ticket_id\":\"ticket_1\"}".to_owned(),
    };
    answer("200 OK", &body)
}

/// A session over a client, as a program drives it.
fn attest(rig: &mut Rig) -> session::Outcome {
    let config = config(&[]);
    let mut arena = vec![0; MIN_ARENA as usize];
    let key = Key::from_seed(&[9; 32]);
    let mut session = Box::new(Session::new(config, Host::default(), &key, &mut arena));
    let mut machine = Simulated::new(presets::i486(), 1);
    let mut client = Client::new(0x1a2a, DEFAULT_BAUD);
    loop {
        match session.step(rig.now_ms()) {
            session::Step::Connect { until_ms } => {
                match client.connect(rig, config.host, until_ms) {
                    Ok(()) => session.connected(),
                    Err(_) => session.failed(),
                }
            }
            session::Step::Send { bytes, until_ms } => match client.send(rig, bytes, until_ms) {
                Ok(count) => session.sent(count),
                Err(_) => session.failed(),
            },
            session::Step::Receive { until_ms } => {
                let mut piece = [0; 200];
                match client.receive(rig, &mut piece, until_ms) {
                    Ok(Received::Bytes(count)) => session.received(&piece[..count]),
                    Ok(Received::Closed) => session.closed(),
                    Ok(Received::Nothing) => {}
                    Err(_) => session.failed(),
                }
            }
            session::Step::Close => client.close(rig),
            session::Step::Measure => session.measure(&mut machine, None),
            session::Step::Wait { until_ms } => rig.world.now_ms = until_ms,
            session::Step::Done(outcome) => return outcome.clone(),
        }
    }
}

#[test]
fn a_session_attests_over_a_noisy_line() {
    let faults = Faults {
        flip: 40,
        lose: 40,
        insert: 40,
        ..Faults::default()
    };
    let mut rig = Rig::new(5, faults, node);
    let outcome = attest(&mut rig);
    assert_eq!(outcome.ending, Some(Ending::Accepted), "{outcome:?}");
    assert_eq!(rig.heard.len(), 2);
    assert!(rig.heard[1].starts_with(b"POST /attest/submit "));
    let noise = rig.world.ends[1].statistics().noise;
    assert!(noise > 0, "the line was not bad at all");
}

#[test]
fn a_dead_line_ends_a_session_with_an_error() {
    let faults = Faults {
        lose_piece: 100_000,
        ..Faults::default()
    };
    let mut rig = Rig::new(5, faults, node);
    let failed = Ending::Failed(session::Error::Unreachable);
    assert_eq!(attest(&mut rig).ending, Some(failed));
}

#[test]
fn a_client_without_a_connection_says_so() {
    let mut rig = Rig::new(5, Faults::default(), node);
    let mut client = Client::new(1, DEFAULT_BAUD);
    let until_ms = rig.now_ms() + 5_000;
    assert_eq!(client.send(&mut rig, b"x", until_ms), Err(Error::NotOpen));
    let received = client.receive(&mut rig, &mut [0; 9], until_ms);
    assert_eq!(received, Err(Error::NotOpen));
    client.close(&mut rig);
    assert_eq!(client.connect(&mut rig, "", until_ms), Ok(()));
    // Nobody speaks: the time is kept.
    let received = client.receive(&mut rig, &mut [0; 9], until_ms);
    assert_eq!((received, rig.now_ms()), (Ok(Received::Nothing), until_ms));
    client.close(&mut rig);
    assert_eq!(client.end().state(), State::Over(Over::Closed));
}
