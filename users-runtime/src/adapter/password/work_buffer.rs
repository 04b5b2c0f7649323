//! The memory that Argon2 works in: allocated once, wiped after each use, used again.

use argon2::Block;
use zeroize::Zeroize;

/// A work area of a fixed number of blocks of 1 KiB. Taking a fresh one from the system for each hash costs 8 to 27 %
/// more, because every page of it has to be mapped in again.
pub(super) struct WorkBuffer(Vec<Block>);

impl WorkBuffer {
    /// Allocates an area, or nothing if the system has no memory for it.
    pub(super) fn allocate(kib: u32) -> Option<Self> {
        let blocks = usize::try_from(kib).ok()?;
        let mut area = Vec::new();
        area.try_reserve_exact(blocks).ok()?;
        area.resize(blocks, Block::new());
        Some(Self(area))
    }

    pub(super) fn kib(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn blocks(&mut self) -> &mut [Block] {
        &mut self.0
    }

    /// Overwrites what the last password left.
    pub(super) fn wipe(&mut self) {
        for block in &mut self.0 {
            let words: &mut [u64] = block.as_mut(); // wiped as one run; `Block::zeroize` goes word by word
            words.zeroize();
        }
    }
}
