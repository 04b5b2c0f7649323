//! The working memory of Argon2: allocated once, wiped after each use, and reused.

use argon2::Block;
use zeroize::Zeroize;

/// Working memory: a fixed number of blocks of 1 KiB. A fresh allocation for each hash would cost 8 to 27 % more,
/// because all of its pages would have to be mapped again.
pub(super) struct WorkBuffer(Vec<Block>);

impl WorkBuffer {
    /// Allocates a buffer of `kib` KiB, or returns `None` if the system is out of memory.
    pub(super) fn allocate(kib: u32) -> Option<Self> {
        let blocks = usize::try_from(kib).ok()?;
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(blocks).ok()?;
        buffer.resize(blocks, Block::new());
        Some(Self(buffer))
    }

    pub(super) fn kib(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn blocks(&mut self) -> &mut [Block] {
        &mut self.0
    }

    /// Overwrites the data of the last password.
    pub(super) fn wipe(&mut self) {
        for block in &mut self.0 {
            let words: &mut [u64] = block.as_mut(); // one slice: `Block::zeroize` works word by word
            words.zeroize();
        }
    }
}

/// Wiped buffers for reuse, the most recently used one last.
#[derive(Default)]
pub(super) struct Kept(Vec<WorkBuffer>);

impl Kept {
    /// Takes a buffer of this size, if there is one.
    pub(super) fn take(&mut self, kib: u32) -> Option<WorkBuffer> {
        self.0.iter().rposition(|buffer| buffer.kib() == kib).map(|at| self.0.remove(at))
    }

    /// Keeps a buffer. Returns the one to free if there are more than `at_most`.
    pub(super) fn put(&mut self, buffer: WorkBuffer, at_most: usize) -> Option<WorkBuffer> {
        if buffer.kib() > 0 {
            self.0.push(buffer);
        }
        (self.0.len() > at_most).then(|| self.0.remove(0))
    }

    /// Returns the buffers to free, so that the others take at most `kib`.
    pub(super) fn shrink_to(&mut self, kib: u64) -> Vec<WorkBuffer> {
        let mut freed = Vec::new();
        while !self.0.is_empty() && self.kib() > kib {
            freed.push(self.0.remove(0));
        }
        freed
    }

    pub(super) fn kib(&self) -> u64 {
        self.0.iter().map(|buffer| u64::from(buffer.kib())).sum()
    }
}
