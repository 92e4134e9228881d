//! Set-associative caches and translation buffers with LRU replacement, walked link by link.

use probe_core::machine::Ring;

/// A cache or a translation buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// Bytes, or entries of a translation buffer.
    pub capacity: u32,
    /// Ways of each set; the capacity of a translation buffer for a fully associative one.
    pub ways: u32,
    /// Thousandths of a cycle of a hit: the whole latency of a cache, and of a translation buffer
    /// what a hit in it costs on top.
    pub hit: u64,
}

/// Caches, translation and what lies behind them.
#[derive(Debug, Clone)]
pub struct Memory {
    /// Caches, the nearest first, rising in capacity.
    pub caches: Vec<Cache>,
    /// Bytes of a line, the same for all caches.
    pub line: u32,
    /// Thousandths of a cycle of a load from memory.
    pub memory: u64,
    /// Bytes of a page.
    pub page: u32,
    /// Translation buffers, the nearest first.
    pub tlbs: Vec<Cache>,
    /// Thousandths of a cycle of a walk of the page table, on top.
    pub walk: u64,
}

/// LRU sets of one level: tags, the least recently used first.
struct Sets {
    sets: Vec<Vec<u32>>,
    ways: usize,
}

impl Sets {
    /// `entries` in all.
    fn new(entries: u32, ways: u32) -> Self {
        let ways = ways.clamp(1, entries.max(1));
        let sets = (entries / ways).max(1) as usize;
        Sets {
            sets: vec![Vec::new(); sets],
            ways: ways as usize,
        }
    }

    /// Looks `tag` up and makes it the most recently used; whether it was there.
    fn touch(&mut self, tag: u32) -> bool {
        let index = tag as usize % self.sets.len();
        let set = &mut self.sets[index];
        let found = set.iter().rposition(|&t| t == tag);
        if let Some(at) = found {
            set.remove(at);
        } else if set.len() == self.ways {
            set.remove(0);
        }
        set.push(tag);
        found.is_some()
    }
}

/// What a lap round a ring costs once it has settled.
pub(super) struct Lap {
    /// Cost of the first `i` links of a lap.
    sums: Vec<u64>,
}

impl Lap {
    /// Thousandths of a cycle of `steps` links from `position` on.
    pub fn cost(&self, position: u64, steps: u64) -> u64 {
        self.sum(position + steps) - self.sum(position)
    }

    /// From the start of the first lap.
    fn sum(&self, steps: u64) -> u64 {
        let links = self.sums.len() as u64 - 1;
        let lap = self.sums[links as usize];
        steps / links * lap + self.sums[(steps % links) as usize]
    }
}

impl Memory {
    /// Walks `ring` twice. After one lap an LRU cache is in the state in which every later lap
    /// finds it: the second lap is every lap.
    pub(super) fn lap(&self, ring: &Ring) -> Lap {
        let mut caches: Vec<Sets> = self
            .caches
            .iter()
            .map(|c| Sets::new(c.capacity / self.line, c.ways))
            .collect();
        let mut tlbs: Vec<Sets> = self
            .tlbs
            .iter()
            .map(|t| Sets::new(t.capacity, t.ways))
            .collect();
        let offsets: Vec<u32> = (0..ring.links()).map(|p| ring.offset(p) as u32).collect();
        let mut sums = vec![0];
        for lap in 0..2 {
            for &offset in &offsets {
                let cost = self.load(&mut caches, &mut tlbs, offset);
                if lap == 1 {
                    sums.push(sums[sums.len() - 1] + cost);
                }
            }
        }
        Lap { sums }
    }

    /// One load. Every level above the one that answers is filled.
    fn load(&self, caches: &mut [Sets], tlbs: &mut [Sets], offset: u32) -> u64 {
        let first = |sets: &mut [Sets], tag: u32| {
            let mut hit = None;
            for (level, sets) in sets.iter_mut().enumerate() {
                if sets.touch(tag) {
                    hit = Some(level);
                    break;
                }
            }
            hit
        };
        let data = match first(caches, offset / self.line) {
            Some(level) => self.caches[level].hit,
            None => self.memory,
        };
        let translation = match first(tlbs, offset / self.page) {
            Some(level) => self.tlbs[level].hit,
            None => self.walk,
        };
        data + translation
    }
}
