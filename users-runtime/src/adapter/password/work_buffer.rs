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
